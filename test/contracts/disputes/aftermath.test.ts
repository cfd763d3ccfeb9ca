import { ClaimState, merkleProof, recordHash, segmentId, type SegmentMessage } from "@gristmill/sdk";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DisputeMode } from "../../../oracle/src/config/dispute-modes.ts";
import type { DisputeWork } from "../../../oracle/src/disputes/dispute-work.ts";
import { listFinder } from "../../../oracle/src/disputes/find-list.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { ethers, loadFixture, Role } from "../tasks/scenario.ts";
import { look, type Player, playerOf, untilConvicted, workOf } from "./agent-stage.ts";
import { type Arena, logOf } from "./arena.ts";
import {
  attestedOf,
  claimAttested,
  LAST,
  perjured,
  perjuredAudit,
  SLOT,
  type Trial,
  trial,
  WEIGHT,
} from "./attested-segments.ts";

/** Hardhat's accounts: the arena's challenger, and the operator of slot 0. */
const CHALLENGER = 18;
const OPERATOR = 11;

/** Slot 0 has claimed a ticket, attested, of a segment that it signs a second version of. */
async function equivocated() {
  const setting = await trial();
  const { where, truths, messages } = setting;
  return { ...setting, ...(await claimAttested(where, messages, LAST, attestedOf(where, truths[1]!, LAST))) };
}

/** `ClockOpening`, as the segment's first record has it, and the signed segment. */
function namingOf({ segment, signature, records, clock }: SegmentMessage, peer: number) {
  const naming = { leaf: 0, record: records[0]!, proof: merkleProof(records.map(recordHash), 0) };
  return { signed: { segment, signature }, opening: { naming, clock: [...clock] }, peer };
}

describe("DisputeAgent beside its disputes", () => {
  let folder: string;
  const databases: Database[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-agent-"));
  });

  afterEach(() => {
    for (const database of databases.splice(0)) database.close();
    rmSync(folder, { recursive: true });
  });

  function player(where: Arena, signer: number, mode: DisputeMode, work: Partial<DisputeWork>): Promise<Player> {
    const database = openDatabase(join(folder, `${String(signer)}.sqlite`));
    databases.push(database);
    return playerOf(where, signer, database, workOf(work), { mode });
  }

  function sides({ where, peer, lie, signedLie, truths }: Trial): Promise<[Player, Player]> {
    const message = (id: string) => (id === segmentId(signedLie.segment) ? signedLie : undefined);
    const common = { segment: message, findList: listFinder(logOf(where, [[peer]])) };
    const recompute = () => Promise.resolve(truths[1]!);
    const defence = () => Promise.resolve({ ...lie, message: signedLie });
    return Promise.all([
      player(where, CHALLENGER, "challenge", { ...common, recompute }),
      player(where, OPERATOR, "defend", { ...common, slot: SLOT, defence }),
    ]);
  }

  it("convicts the verifier that attested what a dispute refuted, though the node is killed at every block", async () => {
    const setting = await loadFixture(perjured);
    const { where, signedLie } = setting;
    const { pool, stakes, verifier } = where;
    const [challenger, defender] = await sides(setting);
    const id = segmentId(signedLie.segment);
    challenger.agent().accuse({ kind: "segment", id, slot: SLOT, reason: "one residual is wrong" });
    await untilConvicted(where, SLOT, challenger, defender);

    expect(await stakes.lockedFor(verifier, pool, await pool.lockId())).to.equal(0n);
    const told = challenger.lines.filter(({ event }) => event === "attester-convicted");
    expect(told.map(({ claimId, verifier: who }) => [claimId, who])).to.deep.equal([
      [setting.claimId, verifier.address],
    ]);
  });

  it("convicts the verifier that attested a drawn segment which a dispute refuted", async () => {
    const setting = await loadFixture(perjuredAudit);
    const { where, signedLie } = setting;
    const { pool, stakes, verifier } = where;
    const [challenger, defender] = await sides(setting);
    const id = segmentId(signedLie.segment);
    challenger.agent().accuse({ kind: "segment", id, slot: SLOT, reason: "one residual is wrong" });
    await untilConvicted(where, SLOT, challenger, defender);

    expect(await stakes.lockedFor(verifier, pool, await pool.lockId())).to.equal(0n);
    const told = challenger.lines.filter(({ event }) => event === "attester-convicted");
    expect(told.map(({ auditId }) => auditId)).to.deep.equal([setting.auditId]);
  });

  it("proves that a slot signed two versions of a segment, without a bond, and takes its claims out of the epoch", async () => {
    const setting = await loadFixture(equivocated);
    const { where, messages, signedLie, claimId, details } = setting;
    const { registry, workMint, pool, stakes, taskId, verifier, challenger } = where;
    const equivocation = { slot: SLOT, first: messages[1]!, second: signedLie };
    const node = await player(where, CHALLENGER, "challenge", { equivocations: () => [equivocation] });
    const free = await stakes.freeOf(challenger);
    await look(node.agent());
    expect((await registry.placeOf(taskId, Role.Miner, SLOT)).convicted).to.equal(true);
    expect(await stakes.freeOf(challenger), "the accuser's quarter of 30 GRIST").to.equal(
      free + ethers.parseEther("7.5"),
    );

    await look(node.agent());
    expect((await workMint.claimOf(claimId)).state).to.equal(BigInt(ClaimState.Void));
    expect((await workMint.claimsIn(details.epoch)).accepted).to.equal(0n);
    expect(await pool.weightOf(verifier), "who attested the honest version answers for nothing").to.equal(WEIGHT);
  });

  it("answers demands against its own slot: for a named segment and for a row of one of its lists", async () => {
    const { where, peer, messages } = await loadFixture(trial);
    const { demands, court, taskId, stranger, miners } = where;
    const node = await player(where, OPERATOR, "defend", {
      slot: SLOT,
      segment: (id) => (id === segmentId(peer.segment) ? peer : undefined),
      list: (id) => peer.lists[peer.records.findIndex(({ updateId }) => updateId === id)],
    });
    const naming = { ...namingOf(messages[1]!, 1), chain: [] };
    const value = ethers.parseEther("1");
    await demands.connect(stranger).demandSegment(naming, { value });
    const record = { leaf: 1, record: peer.records[1]!, proof: merkleProof(peer.records.map(recordHash), 1) };
    const ofList = { ...naming, chain: [peer.segment] };
    await demands.connect(stranger).demandListRow(ofList, record, 0, { value });
    expect(await demands.openAgainst({ taskId, role: Role.Miner, index: SLOT })).to.equal(2n);

    await look(node.agent());
    expect(await demands.openAgainst({ taskId, role: Role.Miner, index: SLOT })).to.equal(0n);
    expect(await court.creditOf(miners[SLOT]!.operator)).to.equal(2n * value);
    expect(node.lines.filter(({ event }) => event === "demand-answered")).to.have.length(2);
  });
});
