import { expect } from "chai";
import { network } from "hardhat";

import { headerOf } from "../helpers/header.ts";
import { BEACON } from "../helpers/mint-suite.ts";

const { ethers, networkHelpers, provider } = await network.create();

const { epochBlocks, seedDelay, provingWindow, attestationBlocks, attestationRounds, challengeBlocks } = BEACON;

/** A beacon and the first block that can seed epoch 0. */
async function deploy() {
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const genesis = BigInt(await ethers.provider.getBlockNumber());
  return { beacon, genesis, seedBlock: genesis + epochBlocks - 1n + seedDelay };
}

/** Mines so that the next transaction is in block `blockNumber`. */
async function nextBlockIs(blockNumber: bigint): Promise<void> {
  await networkHelpers.mineUpTo(blockNumber - 1n);
}

async function prevrandaoOf(blockNumber: bigint): Promise<string> {
  const block = (await provider.request({
    method: "eth_getBlockByNumber",
    params: [ethers.toQuantity(blockNumber), false],
  })) as { mixHash: string };
  return block.mixHash;
}

describe("EpochBeacon", () => {
  describe("deployment", () => {
    for (const [name, value, most] of [
      ["epochBlocks", 0n, 2n ** 32n - 1n],
      ["seedDelay", 0n, 2n ** 32n - 1n],
      ["provingWindow", 0n, 256n],
      ["provingWindow", 257n, 256n],
      ["attestationBlocks", 0n, 2n ** 32n - 1n],
      ["attestationRounds", 0n, 255n],
      ["challengeBlocks", 0n, 2n ** 32n - 1n],
    ] as const) {
      it(`refuses ${name} = ${value}`, async () => {
        const { beacon } = await networkHelpers.loadFixture(deploy);
        const factory = await ethers.getContractFactory("EpochBeacon");
        await expect(factory.deploy({ ...BEACON, [name]: value }))
          .to.be.revertedWithCustomError(beacon, "EpochBeacon_ParameterOutOfRange")
          .withArgs(name, value, 1, most);
      });
    }

    for (const [chain, prevrandao] of [
      ["no prevrandao", 0n],
      ["Arbitrum", 1n],
      ["zkSync Era", 2_500_000_000_000_000n],
    ] as const) {
      it(`refuses a chain whose prevrandao is a constant like that of ${chain}`, async () => {
        const { beacon } = await networkHelpers.loadFixture(deploy);
        const factory = await ethers.getContractFactory("EpochBeacon");
        await networkHelpers.setPrevRandao(prevrandao);
        await expect(factory.deploy(BEACON))
          .to.be.revertedWithCustomError(beacon, "EpochBeacon_ConstantRandomness")
          .withArgs(prevrandao);
      });
    }
  });

  describe("epochs", () => {
    it("follow each other without a gap from the block of deployment on", async () => {
      const { beacon, genesis } = await networkHelpers.loadFixture(deploy);
      expect(await beacon.genesisBlock()).to.equal(genesis);
      for (const epoch of [0n, 1n, 7n]) {
        const last = await beacon.lastBlockOf(epoch);
        expect(last).to.equal(genesis + (epoch + 1n) * epochBlocks - 1n);
        expect(await beacon.epochAt(last)).to.equal(epoch);
        expect(await beacon.epochAt(last + 1n)).to.equal(epoch + 1n);
      }
      await expect(beacon.epochAt(genesis - 1n))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_BeforeGenesis")
        .withArgs(genesis - 1n, genesis);
    });

    it("close their claims in the first block that can seed the next, so no claim follows a later seed", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      for (const epoch of [0n, 1n, 7n]) {
        expect(await beacon.claimsCloseAt(epoch)).to.equal(seedBlock + (epoch + 1n) * epochBlocks);
        expect(await beacon.claimsCloseAt(epoch)).to.equal(await beacon.seedBlockOf(epoch + 1n));
      }
    });

    it("settle when the rounds of the last claim and the challenge window are over", async () => {
      const { beacon } = await networkHelpers.loadFixture(deploy);
      expect(await beacon.settlesAt(3n)).to.equal(
        (await beacon.claimsCloseAt(3n)) + attestationRounds * 2n * attestationBlocks + challengeBlocks,
      );
    });

    it("keep their deadlines when the seed is proven late", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      const before = [await beacon.claimsCloseAt(0n), await beacon.settlesAt(0n)];
      await nextBlockIs(seedBlock + provingWindow + 1n);
      await beacon.proveSeed(0n, await headerOf(provider, seedBlock + provingWindow));
      expect([await beacon.claimsCloseAt(0n), await beacon.settlesAt(0n)]).to.deep.equal(before);
    });
  });

  describe("seeds", () => {
    it("are the prevrandao of the fixed block after the epoch, proven by anyone in the block after it", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      const [, stranger] = await ethers.getSigners();
      await nextBlockIs(seedBlock + 1n);
      const seed = await prevrandaoOf(seedBlock);
      expect(await beacon.seedBlockOf(0n)).to.equal(seedBlock);
      expect(await beacon.seedOf(0n)).to.equal(ethers.ZeroHash);
      await expect(beacon.connect(stranger).proveSeed(0n, await headerOf(provider, seedBlock)))
        .to.emit(beacon, "SeedProven")
        .withArgs(0n, seedBlock, seed);
      expect(await beacon.seedOf(0n)).to.equal(seed);
    });

    it("stay what they are when proven again", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      await nextBlockIs(seedBlock + 1n);
      await beacon.proveSeed(0n, await headerOf(provider, seedBlock));
      const seed = await beacon.seedOf(0n);
      await networkHelpers.mine(provingWindow);
      await expect(beacon.proveSeed(0n, await headerOf(provider, seedBlock + provingWindow))).not.to.emit(
        beacon,
        "SeedProven",
      );
      expect(await beacon.seedOf(0n)).to.equal(seed);
    });

    it("cannot be proven in the seed block itself", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      await nextBlockIs(seedBlock);
      await expect(beacon.proveSeed(0n, await headerOf(provider, seedBlock - 1n)))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_TooEarly")
        .withArgs(seedBlock, seedBlock);
    });

    for (const offset of [-1n, 1n]) {
      it(`refuse the header of the wrong block, ${offset} from the fixed one`, async () => {
        const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
        await nextBlockIs(seedBlock + 3n);
        await expect(beacon.proveSeed(0n, await headerOf(provider, seedBlock + offset)))
          .to.be.revertedWithCustomError(beacon, "EpochBeacon_WrongBlock")
          .withArgs(seedBlock, seedBlock + offset);
      });
    }

    it("refuse a forged header", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      await nextBlockIs(seedBlock + 1n);
      const header = await headerOf(provider, seedBlock);
      const seed = await prevrandaoOf(seedBlock);
      const forged = header.replace(seed.slice(2), ethers.id("a better seed").slice(2));
      expect(forged).not.to.equal(header);
      await expect(beacon.proveSeed(0n, forged))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_ForgedHeader")
        .withArgs(seedBlock, ethers.keccak256(forged));
    });

    it("refuse bytes that are no header", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      await nextBlockIs(seedBlock + 1n);
      await expect(beacon.proveSeed(0n, "0xdeadbeef")).to.be.revert(ethers);
      await expect(beacon.proveSeed(0n, "0x")).to.be.revert(ethers);
    });

    it("are taken from the fixed block in the last block of its window, and from no other", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      await nextBlockIs(seedBlock + provingWindow);
      await beacon.proveSeed(0n, await headerOf(provider, seedBlock));
      expect(await beacon.seedOf(0n)).to.equal(await prevrandaoOf(seedBlock));
    });

    it("move to the next fixed block when withheld for a window, and the late header is refused", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      const late = await (async () => {
        await nextBlockIs(seedBlock + provingWindow + 1n);
        return headerOf(provider, seedBlock);
      })();
      await expect(beacon.proveSeed(0n, late))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_WrongBlock")
        .withArgs(seedBlock + provingWindow, seedBlock);
      await beacon.proveSeed(0n, await headerOf(provider, seedBlock + provingWindow));
      expect(await beacon.seedOf(0n)).to.equal(await prevrandaoOf(seedBlock + provingWindow));
    });

    it("move on by as many windows as were missed", async () => {
      const { beacon, seedBlock } = await networkHelpers.loadFixture(deploy);
      for (const missed of [0n, 1n, 2n, 5n]) {
        // A view on the pending block: from the first to the last of its window the same header is asked for.
        await networkHelpers.mineUpTo(seedBlock + missed * provingWindow + 1n);
        expect(await beacon.seedBlockOf(0n)).to.equal(seedBlock + missed * provingWindow);
        await networkHelpers.mineUpTo(seedBlock + (missed + 1n) * provingWindow);
        expect(await beacon.seedBlockOf(0n)).to.equal(seedBlock + missed * provingWindow);
      }
    });

    it("can be proven over the whole reach of blockhash, without the history contract of EIP-2935", async () => {
      const beacon = await ethers.deployContract("EpochBeacon", [{ ...BEACON, provingWindow: 256n }]);
      const seedBlock = (await beacon.lastBlockOf(0n)) + seedDelay;
      await nextBlockIs(seedBlock + 256n);
      await beacon.proveSeed(0n, await headerOf(provider, seedBlock));
      expect(await beacon.seedOf(0n)).to.equal(await prevrandaoOf(seedBlock));
    });
  });

  describe("randomness for other uses", () => {
    it("is the prevrandao of the fixed block after the base, under the same window", async () => {
      const { beacon, genesis } = await networkHelpers.loadFixture(deploy);
      const base = genesis + 3n;
      const first = base + seedDelay;
      expect(await beacon.randomnessBlock(base)).to.equal(first);
      await networkHelpers.mineUpTo(first + 1n);
      expect(await beacon.proveRandomness(base, await headerOf(provider, first))).to.equal(await prevrandaoOf(first));
      await networkHelpers.mineUpTo(first + provingWindow + 1n);
      await expect(beacon.proveRandomness(base, await headerOf(provider, first)))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_WrongBlock")
        .withArgs(first + provingWindow, first);
    });

    it("does not exist yet in its own block", async () => {
      const { beacon, genesis } = await networkHelpers.loadFixture(deploy);
      await networkHelpers.mineUpTo(genesis + seedDelay);
      await expect(beacon.proveRandomness(genesis, await headerOf(provider, genesis)))
        .to.be.revertedWithCustomError(beacon, "EpochBeacon_TooEarly")
        .withArgs(genesis + seedDelay, genesis + seedDelay);
    });
  });
});
