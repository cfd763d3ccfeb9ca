import { expect } from "chai";
import { network } from "hardhat";

import {
  attest,
  countDrawn,
  makeClaim,
  makeClaimDrawing,
  type MadeClaim,
  type Seat,
} from "../helpers/attested-claim.ts";
import { commitWork, type WorkOptions } from "../helpers/committed-work.ts";
import { deployMintSuite, GRIST, MINT, type MintSuiteOptions } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const TRACE = ethers.id("trace root");
const [ATTESTED, MINTED, PAID] = [2n, 3n, 4n];

/** `count` attested claims of epoch 1, one verifier each unless said otherwise, in the first block in which they can be minted. */
async function settled(count: number, options: MintSuiteOptions = {}, workOptions: WorkOptions = {}) {
  const mintOptions = { verifiersPerClaim: 1n, ...options.mint };
  const suite = await deployMintSuite(connection, { ...options, mint: mintOptions });
  await suite.enterEpoch(1n);
  const work = await commitWork(suite, workOptions);
  await suite.proveSeed(work.epoch);
  const claims: MadeClaim[] = [];
  const attesters: Seat[][] = [];
  for (let used = 0; claims.length < count;) {
    const enough = (rounds: readonly Seat[][]) => countDrawn(rounds) >= Number(mintOptions.verifiersPerClaim);
    const claim = await makeClaimDrawing(suite, work, enough, used);
    used = claim.used;
    claims.push(claim);
    attesters.push(await attest(suite, claim, TRACE));
    expect((await suite.mint.claimOf(claim.claimId)).state).to.equal(ATTESTED);
  }
  const settlesAt = await suite.beacon.settlesAt(work.epoch);
  await suite.nextBlockIs(settlesAt);
  return { ...suite, work, claims, claim: claims[0]!, attesters, settlesAt };
}

async function settledTwo() {
  return settled(2);
}

describe("WorkMint: minting", () => {
  it("shares the epoch's emission between its accepted claims, and each reward between miner and verifiers", async () => {
    const { mint, token, work, owner, claims, attesters, stranger } = await networkHelpers.loadFixture(settledTwo);
    const reward = MINT.initialEmission / 2n;
    const [{ claimId, details }] = claims as [MadeClaim, MadeClaim];
    const [seat] = attesters[0]!;
    const call = mint.connect(stranger).mint(details);
    await expect(call)
      .to.emit(mint, "RewardMinted")
      .withArgs(claimId, work.taskId, owner, reward, reward / 5n);
    await expect(call).to.changeTokenBalances(
      ethers,
      token,
      [owner, seat!.verifier, stranger],
      [(reward * 4n) / 5n, 0n, 0n],
    );
    expect((await mint.claimOf(claimId)).state).to.equal(MINTED);
    expect(await mint.mintedFor(work.taskId)).to.equal(reward);

    const paying = mint.connect(stranger).payVerifiers([details]);
    await expect(paying)
      .to.emit(mint, "VerifiersPaid")
      .withArgs(claimId, [seat!.verifier.address], reward / 5n);
    await expect(paying).to.changeTokenBalances(ethers, token, [owner, seat!.verifier], [0n, reward / 5n]);
    expect((await mint.claimOf(claimId)).state).to.equal(PAID);
    expect(await mint.mintedFor(work.taskId)).to.equal(reward);
    await mint.mint(claims[1]!.details);
    expect(await mint.mintedFor(work.taskId)).to.equal(MINT.initialEmission);
  });

  it("pays the verifiers of several claims together, and each claim once", async () => {
    const { mint, token, claims, verifiers } = await networkHelpers.loadFixture(settledTwo);
    const details = claims.map((claim) => claim.details);
    const supply = await token.totalSupply();
    await expect(mint.payVerifiers(details))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(claims[0]!.claimId, ATTESTED);
    for (const claim of details) await mint.mint(claim);
    const before = await Promise.all(verifiers.map((verifier) => token.balanceOf(verifier)));
    await mint.payVerifiers(details);
    const after = await Promise.all(verifiers.map((verifier) => token.balanceOf(verifier)));
    const paid = after.reduce((sum, balance, index) => sum + balance - before[index]!, 0n);
    expect(paid).to.equal(MINT.initialEmission / 5n);
    expect(await token.totalSupply()).to.equal(supply + MINT.initialEmission);
    await expect(mint.payVerifiers(details)).not.to.emit(mint, "VerifiersPaid");
  });

  it("gives several attesters equal parts and does not mint what division leaves", async () => {
    const { mint, token, owner, claim, attesters } = await settled(1, {
      mint: { verifiersPerClaim: 2n, maxPerTicket: 102n, verifierShareBps: 5_000n },
    });
    expect(attesters[0]).to.have.length(2);
    const [one, two] = attesters[0]!;
    await expect(mint.mint(claim.details)).to.changeTokenBalances(ethers, token, [owner], [51n]);
    await expect(mint.payVerifiers([claim.details])).to.changeTokenBalances(
      ethers,
      token,
      [one!.verifier, two!.verifier, owner],
      [25n, 25n, 0n],
    );
  });

  it("gives one ticket at most the maximum, and leaves the rest unminted", async () => {
    const { mint, claim, work } = await settled(1);
    await mint.mint(claim.details);
    expect(await mint.mintedFor(work.taskId)).to.equal(MINT.maxPerTicket);
  });

  it("is refused in the last block of the challenge window", async () => {
    const suite = await deployMintSuite(connection, { mint: { verifiersPerClaim: 1n } });
    await suite.enterEpoch(1n);
    const work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
    const { claimId, ...claim } = await makeClaim(suite, work, 10);
    await attest(suite, { claimId, ...claim }, TRACE);
    const settlesAt = await suite.beacon.settlesAt(work.epoch);
    expect(await suite.mint.mintableAt(claim.details)).to.equal(settlesAt);
    await suite.nextBlockIs(settlesAt - 1n);
    await expect(suite.mint.mint(claim.details))
      .to.be.revertedWithCustomError(suite.mint, "WorkMint_NotSettled")
      .withArgs(claimId, settlesAt);
  });

  it("is refused twice", async () => {
    const { mint, claim } = await networkHelpers.loadFixture(settledTwo);
    await mint.mint(claim.details);
    await expect(mint.mint(claim.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_WrongState")
      .withArgs(claim.claimId, MINTED);
  });

  it("is refused for a claim that was not made", async () => {
    const { mint, claim } = await networkHelpers.loadFixture(settledTwo);
    const details = { ...claim.details, index: 19 };
    for (const call of [mint.mint(details), mint.payVerifiers([details])])
      await expect(call).to.be.revertedWithCustomError(mint, "WorkMint_WrongDetails");
  });

  it("never mints more for a task than 90 % of what it burned, and pays the verifiers at once where that cuts a reward", async () => {
    const burned = 60n * GRIST;
    const { mint, token, claims, work, owner, attesters } = await settled(2, {}, { burned });
    const cap = (burned * 9n) / 10n;
    expect(await mint.mintCapOf(work.taskId)).to.equal(cap);
    const supply = await token.totalSupply();
    await mint.mint(claims[0]!.details); // 45
    await mint.payVerifiers([claims[0]!.details]);
    const left = cap - 45n * GRIST;
    const cut = mint.mint(claims[1]!.details);
    await expect(cut).to.emit(mint, "VerifiersPaid");
    const [{ verifier }] = attesters[1] as [Seat];
    await expect(cut).to.changeTokenBalances(ethers, token, [owner, verifier], [(left * 4n) / 5n, left / 5n]);
    expect((await mint.claimOf(claims[1]!.claimId)).state).to.equal(PAID);
    expect(await mint.mintedFor(work.taskId)).to.equal(cap);
    expect(await token.totalSupply()).to.equal(supply + cap);
  });

  it("is refused, and the claim kept, while the task's burn is used up or has not happened", async () => {
    const { mint, registry, claim, work } = await settled(1, {}, { burned: 0n });
    await expect(mint.mint(claim.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_NothingToMint")
      .withArgs(claim.claimId);
    expect((await mint.claimOf(claim.claimId)).state).to.equal(ATTESTED);
    await registry.setBurned(work.taskId, 10n * GRIST);
    await mint.mint(claim.details);
    expect(await mint.mintedFor(work.taskId)).to.equal(9n * GRIST);
  });

  it("stops at the token's cap", async () => {
    // Five accounts hold 1,000 GRIST each from the genesis.
    const { mint, token, claims } = await settled(2, { cap: 5_050n * GRIST });
    await mint.mint(claims[0]!.details);
    await mint.payVerifiers([claims[0]!.details]);
    await expect(mint.mint(claims[1]!.details))
      .to.emit(mint, "RewardMinted")
      .withArgs(claims[1]!.claimId, claims[1]!.details.taskId, claims[1]!.details.miner, 5n * GRIST, GRIST);
    expect(await token.totalSupply()).to.equal(await token.cap());
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
