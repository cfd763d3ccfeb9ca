import {
  merkleProof,
  recordHash,
  segmentDigest,
  segmentDomain,
  segmentId,
  ticketInput,
  ticketsOf,
} from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import { bytesToHex, type Hex } from "viem";

import {
  type ClaimArguments,
  claimIdOf,
  commitWork,
  contextOf,
  detailsOf,
  id,
  MACS,
  sign,
} from "../helpers/committed-work.ts";
import { BEACON, deployMintSuite, MINT } from "../helpers/mint-suite.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const EASY = MINT.initialTarget;

/** Ten iterations, 10 to 19, committed in epoch 1, whose seed is proven. */
async function deploy() {
  const suite = await deployMintSuite(connection);
  await suite.enterEpoch(1n);
  const work = await commitWork(suite);
  await suite.proveSeed(work.epoch);
  return { ...suite, work, own: suite.mint.connect(suite.operator) };
}

describe("WorkMint: claims", () => {
  it("takes an honest claim of any committed iteration, the short last segment included", async () => {
    const { mint, own, work, owner, ...suite } = await networkHelpers.loadFixture(deploy);
    for (const index of [10, 13, 14, 17, 18, 19]) {
      const claim = await work.claim(index, 3);
      const details = detailsOf({ ...suite, owner }, claim);
      const claimId = claimIdOf(suite, claim);
      await expect(own.claim(claim))
        .to.emit(mint, "TicketClaimed")
        .withArgs(claimId, work.taskId, owner, Object.values(details));
      const view = await mint.claimOf(claimId);
      expect([view.state, view.attestations]).to.deep.equal([1n, 0n]);
      expect(view.claimedAt).to.equal(await ethers.provider.getBlockNumber());
    }
    expect(await mint.claimsIn(1n)).to.deep.equal([6n, 0n]);
  });

  it("knows a claim by all of its details, and nothing else as one", async () => {
    const { mint, own, work, stranger, ...suite } = await networkHelpers.loadFixture(deploy);
    const claim = await work.claim(12, 3);
    const details = detailsOf(suite, claim);
    expect(await mint.isClaimed(details)).to.equal(false);
    await own.claim(claim);
    expect(await mint.isClaimed(details)).to.equal(true);
    const other = ethers.id("other");
    for (const change of [
      { taskId: other },
      { slot: 4 },
      { index: 13 },
      { ticket: 2 },
      { epoch: 2n },
      { miner: stranger.address },
      { segmentId: other },
      { work: other },
      { y: other },
      { traceId: other },
    ]) {
      const changed = { ...details, ...change };
      expect(await mint.isClaimed(changed), Object.keys(change)[0]).to.equal(false);
      await expect(mint.mint(changed)).to.be.revertedWithCustomError(mint, "WorkMint_WrongDetails");
    }
  });

  it("agrees with the SDK on tickets, their inputs and their luck", async () => {
    const { mint, work, owner, ...suite } = await networkHelpers.loadFixture(deploy);
    const { chainId } = await ethers.provider.getNetwork();
    for (const [macs, index] of [
      [MACS, 0],
      [999n, 7],
      [1n, 249],
      [2n ** 64n - 1n, 2 ** 32 - 1],
    ] as const) {
      expect(await mint.ticketsOf(macs, index)).to.equal(ticketsOf(macs, MINT.macsPerTicket, index));
    }
    const source = {
      chainId,
      mint: (await mint.getAddress()) as Hex,
      taskId: work.taskId,
      miner: owner.address as Hex,
      slot: 3,
      index: 12,
      work: id(suite, "work"),
      ticket: 2,
    };
    expect(await mint.ticketInput(source.taskId, owner, 3, 12, source.work, 2)).to.equal(
      bytesToHex(ticketInput(source)),
    );
    expect(await mint.isLucky(1n, ethers.id("x"), ethers.id("y"))).to.equal(true);
  });

  it("agrees with the SDK on the digest that is signed", async () => {
    const suite = await networkHelpers.loadFixture(deploy);
    const { chainId } = await ethers.provider.getNetwork();
    const claim = await suite.work.claim(12);
    const domain = segmentDomain(Number(chainId), (await suite.registry.getAddress()) as Hex);
    expect(ethers.recoverAddress(segmentDigest(claim.segment, domain), claim.signature)).to.equal(
      suite.operator.address,
    );
  });

  describe("refuses", () => {
    it("an epoch whose seed is not proven", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const later = await commitWork(suite, { first: 20, last: 23 });
      await expect(suite.own.claim(await later.claim(20)))
        .to.be.revertedWithCustomError(suite.mint, "WorkMint_SeedNotProven")
        .withArgs(later.epoch);
    });

    it("a claim one block late, having taken it in the last", async () => {
      const { mint, own, work, beacon, nextBlockIs } = await networkHelpers.loadFixture(deploy);
      const closesAt = await beacon.claimsCloseAt(work.epoch);
      await nextBlockIs(closesAt);
      await own.claim(await work.claim(12));
      await nextBlockIs(closesAt + 1n);
      await expect(own.claim(await work.claim(13)))
        .to.be.revertedWithCustomError(mint, "WorkMint_ClaimsClosed")
        .withArgs(work.epoch, closesAt);
    });

    it("a stranger, who could spoil the ticket with a wrong y, and the slot's owner too", async () => {
      const { mint, work, stranger, owner, operator } = await networkHelpers.loadFixture(deploy);
      for (const caller of [stranger, owner]) {
        await expect(mint.connect(caller).claim(await work.claim(12)))
          .to.be.revertedWithCustomError(mint, "WorkMint_NotTheOperator")
          .withArgs(caller, operator);
      }
    });

    it("a claim of another slot's segment, moved to one's own slot", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { mint, registry, work, stranger } = suite;
      const own = { owner: stranger, operator: stranger, segmentsRoot: ethers.id("own segments") };
      await registry.setContext(work.taskId, 4, work.epoch, contextOf(suite, work, own));
      const claim = await work.claim(12);
      const segment = { ...claim.segment, slot: 4 };
      const stolen = { ...claim, segment, signature: await sign(suite, stranger, segment) };
      await expect(mint.connect(stranger).claim(stolen))
        .to.be.revertedWithCustomError(mint, "WorkMint_SegmentNotCommitted")
        .withArgs(segmentId(segment), 0);
    });

    it("a dropped slot, and one that committed nothing in the epoch", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { mint, own, registry, work } = suite;
      const claim = await work.claim(12);
      const nothing = { first: 0, last: 0, segmentsRoot: ethers.ZeroHash };
      await registry.setContext(work.taskId, work.slot, work.epoch, contextOf(suite, work, nothing));
      await expect(own.claim(claim))
        .to.be.revertedWithCustomError(mint, "WorkMint_NothingCommitted")
        .withArgs(work.taskId, work.slot, work.epoch);
      await registry.setContext(work.taskId, work.slot, work.epoch, contextOf(suite, work, { dropped: true }));
      await expect(own.claim(claim))
        .to.be.revertedWithCustomError(mint, "WorkMint_SlotDropped")
        .withArgs(work.taskId, work.slot);
    });

    it("an iteration outside the commit", async () => {
      const { mint, own, work } = await networkHelpers.loadFixture(deploy);
      const claim = await work.claim(12);
      for (const index of [9, 20]) {
        await expect(own.claim({ ...claim, record: { ...claim.record, index } }))
          .to.be.revertedWithCustomError(mint, "WorkMint_OutsideCommit")
          .withArgs(index, 10, 19);
      }
    });

    it("a segment cut otherwise than the commit, with the same end or the same beginning", async () => {
      const { mint, own, work } = await networkHelpers.loadFixture(deploy);
      const claim = await work.claim(12);
      for (const [first, last] of [
        [11, 13],
        [10, 12],
        [10, 17],
        [14, 17],
      ]) {
        await expect(own.claim({ ...claim, segment: { ...claim.segment, first: first!, last: last! } }))
          .to.be.revertedWithCustomError(mint, "WorkMint_NotASegmentOfTheCommit")
          .withArgs(first, last);
      }
    });

    it("a segment signed after the draw, which is not in the root", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { mint, own, work, operator } = suite;
      const claim = await work.claim(12);
      const segment = { ...claim.segment, work: id(suite, "luckier work") };
      await expect(own.claim({ ...claim, segment, signature: await sign(suite, operator, segment) }))
        .to.be.revertedWithCustomError(mint, "WorkMint_SegmentNotCommitted")
        .withArgs(segmentId(segment), 0);
    });

    it("a committed segment proven at another's place, or with a proof that is too short, too long or not its own", async () => {
      const { mint, own, work } = await networkHelpers.loadFixture(deploy);
      const ids = work.segments.map(segmentId);
      const claim = await work.claim(12);
      const proofs = [
        merkleProof(ids, 1),
        claim.segmentProof.slice(1),
        [...claim.segmentProof, ethers.ZeroHash as Hex],
        [...claim.segmentProof].reverse(),
        [],
      ];
      for (const segmentProof of proofs) {
        await expect(own.claim({ ...claim, segmentProof }))
          .to.be.revertedWithCustomError(mint, "WorkMint_SegmentNotCommitted")
          .withArgs(ids[0], 0);
      }
    });

    it("a segment signed by another key, under another registry's domain, or with a malleated signature", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { mint, own, work, operator, stranger } = suite;
      const claim = await work.claim(12);
      await expect(own.claim({ ...claim, signature: await sign(suite, stranger, claim.segment) }))
        .to.be.revertedWithCustomError(mint, "WorkMint_WrongSigner")
        .withArgs(stranger, operator);

      const elsewhere = {
        ...suite,
        registry: await ethers.deployContract("RegistryDouble"),
      };
      await expect(
        own.claim({ ...claim, signature: await sign(elsewhere, operator, claim.segment) }),
      ).to.be.revertedWithCustomError(mint, "WorkMint_WrongSigner");

      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const { r, s, v } = ethers.Signature.from(claim.signature);
      const highS = ethers.toBeHex(order - BigInt(s), 32);
      await expect(own.claim({ ...claim, signature: ethers.concat([r, highS, v === 27 ? "0x1c" : "0x1b"]) }))
        .to.be.revertedWithCustomError(mint, "ECDSAInvalidSignatureS")
        .withArgs(highS);
    });

    it("a record that is not the segment's, or proven at another place", async () => {
      const { mint, own, work } = await networkHelpers.loadFixture(deploy);
      const claim = await work.claim(12);
      const other = await work.claim(13);
      const altered = { ...claim.record, work: ethers.id("luckier work") as Hex };
      await expect(own.claim({ ...claim, record: altered }))
        .to.be.revertedWithCustomError(mint, "WorkMint_RecordNotInSegment")
        .withArgs(recordHash(altered), 2);
      await expect(own.claim({ ...claim, recordProof: other.recordProof }))
        .to.be.revertedWithCustomError(mint, "WorkMint_RecordNotInSegment")
        .withArgs(recordHash(claim.record), 2);
      await expect(own.claim({ ...claim, recordProof: [] })).to.be.revertedWithCustomError(
        mint,
        "WorkMint_RecordNotInSegment",
      );
    });

    it("a ticket out of the iteration's range", async () => {
      const { mint, own, work } = await networkHelpers.loadFixture(deploy);
      await expect(own.claim(await work.claim(12, 4)))
        .to.be.revertedWithCustomError(mint, "WorkMint_NoSuchTicket")
        .withArgs(4, 4);
    });

    it("the same ticket twice, also with another y", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const { mint, own, work } = suite;
      const claim = await work.claim(12);
      await own.claim(claim);
      for (const y of [claim.y, id(suite, "another y")]) {
        await expect(own.claim({ ...claim, y }))
          .to.be.revertedWithCustomError(mint, "WorkMint_AlreadyClaimed")
          .withArgs(claimIdOf(suite, claim));
      }
    });

    it("a slot number beyond eight bits, which would read as another slot", async () => {
      const suite = await networkHelpers.loadFixture(deploy);
      const claim = await suite.work.claim(12);
      await expect(
        suite.own.claim({ ...claim, segment: { ...claim.segment, slot: 256 + suite.work.slot } }),
      ).to.be.revertedWithCustomError(suite.mint, "SafeCastOverflowedUintDowncast");
    });
  });

  it("refuses a ticket that is not lucky, and takes the lucky ones of the same iterations", async () => {
    const suite = await deployMintSuite(connection, { mint: { initialTarget: EASY / 4n } });
    const work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
    const own = suite.mint.connect(suite.operator);
    const outcomes = new Set<boolean>();
    for (let ticket = 0; ticket < 40; ++ticket) {
      const claim = await work.claim(10 + Math.floor(ticket / 4), ticket % 4);
      const x = await inputOf(suite, claim);
      const hash = BigInt(ethers.keccak256(ethers.concat([claim.y, x])));
      const lucky = hash <= EASY / 4n;
      outcomes.add(lucky);
      expect(await suite.mint.isLucky(work.epoch, x, claim.y)).to.equal(lucky);
      if (lucky) await own.claim.staticCall(claim);
      else {
        await expect(own.claim.staticCall(claim))
          .to.be.revertedWithCustomError(suite.mint, "WorkMint_NotLucky")
          .withArgs(x, claim.y, EASY / 4n);
      }
    }
    expect(outcomes.size).to.equal(2);
  });

  it("takes the only segment of a commit, whose proof is empty", async () => {
    const suite = await deployMintSuite(connection);
    const work = await commitWork(suite, { first: 0, last: 0 });
    await suite.proveSeed(work.epoch);
    const claim = await work.claim(0);
    expect([claim.segmentProof, claim.recordProof]).to.deep.equal([[], []]);
    await expect(suite.mint.connect(suite.operator).claim(claim)).to.emit(suite.mint, "TicketClaimed");
  });

  it("accepts claims for one epoch from the first seed block on, also where the seed comes late", async () => {
    const suite = await deployMintSuite(connection);
    const work = await commitWork(suite);
    const closesAt = await suite.beacon.claimsCloseAt(work.epoch);
    expect(closesAt).to.equal((await suite.beacon.lastBlockOf(work.epoch)) + BEACON.seedDelay + BEACON.epochBlocks);
    await suite.proveSeed(work.epoch);
    expect(await suite.beacon.claimsCloseAt(work.epoch)).to.equal(closesAt);
  });
});

async function inputOf(suite: Awaited<ReturnType<typeof deployMintSuite>>, claim: ClaimArguments): Promise<string> {
  const { segment, record, ticket } = claim;
  return suite.mint.ticketInput(segment.taskId, suite.owner, segment.slot, record.index, record.work, ticket);
}
