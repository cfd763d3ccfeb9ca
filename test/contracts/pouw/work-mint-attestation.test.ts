import { expect } from "chai";
import { network } from "hardhat";

import {
  attest,
  type Attestable,
  countDrawn,
  enterHalf,
  makeClaim,
  makeClaimDrawing,
  revealBy,
  SALT,
  seal,
  sealBy,
  type Seat,
} from "../helpers/attested-claim.ts";
import { commitWork } from "../helpers/committed-work.ts";
import { BEACON, deployMintSuite, GRIST, type MintSuiteOptions } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const TRACE = ethers.id("trace root");
const OTHER_TRACE = ethers.id("another trace root");
const [NONE, CLAIMED, ATTESTED, EXPIRED] = [0n, 1n, 2n, 5n];

/** A claim in epoch 1, made in the last block, whose rounds draw as wanted. */
async function deploy(options: MintSuiteOptions, isWanted: (rounds: readonly Seat[][]) => boolean) {
  const suite = await deployMintSuite(connection, options);
  await suite.enterEpoch(1n);
  const work = await commitWork(suite);
  await suite.proveSeed(work.epoch);
  const { rounds, ...claim } = await makeClaimDrawing(suite, work, isWanted);
  return { ...suite, work, claim, claimId: claim.claimId, seats: rounds[0]!, second: rounds[1]! };
}

const isAmong = (seats: readonly Seat[], seat: Seat) => seats.some(({ verifier }) => verifier === seat.verifier);

/** k = 2 of three verifiers, the third of which is drawn in round 1. */
async function deployPair() {
  return deploy({}, (rounds) => rounds[0]!.length === 2 && countDrawn(rounds) === 3);
}

/** k = 1, so that the first attestation suffices; round 1 draws another verifier. */
async function deploySingle() {
  return deploy({ mint: { verifiersPerClaim: 1n } }, (rounds) => countDrawn(rounds) === 2);
}

/**
 * k = 2 of three verifiers. One that round 1 does not draw attested in round 0; round 1 draws the two others, which have
 * sealed `traces`, and may reveal them now.
 */
async function deployCrowded(traces: readonly [string, string]) {
  const suite = await deploy(
    {},
    ([first, second]) => second!.length === 2 && first!.some((seat) => !isAmong(second!, seat)),
  );
  const { claim, seats, second: others } = suite;
  const early = seats.find((seat) => !isAmong(others, seat))!;
  await sealBy(suite, claim, early, TRACE);
  await enterHalf(suite, claim, 0, true);
  await revealBy(suite, claim, early, TRACE);
  await enterHalf(suite, claim, 1, false);
  for (const [index, seat] of others.entries()) await sealBy(suite, claim, seat, traces[index]!);
  await enterHalf(suite, claim, 1, true);
  return { ...suite, early, others };
}

/**
 * k = 2 of four verifiers. In round 0 one attested TRACE and another OTHER_TRACE; round 1 draws the other two, which have
 * sealed the same, and may reveal them now.
 */
async function deployTorn() {
  const options = { weights: [10n, 10n, 10n, 10n].map((weight) => weight * GRIST) };
  const suite = await deploy(
    options,
    (rounds) => rounds.every(({ length }) => length === 2) && countDrawn(rounds) === 4,
  );
  const { claim, seats, second } = suite;
  for (const [round, pair] of [seats, second].entries()) {
    if (round > 0) await enterHalf(suite, claim, round, false);
    await sealBy(suite, claim, pair[0]!, TRACE);
    await sealBy(suite, claim, pair[1]!, OTHER_TRACE);
    await enterHalf(suite, claim, round, true);
    if (round > 0) continue;
    await revealBy(suite, claim, pair[0]!, TRACE);
    await revealBy(suite, claim, pair[1]!, OTHER_TRACE);
  }
  return suite;
}

/** The verifiers and roots that the claim's attestations have, in order. */
async function attestationsOf({ mint }: Attestable, claimId: string): Promise<[string, bigint, string][]> {
  const attestations = await mint.attestationsOf(claimId);
  return attestations.map(({ verifier, round, traceRoot }) => [verifier, round, traceRoot]);
}

const prefix = (root: string) => ethers.dataSlice(root, 0, 11);

describe("WorkMint: attestation", () => {
  it("attests a claim when k drawn verifiers agree, and credits each of them", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, registry, claim, claimId, seats, work } = suite;
    for (const seat of seats) await sealBy(suite, claim, seat, TRACE);
    await enterHalf(suite, claim, 0, true);
    await expect(revealBy(suite, claim, seats[0]!, TRACE))
      .to.emit(mint, "AttestationRevealed")
      .withArgs(claimId, seats[0]!.verifier, TRACE);
    expect((await mint.claimOf(claimId)).state).to.equal(CLAIMED);
    const call = revealBy(suite, claim, seats[1]!, TRACE);
    await expect(call).to.emit(mint, "ClaimAttested").withArgs(claimId, TRACE);
    await expect(call).not.to.emit(mint, "AttestationsDiffer");
    for (const { verifier } of seats) {
      await expect(call).to.emit(registry, "AttestationCredited").withArgs(work.taskId, verifier);
    }
    const view = await mint.claimOf(claimId);
    expect([view.state, view.attestations]).to.deep.equal([ATTESTED, 2n]);
    expect(await attestationsOf(suite, claimId)).to.deep.equal(
      seats.map(({ verifier }) => [verifier.address, 0n, prefix(TRACE)]),
    );
    expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
  });

  it("shows the round of a claim by the block", async () => {
    const { mint, claimId } = await networkHelpers.loadFixture(deployPair);
    const { claimedAt } = await mint.claimOf(claimId);
    const expected = [
      [0n, [0n, false]],
      [BEACON.attestationBlocks - 1n, [0n, false]],
      [BEACON.attestationBlocks, [0n, true]],
      [2n * BEACON.attestationBlocks, [1n, false]],
      [4n * BEACON.attestationBlocks, [2n, false]],
    ] as const;
    for (const [offset, round] of expected) {
      if (offset > 0n) await networkHelpers.mineUpTo(claimedAt + offset);
      expect(await mint.roundOf(claimId)).to.deep.equal(round);
    }
  });

  it("knows no rounds and no attestations of a claim that was not made", async () => {
    const { mint } = await networkHelpers.loadFixture(deployPair);
    const unknown = ethers.id("no claim");
    await expect(mint.roundOf(unknown))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(unknown, NONE);
    expect((await mint.claimOf(unknown)).state).to.equal(NONE);
    expect(await mint.attestationsOf(unknown)).to.deep.equal([]);
  });

  it("goes into a second round while attestations are missing, and counts those of both", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, claim, claimId, seats, second } = suite;
    await sealBy(suite, claim, seats[0]!, TRACE);
    await enterHalf(suite, claim, 0, true);
    await revealBy(suite, claim, seats[0]!, TRACE);

    const next = second.find((seat) => seat.verifier !== seats[0]!.verifier)!;
    await enterHalf(suite, claim, 1, false);
    await sealBy(suite, claim, next, TRACE);
    await enterHalf(suite, claim, 1, true);
    await revealBy(suite, claim, next, TRACE);
    expect((await mint.claimOf(claimId)).state).to.equal(ATTESTED);
  });

  it("counts and credits a verifier that agrees when k have already", async () => {
    const suite = await deployCrowded([TRACE, TRACE]);
    const { mint, registry, claim, claimId, others, work } = suite;
    await expect(revealBy(suite, claim, others[0]!, TRACE)).to.emit(mint, "ClaimAttested");
    const call = revealBy(suite, claim, others[1]!, TRACE);
    await expect(call).to.emit(registry, "AttestationCredited").withArgs(work.taskId, others[1]!.verifier);
    await expect(call).not.to.emit(mint, "ClaimAttested");
    expect(await registry.queryFilter(registry.filters.AttestationCredited())).to.have.length(3);
    const view = await mint.claimOf(claimId);
    expect([view.state, view.attestations]).to.deep.equal([ATTESTED, 3n]);
    expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
  });

  it("expires when the rounds are over without enough attestations", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, claim, claimId, seats } = suite;
    await enterHalf(suite, claim, 2, true);
    await networkHelpers.mine();
    expect((await mint.claimOf(claimId)).state).to.equal(EXPIRED);
    for (const call of [revealBy(suite, claim, seats[0]!, TRACE), mint.mint(claim.details)]) {
      await expect(call).to.be.revertedWithCustomError(mint, "WorkMint_WrongState").withArgs(claimId, EXPIRED);
    }
  });

  it("draws nobody from an empty pool, so such a claim can only expire", async () => {
    const suite = await deployMintSuite(connection);
    const work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
    const claim = await makeClaim(suite, work, 12);
    const { mint, stranger } = suite;
    expect(await mint.drawnVerifier(claim.claimId, work.epoch, 0, 0)).to.equal(ethers.ZeroAddress);
    await enterHalf(suite, claim, 0, true);
    await expect(mint.connect(stranger).revealAttestation(claim.details, 0, TRACE, SALT))
      .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
      .withArgs(stranger, ethers.ZeroAddress, ethers.ZeroAddress);
  });

  describe("where roots differ, counts each by itself", () => {
    it("so that one that differs neither stops the claim nor is credited, and is remembered", async () => {
      const suite = await deployCrowded([OTHER_TRACE, TRACE]);
      const { mint, registry, claim, claimId, early, others, work } = suite;
      const differing = revealBy(suite, claim, others[0]!, OTHER_TRACE);
      await expect(differing).to.emit(mint, "AttestationsDiffer").withArgs(claimId, others[0]!.verifier, OTHER_TRACE);
      await expect(differing).not.to.emit(mint, "ClaimAttested");
      await expect(revealBy(suite, claim, others[1]!, TRACE))
        .to.emit(mint, "ClaimAttested")
        .withArgs(claimId, TRACE);
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
      const credited = await registry.queryFilter(registry.filters.AttestationCredited());
      expect(credited.map(({ args }) => args.verifier)).to.deep.equal([
        early.verifier.address,
        others[1]!.verifier.address,
      ]);
      expect(await attestationsOf(suite, claimId)).to.deep.equal([
        [early.verifier.address, 0n, prefix(TRACE)],
        [others[0]!.verifier.address, 1n, prefix(OTHER_TRACE)],
        [others[1]!.verifier.address, 1n, prefix(TRACE)],
      ]);
    });

    it("also after k have agreed", async () => {
      const suite = await deployCrowded([TRACE, OTHER_TRACE]);
      const { mint, registry, claim, claimId, others, work } = suite;
      await revealBy(suite, claim, others[0]!, TRACE);
      const call = revealBy(suite, claim, others[1]!, OTHER_TRACE);
      await expect(call).to.emit(mint, "AttestationsDiffer").withArgs(claimId, others[1]!.verifier, OTHER_TRACE);
      await expect(call).not.to.emit(registry, "AttestationCredited");
      expect((await mint.claimOf(claimId)).state).to.equal(ATTESTED);
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
    });

    it("and accepts only the first that k agree on, where two are", async () => {
      const suite = await deployTorn();
      const { mint, registry, claim, claimId, seats, second, work } = suite;
      await expect(revealBy(suite, claim, second[1]!, OTHER_TRACE))
        .to.emit(mint, "ClaimAttested")
        .withArgs(claimId, OTHER_TRACE);
      const call = revealBy(suite, claim, second[0]!, TRACE);
      await expect(call).not.to.emit(mint, "ClaimAttested");
      await expect(call).not.to.emit(registry, "AttestationCredited");
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);

      await suite.nextBlockIs(await suite.beacon.settlesAt(work.epoch));
      await mint.mint(claim.details);
      const [, paid] = seats;
      await expect(mint.payVerifiers([claim.details]))
        .to.emit(mint, "VerifiersPaid")
        .withArgs(claimId, [paid!.verifier.address, second[1]!.verifier.address], (value: bigint) => value > 0n);
    });
  });

  describe("refuses", () => {
    it("a verifier that is not drawn", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claim, seats, second } = suite;
      const undrawn = { ...second[0]!, number: 0 };
      await sealBy(suite, claim, undrawn, TRACE);
      await enterHalf(suite, claim, 0, true);
      await expect(revealBy(suite, claim, undrawn, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
        .withArgs(undrawn.operator, seats[0]!.verifier, seats[0]!.operator);
    });

    it("a verifier that enlisted after the seed was known to steer the draw", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, pool, stranger, claim, claimId, seats, work } = suite;
      await suite.stakeFor(stranger, 900n * GRIST);
      await pool.connect(stranger).enlist(900n * GRIST, stranger);
      expect(await mint.drawnVerifier(claimId, work.epoch, 0, 0)).to.equal(seats[0]!.verifier);
      const newcomer = { number: 0, verifier: stranger, operator: stranger };
      await sealBy(suite, claim, newcomer, TRACE);
      await enterHalf(suite, claim, 0, true);
      await expect(revealBy(suite, claim, newcomer, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
        .withArgs(stranger, seats[0]!.verifier, seats[0]!.operator);
    });

    it("anybody but the verifier's operator, the verifier itself included", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, seats, stranger } = suite;
      const { verifier, operator } = seats[0]!;
      await sealBy(suite, claim, seats[0]!, TRACE);
      await enterHalf(suite, claim, 0, true);
      for (const caller of [stranger, verifier]) {
        await expect(mint.connect(caller).revealAttestation(claim.details, 0, TRACE, SALT))
          .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
          .withArgs(caller, verifier, operator);
      }
    });

    it("a seat that a round does not have", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, seats } = suite;
      await enterHalf(suite, claim, 0, true);
      await expect(revealBy(suite, claim, { ...seats[0]!, number: 2 }, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NoSuchSeat")
        .withArgs(2, 2);
    });

    it("a reveal in the first half", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, claimId, seats } = suite;
      await sealBy(suite, claim, seats[0]!, TRACE);
      await expect(revealBy(suite, claim, seats[0]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotRevealing")
        .withArgs(claimId, 0);
    });

    it("what was not sealed, or in the second half, when others show their roots", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, claimId, seats } = suite;
      const opened = seal(suite, claimId, seats[0]!.verifier.address, TRACE);
      const reveal = () => revealBy(suite, claim, seats[0]!, TRACE);
      await enterHalf(suite, claim, 0, true);
      for (const before of [async () => undefined, () => sealBy(suite, claim, seats[0]!, TRACE)]) {
        await before();
        await expect(reveal())
          .to.be.revertedWithCustomError(mint, "WorkMint_NotSealed")
          .withArgs(claimId, seats[0]!.verifier, 0, opened);
      }
    });

    it("what was sealed in an earlier round", async () => {
      const suite = await deploy(
        {},
        ([first, second]) => first!.length === 2 && second!.some((seat) => isAmong(first!, seat)),
      );
      const { mint, claim, claimId, seats, second } = suite;
      const again = second.find((seat) => isAmong(seats, seat))!;
      await sealBy(suite, claim, again, TRACE);
      await enterHalf(suite, claim, 1, true);
      await expect(revealBy(suite, claim, again, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotSealed")
        .withArgs(claimId, again.verifier, 1, seal(suite, claimId, again.verifier.address, TRACE));
    });

    it("a reveal of something else than was sealed", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, claimId, seats } = suite;
      const { verifier } = seats[0]!;
      await sealBy(suite, claim, seats[0]!, TRACE);
      await enterHalf(suite, claim, 0, true);
      await expect(revealBy(suite, claim, seats[0]!, OTHER_TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotSealed")
        .withArgs(claimId, verifier, 0, seal(suite, claimId, verifier.address, OTHER_TRACE));
    });

    it("a copy of another verifier's seal: it does not open for the copier, and spoils nothing", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claim, claimId, seats } = suite;
      const [honest, lazy] = seats;
      const copied = seal(suite, claimId, honest!.verifier.address, TRACE);
      await expect(mint.connect(lazy!.operator).sealAttestation(copied))
        .to.emit(mint, "AttestationSealed")
        .withArgs(copied);
      await expect(sealBy(suite, claim, honest!, TRACE)).not.to.emit(mint, "AttestationSealed");
      await enterHalf(suite, claim, 0, true);
      await expect(revealBy(suite, claim, honest!, TRACE)).to.emit(mint, "AttestationRevealed");
      await expect(revealBy(suite, claim, lazy!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotSealed")
        .withArgs(claimId, lazy!.verifier, 0, seal(suite, claimId, lazy!.verifier.address, TRACE));
    });

    it("the same verifier twice, in one round or in two, with another root too", async () => {
      const suite = await deploy(
        {},
        ([first, second]) => first!.length === 2 && second!.some((seat) => isAmong(first!, seat)),
      );
      const { mint, claim, claimId, seats, second } = suite;
      const again = second.find((seat) => isAmong(seats, seat))!;
      const once = seats.find(({ verifier }) => verifier === again.verifier)!;
      await sealBy(suite, claim, once, TRACE);
      await sealBy(suite, claim, once, OTHER_TRACE);
      await enterHalf(suite, claim, 0, true);
      await revealBy(suite, claim, once, TRACE);
      await expect(revealBy(suite, claim, once, OTHER_TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_AlreadyAttested")
        .withArgs(claimId, once.verifier);
      await enterHalf(suite, claim, 1, false);
      await sealBy(suite, claim, again, TRACE);
      await enterHalf(suite, claim, 1, true);
      await expect(revealBy(suite, claim, again, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_AlreadyAttested")
        .withArgs(claimId, again.verifier);
    });

    it("attestations of a round after the one in which the claim was attested", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claim, claimId, second } = suite;
      await attest(suite, claim, TRACE);
      await enterHalf(suite, claim, 1, false);
      await sealBy(suite, claim, second[0]!, TRACE);
      await enterHalf(suite, claim, 1, true);
      await expect(revealBy(suite, claim, second[0]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotNeeded")
        .withArgs(claimId, 1);
    });
  });
});
