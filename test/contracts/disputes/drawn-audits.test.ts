import { auditIdOf, segmentId, type SegmentMessage, tracesRoot } from "@gristmill/sdk";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";

import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import type { DisputeMode } from "../../../oracle/src/config/dispute-modes.ts";
import type { DisputeWork } from "../../../oracle/src/disputes/dispute-work.ts";
import { type Attestable, Attester } from "../../../oracle/src/roles/attester.ts";
import { type Auditing, DrawnAudits } from "../../../oracle/src/roles/drawn-audits.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import type { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { firstDifference } from "../../../oracle/src/training/slot-replica.ts";
import { ethers, loadFixture, networkHelpers, Role } from "../tasks/scenario.ts";
import { headNow, look, type Player, playerOf, workOf } from "./agent-stage.ts";
import { type Arena, logOf, SEGMENT_LENGTH } from "./arena.ts";
import { allAttestedOf, commitSegments, SLOT, type Trial, trial } from "./attested-segments.ts";

/** Hardhat's accounts: the verifier, and the operator of slot 0. */
const VERIFIER = 9;
const OPERATOR = 11;

/** Slot 0 has committed its two segments, the second of them as it is or with a lie. */
async function committedTruth() {
  const setting = await trial();
  const { messages } = setting;
  return { ...setting, published: messages, ...(await commitSegments(setting.where, messages)) };
}

async function committedLie() {
  const setting = await trial();
  const published = [setting.messages[0]!, setting.signedLie];
  return { ...setting, published, ...(await commitSegments(setting.where, published)) };
}

/** Runs segments of a log again, as a verifier does that has all data. */
function auditOf({ where, truths }: Trial, log: TaskLog): Auditing["audit"] {
  return {
    fetch: (slot, first) => Promise.resolve(log.covering(slot, first)?.message),
    auditSegment: ({ segment }) => {
      const truth = truths.find(({ message }) => message.segment.first === segment.first)!;
      const reason = firstDifference(segment, truth.message.segment);
      return Promise.resolve(
        reason === undefined
          ? { outcome: "true", traces: allAttestedOf(where, truth) }
          : { outcome: "false", reason, fault: "segment" },
      );
    },
  };
}

/** Something to attest that is never sealed. */
function idleMatter(name: string, isUrgent: boolean, since: bigint): Attestable {
  const id = ethers.id(name) as Hex;
  return {
    id,
    isUrgent,
    since,
    events: { sealed: "sealed", attested: "attested" },
    fields: { name },
    standing: () => Promise.resolve("wanted"),
    seatIn: () => Promise.resolve(0),
    sealedAt: () => Promise.resolve(undefined),
    isAttested: () => Promise.resolve(false),
    audit: () => Promise.resolve({ outcome: "unavailable", reason: "nothing is there" }),
    rootOf: tracesRoot,
    seal: () => Promise.resolve({ blockNumber: 0n }),
    reveal: () => Promise.resolve(),
    accused: () => ({ kind: "segment", id, slot: SLOT }),
  };
}

describe("DrawnAudits", () => {
  let folder: string;
  const databases: Database[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-audits-"));
  });

  afterEach(() => {
    for (const database of databases.splice(0)) database.close();
    rmSync(folder, { recursive: true });
  });

  function databaseOf(signer: number): Database {
    const database = openDatabase(join(folder, `${String(signer)}.sqlite`));
    databases.push(database);
    return database;
  }

  function player(where: Arena, signer: number, mode: DisputeMode, work: Partial<DisputeWork>): Promise<Player> {
    return playerOf(where, signer, databaseOf(signer), workOf(work), { mode });
  }

  /** The verifier's node goes from block to block until nothing is left to attest. */
  async function attestAll(setting: Trial, verifier: Player, published: readonly SegmentMessage[]): Promise<void> {
    const { where } = setting;
    const { chain, log } = verifier;
    const contracts = contractsOf(chain);
    const node = { chain, contracts, log, schedule: await readSchedule(contracts), database: databaseOf(100) };
    const disputes = verifier.agent();
    const taskId = where.taskId as Hex;
    const taskLog = logOf(where, [published]);
    const session = { log: taskLog, terms: { taskId, createdAt: 0n, onChain: { segmentLength: SEGMENT_LENGTH } } };
    const drawn = new DrawnAudits({ node, session, audit: auditOf(setting, taskLog), disputes });
    const attester = new Attester(node, taskId, disputes);
    let isDrawn = false;
    for (let n = 0; n < 60 && !(isDrawn && attester.idle); n++) {
      const head = await headNow();
      for (const matter of await drawn.collect(head)) {
        attester.add(matter);
        isDrawn = true;
      }
      await Promise.race([attester.attend(head), attester.failure]);
      await attester.settle();
      // Halves of rounds are short here: no block is left out that a transaction could be in.
      if ((await headNow()).number === head.number) await networkHelpers.mine();
    }
    expect([isDrawn, attester.idle]).to.deep.equal([true, true]);
  }

  it("attests every drawn segment that is true, and earns the task's price for each", async () => {
    const setting = await loadFixture(committedTruth);
    const { where, published } = setting;
    const { audits, registry, taskId, parameters, verifier } = where;
    const node = await player(where, VERIFIER, "challenge", {});
    await attestAll(setting, node, published);
    for (const { segment } of published) {
      const auditId = auditIdOf({ taskId: taskId as Hex, slot: SLOT, first: segment.first });
      expect((await audits.auditOf(auditId)).agreed).to.equal(true);
    }
    const pot = (BigInt(parameters.fee) * BigInt(parameters.shares.verifiers)) / 10_000n;
    expect(await registry.creditOf(verifier)).to.equal(2n * (pot / BigInt(parameters.attestations)));
    expect(node.lines.filter(({ event }) => event === "audit-attested")).to.have.length(2);
  });

  it("accuses the slot of a drawn segment that is false, and attests the others", async () => {
    const setting = await loadFixture(committedLie);
    const { where, published, signedLie } = setting;
    const node = await player(where, VERIFIER, "challenge", {});
    await attestAll(setting, node, published);
    expect(node.agent().store.accusation(segmentId(signedLie.segment))?.slot).to.equal(SLOT);
    const attested = node.lines.filter(({ event }) => event === "audit-attested");
    expect(attested.map(({ first }) => first)).to.deep.equal([0]);
  });

  it("demands a drawn segment that nobody serves, which the slot's node then produces", async () => {
    const setting = await loadFixture(committedTruth);
    const { where, published } = setting;
    const { demands, court, taskId, registry, miners } = where;
    const verifier = await player(where, VERIFIER, "challenge", {});
    const log = logOf(where, [published]);
    const miner = await player(where, OPERATOR, "defend", {
      slot: SLOT,
      segmentAt: (slot, iteration) => log.covering(slot, iteration)?.message,
    });
    await attestAll(setting, verifier, []);
    expect(await demands.openAgainst({ taskId, role: Role.Miner, index: SLOT })).to.equal(2n);
    await look(miner.agent());
    expect(await demands.openAgainst({ taskId, role: Role.Miner, index: SLOT })).to.equal(0n);
    expect(await court.creditOf(miners[SLOT]!.operator)).to.be.greaterThan(0n);
    expect((await registry.placeOf(taskId, Role.Miner, SLOT)).convicted).to.equal(false);
  });

  it("demands it, and convicts the slot that does not produce it", async () => {
    const setting = await loadFixture(committedTruth);
    const { where } = setting;
    const { court, taskId, registry } = where;
    const verifier = await player(where, VERIFIER, "challenge", {});
    await attestAll(setting, verifier, []);
    await networkHelpers.time.increase(Number(await court.moveSeconds()) + 1);
    await networkHelpers.mine();
    await look(verifier.agent());
    expect((await registry.placeOf(taskId, Role.Miner, SLOT)).convicted).to.equal(true);
  });

  it("audits what is urgent before it, of that what began first, and last what can no longer be sealed in time", async () => {
    const { where } = await loadFixture(committedTruth);
    const { chain, log } = await player(where, VERIFIER, "watch", {});
    const schedule = await readSchedule(contractsOf(chain));
    const node = { chain, log, schedule, database: databaseOf(100) };
    const attester = new Attester(node, where.taskId as Hex, { accuse: () => undefined });
    const head = await headNow();
    const order: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const add = (name: string, isUrgent: boolean, since: bigint): void => {
      attester.add({
        ...idleMatter(name, isUrgent, since),
        audit: async () => {
          order.push(name);
          await gate.promise;
          return { outcome: "unavailable", reason: "nothing is there" };
        },
      });
    };
    // The last half-round to seal in ends with the next block.
    const tooLate = head.number + 1n - (2n * schedule.attestationRounds - 1n) * schedule.attestationBlocks;
    add("drawn", false, 2n);
    add("drawn later", false, 3n);
    await attester.attend(head);
    // Of what is not urgent, one at a time.
    expect(order).to.deep.equal(["drawn"]);
    add("fresh claim", true, head.number);
    add("another", true, head.number);
    add("hopeless claim", true, tooLate);
    add("claim", true, tooLate + 2n);
    add("pressing claim", true, tooLate + 1n);
    await attester.attend(head);
    expect(order).to.deep.equal(["drawn", "fresh claim", "another"]);
    gate.resolve(undefined);
    await attester.settle();
    expect(order.slice(3)).to.deep.equal(["pressing claim", "claim", "drawn later", "hopeless claim"]);
  });

  it("does not open a seal that was mined too late, and seals again in the next round", async () => {
    const { where } = await loadFixture(committedTruth);
    const { chain, log } = await player(where, VERIFIER, "watch", {});
    const schedule = await readSchedule(contractsOf(chain));
    const half = schedule.attestationBlocks;
    const node = { chain, log, schedule, database: databaseOf(100) };
    const attester = new Attester(node, where.taskId as Hex, { accuse: () => undefined });
    const head = await headNow();
    const calls: string[] = [];
    let minedAt = half;
    attester.add({
      ...idleMatter("claim", true, 0n),
      audit: () => Promise.resolve({ outcome: "true", traces: [] }),
      seal: () => Promise.resolve({ blockNumber: (calls.push("seal"), minedAt) }),
      reveal: () => Promise.resolve(calls.push("reveal")),
    });
    const attendBefore = (block: bigint) => attester.attend({ ...head, number: block - 1n });
    await attendBefore(0n);
    await attester.settle();
    await attendBefore(half - 1n);
    await attendBefore(half);
    await attendBefore(half + 1n);
    expect(calls).to.deep.equal(["seal"]);
    minedAt = 2n * half;
    await attendBefore(2n * half);
    await attendBefore(3n * half);
    expect(calls).to.deep.equal(["seal", "seal", "reveal"]);
  });
});
