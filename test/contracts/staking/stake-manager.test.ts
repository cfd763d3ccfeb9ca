import { expect } from "chai";
import { network } from "hardhat";

import { signPermit } from "../helpers/permit.ts";

const { ethers, networkHelpers } = await network.create();

const DELAY = 3_600n;
const LOCK = ethers.id("lock");

async function deployUnwired() {
  const [deployer, staker, other] = await ethers.getSigners();
  const holders = [staker!.address, other!.address];
  const token = await ethers.deployContract("GristToken", [10_000n, holders, [1_000n, 1_000n]]);
  const stakes = await ethers.deployContract("StakeManager", [token, DELAY]);
  const modules = [
    await ethers.deployContract("RegistryDouble"),
    await ethers.deployContract("RegistryDouble"),
  ] as const;
  return { token, stakes, modules, deployer: deployer!, staker: staker!, other: other! };
}

/** 600 staked, of which 250 locked by the first module. */
async function deploy() {
  const suite = await deployUnwired();
  const { stakes, token, staker, modules } = suite;
  await stakes.wire([...modules]);
  const asModules = await Promise.all(
    modules.map(async (module) => {
      const address = await module.getAddress();
      await networkHelpers.setBalance(address, 10n ** 18n);
      return stakes.connect(await ethers.getImpersonatedSigner(address));
    }),
  );
  await token.connect(staker).approve(stakes, ethers.MaxUint256);
  await stakes.connect(staker).stake(600n);
  const [asModule, asOtherModule] = asModules;
  await asModule!.lock(staker, LOCK, 250n);
  return { ...suite, own: stakes.connect(staker), asModule: asModule!, asOtherModule: asOtherModule! };
}

describe("StakeManager", () => {
  describe("wiring", () => {
    it("is for the deployer, once, and for contracts only", async () => {
      const { stakes, modules, staker, deployer } = await networkHelpers.loadFixture(deployUnwired);
      await expect(stakes.connect(staker).wire([...modules]))
        .to.be.revertedWithCustomError(stakes, "Wired_NotDeployer")
        .withArgs(staker, deployer);
      await expect(stakes.wire([staker]))
        .to.be.revertedWithCustomError(stakes, "Wired_NotAContract")
        .withArgs(staker);
      const addresses = await Promise.all(modules.map((module) => module.getAddress()));
      await expect(stakes.wire([...modules]))
        .to.emit(stakes, "ModulesWired")
        .withArgs(addresses);
      expect(await stakes.isModule(modules[0])).to.equal(true);
      await expect(stakes.wire([...modules])).to.be.revertedWithCustomError(stakes, "Wired_AlreadyWired");
    });

    it("lets nobody but modules lock, unlock or slash, the deployer included", async () => {
      const { stakes, staker, deployer } = await networkHelpers.loadFixture(deploy);
      const calls = [
        stakes.lock(staker, LOCK, 1n),
        stakes.unlock(staker, LOCK, 1n),
        stakes.slash(staker, LOCK, 1n, deployer, 0n, 0n),
      ];
      for (const call of calls) {
        await expect(call).to.be.revertedWithCustomError(stakes, "StakeManager_NotAModule").withArgs(deployer);
      }
    });

    it("refuses a token that is no contract", async () => {
      const { stakes, staker } = await networkHelpers.loadFixture(deployUnwired);
      const factory = await ethers.getContractFactory("StakeManager");
      await expect(factory.deploy(staker, DELAY))
        .to.be.revertedWithCustomError(stakes, "Wired_NotAContract")
        .withArgs(staker);
    });
  });

  describe("staking", () => {
    it("moves the amount into free stake", async () => {
      const { own, stakes, token, staker } = await networkHelpers.loadFixture(deploy);
      const call = own.stake(100n);
      await expect(call).to.changeTokenBalances(ethers, token, [staker, stakes], [-100n, 100n]);
      await expect(call).to.emit(stakes, "Staked").withArgs(staker, 100n);
      expect(await stakes.freeOf(staker)).to.equal(450n);
    });

    it("refuses to stake nothing, or more than was approved", async () => {
      const { own, stakes, token, other } = await networkHelpers.loadFixture(deploy);
      await expect(own.stake(0n)).to.be.revertedWithCustomError(stakes, "StakeManager_ZeroAmount");
      await expect(stakes.connect(other).stake(1n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(stakes, 0, 1);
    });

    it("takes a permit, also one that somebody else has posted first", async () => {
      const { stakes, token, other, staker } = await networkHelpers.loadFixture(deploy);
      for (const frontRun of [false, true]) {
        const { v, r, s } = await signPermit(token, other, await stakes.getAddress(), 70n);
        if (frontRun) await token.connect(staker).permit(other, stakes, 70n, ethers.MaxUint256, v, r, s);
        await stakes.connect(other).stakeWithPermit(70n, ethers.MaxUint256, v, r, s);
      }
      expect(await stakes.freeOf(other)).to.equal(140n);
    });

    it("refuses the replay of a permit", async () => {
      const { stakes, token, other } = await networkHelpers.loadFixture(deploy);
      const { v, r, s } = await signPermit(token, other, await stakes.getAddress(), 70n);
      await stakes.connect(other).stakeWithPermit(70n, ethers.MaxUint256, v, r, s);
      await expect(stakes.connect(other).stakeWithPermit(70n, ethers.MaxUint256, v, r, s))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(stakes, 0, 70);
    });

    it("refuses somebody else's permit: the stake is the signer's or nobody's", async () => {
      const { stakes, token, other, deployer } = await networkHelpers.loadFixture(deploy);
      const { v, r, s } = await signPermit(token, other, await stakes.getAddress(), 70n);
      await expect(
        stakes.connect(deployer).stakeWithPermit(70n, ethers.MaxUint256, v, r, s),
      ).to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance");
    });
  });

  describe("unstaking", () => {
    it("pays out free stake when the delay is over, and not a second earlier", async () => {
      const { own, stakes, token, staker } = await networkHelpers.loadFixture(deploy);
      const requestedAt = BigInt(await networkHelpers.time.latest()) + 10n;
      await networkHelpers.time.setNextBlockTimestamp(requestedAt);
      await expect(own.requestUnstake(300n))
        .to.emit(stakes, "UnstakeRequested")
        .withArgs(staker, 300n, 300n, requestedAt + DELAY);
      expect(await stakes.unbondingOf(staker)).to.deep.equal([300n, requestedAt + DELAY]);
      expect(await stakes.freeOf(staker)).to.equal(50n);

      await networkHelpers.time.setNextBlockTimestamp(requestedAt + DELAY - 1n);
      await expect(own.withdraw())
        .to.be.revertedWithCustomError(stakes, "StakeManager_StillUnbonding")
        .withArgs(staker, requestedAt + DELAY);
      await networkHelpers.time.setNextBlockTimestamp(requestedAt + DELAY);
      const call = own.withdraw();
      await expect(call).to.emit(stakes, "Withdrawn").withArgs(staker, 300n);
      await expect(call).to.changeTokenBalances(ethers, token, [staker, stakes], [300n, -300n]);
      expect(await stakes.unbondingOf(staker)).to.deep.equal([0n, 0n]);
      await expect(own.withdraw())
        .to.be.revertedWithCustomError(stakes, "StakeManager_NothingUnbonding")
        .withArgs(staker);
    });

    it("merges a further request and starts the delay anew for all", async () => {
      const { own, stakes, staker } = await networkHelpers.loadFixture(deploy);
      await own.requestUnstake(100n);
      await networkHelpers.time.increase(DELAY - 10n);
      await own.requestUnstake(50n);
      const availableAt = BigInt(await networkHelpers.time.latest()) + DELAY;
      expect(await stakes.unbondingOf(staker)).to.deep.equal([150n, availableAt]);
      await networkHelpers.time.increase(20n);
      await expect(own.withdraw())
        .to.be.revertedWithCustomError(stakes, "StakeManager_StillUnbonding")
        .withArgs(staker, availableAt);
    });

    it("keeps locked stake in: it cannot be requested while its lock is open", async () => {
      const { own, stakes, staker } = await networkHelpers.loadFixture(deploy);
      await expect(own.requestUnstake(351n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughFree")
        .withArgs(staker, 350n, 351n);
      await expect(own.requestUnstake(0n)).to.be.revertedWithCustomError(stakes, "StakeManager_ZeroAmount");
    });

    it("keeps unbonding stake out of reach of locks", async () => {
      const { own, asModule, stakes, staker } = await networkHelpers.loadFixture(deploy);
      await own.requestUnstake(350n);
      await expect(asModule.lock(staker, LOCK, 1n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughFree")
        .withArgs(staker, 0n, 1n);
    });
  });

  describe("locks", () => {
    it("come out of free stake, add up under one id, and go back to it", async () => {
      const { asModule, stakes, staker, modules } = await networkHelpers.loadFixture(deploy);
      await expect(asModule.lock(staker, LOCK, 50n))
        .to.emit(stakes, "Locked")
        .withArgs(staker, modules[0], LOCK, 50n);
      expect(await stakes.lockedFor(staker, modules[0], LOCK)).to.equal(300n);
      await expect(asModule.unlock(staker, LOCK, 120n))
        .to.emit(stakes, "Unlocked")
        .withArgs(staker, modules[0], LOCK, 120n);
      expect([await stakes.freeOf(staker), await stakes.lockedOf(staker)]).to.deep.equal([420n, 180n]);
    });

    it("may be of nothing", async () => {
      const { asModule, stakes, staker, modules } = await networkHelpers.loadFixture(deploy);
      await expect(asModule.lock(staker, LOCK, 0n))
        .to.emit(stakes, "Locked")
        .withArgs(staker, modules[0], LOCK, 0n);
    });

    it("belong to the module and id that made them", async () => {
      const { asModule, asOtherModule, stakes, staker, modules } = await networkHelpers.loadFixture(deploy);
      await expect(asOtherModule.unlock(staker, LOCK, 1n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughLocked")
        .withArgs(staker, modules[1], LOCK, 0n, 1n);
      await expect(asOtherModule.slash(staker, LOCK, 1n, ethers.ZeroAddress, 0n, 0n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughLocked")
        .withArgs(staker, modules[1], LOCK, 0n, 1n);
      await expect(asModule.unlock(staker, ethers.id("other lock"), 1n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughLocked")
        .withArgs(staker, modules[0], ethers.id("other lock"), 0n, 1n);
    });
  });

  describe("slashing", () => {
    it("credits the reward, sends the forfeit to the module, and burns the rest", async () => {
      const { asModule, stakes, token, staker, other, modules } = await networkHelpers.loadFixture(deploy);
      const call = asModule.slash(staker, LOCK, 101n, other, 20n, 30n);
      await expect(call).to.changeTokenBalances(ethers, token, [stakes, modules[0]], [-81n, 30n]);
      await expect(call).to.emit(stakes, "Slashed").withArgs(staker, modules[0], LOCK, 101n, 51n, other, 20n);
      expect(await token.totalSupply()).to.equal(2_000n - 51n);
      expect(await stakes.freeOf(other)).to.equal(20n);
      expect([await stakes.freeOf(staker), await stakes.lockedOf(staker)]).to.deep.equal([350n, 149n]);
    });

    it("burns at least half: no module can give more of it away", async () => {
      const { asModule, stakes, staker, other } = await networkHelpers.loadFixture(deploy);
      for (const [reward, forfeit] of [
        [51n, 0n],
        [0n, 51n],
        [21n, 30n],
      ] as const) {
        await expect(asModule.slash(staker, LOCK, 101n, other, reward, forfeit))
          .to.be.revertedWithCustomError(stakes, "StakeManager_TooLittleBurned")
          .withArgs(101n, reward, forfeit);
      }
    });

    it("burns the reward where nobody, or the slashed account itself, is the beneficiary", async () => {
      const { asModule, stakes, token, staker } = await networkHelpers.loadFixture(deploy);
      for (const beneficiary of [ethers.ZeroAddress, staker]) {
        await expect(asModule.slash(staker, LOCK, 101n, beneficiary, 50n, 0n)).to.changeTokenBalance(
          ethers,
          token,
          stakes,
          -101n,
        );
      }
      expect(await stakes.freeOf(ethers.ZeroAddress)).to.equal(0n);
      expect(await stakes.freeOf(staker)).to.equal(350n);
    });

    it("takes no more than the lock", async () => {
      const { asModule, stakes, staker, modules } = await networkHelpers.loadFixture(deploy);
      await expect(asModule.slash(staker, LOCK, 251n, ethers.ZeroAddress, 0n, 0n))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughLocked")
        .withArgs(staker, modules[0], LOCK, 250n, 251n);
    });
  });
});
