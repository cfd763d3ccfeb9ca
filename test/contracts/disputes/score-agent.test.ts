import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { EvaluationTruth } from "../../../oracle/src/disputes/evaluation-truth.ts";
import { scoreHash, toldScore } from "../../../oracle/src/disputes/score-play.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { loadFixture, Role } from "../tasks/scenario.ts";
import { headNow, look, type Player, playerOf, workOf } from "./agent-stage.ts";
import type { Arena } from "./arena.ts";
import { lyingMajority } from "./evaluation-arena.ts";

/** Hardhat's account of evaluator 0's operator; those of the others follow. */
const FIRST_OPERATOR = 15;

describe("DisputeAgent over a score", () => {
  let folder: string;
  const databases: Database[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-agent-"));
  });

  afterEach(() => {
    for (const database of databases.splice(0)) database.close();
    rmSync(folder, { recursive: true });
  });

  function evaluator(where: Arena, place: number, told: EvaluationTruth, truth: EvaluationTruth): Promise<Player> {
    const database = openDatabase(join(folder, `${String(place)}.sqlite`));
    databases.push(database);
    const work = workOf({
      evaluator: place,
      told: () => Promise.resolve(told),
      score: () => Promise.resolve(truth),
    });
    return playerOf(where, FIRST_OPERATOR + place, database, work, { mode: "challenge" });
  }

  async function convictedOf({ registry, taskId }: Arena): Promise<boolean[]> {
    const places = await Promise.all([0, 1, 2].map((place) => registry.placeOf(taskId, Role.Evaluator, place)));
    return places.map(({ convicted }) => convicted);
  }

  it("convicts a lying majority, killed at every block on both sides, over one element", async () => {
    const { where, truth, lie } = await loadFixture(lyingMajority);
    const liar = await evaluator(where, 0, lie, truth);
    const honest = await evaluator(where, 2, truth, truth);
    const reason = "one answer more than there are";
    honest.agent().accuse({ kind: "score", id: scoreHash(toldScore(lie)), slot: 0, reason });
    for (let n = 0; n < 40 && !(await convictedOf(where))[0]; n++)
      for (const each of [honest, liar]) await look(each.agent());

    expect(await convictedOf(where)).to.deep.equal([true, true, false]);
    const told = honest.lines.find(({ event }) => event === "dispute-decided");
    expect(told).to.include({ evaluator: 0, winner: "challenger" });
    expect(told!["why"]).to.match(/^C\[0\]\[\d\]: must be 0, claimed 1$/);
    const { court } = where;
    expect(await court.queryFilter(court.filters.DisputeOpened())).to.have.length(1);
  });

  it("does not challenge a score that comes out the same", async () => {
    const { where, truth } = await loadFixture(lyingMajority);
    const stranger = await evaluator(where, 1, truth, truth);
    const accusation = { kind: "score", id: scoreHash(toldScore(truth)), slot: 2 } as const;
    const error: unknown = await stranger
      .agent()
      .challenge(accusation, await headNow())
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: "SCORE_AGREES" });
  });

  it("bonds nothing when its two runs of the evaluation differ", async () => {
    const { where, truth, lie } = await loadFixture(lyingMajority);
    const database = openDatabase(join(folder, "doubtful.sqlite"));
    databases.push(database);
    const work = workOf({ evaluator: 2, score: (check) => Promise.resolve(check ? lie : truth) });
    const doubtful = await playerOf(where, FIRST_OPERATOR + 2, database, work, { mode: "challenge" });
    const accusation = { kind: "score", id: scoreHash(toldScore(lie)), slot: 0 } as const;
    const error: unknown = await doubtful
      .agent()
      .challenge(accusation, await headNow())
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: "RERUNS_DIFFER" });
  });
});
