import { expect } from "chai";
import { network } from "hardhat";

import { commitWork, type CommittedWork } from "../helpers/committed-work.ts";
import { deployMintSuite, MINT, type MintSuite, type MintSuiteOptions } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const START = 2n ** 200n;
const MAX = 2n ** 256n - 1n;

async function deploy() {
  return deployMintSuite(connection, { mint: { initialTarget: START } });
}

/** Commits work in the given epoch and proves its seed. */
async function workIn(suite: MintSuite, epoch: bigint): Promise<CommittedWork> {
  await suite.enterEpoch(epoch);
  const work = await commitWork(suite);
  await suite.proveSeed(epoch);
  return work;
}

/** The target of epoch 1 after `claims` claims in epoch 0, whose target is `initialTarget`: all tickets are lucky there. */
async function targetAfter(claims: number, options: MintSuiteOptions): Promise<bigint> {
  const suite = await deployMintSuite(connection, options);
  const work = await workIn(suite, 0n);
  await suite.mint.openEpoch(0n);
  for (let ticket = 0; ticket < claims; ++ticket) {
    await suite.mint.connect(suite.operator).claim(await work.claim(10 + Math.floor(ticket / 4), ticket % 4));
  }
  await workIn(suite, 1n);
  return suite.mint.targetOf(1n);
}

describe("WorkMint: opening an epoch", () => {
  it("fixes the initial target for the first one, and again does nothing", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    const { mint, stranger } = suite;
    await workIn(suite, 0n);
    await expect(mint.connect(stranger).openEpoch(0n)).to.emit(mint, "EpochOpened").withArgs(0n, START);
    expect(await mint.targetOf(0n)).to.equal(START);
    await expect(mint.openEpoch(0n)).not.to.emit(mint, "EpochOpened");
  });

  it("is done by the first claim too", async () => {
    const suite = await deployMintSuite(connection);
    const work = await workIn(suite, 0n);
    const own = suite.mint.connect(suite.operator);
    await expect(own.claim(await work.claim(10)))
      .to.emit(suite.mint, "EpochOpened")
      .withArgs(0n, MINT.initialTarget);
    await expect(own.claim(await work.claim(11))).not.to.emit(suite.mint, "EpochOpened");
  });

  it("is refused before the seed is proven", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    await commitWork(suite);
    await expect(suite.mint.openEpoch(0n))
      .to.be.revertedWithCustomError(suite.mint, "WorkMint_SeedNotProven")
      .withArgs(0n);
  });

  it("is refused for an idle epoch, so nobody can raise the target by opening them", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    await workIn(suite, 0n);
    await suite.mint.openEpoch(0n);
    await suite.proveSeed(1n);
    await expect(suite.mint.openEpoch(1n)).to.be.revertedWithCustomError(suite.mint, "WorkMint_IdleEpoch").withArgs(1n);
    await workIn(suite, 2n);
    await suite.mint.openEpoch(2n);
    // One step for the one epoch that was open and had no claims, none for the idle one.
    expect(await suite.mint.targetOf(2n)).to.equal(4n * START);
  });

  it("is refused when the epoch's claims are closed, so that a later target cannot be moved by opening it", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    await workIn(suite, 0n);
    await workIn(suite, 1n);
    await expect(suite.mint.openEpoch(0n))
      .to.be.revertedWithCustomError(suite.mint, "WorkMint_ClaimsClosed")
      .withArgs(0n, await suite.beacon.claimsCloseAt(0n));
    expect(await suite.mint.targetOf(1n)).to.equal(START);
    await suite.mint.openEpoch(1n);
    expect(await suite.mint.targetOf(0n)).to.equal(0n);
  });

  it("shows the target before, as it will be fixed", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    await workIn(suite, 0n);
    expect(await suite.mint.targetOf(0n)).to.equal(START);
    await suite.mint.openEpoch(0n);
    await workIn(suite, 1n);
    const shown = await suite.mint.targetOf(1n);
    await expect(suite.mint.openEpoch(1n)).to.emit(suite.mint, "EpochOpened").withArgs(1n, shown);
  });

  describe("adjusts the target toward the wanted number of claims", () => {
    // 4 wanted; 2^256 - 1, under which every ticket is lucky, as the target that came before.
    it("keeps it when there were as many", async () => {
      expect(await targetAfter(4, {})).to.equal(MAX);
    });

    it("lowers it in proportion when there were more", async () => {
      expect(await targetAfter(6, {})).to.equal((MAX * 4n) / 6n);
    });

    it("lowers it to a quarter at most", async () => {
      expect(await targetAfter(20, {})).to.equal(MAX / 4n);
    });

    it("raises it in proportion when there were fewer, but never past 2^256 - 1", async () => {
      expect(await targetAfter(3, {})).to.equal(MAX);
    });

    it("raises it four times at most when there were none", async () => {
      expect(await targetAfter(0, { mint: { initialTarget: START } })).to.equal(4n * START);
    });
  });

  describe("deployment refuses", () => {
    for (const [name, value, least, most] of [
      ["macsPerTicket", 0n, 1n, 2n ** 64n - 1n],
      ["halvingEpochs", 0n, 1n, 2n ** 64n - 1n],
      ["wantedClaims", 0n, 1n, 2n ** 32n - 1n],
      ["verifierShareBps", 10_001n, 0n, 10_000n],
      ["verifiersPerClaim", 0n, 1n, 8n],
      ["verifiersPerClaim", 9n, 1n, 8n],
      ["initialTarget", 0n, 1n, MAX],
      ["initialEmission", 2n ** 128n, 0n, 2n ** 128n - 1n],
    ] as const) {
      it(`${name} = ${value}`, async () => {
        const { token, registry, beacon, pool, mint } = await networkHelpers.loadFixture(deploy);
        const factory = await ethers.getContractFactory("WorkMint");
        await expect(factory.deploy(token, registry, beacon, pool, { ...MINT, [name]: value }))
          .to.be.revertedWithCustomError(mint, "WorkMint_ParameterOutOfRange")
          .withArgs(name, value, least, most);
      });
    }
  });
});
