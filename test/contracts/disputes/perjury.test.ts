import { expect } from "chai";

import { type Matrix, matrix, merkleProof, merkleRoot, recordHash, recordsRoot, segmentId } from "@gristmill/sdk";
import type { Hex } from "viem";
import { hexToBytes } from "viem";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { Stage } from "../../../oracle/src/disputes/stage.ts";
import { type TraceTruth, traceIdsOf } from "../../../oracle/src/disputes/trace-truth.ts";
import { createTensHasher } from "../../../oracle/src/tenshash/index.ts";
import { placeOf, withLie, withTensors } from "../../../scripts/demo/cheats/cheat.ts";
import { claimIdOf } from "../helpers/committed-work.ts";
import { ethers, loadFixture, networkHelpers } from "../tasks/scenario.ts";
import { type Arena, parametersOf, playSegment, sign } from "./arena.ts";
import {
  allAttestedOf,
  attest,
  type AttestedAudit,
  type AttestedClaim,
  attestedOf,
  auditAttested,
  claimAttested,
  LAST,
  perjured,
  perjuredAudit,
  type Trial,
  trial,
  WEIGHT,
} from "./attested-segments.ts";
import { challenge, claim, drawnAfter, expire, firstFalse, flipped, neuronOf, reveal } from "./tens-hash-claims.ts";

/** Slot 0 claims a ticket of a true segment, and the verifier attests what it computed. */
async function honest(index: number): Promise<Trial & AttestedClaim> {
  const setting = await trial();
  const { where, truths, messages } = setting;
  return { ...setting, ...(await claimAttested(where, messages, index, attestedOf(where, truths[1]!, index))) };
}

async function honestInTheMiddle() {
  return honest(LAST - 1);
}

async function honestAtTheEnd() {
  return honest(LAST);
}

/** Slot 0 claims a ticket of its first segment, which is true, and signs a false one after it. */
async function honestBeforeALie() {
  const setting = await trial();
  const { where, truths, messages, signedLie } = setting;
  const root = attestedOf(where, truths[0]!, 1);
  return { ...setting, ...(await claimAttested(where, [messages[0]!, signedLie], 1, root)) };
}

/** A ticket claimed with a y that is wrong in one bit, attested by the verifier. */
async function falseTicket() {
  const scene = await drawnAfter(async ({ pool, verifier }) => pool.connect(verifier).enlist(WEIGHT, verifier));
  const hasher = await createTensHasher("wasm");
  await hasher.setSeed(hexToBytes(scene.seed as Hex));
  const [y] = await hasher.hash([scene.input]);
  const truth = { y: y!, trace: await hasher.trace(scene.input) };
  await hasher.dispose();
  const told = { y: flipped(truth.y, 77), trace: truth.trace };
  const made = await claim(scene, told);
  const claimId = claimIdOf({ ethers }, await scene.work.claim(2, 1)) as Hex;
  await attest(scene, { claimId, details: made.details }, ethers.id("a trace") as Hex);
  return { scene, made, told, truth, claimId };
}

function nudged(m: Matrix): Matrix {
  const data = m.data.slice();
  data[0]! += 1;
  return matrix(m.type, m.rows, m.cols, data);
}

/** The trace with one residual that it yields off by one. */
function withFalseResidual(trace: TraceTruth): TraceTruth {
  const k = placeOf(trace, "Residual");
  return withTensors(trace, new Map([[k, nudged(trace.tensors[k]!)]]));
}

/** The same trace over a state before it in which that residual is off by one. */
function overFalseResidual(trace: TraceTruth): TraceTruth {
  const { layer } = trace.instructions[placeOf(trace, "Residual")]!;
  return { ...trace, residuals: trace.residuals.map((r, at) => (at === layer - 1 ? nudged(r) : r)) };
}

/** Defends a true segment as if its second iteration ended otherwise, and the third began there. */
function falseDefence(truth: SegmentTruth): SegmentTruth {
  const told = withLie(truth, 1, withFalseResidual(truth.trace(1)));
  const trace = (i: number) => (i === 2 ? overFalseResidual(truth.trace(2)) : told.trace(i));
  return { ...told, message: truth.message, trace };
}

/** A true segment whose third record states another batch than the scheduled one, as slot 0 signs it. */
async function withWrongBatch(where: Arena, { message }: SegmentTruth) {
  const { batches } = where.mlp;
  const records = message.records.map((record, i) =>
    i === 2 ? { ...record, batch: (record.batch + 1) % batches } : record,
  );
  const segment = { ...message.segment, recordsRoot: recordsRoot(records) };
  return { signed: await sign(where, { ...message, records, segment }), records };
}

/** The verifier attests slot 0's second segment, which is true and drawn. */
async function honestAudit(): Promise<Trial & AttestedAudit> {
  const setting = await trial();
  const { where, messages, truths } = setting;
  return { ...setting, ...(await auditAttested(where, messages, 1, allAttestedOf(where, truths[1]!))) };
}

describe("Perjury", () => {
  describe("of an honest verifier", () => {
    it("is not shown by a slot that loses a dispute over a true segment by silence", async () => {
      const { where, truths, messages, details } = await loadFixture(honestAtTheEnd);
      const { perjury, pool, verifier } = where;
      const players = { defender: truths[1]!, challenger: truths[1]!, override: () => undefined };
      const { disputeId, winner } = await playSegment(where, messages[1]!, players);
      expect(winner).to.equal("challenger");
      await expect(perjury.convictForTrace(details, 0, disputeId))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotProven")
        .withArgs(disputeId);
      expect(await pool.weightOf(verifier)).to.equal(WEIGHT);
    });

    it("is not shown by a slot that defends a true segment with a false trace, to lose to a friend", async () => {
      const { where, truths, messages, details } = await loadFixture(honestInTheMiddle);
      const { perjury, court } = where;
      const players = { defender: falseDefence(truths[1]!), challenger: truths[1]! };
      const { disputeId, winner } = await playSegment(where, messages[1]!, players);
      expect(winner).to.equal("challenger");
      expect((await court.disputeOf(disputeId)).proven).to.equal(true);
      await expect(perjury.convictForTrace(details, 0, disputeId)).to.be.revertedWithCustomError(
        perjury,
        "Perjury_OtherTrace",
      );
    });

    it("is not shown by the very trace that it attested, when slot and friend set another state under it", async () => {
      const { where, truths, messages, details } = await loadFixture(honestAtTheEnd);
      const { perjury, court } = where;
      const defender = falseDefence(truths[1]!);
      // The friend passes over the iteration that differs and refutes the true one that follows, over the false state.
      const friend = {
        ...defender,
        trace: (i: number) => (i === 2 ? withFalseResidual(defender.trace(2)) : defender.trace(i)),
      };
      const { disputeId, state } = await playSegment(where, messages[1]!, {
        defender,
        challenger: friend,
        override: (side, { stage }, call) =>
          side === "challenger" && stage === Stage.Choice ? { functionName: "chooseIteration", args: [2] } : call,
      });
      expect((await court.disputeOf(disputeId)).proven).to.equal(true);
      const trueIds = traceIdsOf(truths[1]!.trace(2)).tensors;
      expect(state.trace!.traceCase.traceRoot, "the trace that the verifier attested").to.equal(merkleRoot(trueIds));
      await expect(perjury.convictForTrace(details, 0, disputeId)).to.be.revertedWithCustomError(
        perjury,
        "Perjury_OtherTrace",
      );
    });

    it("is not shown by the conviction of the slot for another segment", async () => {
      const { where, truths, lie, signedLie, details } = await loadFixture(honestBeforeALie);
      const { perjury } = where;
      const { disputeId } = await playSegment(where, signedLie, { defender: lie, challenger: truths[1]! });
      await expect(perjury.convictForTrace(details, 0, disputeId))
        .to.be.revertedWithCustomError(perjury, "Perjury_OtherMatter")
        .withArgs(disputeId);
      await expect(perjury.convictForTicket(details, 0, disputeId))
        .to.be.revertedWithCustomError(perjury, "Perjury_OtherMatter")
        .withArgs(disputeId);
      await expect(perjury.convictForSegment(details, 0))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotRefuted")
        .withArgs(details.segmentId);
    });

    it("is not shown for claims and attestations that were not made", async () => {
      const { where, details, claimId } = await loadFixture(honestAtTheEnd);
      const { perjury, pool, verifier, stranger } = where;
      await expect(perjury.convictForSegment({ ...details, y: ethers.id("y") }, 0))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotClaimed")
        .withArgs(claimId);
      await expect(perjury.convictForSegment(details, 1))
        .to.be.revertedWithCustomError(perjury, "Perjury_NoSuchAttestation")
        .withArgs(claimId, 1, 1);
      await expect(pool.connect(stranger).slash(verifier, stranger))
        .to.be.revertedWithCustomError(pool, "VerifierPool_NotTheProsecutor")
        .withArgs(stranger);
    });
  });

  describe("of a verifier that attested", () => {
    it("a trace that was refuted takes its stake, a quarter to the challenger and the rest burnt, once", async () => {
      const { where, truths, lie, signedLie, details, claimId } = await loadFixture(perjured);
      const { perjury, pool, stakes, token, verifier, challenger, stranger } = where;
      const { disputeId } = await playSegment(where, signedLie, { defender: lie, challenger: truths[1]! });
      const [supply, free] = [await token.totalSupply(), await stakes.freeOf(challenger)];
      await expect(perjury.connect(stranger).convictForTrace(details, 0, disputeId))
        .to.emit(perjury, "AttesterConvicted")
        .withArgs(claimId, verifier, challenger, 0, 1);
      expect(await token.totalSupply()).to.equal(supply - (3n * WEIGHT) / 4n);
      expect(await stakes.freeOf(challenger)).to.equal(free + WEIGHT / 4n);
      expect(await stakes.lockedFor(verifier, pool, await pool.lockId())).to.equal(0n);
      await expect(perjury.convictForTrace(details, 0, disputeId))
        .to.be.revertedWithCustomError(perjury, "Perjury_AlreadyConvicted")
        .withArgs(claimId, 0);
    });

    it("what was refuted does not keep a quarter by being its own challenger", async () => {
      const { where, truths, lie, signedLie, details } = await loadFixture(perjured);
      const { perjury, stakes, token, verifier } = where;
      const players = { defender: lie, challenger: truths[1]!, by: verifier };
      const { disputeId } = await playSegment(where, signedLie, players);
      const [supply, free] = [await token.totalSupply(), await stakes.freeOf(verifier)];
      await perjury.convictForTrace(details, 0, disputeId);
      expect(await token.totalSupply()).to.equal(supply - WEIGHT);
      expect(await stakes.freeOf(verifier)).to.equal(free);
    });

    it("what was refuted is not saved by resigning in time: its stake outlasts the dispute", async () => {
      const { where, truths, lie, signedLie, details } = await loadFixture(perjured);
      const { perjury, pool, beacon, stakes, verifier } = where;
      const own = pool.connect(verifier);
      const settled = await beacon.settlesAt(await beacon.currentEpoch());
      await own.resign();
      const bondedUntil =
        BigInt((await ethers.provider.getBlock("latest"))!.timestamp) + (await stakes.unbondingDelay());
      const { disputeId } = await playSegment(where, signedLie, { defender: lie, challenger: truths[1]! });
      await networkHelpers.mineUpTo(settled);
      await expect(own.release())
        .to.be.revertedWithCustomError(pool, "VerifierPool_StillLiable")
        .withArgs(verifier, bondedUntil);
      await perjury.convictForTrace(details, 0, disputeId);
      expect(await stakes.lockedFor(verifier, pool, await pool.lockId())).to.equal(0n);
    });

    it("what was refuted ends its part: it is not drawn again, attests nothing that it was drawn for, and votes on nothing", async () => {
      const { where, truths, lie, signedLie, details } = await loadFixture(perjured);
      const { perjury, pool, beacon, verifier } = where;
      const { disputeId } = await playSegment(where, signedLie, { defender: lie, challenger: truths[1]! });
      await perjury.convictForTrace(details, 0, disputeId);
      expect(await pool.operatorOf(verifier)).to.equal(ethers.ZeroAddress);
      expect(await pool.weightOf(verifier)).to.equal(0n);
      const next = (await beacon.currentEpoch()) + 1n;
      await networkHelpers.mineUpTo((await beacon.lastBlockOf(next - 1n)) + 1n);
      expect(await pool.totalWeightAt(next)).to.equal(0n);
      expect(await pool.weightAt(verifier, next)).to.equal(0n);
    });

    it("a segment that a direct proof refutes", async () => {
      const { where, truths, messages } = await loadFixture(trial);
      const { perjury, misconduct, verifier, stranger } = where;
      const { signed, records } = await withWrongBatch(where, truths[1]!);
      const root = attestedOf(where, truths[1]!, LAST);
      const { details, claimId } = await claimAttested(where, [messages[0]!, signed], LAST, root);
      const opening = { leaf: 2, record: records[2]!, proof: merkleProof(records.map(recordHash), 2) };
      await misconduct.connect(stranger).proveWrongBatch(signed, opening, parametersOf(where));
      expect(await misconduct.refuterOf(segmentId(signed.segment))).to.equal(stranger);
      await expect(perjury.convictForSegment(details, 0))
        .to.emit(perjury, "AttesterConvicted")
        .withArgs(claimId, verifier, stranger, 0, 2);
    });

    it("a ticket whose TensHash is refuted by a neuron", async () => {
      const { scene, made, told, truth, claimId } = await loadFixture(falseTicket);
      const { perjury, tensHashGame, verifier, challenger } = scene;
      const disputeId = await challenge(scene, made);
      const { layer, index } = firstFalse(told, truth);
      await reveal(scene, disputeId, made, told.trace);
      await tensHashGame.prove(disputeId, made.question, ...neuronOf(told.trace, layer, index));
      await expect(perjury.convictForTicket(made.details, 0, disputeId))
        .to.emit(perjury, "AttesterConvicted")
        .withArgs(claimId, verifier, challenger, 0, 0);
    });

    it("a false ticket goes free where the slot is silent: silence proves nothing", async () => {
      const { scene, made } = await loadFixture(falseTicket);
      const { perjury } = scene;
      const disputeId = await challenge(scene, made);
      await expire(scene, disputeId);
      await expect(perjury.convictForTicket(made.details, 0, disputeId))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotProven")
        .withArgs(disputeId);
    });
  });

  describe("of a verifier that attested a drawn segment", () => {
    it("is shown by the refutation of one of its traces, and takes its stake, once", async () => {
      const { where, truths, lie, signedLie, audited, auditId, traces } = await loadFixture(perjuredAudit);
      const { audits, perjury, stakes, pool, verifier, challenger, registry } = where;
      expect((await audits.auditOf(auditId)).agreed).to.equal(true);
      expect(await registry.creditOf(verifier)).to.be.greaterThan(0n);
      const { disputeId } = await playSegment(where, signedLie, { defender: lie, challenger: truths[1]! });
      const place = traces.findIndex((trace, i) => trace !== allAttestedOf(where, truths[1]!)[i]);
      const convict = (given: readonly Hex[], at: number) =>
        perjury.convictAuditorForTrace(audited, 0, [...given], at, disputeId);
      const refuted = traces[place]!;
      await expect(convict(traces.toReversed(), place)).to.be.revertedWithCustomError(perjury, "Perjury_OtherTraces");
      for (const at of [(place + 1) % traces.length, traces.length])
        await expect(convict(traces, at))
          .to.be.revertedWithCustomError(perjury, "Perjury_OtherIteration")
          .withArgs(at, refuted);
      await expect(convict(traces, place))
        .to.emit(perjury, "AuditorConvicted")
        .withArgs(auditId, verifier, challenger, 0, 1);
      expect(await stakes.lockedFor(verifier, pool, await pool.lockId())).to.equal(0n);
      await expect(convict(traces, place))
        .to.be.revertedWithCustomError(perjury, "Perjury_AlreadyConvicted")
        .withArgs(auditId, 0);
    });

    it("is not shown by a slot that defends a true segment with a false trace, to lose to a friend", async () => {
      const { where, truths, messages, audited, traces } = await loadFixture(honestAudit);
      const { perjury, court } = where;
      const players = { defender: falseDefence(truths[1]!), challenger: truths[1]! };
      const { disputeId } = await playSegment(where, messages[1]!, players);
      expect((await court.disputeOf(disputeId)).proven).to.equal(true);
      for (const place of traces.keys())
        await expect(
          perjury.convictAuditorForTrace(audited, 0, [...traces], place, disputeId),
        ).to.be.revertedWithCustomError(perjury, "Perjury_OtherIteration");
      await expect(perjury.convictAuditorForSegment(audited, 0))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotRefuted")
        .withArgs(audited.segmentId);
    });

    it("is not shown for audits and attestations that there are not", async () => {
      const { where, audited, auditId } = await loadFixture(honestAudit);
      const { perjury } = where;
      await expect(perjury.convictAuditorForSegment({ ...audited, segmentId: ethers.id("another") }, 0))
        .to.be.revertedWithCustomError(perjury, "Perjury_NotAudited")
        .withArgs(auditId);
      await expect(perjury.convictAuditorForSegment(audited, 1))
        .to.be.revertedWithCustomError(perjury, "Perjury_NoSuchAttestation")
        .withArgs(auditId, 1, 1);
    });

    it("is shown by a direct proof against the segment", async () => {
      const { where, truths, messages } = await loadFixture(trial);
      const { perjury, misconduct, verifier, stranger } = where;
      const { signed, records } = await withWrongBatch(where, truths[1]!);
      const traces = allAttestedOf(where, truths[1]!);
      const { audited, auditId } = await auditAttested(where, [messages[0]!, signed], 1, traces);
      const opening = { leaf: 2, record: records[2]!, proof: merkleProof(records.map(recordHash), 2) };
      await misconduct.connect(stranger).proveWrongBatch(signed, opening, parametersOf(where));
      await expect(perjury.convictAuditorForSegment(audited, 0))
        .to.emit(perjury, "AuditorConvicted")
        .withArgs(auditId, verifier, stranger, 0, 2);
    });

    it("is no matter of pay: where the quota is used up an audit agrees, and credits nothing", async () => {
      const { where, truths, messages } = await loadFixture(trial);
      const { registry, verifier, mint, taskId, parameters, audits } = where;
      const quota = Number(parameters.attestations);
      for (let i = 0; i < quota; i++) await registry.connect(mint).creditAttestation(taskId, verifier);
      const credit = await registry.creditOf(verifier);
      const { auditId } = await auditAttested(where, messages, 1, allAttestedOf(where, truths[1]!));
      expect((await audits.auditOf(auditId)).agreed).to.equal(true);
      expect(await registry.creditOf(verifier)).to.equal(credit);
    });
  });
});
