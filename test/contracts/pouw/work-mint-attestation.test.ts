import { expect } from "chai";
import { network } from "hardhat";

import {
  attest,
  commitBy,
  countDrawn,
  drawnIn,
  enterHalf,
  makeClaim,
  makeClaimDrawing,
  revealBy,
  saltOf,
  type Seat,
  seal,
  undrawnIn,
} from "../helpers/attested-claim.ts";
import { commitWork } from "../helpers/committed-work.ts";
import { BEACON, deployMintSuite, GRIST, type MintSuiteOptions } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const TRACE = ethers.id("trace root");
const OTHER_TRACE = ethers.id("another trace root");
const [NONE, CLAIMED, ATTESTED, FROZEN, EXPIRED] = [0n, 1n, 2n, 3n, 5n];

/** A claim in epoch 1, made in the last block, whose rounds draw as wanted. */
async function deploy(options: MintSuiteOptions, isWanted: (rounds: readonly Seat[][]) => boolean) {
  const suite = await deployMintSuite(connection, options);
  await suite.enterEpoch(1n);
  const work = await commitWork(suite);
  await suite.proveSeed(work.epoch);
  const { claimId, rounds } = await makeClaimDrawing(suite, work, isWanted);
  return { ...suite, work, claimId, seats: rounds[0]! };
}

/** k = 2 of three verifiers, the third of which is drawn in round 1. */
async function deployPair() {
  return deploy({}, (rounds) => rounds[0]!.length === 2 && countDrawn(rounds) === 3);
}

/** k = 1, so that there are undrawn verifiers and the first attestation suffices. */
async function deploySingle() {
  return deploy({ mint: { verifiersPerClaim: 1n } }, (rounds) => countDrawn(rounds) === 2);
}

/**
 * k = 2 of three verifiers. One that round 1 does not draw attested in round 0; round 1 draws the two others, which have
 * committed `traces`, and may reveal them now.
 */
async function deployCrowded(traces: readonly [string, string]) {
  const isMissing = (seats: readonly Seat[], seat: Seat) => !seats.some(({ verifier }) => verifier === seat.verifier);
  const suite = await deploy(
    {},
    ([first, second]) => second!.length === 2 && first!.some((seat) => isMissing(second!, seat)),
  );
  const { claimId, seats } = suite;
  const others = await drawnIn(suite, claimId, 1);
  const early = seats.find((seat) => isMissing(others, seat))!;
  await commitBy(suite, claimId, early, TRACE);
  await enterHalf(suite, claimId, 0, true);
  await revealBy(suite, claimId, early, TRACE);
  await enterHalf(suite, claimId, 1, false);
  for (const [index, seat] of others.entries()) await commitBy(suite, claimId, seat, traces[index]!);
  await enterHalf(suite, claimId, 1, true);
  return { ...suite, others };
}

describe("WorkMint: attestation", () => {
  it("attests a claim when k drawn verifiers agree, and credits each of them", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, registry, claimId, seats, work } = suite;
    for (const seat of seats) await commitBy(suite, claimId, seat, TRACE);
    await enterHalf(suite, claimId, 0, true);
    await expect(revealBy(suite, claimId, seats[0]!, TRACE))
      .to.emit(mint, "AttestationRevealed")
      .withArgs(claimId, seats[0]!.verifier, TRACE);
    expect((await mint.claimOf(claimId)).state).to.equal(CLAIMED);
    const call = revealBy(suite, claimId, seats[1]!, TRACE);
    await expect(call).to.emit(mint, "ClaimAttested").withArgs(claimId, TRACE);
    for (const { verifier } of seats) {
      await expect(call).to.emit(registry, "AttestationCredited").withArgs(work.taskId, verifier);
    }
    const view = await mint.claimOf(claimId);
    expect([view.state, view.attestations, view.traceRoot]).to.deep.equal([ATTESTED, 2n, TRACE]);
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

  it("knows no rounds and no verifiers of a claim that was not made", async () => {
    const { mint } = await networkHelpers.loadFixture(deployPair);
    const unknown = ethers.id("no claim");
    for (const call of [mint.roundOf(unknown), mint.drawnVerifier(unknown, 0, 0)]) {
      await expect(call).to.be.revertedWithCustomError(mint, "WorkMint_WrongState").withArgs(unknown, NONE);
    }
    expect((await mint.claimOf(unknown)).state).to.equal(NONE);
  });

  it("goes into a second round while attestations are missing, and counts those of both", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, claimId, seats } = suite;
    await commitBy(suite, claimId, seats[0]!, TRACE);
    await enterHalf(suite, claimId, 0, true);
    await revealBy(suite, claimId, seats[0]!, TRACE);

    const second = (await drawnIn(suite, claimId, 1)).filter((seat) => seat.verifier !== seats[0]!.verifier);
    await enterHalf(suite, claimId, 1, false);
    await commitBy(suite, claimId, second[0]!, TRACE);
    await enterHalf(suite, claimId, 1, true);
    await revealBy(suite, claimId, second[0]!, TRACE);
    expect((await mint.claimOf(claimId)).state).to.equal(ATTESTED);
  });

  it("counts and credits a verifier that agrees when k have already", async () => {
    const suite = await deployCrowded([TRACE, TRACE]);
    const { mint, registry, claimId, others, work } = suite;
    await expect(revealBy(suite, claimId, others[0]!, TRACE)).to.emit(mint, "ClaimAttested");
    const call = revealBy(suite, claimId, others[1]!, TRACE);
    await expect(call).to.emit(registry, "AttestationCredited").withArgs(work.taskId, others[1]!.verifier);
    await expect(call).not.to.emit(mint, "ClaimAttested");
    expect(await registry.queryFilter(registry.filters.AttestationCredited())).to.have.length(3);
    const view = await mint.claimOf(claimId);
    expect([view.state, view.attestations]).to.deep.equal([ATTESTED, 3n]);
    expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
  });

  it("expires when the rounds are over without enough attestations", async () => {
    const suite = await networkHelpers.loadFixture(deployPair);
    const { mint, claimId, seats } = suite;
    await enterHalf(suite, claimId, 2, false);
    await networkHelpers.mine();
    expect((await mint.claimOf(claimId)).state).to.equal(EXPIRED);
    await expect(commitBy(suite, claimId, seats[0]!, TRACE))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(claimId, EXPIRED);
    await expect(mint.mint(claimId))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(claimId, EXPIRED);
  });

  it("draws nobody from an empty pool, so such a claim can only expire", async () => {
    const suite = await deployMintSuite(connection);
    const work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
    const claimId = await makeClaim(suite, work, 12);
    const { mint, verifiers, verifierOperators, stranger } = suite;
    expect(await mint.drawnVerifier(claimId, 0, 0)).to.equal(ethers.ZeroAddress);
    await expect(commitBy(suite, claimId, { verifier: verifiers[0]!, operator: verifierOperators[0]! }, TRACE))
      .to.be.revertedWithCustomError(mint, "WorkMint_NotDrawn")
      .withArgs(claimId, verifiers[0], 0);
    await expect(mint.connect(stranger).commitAttestation(claimId, ethers.ZeroAddress, TRACE))
      .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
      .withArgs(stranger, ethers.ZeroAddress);
  });

  describe("refuses", () => {
    it("a verifier that is not drawn", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claimId } = suite;
      const undrawn = await undrawnIn(suite, claimId, 0);
      await expect(commitBy(suite, claimId, undrawn, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotDrawn")
        .withArgs(claimId, undrawn.verifier, 0);
    });

    it("a verifier that enlisted after the seed was known to steer the draw", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, pool, stranger, claimId, seats } = suite;
      await suite.stakeFor(stranger, 900n * GRIST);
      await pool.connect(stranger).enlist(900n * GRIST, stranger);
      expect(await mint.drawnVerifier(claimId, 0, 0)).to.equal(seats[0]!.verifier);
      await expect(commitBy(suite, claimId, { verifier: stranger, operator: stranger }, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotDrawn")
        .withArgs(claimId, stranger, 0);
    });

    it("anybody but the verifier's operator, the verifier itself included", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats, stranger } = suite;
      const { verifier, operator } = seats[0]!;
      for (const caller of [stranger, verifier]) {
        const as = mint.connect(caller);
        for (const call of [
          as.commitAttestation(claimId, verifier, TRACE),
          as.revealAttestation(claimId, verifier, TRACE, saltOf(suite)),
          as.report(claimId, verifier, ethers.ZeroHash),
        ]) {
          await expect(call)
            .to.be.revertedWithCustomError(mint, "WorkMint_NotTheVerifiersOperator")
            .withArgs(caller, operator);
        }
      }
    });

    it("a commit in the second half and a reveal in the first", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await expect(revealBy(suite, claimId, seats[0]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotRevealing")
        .withArgs(claimId, 0);
      await enterHalf(suite, claimId, 0, true);
      await expect(commitBy(suite, claimId, seats[1]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotCommitting")
        .withArgs(claimId, 0);
    });

    it("an empty seal, and a second one in the same round", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      const { verifier, operator } = seats[0]!;
      await expect(mint.connect(operator).commitAttestation(claimId, verifier, ethers.ZeroHash))
        .to.be.revertedWithCustomError(mint, "WorkMint_EmptySeal")
        .withArgs(claimId, verifier);
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await expect(commitBy(suite, claimId, seats[0]!, OTHER_TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_AlreadySealed")
        .withArgs(claimId, verifier, 0);
    });

    it("a reveal without a commit, in the same round or from an earlier one", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await enterHalf(suite, claimId, 0, true);
      await expect(revealBy(suite, claimId, seats[1]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NothingSealed")
        .withArgs(claimId, seats[1]!.verifier, 0);
      await enterHalf(suite, claimId, 1, true);
      await expect(revealBy(suite, claimId, seats[0]!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NothingSealed")
        .withArgs(claimId, seats[0]!.verifier, 1);
    });

    it("a reveal of something else than was sealed", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      const { verifier } = seats[0]!;
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await enterHalf(suite, claimId, 0, true);
      await expect(revealBy(suite, claimId, seats[0]!, OTHER_TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_SealMismatch")
        .withArgs(
          claimId,
          verifier,
          seal(suite, claimId, verifier.address, TRACE, saltOf(suite)),
          seal(suite, claimId, verifier.address, OTHER_TRACE, saltOf(suite)),
        );
    });

    it("a copy of another verifier's seal: it does not open for the copier", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      const [honest, lazy] = seats;
      const copied = seal(suite, claimId, honest!.verifier.address, TRACE, saltOf(suite));
      await commitBy(suite, claimId, honest!, TRACE);
      await mint.connect(lazy!.operator).commitAttestation(claimId, lazy!.verifier, copied);
      await enterHalf(suite, claimId, 0, true);
      await revealBy(suite, claimId, honest!, TRACE);
      await expect(revealBy(suite, claimId, lazy!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_SealMismatch")
        .withArgs(claimId, lazy!.verifier, copied, seal(suite, claimId, lazy!.verifier.address, TRACE, saltOf(suite)));
    });

    it("the same verifier twice, in one round or in two", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats } = suite;
      const [first] = seats;
      await commitBy(suite, claimId, first!, TRACE);
      await enterHalf(suite, claimId, 0, true);
      await revealBy(suite, claimId, first!, TRACE);
      await expect(revealBy(suite, claimId, first!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_NothingSealed")
        .withArgs(claimId, first!.verifier, 0);
      await enterHalf(suite, claimId, 1, false);
      await expect(commitBy(suite, claimId, first!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_AlreadyAttested")
        .withArgs(claimId, first!.verifier);
    });

    it("a commit for a claim that is attested already", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claimId } = suite;
      await attest(suite, claimId, TRACE);
      await enterHalf(suite, claimId, 1, false);
      const [seat] = await drawnIn(suite, claimId, 1);
      await expect(commitBy(suite, claimId, seat!, TRACE))
        .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
        .withArgs(claimId, ATTESTED);
    });
  });

  describe("freezes for good", () => {
    it("when two traces differ", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats, work } = suite;
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await commitBy(suite, claimId, seats[1]!, OTHER_TRACE);
      await enterHalf(suite, claimId, 0, true);
      await revealBy(suite, claimId, seats[0]!, TRACE);
      await expect(revealBy(suite, claimId, seats[1]!, OTHER_TRACE))
        .to.emit(mint, "ClaimFrozen")
        .withArgs(claimId, seats[1]!.verifier, ethers.encodeBytes32String("DISAGREEMENT"));
      expect((await mint.claimOf(claimId)).state).to.equal(FROZEN);
      await suite.nextBlockIs(await suite.beacon.settlesAt(work.epoch));
      await expect(mint.mint(claimId))
        .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
        .withArgs(claimId, FROZEN);
    });

    it("when a trace differs after k have agreed, and it is not accepted any more", async () => {
      const suite = await deployCrowded([TRACE, OTHER_TRACE]);
      const { mint, claimId, others, work } = suite;
      await revealBy(suite, claimId, others[0]!, TRACE);
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
      await expect(revealBy(suite, claimId, others[1]!, OTHER_TRACE)).to.emit(mint, "ClaimFrozen");
      expect((await mint.claimOf(claimId)).state).to.equal(FROZEN);
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(0n);
    });

    it("when a drawn verifier reports it, in either half of its round", async () => {
      for (const revealing of [false, true]) {
        const suite = await networkHelpers.loadFixture(deployPair);
        const { mint, claimId, seats } = suite;
        const reason = ethers.encodeBytes32String("WRONG_Y");
        if (revealing) await enterHalf(suite, claimId, 0, true);
        await expect(mint.connect(seats[1]!.operator).report(claimId, seats[1]!.verifier, reason))
          .to.emit(mint, "ClaimFrozen")
          .withArgs(claimId, seats[1]!.verifier, reason);
        expect((await mint.claimOf(claimId)).state).to.equal(FROZEN);
        await expect(commitBy(suite, claimId, seats[0]!, TRACE))
          .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
          .withArgs(claimId, FROZEN);
      }
    });

    it("when a drawn verifier that was silent reports it in the challenge window, and it is not accepted any more", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, work } = suite;
      const attesters = await attest(suite, claimId, TRACE);
      const drawn = [...(await drawnIn(suite, claimId, 0)), ...(await drawnIn(suite, claimId, 1))];
      const silent = drawn.find(({ verifier }) => !attesters.some((seat) => seat.verifier === verifier));
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(1n);
      await suite.nextBlockIs((await suite.beacon.settlesAt(work.epoch)) - 1n);
      await mint.connect(silent!.operator).report(claimId, silent!.verifier, ethers.ZeroHash);
      expect((await mint.claimOf(claimId)).state).to.equal(FROZEN);
      expect((await mint.claimsIn(work.epoch)).accepted).to.equal(0n);
    });
  });

  describe("refuses a report", () => {
    it("by a verifier that no round so far has drawn", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claimId } = suite;
      const { verifier, operator } = await undrawnIn(suite, claimId, 0);
      await expect(mint.connect(operator).report(claimId, verifier, ethers.ZeroHash))
        .to.be.revertedWithCustomError(mint, "WorkMint_NotDrawn")
        .withArgs(claimId, verifier, 0);
    });

    it("by a verifier that attested", async () => {
      const suite = await networkHelpers.loadFixture(deploySingle);
      const { mint, claimId } = suite;
      const [seat] = await attest(suite, claimId, TRACE);
      await expect(mint.connect(seat!.operator).report(claimId, seat!.verifier, ethers.ZeroHash))
        .to.be.revertedWithCustomError(mint, "WorkMint_AlreadyAttested")
        .withArgs(claimId, seat!.verifier);
    });

    it("when the epoch has settled, or the claim has expired", async () => {
      const suite = await networkHelpers.loadFixture(deployPair);
      const { mint, claimId, seats, work } = suite;
      await commitBy(suite, claimId, seats[0]!, TRACE);
      await enterHalf(suite, claimId, 2, false);
      const call = () => mint.connect(seats[1]!.operator).report(claimId, seats[1]!.verifier, ethers.ZeroHash);
      await expect(call()).to.be.revertedWithCustomError(mint, "WorkMint_WrongState").withArgs(claimId, EXPIRED);

      const other = await networkHelpers.loadFixture(deploySingle);
      await attest(other, other.claimId, TRACE);
      const settlesAt = await other.beacon.settlesAt(work.epoch);
      await other.nextBlockIs(settlesAt);
      const late = await undrawnIn(other, other.claimId, 0);
      await expect(other.mint.connect(late.operator).report(other.claimId, late.verifier, ethers.ZeroHash))
        .to.be.revertedWithCustomError(other.mint, "WorkMint_Settled")
        .withArgs(other.claimId, settlesAt);
    });
  });
});
