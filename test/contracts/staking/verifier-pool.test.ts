import { expect } from "chai";
import { network } from "hardhat";

import { deployMintSuite, GRIST, MINIMUM_WEIGHT } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const WEIGHTS = [10n * GRIST, 20n * GRIST, 30n * GRIST];

async function deploy() {
  return deployMintSuite(connection, { weights: WEIGHTS });
}
type Suite = Awaited<ReturnType<typeof deploy>>;

function at(position: bigint): string {
  return ethers.toBeHex(position, 32);
}

/** The block in which the verifier's last epoch has settled, after it has resigned. */
async function resign(suite: Suite, index: number): Promise<bigint> {
  const { pool, verifiers } = suite;
  await pool.connect(verifiers[index]).resign();
  return pool.releasableAt(verifiers[index]!);
}

/** Lets the unbonding delay pass, which began with the last block. */
async function passUnbonding({ stakes }: Suite): Promise<void> {
  await networkHelpers.time.increase(Number(await stakes.unbondingDelay()));
}

describe("VerifierPool", () => {
  it("refuses a minimum of zero, with which anyone could fill it for nothing", async () => {
    const { stakes, beacon, pool } = await networkHelpers.loadFixture(deploy);
    const factory = await ethers.getContractFactory("VerifierPool");
    await expect(factory.deploy(stakes, beacon, 0n)).to.be.revertedWithCustomError(pool, "VerifierPool_ZeroMinimum");
  });

  describe("enlisting", () => {
    it("locks the stake and counts from the next epoch on", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, stakes, verifiers, verifierOperators, stranger, operator } = suite;
      const [verifier] = verifiers;
      expect(await stakes.lockedFor(verifier!, pool, await pool.lockId())).to.equal(WEIGHTS[0]);
      expect(await pool.operatorOf(verifier!)).to.equal(verifierOperators[0]);
      expect(await pool.weightOf(verifier!)).to.equal(WEIGHTS[0]);

      await suite.enterEpoch(1n);
      await suite.stakeFor(stranger, 15n * GRIST);
      await expect(pool.connect(stranger).enlist(15n * GRIST, operator))
        .to.emit(pool, "VerifierEnlisted")
        .withArgs(stranger, operator, 15n * GRIST);
      expect([await pool.totalWeightAt(0n), await pool.totalWeightAt(1n), await pool.totalWeightAt(2n)]).to.deep.equal([
        0n,
        60n * GRIST,
        75n * GRIST,
      ]);
    });

    it("again adds to the weight, or changes the operator alone", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, verifiers, stranger } = suite;
      await suite.stakeFor(verifiers[0]!, 5n * GRIST);
      await pool.connect(verifiers[0]).enlist(5n * GRIST, verifiers[0]!);
      await expect(pool.connect(verifiers[0]).enlist(0n, stranger))
        .to.emit(pool, "VerifierEnlisted")
        .withArgs(verifiers[0], stranger, 15n * GRIST);
      expect(await pool.totalWeightAt(1n)).to.equal(65n * GRIST);
      expect(await pool.operatorOf(verifiers[0]!)).to.equal(stranger);
    });

    it("refuses too little weight, no operator, and stake that is not free", async () => {
      const { pool, stakes, stranger } = await networkHelpers.loadFixture(deploy);
      const own = pool.connect(stranger);
      await expect(own.enlist(MINIMUM_WEIGHT - 1n, stranger))
        .to.be.revertedWithCustomError(pool, "VerifierPool_BelowMinimum")
        .withArgs(MINIMUM_WEIGHT - 1n, MINIMUM_WEIGHT);
      await expect(own.enlist(MINIMUM_WEIGHT, ethers.ZeroAddress)).to.be.revertedWithCustomError(
        pool,
        "VerifierPool_ZeroOperator",
      );
      await expect(own.enlist(MINIMUM_WEIGHT, stranger))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughFree")
        .withArgs(stranger, 0n, MINIMUM_WEIGHT);
    });
  });

  describe("drawing", () => {
    it("gives every verifier its share of the positions", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      await suite.enterEpoch(1n);
      const { pool, verifiers } = suite;
      const expected: [bigint, number][] = [
        [0n, 0],
        [10n * GRIST - 1n, 0],
        [10n * GRIST, 1],
        [30n * GRIST - 1n, 1],
        [30n * GRIST, 2],
        [60n * GRIST - 1n, 2],
        [60n * GRIST, 0], // wraps around
      ];
      for (const [position, index] of expected) {
        expect(await pool.draw(1n, at(position)), `position ${position}`).to.equal(verifiers[index]);
      }
    });

    it("gives nobody where the pool was empty", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      await suite.enterEpoch(1n);
      expect(await suite.pool.draw(0n, at(5n))).to.equal(ethers.ZeroAddress);
    });

    it("refuses a snapshot that can still change", async () => {
      const { pool } = await networkHelpers.loadFixture(deploy);
      await expect(pool.draw(1n, at(0n)))
        .to.be.revertedWithCustomError(pool, "VerifierPool_SnapshotNotFinal")
        .withArgs(1n, 0n);
    });

    it("cannot be steered by enlisting, adding or resigning once the epoch has begun", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, verifiers, stranger } = suite;
      await suite.enterEpoch(1n);
      const positions = Array.from({ length: 12 }, (_, index) => at(BigInt(index) * 5n * GRIST));
      const before = await Promise.all(positions.map((position) => pool.draw(1n, position)));

      await suite.stakeFor(stranger, 500n * GRIST);
      await pool.connect(stranger).enlist(500n * GRIST, stranger);
      await suite.stakeFor(verifiers[1]!, 100n * GRIST);
      await pool.connect(verifiers[1]).enlist(100n * GRIST, verifiers[1]!);
      await resign(suite, 0);
      await suite.proveSeed(1n);

      expect(await Promise.all(positions.map((position) => pool.draw(1n, position)))).to.deep.equal(before);
      expect(await pool.totalWeightAt(2n)).to.equal(650n * GRIST);
    });
  });

  describe("leaving", () => {
    it("takes effect in the next epoch; the operator stays until the release", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, beacon, verifiers, verifierOperators } = suite;
      await suite.enterEpoch(2n);
      await expect(pool.connect(verifiers[2]).resign())
        .to.emit(pool, "VerifierResigned")
        .withArgs(verifiers[2], await beacon.settlesAt(2n));
      await suite.enterEpoch(3n);
      expect([await pool.totalWeightAt(2n), await pool.totalWeightAt(3n)]).to.deep.equal([60n * GRIST, 30n * GRIST]);
      expect(await pool.draw(2n, at(59n * GRIST))).to.equal(verifiers[2]);
      expect(await pool.draw(3n, at(59n * GRIST))).to.equal(verifiers[1]);
      expect(await pool.weightOf(verifiers[2]!)).to.equal(0n);
      expect(await pool.operatorOf(verifiers[2]!)).to.equal(verifierOperators[2]);
    });

    it("keeps the stake locked until every epoch in which it is the bond has settled and every dispute that began by then can be over", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, stakes, verifiers } = suite;
      const own = pool.connect(verifiers[1]);
      await expect(own.release())
        .to.be.revertedWithCustomError(pool, "VerifierPool_NotResigned")
        .withArgs(verifiers[1]);
      const releasableAt = await resign(suite, 1);
      await suite.nextBlockIs(releasableAt - 1n);
      await expect(own.release())
        .to.be.revertedWithCustomError(pool, "VerifierPool_StillBonded")
        .withArgs(verifiers[1], releasableAt);
      await suite.nextBlockIs(releasableAt);
      await expect(own.release()).to.be.revertedWithCustomError(pool, "VerifierPool_StillLiable");
      await passUnbonding(suite);
      await expect(own.release()).to.emit(pool, "VerifierReleased").withArgs(verifiers[1], WEIGHTS[1]);
      expect(await stakes.freeOf(verifiers[1]!)).to.equal(WEIGHTS[1]);
      expect(await pool.operatorOf(verifiers[1]!)).to.equal(ethers.ZeroAddress);
      await expect(own.release()).to.be.revertedWithCustomError(pool, "VerifierPool_NotResigned");
    });

    it("is refused to strangers and twice; who resigned cannot enlist before the release", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, verifiers, stranger } = suite;
      await expect(pool.connect(stranger).resign())
        .to.be.revertedWithCustomError(pool, "VerifierPool_NotEnlisted")
        .withArgs(stranger);
      const releasableAt = await resign(suite, 1);
      const own = pool.connect(verifiers[1]);
      await expect(own.resign()).to.be.revertedWithCustomError(pool, "VerifierPool_Resigned").withArgs(verifiers[1]);
      await expect(own.enlist(0n, verifiers[1]!))
        .to.be.revertedWithCustomError(pool, "VerifierPool_Resigned")
        .withArgs(verifiers[1]);
      await suite.nextBlockIs(releasableAt);
      await passUnbonding(suite);
      await own.release();
      await own.enlist(WEIGHTS[1]!, verifiers[1]!);
      expect(await pool.weightOf(verifiers[1]!)).to.equal(WEIGHTS[1]);
    });

    it("gives the place away only when the last epoch has settled, release or not", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { pool, verifiers, stranger, deployer } = suite;
      const [, second] = verifiers;
      await suite.enterEpoch(1n);
      const reusableAt = await resign(suite, 1);

      await suite.stakeFor(stranger, 40n * GRIST);
      await pool.connect(stranger).enlist(40n * GRIST, stranger);
      // The draws of epoch 1 find the one that resigned as long as anybody may ask for them.
      await networkHelpers.mineUpTo(reusableAt - 1n);
      expect(await pool.draw(1n, at(10n * GRIST))).to.equal(second);

      await suite.stakeFor(deployer, 20n * GRIST);
      await pool.connect(deployer).enlist(20n * GRIST, deployer);
      const next = (await suite.beacon.currentEpoch()) + 1n;
      await suite.enterEpoch(next);
      // In the order of places: 10 of the first, 20 of the deployer on the second, 30 of the third, 40 of the stranger.
      expect(await pool.draw(next, at(10n * GRIST))).to.equal(deployer);
      expect(await pool.draw(next, at(60n * GRIST))).to.equal(stranger);
    });
  });
});
