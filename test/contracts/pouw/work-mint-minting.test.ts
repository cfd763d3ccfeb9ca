import { expect } from "chai";
import { network } from "hardhat";

import { attest, countDrawn, makeClaim, makeClaimDrawing, type Seat } from "../helpers/attested-claim.ts";
import { commitWork, EMPTY_TASK, type WorkOptions } from "../helpers/committed-work.ts";
import { deployMintSuite, GRIST, MINT, type MintSuiteOptions } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const TRACE = ethers.id("trace root");
const [ATTESTED, MINTED] = [2n, 4n];

/** `count` attested claims of epoch 1, one verifier each unless said otherwise, in the first block in which they can be minted. */
async function settled(count: number, options: MintSuiteOptions = {}, workOptions: WorkOptions = {}) {
  const mintOptions = { verifiersPerClaim: 1n, ...options.mint };
  const suite = await deployMintSuite(connection, { ...options, mint: mintOptions });
  await suite.enterEpoch(1n);
  const work = await commitWork(suite, workOptions);
  await suite.proveSeed(work.epoch);
  const claimIds: string[] = [];
  const attesters: Seat[][] = [];
  for (let used = 0; claimIds.length < count;) {
    const enough = (rounds: readonly Seat[][]) => countDrawn(rounds) >= Number(mintOptions.verifiersPerClaim);
    const claim = await makeClaimDrawing(suite, work, enough, used);
    used = claim.used;
    claimIds.push(claim.claimId);
    attesters.push(await attest(suite, claim.claimId, TRACE));
    expect((await suite.mint.claimOf(claim.claimId)).state).to.equal(ATTESTED);
  }
  const settlesAt = await suite.beacon.settlesAt(work.epoch);
  await suite.nextBlockIs(settlesAt);
  return { ...suite, work, claimIds, attesters, settlesAt };
}

async function settledTwo() {
  return settled(2);
}

describe("WorkMint: minting", () => {
  it("shares the epoch's emission between its accepted claims, and each reward between miner and verifiers", async () => {
    const { mint, token, work, owner, claimIds, attesters, stranger } = await networkHelpers.loadFixture(settledTwo);
    const reward = MINT.initialEmission / 2n;
    const [seat] = attesters[0]!;
    const call = mint.connect(stranger).mint(claimIds[0]!);
    await expect(call)
      .to.emit(mint, "RewardMinted")
      .withArgs(claimIds[0], work.taskId, owner, reward, reward / 5n);
    await expect(call).to.changeTokenBalances(
      ethers,
      token,
      [owner, seat!.verifier, stranger],
      [(reward * 4n) / 5n, reward / 5n, 0n],
    );
    const view = await mint.claimOf(claimIds[0]!);
    expect([view.state, view.reward]).to.deep.equal([MINTED, reward]);
    expect(await mint.mintedFor(work.taskId)).to.equal(reward);
    await mint.mint(claimIds[1]!);
    expect(await mint.mintedFor(work.taskId)).to.equal(MINT.initialEmission);
  });

  it("gives several attesters equal parts and the miner what division leaves", async () => {
    const { mint, token, owner, claimIds, attesters } = await settled(1, {
      mint: { verifiersPerClaim: 2n, maxPerTicket: 101n, verifierShareBps: 5_000n },
    });
    expect(attesters[0]).to.have.length(2);
    const [one, two] = attesters[0]!;
    await expect(mint.mint(claimIds[0]!)).to.changeTokenBalances(
      ethers,
      token,
      [one!.verifier, two!.verifier, owner],
      [25n, 25n, 51n],
    );
  });

  it("gives one ticket at most the maximum, and leaves the rest unminted", async () => {
    const { mint, claimIds, work } = await settled(1);
    await mint.mint(claimIds[0]!);
    expect(await mint.mintedFor(work.taskId)).to.equal(MINT.maxPerTicket);
  });

  it("is refused in the last block of the challenge window", async () => {
    const suite = await deployMintSuite(connection, { mint: { verifiersPerClaim: 1n } });
    await suite.enterEpoch(1n);
    const work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
    const claimId = await makeClaim(suite, work, 10);
    await attest(suite, claimId, TRACE);
    const settlesAt = await suite.beacon.settlesAt(work.epoch);
    await suite.nextBlockIs(settlesAt - 1n);
    await expect(suite.mint.mint(claimId))
      .to.be.revertedWithCustomError(suite.mint, "WorkMint_NotSettled")
      .withArgs(claimId, settlesAt);
  });

  it("is refused twice", async () => {
    const { mint, claimIds } = await networkHelpers.loadFixture(settledTwo);
    await mint.mint(claimIds[0]!);
    await expect(mint.mint(claimIds[0]!))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(claimIds[0], MINTED);
  });

  it("is refused for a claim that was not made", async () => {
    const { mint } = await networkHelpers.loadFixture(settledTwo);
    await expect(mint.mint(ethers.id("no claim")))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(ethers.id("no claim"), 0n);
  });

  it("never mints more for a task than 90 % of what it burned", async () => {
    const burned = 60n * GRIST;
    const { mint, token, claimIds, work } = await settled(2, {}, { burned });
    const cap = (burned * 9n) / 10n;
    expect(await mint.mintCapOf(work.taskId)).to.equal(cap);
    const supply = await token.totalSupply();
    await mint.mint(claimIds[0]!); // 45
    await mint.mint(claimIds[1]!); // what is left of 54
    expect((await mint.claimOf(claimIds[1]!)).reward).to.equal(cap - 45n * GRIST);
    expect(await token.totalSupply()).to.equal(supply + cap);
  });

  it("is refused, and the claim kept, while the task's burn is used up or has not happened", async () => {
    const { mint, registry, claimIds, work } = await settled(1, {}, { burned: 0n });
    await expect(mint.mint(claimIds[0]!))
      .to.be.revertedWithCustomError(mint, "WorkMint_NothingToMint")
      .withArgs(claimIds[0]);
    expect((await mint.claimOf(claimIds[0]!)).state).to.equal(ATTESTED);
    await registry.setTask(work.taskId, { ...EMPTY_TASK, burned: 10n * GRIST });
    await mint.mint(claimIds[0]!);
    expect(await mint.mintedFor(work.taskId)).to.equal(9n * GRIST);
  });

  it("stops at the token's cap", async () => {
    // Five accounts hold 1,000 GRIST each from the genesis.
    const { mint, token, claimIds } = await settled(2, { cap: 5_050n * GRIST });
    await mint.mint(claimIds[0]!);
    await mint.mint(claimIds[1]!);
    expect(await token.totalSupply()).to.equal(await token.cap());
    expect((await mint.claimOf(claimIds[1]!)).reward).to.equal(5n * GRIST);
  });

  it("halves the emission in steps", async () => {
    const { mint } = await networkHelpers.loadFixture(settledTwo);
    const expected: [bigint, bigint][] = [
      [0n, MINT.initialEmission],
      [MINT.halvingEpochs - 1n, MINT.initialEmission],
      [MINT.halvingEpochs, MINT.initialEmission / 2n],
      [3n * MINT.halvingEpochs, MINT.initialEmission / 8n],
      [300n * MINT.halvingEpochs, 0n],
    ];
    for (const [epoch, emission] of expected) expect(await mint.emissionOf(epoch)).to.equal(emission);
  });
});
