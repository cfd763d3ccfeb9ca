import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GristmillError, segmentId, type SegmentMessage } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { DisputeMode } from "../../../oracle/src/config/dispute-modes.ts";
import type { DisputeWork } from "../../../oracle/src/disputes/dispute-work.ts";
import { listFinder } from "../../../oracle/src/disputes/find-list.ts";
import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { ethers, loadFixture, networkHelpers, provider } from "../tasks/scenario.ts";
import { headNow, look, type Player, playerOf, untilConvicted, workOf } from "./agent-stage.ts";
import { type Arena, arena, honestChain, logOf, parametersOf, sign } from "./arena.ts";
import { COURT, DisputeState } from "./court-scene.ts";

const SLOT = 0;

interface Trial {
  readonly where: Arena;
  /** As the slot signed it: false in one element. */
  readonly lie: SegmentTruth & { readonly message: SegmentMessage };
  readonly truth: SegmentTruth;
  readonly claim: Hex;
}

function accusationOf({ claim }: Trial, reason = "one residual is wrong") {
  return { kind: "segment", id: claim, slot: SLOT, reason } as const;
}

/** Slot 0 published a false segment after an honest one. */
async function lyingSlot(): Promise<Trial> {
  const where = await arena();
  const { truths } = await honestChain(where, SLOT, 2, logOf(where, []));
  const truth = truths[1]!;
  const lie = new WrongGradient().lie(truth);
  const message = await sign(where, lie.message);
  return { where, truth, lie: { ...lie, message }, claim: segmentId(message.segment) };
}

describe("DisputeAgent", () => {
  let folder: string;
  const databases: Database[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-agent-"));
  });

  afterEach(() => {
    for (const database of databases.splice(0)) database.close();
    rmSync(folder, { recursive: true });
  });

  function player(
    { where, lie, truth, claim }: Trial,
    signer: number,
    mode: DisputeMode,
    work: Partial<DisputeWork> = {},
    now?: () => number,
  ): Promise<Player> {
    const database = openDatabase(join(folder, `${String(signer)}.sqlite`));
    databases.push(database);
    const all = workOf({
      slot: mode === "defend" ? SLOT : undefined,
      segment: (id) => (id === claim ? lie.message : undefined),
      defence: () => Promise.resolve(lie),
      recompute: () => Promise.resolve(truth),
      findList: listFinder(logOf(where, [])),
      ...work,
    });
    return playerOf(where, signer, database, all, { mode, ...(now && { now }) });
  }

  const challengerOf = (trial: Trial, work: Partial<DisputeWork> = {}, now?: () => number) =>
    player(trial, 18, "challenge", work, now);
  const defenderOf = (trial: Trial, work: Partial<DisputeWork> = {}) => player(trial, 11, "defend", work);

  async function opened({ where }: Trial): Promise<number> {
    return (await where.court.queryFilter(where.court.filters.DisputeOpened())).length;
  }

  it("is killed at every block on both sides, and still convicts a lying slot without a move or a bond too many", async () => {
    const trial = await loadFixture(lyingSlot);
    const { where } = trial;
    const [challenger, defender] = [await challengerOf(trial), await defenderOf(trial)];
    const before = await where.stakes.freeOf(challenger.account);
    const sent = await Promise.all(
      [challenger, defender].map(({ account }) => ethers.provider.getTransactionCount(account)),
    );
    challenger.agent().accuse(accusationOf(trial));
    await untilConvicted(trial.where, SLOT, challenger, defender);

    expect(await opened(trial)).to.equal(1);
    const moves = await where.court.queryFilter(where.court.filters.DisputeMoved());
    const after = await Promise.all(
      [challenger, defender].map(({ account }) => ethers.provider.getTransactionCount(account)),
    );
    // The challenge, the naming of the element, the proof, the closing and the withdrawal besides the moves.
    expect(after[0]! - sent[0]! + after[1]! - sent[1]!).to.equal(moves.length + 5);
    const reward = parametersOf(where).minerStake / 4n;
    expect(await where.stakes.freeOf(challenger.account)).to.equal(before + reward);
    expect(await where.court.creditOf(challenger.account)).to.equal(0n);

    const told = challenger.lines.find(({ event }) => event === "dispute-decided");
    expect(told).to.include({ winner: "challenger", slot: SLOT });
    expect(told!["why"]).to.match(/^R_2'\[0\]\[0\]: must be -?[\d,]+, claimed -?[\d,]+$/);
    expect(defender.lines.find(({ event }) => event === "convicted")).to.include({ slot: SLOT });
  });

  it("abandons its slot's work when that is convicted", async () => {
    const trial = await loadFixture(lyingSlot);
    const [challenger, defender] = [(await challengerOf(trial)).agent(), (await defenderOf(trial)).agent()];
    challenger.accuse(accusationOf(trial));
    expect(defender.convicted.aborted).to.equal(false);
    for (let n = 0; n < 20 && !defender.convicted.aborted; n++) {
      await look(challenger);
      await look(defender);
    }
    expect(defender.convicted.aborted).to.equal(true);
  });

  it("expires a dispute whose other side is silent, and takes everything back", async () => {
    const trial = await loadFixture(lyingSlot);
    const challenger = await challengerOf(trial);
    challenger.agent().accuse(accusationOf(trial));
    await look(challenger.agent());
    expect(await opened(trial)).to.equal(1);
    await networkHelpers.time.increase(Number(COURT.moveSeconds) + 1);
    await untilConvicted(trial.where, SLOT, challenger);
    expect(challenger.lines.map(({ event }) => event)).to.include("convicted");
    expect(challenger.lines.find(({ event }) => event === "dispute-decided")).to.include({ why: "silence" });
    expect(challenger.lines.map(({ event }) => event)).to.include("deposits-returned");
  });

  it("does not bond again when it was killed after the chain took its challenge", async () => {
    const trial = await loadFixture(lyingSlot);
    const challenger = await challengerOf(trial);
    const first = challenger.agent();
    first.accuse(accusationOf(trial));
    await look(first);
    // As the database stood before the receipt came.
    const accusation = first.store.accusation(trial.claim)!;
    first.store.accuse({ ...accusation, state: "sending" });
    await look(challenger.agent());
    await networkHelpers.mine(10);
    await look(challenger.agent());
    expect(await opened(trial)).to.equal(1);
    expect(first.store.accusations()).to.deep.equal([]);
  });

  it("waits for a challenge that is on its way when it is started again, and sends one that never left", async () => {
    const trial = await loadFixture(lyingSlot);
    const challenger = await challengerOf(trial);
    const accusation = { ...accusationOf(trial), state: "sending" } as const;
    await provider.request({ method: "evm_setAutomine", params: [false] });
    try {
      const signer = trial.where.challenger;
      await signer.sendTransaction({ to: signer.address, value: 1n, gasPrice: 10n ** 12n });
      const agent = challenger.agent();
      agent.store.accuse(accusation);
      await look(agent);
      expect(agent.store.accusation(trial.claim)).to.include({ state: "sending" });
      expect(await ethers.provider.getTransactionCount(signer.address, "pending")).to.equal(
        (await ethers.provider.getTransactionCount(signer.address)) + 1,
      );
    } finally {
      await provider.request({ method: "evm_setAutomine", params: [true] });
    }
    await networkHelpers.mine();
    await look(challenger.agent());
    expect(await opened(trial)).to.equal(1);
  });

  it("sends a move again only if the chain does not show it", async () => {
    const trial = await loadFixture(lyingSlot);
    const [challenger, defender] = [await challengerOf(trial), await defenderOf(trial)];
    challenger.agent().accuse(accusationOf(trial));
    await look(challenger.agent());
    const agent = defender.agent();
    await look(challenger.agent());
    const [dispute] = challenger.agent().store.going();
    // Killed between the note and the transaction.
    agent.store.intend(dispute!.disputeId, 0, "revealOutcomes");
    await look(agent);
    expect((await trial.where.court.disputeOf(dispute!.disputeId)).moves).to.equal(1n);
    await look(defender.agent());
    expect((await trial.where.court.disputeOf(dispute!.disputeId)).moves).to.equal(1n);
  });

  const blind: readonly [string, Partial<DisputeWork>, RegExp, (() => number)?][] = [
    ["no peer is connected", { peers: () => 0 }, /no peer of the task/],
    ["its log lacks the segment", { segment: () => undefined }, /is not in this node's log/],
    [
      "a list or state is missing",
      { recompute: () => Promise.reject(new GristmillError("LISTS_UNAVAILABLE", "segments of slot 2 are missing")) },
      /segments of slot 2 are missing/,
    ],
    ["the chain's head is old", {}, /head is more than 120 s old/, () => 2 ** 40],
    [
      "its stake cannot be had",
      { ensureStake: () => Promise.reject(new GristmillError("STAKE_MISSING", "5 GRIST of free stake are needed")) },
      /free stake are needed/,
    ],
  ];
  for (const [condition, work, reason, now] of blind)
    it(`bonds nothing while ${condition}, and says so once`, async () => {
      const trial = await loadFixture(lyingSlot);
      const challenger = await challengerOf(trial, work, now);
      const agent = challenger.agent();
      agent.accuse(accusationOf(trial));
      await look(agent);
      await networkHelpers.mine(10);
      await look(agent);
      expect(await opened(trial)).to.equal(0);
      const refusals = challenger.lines.filter(({ event }) => event === "challenge-refused");
      expect(refusals).to.have.length(1);
      expect(refusals[0]!["error"]).to.match(reason);
      expect(agent.store.accusations()).to.have.length(1);
    });

  it("bonds nothing when its two runs differ, or come out as signed", async () => {
    const trial = await loadFixture(lyingSlot);
    const doubtful = await challengerOf(trial, {
      recompute: (_, check) => Promise.resolve(check ? trial.lie : trial.truth),
    });
    const agent = doubtful.agent();
    await expectCode(agent.challenge(accusationOf(trial), await headNow()), "RERUNS_DIFFER");
    const honest = await challengerOf(trial, { recompute: () => Promise.resolve(trial.lie) });
    await expectCode(honest.agent().challenge(accusationOf(trial), await headNow()), "SEGMENT_AGREES");
    expect(await opened(trial)).to.equal(0);
  });

  it("bonds nothing without the free stake or the ether for it", async () => {
    const trial = await loadFixture(lyingSlot);
    const challenger = await challengerOf(trial);
    const { stakes } = trial.where;
    await stakes.connect(trial.where.challenger).requestUnstake(await stakes.freeOf(challenger.account));
    await networkHelpers.setBalance(challenger.account, 1n);
    const refusal = await expectCode(
      challenger.agent().challenge(accusationOf(trial), await headNow()),
      "VIEW_INCOMPLETE",
    );
    expect(refusal.message).to.match(/bond is 5 GRIST of free stake, and 0 are there; a dispute may take [\d.]+ ether/);
  });

  it("only watches in the mode watch, and looks away in the mode off", async () => {
    const trial = await loadFixture(lyingSlot);
    const challenger = await challengerOf(trial);
    challenger.agent().accuse(accusationOf(trial));
    await look(challenger.agent());
    for (const mode of ["watch", "off"] as const) {
      const watcher = await player(trial, mode === "watch" ? 11 : 12, mode, { slot: SLOT });
      const sent = await ethers.provider.getTransactionCount(watcher.account);
      const agent = watcher.agent();
      agent.accuse(accusationOf(trial, "ignored"));
      await look(agent);
      expect(await ethers.provider.getTransactionCount(watcher.account)).to.equal(sent);
      expect(watcher.lines.map(({ event }) => event)).to.deep.equal(mode === "watch" ? ["dispute-opened"] : []);
    }
  });

  it("takes back a challenge that waited behind the one that convicted", async () => {
    const trial = await loadFixture(lyingSlot);
    const [first, second, defender] = [
      await challengerOf(trial),
      await player(trial, 17, "challenge"),
      await defenderOf(trial),
    ];
    const before = await trial.where.stakes.freeOf(second.account);
    for (const each of [first, second]) {
      each.agent().accuse(accusationOf(trial));
      await look(each.agent());
    }
    expect(await opened(trial)).to.equal(2);
    await untilConvicted(trial.where, SLOT, first, defender);
    await look(second.agent());
    expect(await trial.where.stakes.freeOf(second.account)).to.equal(before);
    const states = await Promise.all(
      second
        .agent()
        .store.all()
        .map(({ disputeId }) => trial.where.court.disputeOf(disputeId)),
    );
    expect(states.map(({ state }) => state)).to.have.members([DisputeState.Closed, DisputeState.Withdrawn]);
  });
});

async function expectCode(action: Promise<unknown>, code: string): Promise<GristmillError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GristmillError)) return expect.fail(`refused with ${code}: ${String(error)}`);
  expect(error.code).to.equal(code);
  return error;
}
