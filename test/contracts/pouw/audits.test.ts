import { auditIdOf, isAuditDrawn, segmentId, tracesRoot } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import type { Hex } from "viem";

import { countDrawn, type Seat } from "../helpers/attested-claim.ts";
import { id, planWork, SEGMENT_LENGTH } from "../helpers/committed-work.ts";
import {
  auditAt,
  auditDrawing,
  type DrawnAudit,
  enterAuditHalf,
  revealAuditBy,
  sealAuditBy,
  seatsIn,
} from "../helpers/drawn-audit.ts";
import { deployMintSuite } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const SLOT = 3;
/** Of a commit of 30 segments, the last of them short. */
const [FIRST, LAST] = [8, 125];
const EVERYTHING = { quotaBps: 10_000n, verifiersPerAudit: 2n };

/** `ITaskRegistry.AuditContext` of a task of 4 slots whose quota covers all of its segments. */
function contextOf(segmentsRoot: string, changes: object = {}) {
  return {
    attestations: 65_535,
    iterations: 1_000,
    segmentLength: SEGMENT_LENGTH,
    slots: 4,
    convicted: false,
    first: FIRST,
    last: LAST,
    segmentsRoot,
    ...changes,
  };
}

/** A slot has committed in epoch 1, whose seed is proven; three verifiers, two seats. */
async function committed() {
  const suite = await deployMintSuite(connection);
  const { registry, beacon, pool } = suite;
  const audits = await ethers.deployContract("Audits", [registry, beacon, pool, EVERYTHING]);
  await suite.enterEpoch(1n);
  const plan = { epoch: 1n, slot: SLOT, first: FIRST, last: LAST, segmentLength: SEGMENT_LENGTH };
  const work = planWork(suite, { taskId: id(suite, "task"), ...plan });
  await registry.setAuditContext(work.taskId, SLOT, 1n, contextOf(work.segmentsRoot));
  const seed = (await suite.proveSeed(1n)) as Hex;
  return { ...suite, audits, work, seed };
}

async function drawing(isWanted: (rounds: readonly Seat[][]) => boolean) {
  const suite = await committed();
  const { rounds, ...audit } = await auditDrawing(suite, suite.work, isWanted);
  await enterAuditHalf(suite, audit, 0, false);
  return { ...suite, audit, seats: rounds[0]!, second: rounds[1]! };
}

const isAmong = (seats: readonly Seat[], { verifier }: Seat) => seats.some((seat) => seat.verifier === verifier);

/** Round 0 has two verifiers, round 1 has the third. */
async function drawingPair() {
  return drawing((rounds) => rounds[0]!.length === 2 && countDrawn(rounds) === 3);
}

/** Round 1 has two verifiers, of whom round 0 has one at most, and another one. */
async function drawingCrowd() {
  return drawing(([first, second]) => second!.length === 2 && first!.some((seat) => !isAmong(second!, seat)));
}

/** Rounds 0 and 1 have a verifier in common. */
async function drawingAgain() {
  return drawing(([first, second]) => second!.some((seat) => isAmong(first!, seat)));
}

/** The same audit with other traces. */
function otherwise(audit: DrawnAudit): DrawnAudit {
  return { ...audit, traces: audit.traces.map((trace) => ethers.id(trace) as Hex) };
}

describe("Audits", () => {
  describe("draws", () => {
    it("each committed segment with the chance that the quota pays for, as anybody can compute", async () => {
      const { audits, registry, work, seed } = await networkHelpers.loadFixture(committed);
      // 100 audits of 2 attestations each over 1,000 segments.
      await registry.setAuditContext(work.taskId, SLOT, 1n, contextOf(work.segmentsRoot, { attestations: 200 }));
      await registry.setAuditContext(work.taskId, 0, 0n, contextOf(work.segmentsRoot, { attestations: 200 }));
      const chance = await audits.chanceOf(work.taskId);
      expect(chance).to.equal(((2n ** 256n - 1n) / (1_000n * 2n * 10_000n)) * 2_000_000n);
      const drawn = work.segments
        .map(({ first }) => first)
        .filter((first) => isAuditDrawn(seed, auditIdOf({ taskId: work.taskId, slot: SLOT, first }), chance));
      expect(await audits.drawnIn(work.taskId, SLOT, 1n)).to.deep.equal(drawn.map(BigInt));
    });

    it("all segments where the quota covers them, none where nothing was committed, and nothing before the seed", async () => {
      const { audits, work } = await networkHelpers.loadFixture(committed);
      const all = await audits.drawnIn(work.taskId, SLOT, 1n);
      expect(all).to.deep.equal(work.segments.map(({ first }) => BigInt(first)));
      expect(await audits.drawnIn(work.taskId, SLOT + 1, 1n)).to.deep.equal([]);
      await expect(audits.drawnIn(work.taskId, SLOT, 2n))
        .to.be.revertedWithCustomError(audits, "Audits_SeedNotProven")
        .withArgs(2n);
    });

    it("verifiers from the snapshot of the epoch: who enlists later steers nothing", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, audit, pool, beacon, stranger } = suite;
      const before = await seatsIn(suite, audit, 1);
      await suite.stakeFor(stranger, 900n * 10n ** 18n);
      await pool.connect(stranger).enlist(900n * 10n ** 18n, stranger);
      await networkHelpers.mineUpTo(await beacon.lastBlockOf(3n));
      expect(await seatsIn(suite, audit, 1)).to.deep.equal(before);
      expect(await audits.startsAt(1n)).to.equal(await beacon.claimsCloseAt(1n));
    });

    it("only with parameters in range", async () => {
      const { registry, beacon, pool, audits } = await networkHelpers.loadFixture(committed);
      const attempts = [
        [{ ...EVERYTHING, quotaBps: 0n }, ["quotaBps", 0n, 1n, 10_000n]],
        [{ ...EVERYTHING, quotaBps: 10_001n }, ["quotaBps", 10_001n, 1n, 10_000n]],
        [{ ...EVERYTHING, verifiersPerAudit: 0n }, ["verifiersPerAudit", 0n, 1n, 8n]],
        [{ ...EVERYTHING, verifiersPerAudit: 9n }, ["verifiersPerAudit", 9n, 1n, 8n]],
      ] as const;
      for (const [parameters, range] of attempts)
        await expect(ethers.deployContract("Audits", [registry, beacon, pool, parameters]))
          .to.be.revertedWithCustomError(audits, "Audits_ParameterOutOfRange")
          .withArgs(...range);
    });
  });

  describe("credits", () => {
    it("k drawn verifiers that agree, each once", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, registry, audit, seats, work } = suite;
      const { auditId, details, traces } = audit;
      for (const seat of seats) await sealAuditBy(suite, audit, seat);
      await enterAuditHalf(suite, audit, 0, true);
      const first = revealAuditBy(suite, audit, seats[0]!);
      await expect(first)
        .to.emit(audits, "SegmentAttested")
        .withArgs(auditId, work.taskId, seats[0]!.verifier, Object.values(details), traces);
      await expect(first).not.to.emit(registry, "AttestationCredited");
      const deciding = revealAuditBy(suite, audit, seats[1]!);
      await expect(deciding).to.emit(audits, "AuditAgreed").withArgs(auditId, work.taskId, tracesRoot(traces));
      for (const { verifier } of seats)
        await expect(deciding).to.emit(registry, "AttestationCredited").withArgs(work.taskId, verifier);

      const { attestations, agreed } = await audits.auditOf(auditId);
      expect([attestations, agreed]).to.deep.equal([2n, true]);
      expect(await audits.isAttested(details)).to.equal(true);
      expect(await audits.isAttested({ ...details, segmentId: ethers.id("another") })).to.equal(false);
      const kept = await audits.attestationsOf(auditId);
      expect(kept.map(({ verifier, round }) => [verifier, round])).to.deep.equal(
        seats.map(({ verifier }) => [verifier.address, 0n]),
      );
    });

    it("a verifier of the next round in the place of one that is silent", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, registry, audit, seats, second } = suite;
      await sealAuditBy(suite, audit, seats[0]!);
      await enterAuditHalf(suite, audit, 0, true);
      await revealAuditBy(suite, audit, seats[0]!);
      const next = second.find((seat) => seat.verifier !== seats[0]!.verifier)!;
      await enterAuditHalf(suite, audit, 1, false);
      await sealAuditBy(suite, audit, next);
      await enterAuditHalf(suite, audit, 1, true);
      await expect(revealAuditBy(suite, audit, next)).to.emit(audits, "AuditAgreed");
      expect(await registry.queryFilter(registry.filters.AttestationCredited())).to.have.length(2);
    });

    it("nobody for traces that differ, which are remembered; and one more of the deciding round that agrees", async () => {
      const suite = await networkHelpers.loadFixture(drawingCrowd);
      const { audits, registry, audit, seats, second } = suite;
      const early = seats.find((seat) => !isAmong(second, seat))!;
      await sealAuditBy(suite, audit, early);
      await enterAuditHalf(suite, audit, 0, true);
      await revealAuditBy(suite, audit, early);
      await enterAuditHalf(suite, audit, 1, false);
      await sealAuditBy(suite, otherwise(audit), second[0]!);
      await sealAuditBy(suite, audit, second[1]!);
      await enterAuditHalf(suite, audit, 1, true);
      const deciding = revealAuditBy(suite, audit, second[1]!);
      await expect(deciding).to.emit(audits, "AuditAgreed");
      const differing = revealAuditBy(suite, otherwise(audit), second[0]!);
      await expect(differing)
        .to.emit(audits, "AttestationsDiffer")
        .withArgs(audit.auditId, second[0]!.verifier, tracesRoot(otherwise(audit).traces));
      await expect(differing).not.to.emit(registry, "AttestationCredited");
      const credited = await registry.queryFilter(registry.filters.AttestationCredited());
      expect(credited.map(({ args }) => args.verifier)).to.deep.equal([
        early.verifier.address,
        second[1]!.verifier.address,
      ]);
      expect((await audits.auditOf(audit.auditId)).attestations).to.equal(3n);
    });
  });

  describe("refuses", () => {
    it("a second attestation by the same verifier", async () => {
      const suite = await networkHelpers.loadFixture(drawingAgain);
      const { audits, audit, seats, second } = suite;
      const again = second.find((seat) => isAmong(seats, seat))!;
      const before = seats.find(({ verifier }) => verifier === again.verifier)!;
      await sealAuditBy(suite, audit, before);
      await enterAuditHalf(suite, audit, 0, true);
      await revealAuditBy(suite, audit, before);
      await expect(revealAuditBy(suite, audit, before)).to.be.revertedWithCustomError(audits, "Audits_NotSealed");
      await enterAuditHalf(suite, audit, 1, false);
      await sealAuditBy(suite, otherwise(audit), again);
      await enterAuditHalf(suite, audit, 1, true);
      await expect(revealAuditBy(suite, otherwise(audit), again))
        .to.be.revertedWithCustomError(audits, "Audits_AlreadyAttested")
        .withArgs(audit.auditId, again.verifier);
    });

    it("a reveal before the rounds begin, in the first half of one, and after the last", async () => {
      const suite = await networkHelpers.loadFixture(committed);
      const { audits, work } = suite;
      const audit = auditAt(suite, work, 0);
      const seat = (await seatsIn(suite, audit, 0))[0]!;
      const refused = async () =>
        expect(revealAuditBy(suite, audit, seat))
          .to.be.revertedWithCustomError(audits, "Audits_NotRevealing")
          .withArgs(1n, await audits.startsAt(1n));
      await refused();
      await enterAuditHalf(suite, audit, 0, false);
      await sealAuditBy(suite, audit, seat);
      await refused();
      await enterAuditHalf(suite, audit, 2, true);
      await refused();
    });

    it("a seal from before its round or from the half in which others show their traces", async () => {
      const suite = await networkHelpers.loadFixture(committed);
      const { audits, work } = suite;
      const audit = auditAt(suite, work, 0);
      const seat = (await seatsIn(suite, audit, 0))[0]!;
      await sealAuditBy(suite, audit, seat);
      await enterAuditHalf(suite, audit, 0, true);
      await expect(revealAuditBy(suite, audit, seat)).to.be.revertedWithCustomError(audits, "Audits_NotSealed");
      await sealAuditBy(suite, otherwise(audit), seat);
      await expect(revealAuditBy(suite, otherwise(audit), seat)).to.be.revertedWithCustomError(
        audits,
        "Audits_NotSealed",
      );
    });

    it("more attestations once k have agreed in an earlier round", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, audit, seats, second } = suite;
      for (const seat of seats) await sealAuditBy(suite, audit, seat);
      await enterAuditHalf(suite, audit, 0, true);
      for (const seat of seats) await revealAuditBy(suite, audit, seat);
      const late = second.find((seat) => !isAmong(seats, seat))!;
      await enterAuditHalf(suite, audit, 1, false);
      await sealAuditBy(suite, audit, late);
      await enterAuditHalf(suite, audit, 1, true);
      await expect(revealAuditBy(suite, audit, late))
        .to.be.revertedWithCustomError(audits, "Audits_NotNeeded")
        .withArgs(audit.auditId, 1n);
    });

    it("whoever is not drawn: another verifier, the drawn one itself, a seat that there is not", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, audit, seats, second } = suite;
      const [drawn] = seats as [Seat];
      const undrawn = second.find((seat) => !isAmong(seats, seat))!;
      for (const seat of [drawn, undrawn]) await sealAuditBy(suite, audit, seat);
      await enterAuditHalf(suite, audit, 0, true);
      for (const operator of [undrawn.operator, drawn.verifier])
        await expect(revealAuditBy(suite, audit, { ...drawn, operator }))
          .to.be.revertedWithCustomError(audits, "Audits_NotTheVerifiersOperator")
          .withArgs(operator, drawn.verifier, drawn.operator);
      await expect(revealAuditBy(suite, audit, { ...drawn, number: 2 }))
        .to.be.revertedWithCustomError(audits, "Audits_NoSuchSeat")
        .withArgs(2n, 2n);
    });

    it("a copied seal: it names the verifier that made it, and copying it first spoils nothing", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, audit, seats } = suite;
      const [maker, copier] = seats as [Seat, Seat];
      await sealAuditBy(suite, audit, { ...maker, operator: copier.operator });
      await sealAuditBy(suite, audit, maker);
      await enterAuditHalf(suite, audit, 0, true);
      await expect(revealAuditBy(suite, audit, copier))
        .to.be.revertedWithCustomError(audits, "Audits_NotSealed")
        .withArgs(audit.auditId, copier.verifier, 0n, (opened: string) => opened.length === 66);
      await expect(revealAuditBy(suite, audit, maker)).to.emit(audits, "SegmentAttested");
    });

    it("a segment that was not committed, or is another than the commit fixed", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, audit, seats, work } = suite;
      const { details } = audit;
      const seat = seats[0]!;
      await enterAuditHalf(suite, audit, 0, true);
      const reveal = (changes: object) => revealAuditBy(suite, { ...audit, details: { ...details, ...changes } }, seat);
      for (const first of [details.first + 1, LAST + 3, FIRST - 4])
        await expect(reveal({ first }))
          .to.be.revertedWithCustomError(audits, "Audits_NotCommitted")
          .withArgs(work.taskId, SLOT, 1n, first);
      await expect(reveal({ slot: SLOT + 1 })).to.be.revertedWithCustomError(audits, "Audits_NotCommitted");
      const place = (details.first - FIRST) / SEGMENT_LENGTH;
      await expect(reveal({ segmentId: segmentId(work.segments[(place + 1) % 29]!) }))
        .to.be.revertedWithCustomError(audits, "Audits_OtherSegment")
        .withArgs(segmentId(work.segments[(place + 1) % 29]!), place);
    });

    it("traces other than the segment's in number, and a segment that is not drawn", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, registry, audit, seats, work } = suite;
      const seat = seats[0]!;
      await enterAuditHalf(suite, audit, 0, true);
      await expect(revealAuditBy(suite, { ...audit, traces: audit.traces.slice(1) }, seat))
        .to.be.revertedWithCustomError(audits, "Audits_WrongTraces")
        .withArgs(audit.traces.length - 1, audit.traces.length);
      // One attestation over a thousand segments draws next to nothing.
      const scarce = contextOf(work.segmentsRoot, { attestations: 1, iterations: 2 ** 32 - 1 });
      await registry.setAuditContext(work.taskId, SLOT, 1n, scarce);
      await expect(revealAuditBy(suite, audit, seat))
        .to.be.revertedWithCustomError(audits, "Audits_NotDrawn")
        .withArgs(audit.auditId);
    });

    it("the work of a convicted slot", async () => {
      const suite = await networkHelpers.loadFixture(drawingPair);
      const { audits, registry, audit, seats, work } = suite;
      await sealAuditBy(suite, audit, seats[0]!);
      await enterAuditHalf(suite, audit, 0, true);
      await registry.setAuditContext(work.taskId, SLOT, 1n, contextOf(work.segmentsRoot, { convicted: true }));
      await expect(revealAuditBy(suite, audit, seats[0]!))
        .to.be.revertedWithCustomError(audits, "Audits_SlotConvicted")
        .withArgs(work.taskId, SLOT);
    });
  });
});
