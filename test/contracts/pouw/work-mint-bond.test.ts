import { expect } from "chai";
import { network } from "hardhat";

import { attest, makeClaim, type MadeClaim } from "../helpers/attested-claim.ts";
import { commitWork, contextOf, MINER, placeOf, type WorkOptions } from "../helpers/committed-work.ts";
import { deployMintSuite, GRIST, MINT, type MintSuite } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const TRACE = ethers.id("trace root");
const VOID = 6n;
/** The longest window of a claim is 66 blocks, counted in periods of a seventh. */
const PERIOD = 10n;

/** Work of epoch 1 whose tickets can be claimed, and of epoch 2. */
async function deployWith(options: WorkOptions) {
  const suite = await deployMintSuite(connection, { mint: { verifiersPerClaim: 1n } });
  await suite.enterEpoch(1n);
  const work = await commitWork(suite, options);
  await suite.proveSeed(1n);
  const later = await commitWork(suite, { ...options, first: 20, last: 29 });
  expect(later.epoch).to.equal(2n);
  return { ...suite, work, later, slot: [work.taskId, work.slot] as const };
}

/** A stake for two rewards of 60 GRIST, and both claimed; nobody attests them. */
async function deployFull() {
  const suite = await deployWith({ stake: 2n * MINT.maxPerTicket });
  await makeClaim(suite, suite.work, 10);
  await makeClaim(suite, suite.work, 11);
  const settlesAt = await suite.beacon.settlesAt(1n);
  return { ...suite, settlesAt, freedAt: ceil(settlesAt, PERIOD) };
}

const ceil = (value: bigint, unit: bigint) => ((value + unit - 1n) / unit) * unit;

describe("WorkMint: rewards against the stake", () => {
  it("refuses the claim whose reward the stake does not bear, saying what it takes and when it is possible", async () => {
    const suite = await networkHelpers.loadFixture(deployFull);
    const { mint, work, slot, freedAt } = suite;
    expect(await mint.lockedClaimsOf(...slot)).to.equal(2n);
    await expect(makeClaim(suite, work, 12))
      .to.be.revertedWithCustomError(mint, "WorkMint_StakeTooLow")
      .withArgs(...slot, 2n * MINT.maxPerTicket, 3n * MINT.maxPerTicket, freedAt);
  });

  it("takes claims again when windows have ended, though nobody attested or minted the earlier ones", async () => {
    const suite = await networkHelpers.loadFixture(deployFull);
    const { mint, later, slot, freedAt } = suite;
    await suite.proveSeed(2n);
    await suite.nextBlockIs(freedAt - 1n);
    await expect(makeClaim(suite, later, 20))
      .to.be.revertedWithCustomError(mint, "WorkMint_StakeTooLow")
      .withArgs(...slot, 2n * MINT.maxPerTicket, 3n * MINT.maxPerTicket, freedAt);
    await suite.nextBlockIs(freedAt);
    await makeClaim(suite, later, 20);
    await makeClaim(suite, later, 21);
    expect(await mint.lockedClaimsOf(...slot)).to.equal(2n);
    const nextFreedAt = ceil(await suite.beacon.settlesAt(2n), PERIOD);
    await expect(makeClaim(suite, later, 22))
      .to.be.revertedWithCustomError(mint, "WorkMint_StakeTooLow")
      .withArgs(...slot, 2n * MINT.maxPerTicket, 3n * MINT.maxPerTicket, nextFreedAt);
  });

  it("keeps claims locked for as long as the slot was suspended meanwhile", async () => {
    const suite = await networkHelpers.loadFixture(deployFull);
    const { mint, registry, later, slot, freedAt } = suite;
    const paused = { pausedBlocks: 3n, stake: 2n * MINT.maxPerTicket };
    await registry.setContext(...slot, 2n, contextOf(suite, later, paused));
    await suite.proveSeed(2n);
    await suite.nextBlockIs(freedAt + 2n);
    await expect(makeClaim(suite, later, 20))
      .to.be.revertedWithCustomError(mint, "WorkMint_StakeTooLow")
      .withArgs(...slot, 2n * MINT.maxPerTicket, 3n * MINT.maxPerTicket, freedAt + 3n);
    await suite.nextBlockIs(freedAt + 3n);
    await makeClaim(suite, later, 20);
  });

  it("says that waiting does not help where one reward is more than the stake", async () => {
    const suite = await deployWith({ stake: MINT.maxPerTicket - 1n });
    await expect(makeClaim(suite, suite.work, 10))
      .to.be.revertedWithCustomError(suite.mint, "WorkMint_StakeTooLow")
      .withArgs(...suite.slot, MINT.maxPerTicket - 1n, MINT.maxPerTicket, 0n);
  });

  it("reckons all of them at no more than the task can still mint", async () => {
    const suite = await deployWith({ stake: 9n * GRIST, burned: 10n * GRIST });
    for (const index of [10, 11, 12]) await makeClaim(suite, suite.work, index);
    expect(await suite.mint.lockedClaimsOf(...suite.slot)).to.equal(3n);

    const larger = await deployWith({ stake: 9n * GRIST - 1n, burned: 10n * GRIST });
    await expect(makeClaim(larger, larger.work, 10))
      .to.be.revertedWithCustomError(larger.mint, "WorkMint_StakeTooLow")
      .withArgs(...larger.slot, 9n * GRIST - 1n, 9n * GRIST, 0n);
  });
});

/** Attested claims of two slots in one epoch, whose challenge window is open. */
async function deployTwoSlots() {
  const suite = await deployMintSuite(connection, { mint: { verifiersPerClaim: 1n } });
  await suite.enterEpoch(1n);
  const works = [await commitWork(suite, { slot: 3 }), await commitWork(suite, { slot: 4 })];
  await suite.proveSeed(1n);
  const claims: MadeClaim[] = [];
  for (const work of works) {
    const claim = await makeClaim(suite, work, 10);
    await attest(suite, claim, TRACE);
    claims.push(claim);
  }
  const [liar, honest] = claims as [MadeClaim, MadeClaim];
  return { ...suite, works, liar, honest, settlesAt: await suite.beacon.settlesAt(1n) };
}

async function change(suite: MintSuite, { details }: MadeClaim, changes: object): Promise<void> {
  await suite.registry.setPlace(details.taskId, MINER, details.slot, placeOf(suite, changes));
}

describe("WorkMint: disputes over a slot", () => {
  it("void its claims: none mints after a conviction", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, liar, honest, settlesAt } = suite;
    await change(suite, liar, { convicted: true });
    await suite.nextBlockIs(settlesAt);
    await expect(mint.mint(liar.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_SlotConvicted")
      .withArgs(liar.details.taskId, liar.details.slot);
    await mint.mint(honest.details);
  });

  it("give the honest its share, where anybody discards the claim before the epoch settles", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, liar, honest, settlesAt, stranger } = suite;
    await change(suite, liar, { convicted: true });
    await suite.nextBlockIs(settlesAt - 1n);
    await expect(mint.connect(stranger).discard(liar.details)).to.emit(mint, "ClaimDiscarded").withArgs(liar.claimId);
    expect((await mint.claimOf(liar.claimId)).state).to.equal(VOID);
    expect(await mint.claimsIn(1n)).to.deep.equal([2n, 1n]);
    for (const call of [mint.discard(liar.details), mint.mint(liar.details)]) {
      await expect(call).to.be.revertedWithCustomError(mint, "WorkMint_WrongState").withArgs(liar.claimId, VOID);
    }
    await mint.mint(honest.details);
    expect(await mint.mintedFor(honest.details.taskId)).to.equal(MINT.maxPerTicket);
  });

  it("let nobody discard the claim of a slot that is not convicted, or one after its epoch settled", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, liar, settlesAt } = suite;
    await expect(mint.discard(liar.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_SlotNotConvicted")
      .withArgs(liar.details.taskId, liar.details.slot);
    await change(suite, liar, { convicted: true });
    await suite.nextBlockIs(settlesAt);
    await expect(mint.discard(liar.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_Settled")
      .withArgs(liar.claimId, settlesAt);
  });

  it("take no claim that is not attested out of the accepted ones", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, works, liar } = suite;
    const pending = await makeClaim(suite, works[0]!, 11);
    await change(suite, liar, { convicted: true });
    await mint.discard(pending.details);
    expect((await mint.claimOf(pending.claimId)).state).to.equal(VOID);
    expect(await mint.claimsIn(1n)).to.deep.equal([3n, 2n]);
  });

  it("hold up its windows: nothing mints while it is suspended, and all of that time later", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, liar, honest, settlesAt } = suite;
    await change(suite, liar, { suspended: true });
    await suite.nextBlockIs(settlesAt);
    await expect(mint.mint(liar.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_SlotSuspended")
      .withArgs(liar.details.taskId, liar.details.slot);
    await mint.mint(honest.details);

    await change(suite, liar, { pausedBlocks: 9n });
    expect(await mint.mintableAt(liar.details)).to.equal(settlesAt + 9n);
    await suite.nextBlockIs(settlesAt + 8n);
    await expect(mint.mint(liar.details))
      .to.be.revertedWithCustomError(mint, "WorkMint_NotSettled")
      .withArgs(liar.claimId, settlesAt + 9n);
    await suite.nextBlockIs(settlesAt + 9n);
    await mint.mint(liar.details);
  });

  it("do not hold up claims that it makes afterwards", async () => {
    const suite = await networkHelpers.loadFixture(deployTwoSlots);
    const { mint, works, liar, registry } = suite;
    const work = works[0]!;
    await registry.setContext(work.taskId, work.slot, 1n, contextOf(suite, work, { pausedBlocks: 9n }));
    const claim = await makeClaim(suite, work, 11);
    await change(suite, liar, { pausedBlocks: 9n });
    expect(await mint.mintableAt(claim.details)).to.equal(suite.settlesAt);
    await change(suite, liar, { pausedBlocks: 11n });
    expect(await mint.mintableAt(claim.details)).to.equal(suite.settlesAt + 2n);
  });
});
