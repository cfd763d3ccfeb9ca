import { expect } from "chai";

import {
  BOUNTY,
  bountyParameters,
  commitmentOf,
  decide,
  deployAround,
  deployBoard,
  emptyBoard,
  ENTRY_STAKE,
  enter,
  enterWith,
  ethers,
  GRIST,
  networkHelpers,
  passStage,
  postBounty,
  reveal,
  SALT,
  SCORING_SET,
  type Scene,
  SEALED,
  sealOf,
  sealVote,
  Stage,
  stageOf,
  Status,
  Verdict,
  VOTER_PAY,
  voteToTheLast,
} from "./bounty-scene.ts";

const LONG = { entry: 100_000, unsealing: 1, announcing: 1, reveal: 1, vote: 1, opening: 1 };

/** Less than one wei for each voter is left behind by division. */
const DUST = 3n;

async function openBounty(): Promise<Scene> {
  return postBounty(await deployBoard());
}

async function sealedBounty(): Promise<Scene> {
  return postBounty(await deployBoard(), SEALED);
}

/** Ann is the best with 0.10, Bob second with 0.20; the entries are closed and Ann is called. */
async function annCalled(): Promise<Scene> {
  const scene = await openBounty();
  await enterWith(scene, scene.bob, "bob", 200_000_000n);
  await enterWith(scene, scene.ann, "ann", 100_000_000n);
  await passStage(scene);
  return scene;
}

async function annRevealed(): Promise<Scene> {
  const scene = await annCalled();
  await reveal(scene, scene.ann, "ann");
  return scene;
}

async function unsealed(): Promise<Scene> {
  const scene = await sealedBounty();
  await enter(scene, scene.ann, "ann");
  await enter(scene, scene.bob, "bob");
  await passStage(scene);
  const { board, poster, bountyId } = scene;
  await board.connect(poster).unseal(bountyId, SCORING_SET.hash, SCORING_SET.salt, "bafyscoring");
  return scene;
}

const fixture = <T>(make: () => Promise<T>): Promise<T> => networkHelpers.loadFixture(make);

describe("BountyBoard", () => {
  describe("a bounty that goes well", () => {
    it("pays the best announced model, its voters and nobody else, and frees all stakes", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, ann, bob, middle, large, token, stakes } = scene;
      const last = await voteToTheLast(scene, [
        [middle, Verdict.Honest],
        [large, Verdict.Honest],
      ]);
      expect(await stageOf(scene)).to.equal(Stage.Opening);
      await expect(last()).to.emit(board, "VoteDecided").withArgs(bountyId, 1, Verdict.Honest, true);
      expect(await stageOf(scene)).to.equal(Stage.Paid);
      expect(await board.creditOf(ann)).to.equal(BOUNTY);

      const bond = await board.creditOf(large);
      expect(bond).to.equal((VOTER_PAY + 1n) / 2n);
      await board.connect(large).collect(bountyId, 1);
      expect(await board.creditOf(large)).to.equal(bond + (VOTER_PAY * 5n) / 8n);
      await expect(board.connect(large).collect(bountyId, 1)).to.be.revertedWithCustomError(
        board,
        "Bounty_NothingToCollect",
      );
      const before = await token.balanceOf(ann);
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
      expect(await token.balanceOf(ann)).to.equal(before + BOUNTY);
      expect(await stakes.freeOf(bob)).to.equal(500n * GRIST);
    });

    it("runs the same with a sealed scoring set, whose losses are announced after it was revealed", async () => {
      const scene = await fixture(unsealed);
      const { board, bountyId, ann, bob, middle, large } = scene;
      await board.connect(ann).announce(bountyId, 0, 300n);
      await board.connect(bob).announce(bountyId, 1, 200n);
      await passStage(scene);
      await reveal(scene, bob, "bob");
      await decide(scene, Verdict.Honest, middle, large);
      expect(await board.creditOf(bob)).to.equal(BOUNTY);
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
    });

    it("calls entries by loss, in the order of their commitments where losses are equal", async () => {
      const scene = await fixture(openBounty);
      const { board, bountyId, ann, bob, cid } = scene;
      const first = await enter(scene, ann, "early");
      const losses = [7n, 3n, 9n, 3n, 1n, 8n, 3n];
      for (const [index, loss] of losses.entries()) await enterWith(scene, [bob, cid][index % 2]!, `m${index}`, loss);
      // Committed first, announced last: of the equal losses it is the best.
      await board.connect(ann).announce(bountyId, first, 3n);
      const order = [];
      await passStage(scene);
      while ((await stageOf(scene)) === Stage.Reveal) {
        order.push(Number((await board.bountyOf(bountyId)).candidate));
        await passStage(scene);
      }
      expect(order).to.deep.equal([5, 0, 2, 4, 7, 1, 6, 3]);
    });
  });

  describe("posting", () => {
    it("escrows bounty and voters' pay, and refuses figures out of range and a second bounty of the same id", async () => {
      const suite = await fixture(deployBoard);
      const own = suite.board.connect(suite.poster);
      const before = await suite.token.balanceOf(suite.poster);
      await own.post(bountyParameters());
      expect(before - (await suite.token.balanceOf(suite.poster))).to.equal(BOUNTY + VOTER_PAY);
      await expect(own.post(bountyParameters())).to.be.revertedWithCustomError(own, "Bounty_Exists");
      const durations = bountyParameters().durations;
      const wrong = [
        ["bounty", { bounty: 0n }],
        ["manifest.length", { manifest: "" }],
        ["entryStake", { entryStake: 2n * VOTER_PAY }],
        ["durations.entry", { durations: { ...durations, entry: 0 } }],
        ["durations.vote", { durations: { ...durations, vote: 365 * 86_400 + 1 } }],
      ] as const;
      for (const [name, overrides] of wrong)
        await expect(own.post(bountyParameters(overrides)), name)
          .to.be.revertedWithCustomError(own, "Bounty_ParameterOutOfRange")
          .withArgs(
            name,
            () => true,
            () => true,
            () => true,
          );
    });

    it("is taken back only by the poster, and only before anybody has entered", async () => {
      const scene = await fixture(openBounty);
      const { board, bountyId, poster, ann, stranger } = scene;
      await expect(board.connect(stranger).cancel(bountyId))
        .to.be.revertedWithCustomError(board, "Bounty_NotThePoster")
        .withArgs(stranger, poster);
      const snapshot = await networkHelpers.takeSnapshot();
      await board.connect(poster).cancel(bountyId);
      expect(await board.creditOf(poster)).to.equal(BOUNTY + VOTER_PAY);
      expect(await emptyBoard(scene)).to.equal(0n);
      await snapshot.restore();
      await enter(scene, ann, "ann");
      await expect(board.connect(poster).cancel(bountyId))
        .to.be.revertedWithCustomError(board, "Bounty_HasEntries")
        .withArgs(bountyId, 1);
    });
  });

  describe("entries", () => {
    it("are bound to their sender: a copied commitment cannot be opened, and costs its copier the stake", async () => {
      const scene = await fixture(openBounty);
      const { board, bountyId, ann, cid, stakes } = scene;
      await enterWith(scene, ann, "ann", 100n);
      // Cid copies Ann's commitment and says to be a little better.
      await board.connect(cid).enter(bountyId, commitmentOf(bountyId, ann, "ann"));
      await board.connect(cid).announce(bountyId, 1, 99n);
      await passStage(scene);
      expect((await board.bountyOf(bountyId)).candidate).to.equal(1n);
      // Neither can Cid open it, nor does Ann's opening serve Cid.
      await expect(reveal(scene, cid, "ann")).to.be.revertedWithCustomError(board, "Bounty_WrongOpening");
      await expect(reveal(scene, ann, "ann")).to.be.revertedWithCustomError(board, "Bounty_NotTheOwner");
      await passStage(scene);
      expect(await stakes.lockedFor(cid, board, bountyId)).to.equal(0n);
      expect(await stakes.freeOf(cid)).to.equal(500n * GRIST - ENTRY_STAKE);
      expect((await board.bountyOf(bountyId)).candidate).to.equal(0n);
    });

    it("announce once, in time, and each its own", async () => {
      const scene = await fixture(openBounty);
      const { board, bountyId, ann, bob } = scene;
      await enter(scene, ann, "ann");
      await expect(board.connect(bob).announce(bountyId, 0, 5n))
        .to.be.revertedWithCustomError(board, "Bounty_NotTheOwner")
        .withArgs(bountyId, 0, bob, ann);
      await board.connect(ann).announce(bountyId, 0, 5n);
      await expect(board.connect(ann).announce(bountyId, 0, 4n))
        .to.be.revertedWithCustomError(board, "Bounty_WrongStatus")
        .withArgs(bountyId, 0, Status.Announced);
      await enter(scene, bob, "bob");
      const { stageEndsAt } = await board.bountyOf(bountyId);
      await networkHelpers.time.increaseTo(stageEndsAt);
      // Late by a block: the bounty has moved on, and so it stands after the refusal.
      await expect(board.connect(bob).announce(bountyId, 1, 1n))
        .to.be.revertedWithCustomError(board, "Bounty_WrongStage")
        .withArgs(bountyId, Stage.Reveal);
      await expect(enter(scene, bob, "late")).to.be.revertedWithCustomError(board, "Bounty_WrongStage");
    });

    it("cannot announce before a sealed set is revealed, nor after its window", async () => {
      const scene = await fixture(unsealed);
      const { board, bountyId, ann, bob } = scene;
      await board.connect(ann).announce(bountyId, 0, 5n);
      await passStage(scene);
      await expect(board.connect(bob).announce(bountyId, 1, 1n))
        .to.be.revertedWithCustomError(board, "Bounty_WrongStage")
        .withArgs(bountyId, Stage.Reveal);
      const early = await postBounty(scene, { ...SEALED, salt: ethers.id("another") });
      await enter(early, ann, "ann");
      await expect(board.connect(ann).announce(early.bountyId, 0, 1n))
        .to.be.revertedWithCustomError(board, "Bounty_WrongStage")
        .withArgs(early.bountyId, Stage.Entry);
    });

    it("are not for the poster, and take free stake", async () => {
      const scene = await fixture(openBounty);
      const { board, bountyId, poster, stakes, ann } = scene;
      await expect(enter(scene, poster, "own")).to.be.revertedWithCustomError(board, "Bounty_ConflictOfInterest");
      await stakes.connect(ann).requestUnstake(480n * GRIST);
      await expect(board.connect(ann).enter(bountyId, ethers.id("x"))).to.be.revertedWithCustomError(
        stakes,
        "StakeManager_NotEnoughFree",
      );
    });
  });

  describe("silence", () => {
    it("of everybody returns the bounty at the deadline", async () => {
      const scene = await fixture(openBounty);
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Returned);
      expect(await scene.board.creditOf(scene.poster)).to.equal(BOUNTY + VOTER_PAY);
      expect(await emptyBoard(scene)).to.equal(0n);
    });

    it("after committing, with zero announcements, returns the bounty and every stake", async () => {
      for (const start of [openBounty, unsealed]) {
        const scene = await fixture(start);
        if (start === openBounty) await enter(scene, scene.ann, "ann");
        await passStage(scene);
        expect(await stageOf(scene)).to.equal(Stage.Returned);
        expect(await emptyBoard(scene)).to.equal(0n);
        expect(await scene.stakes.freeOf(scene.ann)).to.equal(500n * GRIST);
      }
    });

    it("of a winner that never reveals costs its stake, and the next best is called", async () => {
      const scene = await fixture(annCalled);
      const { board, bountyId, ann, bob, middle, large, token, stakes } = scene;
      const supply = await token.totalSupply();
      await passStage(scene);
      expect(await token.totalSupply()).to.equal(supply - ENTRY_STAKE);
      expect(await stakes.freeOf(ann)).to.equal(500n * GRIST - ENTRY_STAKE);
      expect((await board.entryOf(bountyId, 1)).status).to.equal(Status.Struck);
      expect(await board.isBanned(ann)).to.equal(false);
      await expect(reveal(scene, ann, "ann")).to.be.revertedWithCustomError(board, "Bounty_NotTheOwner");
      await reveal(scene, bob, "bob");
      await decide(scene, Verdict.Honest, middle, large);
      expect(await board.creditOf(bob)).to.equal(BOUNTY);
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
    });

    it("of all candidates in turn returns the bounty", async () => {
      const scene = await fixture(annCalled);
      await passStage(scene);
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Returned);
      expect(await scene.board.creditOf(scene.poster)).to.equal(BOUNTY + VOTER_PAY);
      expect(await emptyBoard(scene)).to.equal(0n);
    });

    it("of a poster with a sealed set burns half of the bounty and shares the rest among the entries", async () => {
      const scene = await fixture(sealedBounty);
      const { board, bountyId, ann, bob, poster, token } = scene;
      await enter(scene, ann, "ann");
      await enter(scene, bob, "bob");
      await enter(scene, ann, "another of ann's");
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Unsealing);
      const supply = await token.totalSupply();
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Withheld);
      await expect(
        board.connect(poster).unseal(bountyId, SCORING_SET.hash, SCORING_SET.salt, "bafyscoring"),
      ).to.be.revertedWithCustomError(board, "Bounty_WrongStage");
      const share = BOUNTY / 2n / 3n;
      expect(supply - (await token.totalSupply())).to.equal(BOUNTY - 3n * share);
      for (const entry of [0, 1, 2]) await board.release(bountyId, entry);
      expect(await board.creditOf(ann)).to.equal(2n * share);
      expect(await board.creditOf(bob)).to.equal(share);
      expect(await board.creditOf(poster)).to.equal(VOTER_PAY);
      expect(await emptyBoard(scene)).to.equal(0n);
    });

    it("of the crank for however long lets no window begin before somebody cranks", async () => {
      const scene = await fixture(openBounty);
      await enterWith(scene, scene.ann, "ann", 1n);
      await networkHelpers.time.increase(100_000);
      // The candidate itself ends the entries and reveals in one call.
      await reveal(scene, scene.ann, "ann");
      expect(await stageOf(scene)).to.equal(Stage.Vote);
    });
  });

  describe("a vote", () => {
    it("that finds the loss false slashes and bans its announcer, pays the next vote from its stake, and calls the next", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, ann, bob, small, middle, large, token } = scene;
      const supply = await token.totalSupply();
      const last = await voteToTheLast(scene, [
        [small, Verdict.Honest],
        [middle, Verdict.False],
        [large, Verdict.False],
      ]);
      await expect(last()).to.emit(board, "Banned").withArgs(ann, bountyId);
      expect(supply - (await token.totalSupply())).to.equal(ENTRY_STAKE - VOTER_PAY);
      expect(await board.isBanned(ann)).to.equal(true);
      const after = await board.bountyOf(bountyId);
      expect([after.stage, after.candidate, after.voterPay]).to.deep.equal([Stage.Reveal, 0n, VOTER_PAY]);

      await reveal(scene, bob, "bob");
      await decide(scene, Verdict.Honest, middle, large);
      expect(await board.creditOf(bob)).to.equal(BOUNTY);
      await expect(board.connect(small).collect(bountyId, 1)).to.be.revertedWithCustomError(
        board,
        "Bounty_NothingToCollect",
      );
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
    });

    it("shuts the banned out of every other bounty and passes over what they had entered there, without a window", async () => {
      const scene = await fixture(annRevealed);
      const { board, ann, bob, middle, large, stakes } = scene;
      const other = await postBounty(scene, { salt: ethers.id("other") });
      const foreign = { ...other };
      await enterWith(foreign, ann, "x", 1n);
      await enterWith(foreign, ann, "y", 2n);
      await enterWith(foreign, bob, "z", 3n);
      await decide(scene, Verdict.False, middle, large);
      await expect(board.connect(ann).enter(other.bountyId, ethers.id("more")))
        .to.be.revertedWithCustomError(board, "Bounty_Banned")
        .withArgs(ann);
      const free = await stakes.freeOf(ann);
      // Its entries closed during the vote.
      await board.advance(other.bountyId);
      await board.advance(other.bountyId);
      await board.advance(other.bountyId);
      const view = await board.bountyOf(other.bountyId);
      expect([view.stage, view.candidate, view.struck]).to.deep.equal([Stage.Reveal, 2n, 2n]);
      // What it locked there comes back: nobody has found that false.
      expect(await stakes.freeOf(ann)).to.equal(free + 2n * ENTRY_STAKE);
    });

    it("without a quorum shares the bounty between candidate and poster and slashes nobody", async () => {
      for (const verdict of [undefined, Verdict.False]) {
        const scene = await fixture(annRevealed);
        const { board, bountyId, ann, poster, middle, stakes } = scene;
        if (verdict === undefined) await passStage(scene);
        else await decide(scene, verdict, middle);
        expect(await stageOf(scene)).to.equal(Stage.Undecided);
        expect(await board.creditOf(ann)).to.equal(BOUNTY / 2n);
        const unused = verdict === undefined ? VOTER_PAY : 0n;
        expect(await board.creditOf(poster)).to.equal(BOUNTY - BOUNTY / 2n + unused);
        expect((await board.ballotOf(bountyId, 1)).bonds).to.equal(0n);
        expect(await emptyBoard(scene)).to.be.at.most(DUST);
        expect(await stakes.freeOf(ann)).to.equal(500n * GRIST);
      }
    });

    it("with a quorum but no majority of all weight is decided by those who voted", async () => {
      const scene = await fixture(annRevealed);
      const { board, ann, small, middle } = scene;
      const last = await voteToTheLast(scene, [
        [small, Verdict.Honest],
        [middle, Verdict.False],
      ]);
      await last();
      expect(await board.isBanned(ann)).to.equal(true);
    });

    it("shows no verdict before the last seal is cast, and opens as soon as all weight has sealed", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, small, middle, large } = scene;
      await sealVote(scene, small, Verdict.False);
      await sealVote(scene, middle, Verdict.Honest);
      const { honest, isFalse, unavailable, sealedWeight } = await board.ballotOf(bountyId, 1);
      expect([honest, isFalse, unavailable, sealedWeight]).to.deep.equal([0n, 0n, 0n, 50n * GRIST]);
      await expect(board.connect(small).openVote(bountyId, Verdict.False, SALT))
        .to.be.revertedWithCustomError(board, "Bounty_WrongStage")
        .withArgs(bountyId, Stage.Vote);
      await sealVote(scene, large, Verdict.Honest);
      expect(await stageOf(scene)).to.equal(Stage.Opening);
      await expect(board.connect(small).sealVote(bountyId, SALT)).to.be.revertedWithCustomError(
        board,
        "Bounty_WrongStage",
      );
    });

    it("takes no copied seal: it opens for nobody else, and its bond burns", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, middle, large, token, ann } = scene;
      const copied = sealOf(bountyId, 1n, large, Verdict.Honest);
      const bond = await board.voteBondOf(bountyId, middle);
      await expect(board.connect(middle).sealVote(bountyId, copied))
        .to.emit(board, "VoteSealed")
        .withArgs(bountyId, 1, middle, 30n * GRIST, bond);
      await sealVote(scene, large, Verdict.Honest);
      await passStage(scene);
      await board.connect(large).openVote(bountyId, Verdict.Honest, SALT);
      await expect(board.connect(middle).openVote(bountyId, Verdict.Honest, SALT))
        .to.be.revertedWithCustomError(board, "Bounty_WrongOpening")
        .withArgs(copied, sealOf(bountyId, 1n, middle, Verdict.Honest));
      // No verdict equals no outcome yet.
      await expect(board.connect(middle).collect(bountyId, 1)).to.be.revertedWithCustomError(
        board,
        "Bounty_NothingToCollect",
      );
      const supply = await token.totalSupply();
      await passStage(scene);
      expect(supply - (await token.totalSupply())).to.equal(bond);
      expect(await board.creditOf(ann)).to.equal(BOUNTY);
      await expect(board.connect(middle).collect(bountyId, 1)).to.be.revertedWithCustomError(
        board,
        "Bounty_NothingToCollect",
      );
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
    });

    it("counts no seal that is never opened, for no verdict and no quorum, and burns what its weight could have earned", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, small, large, poster, token } = scene;
      const before = await token.balanceOf(large);
      await sealVote(scene, small, Verdict.False);
      await sealVote(scene, large, Verdict.Honest);
      const bond = before - (await token.balanceOf(large));
      expect(bond).to.equal((VOTER_PAY + 1n) / 2n);
      await passStage(scene);
      await board.connect(small).openVote(bountyId, Verdict.False, SALT);
      await networkHelpers.time.increaseTo((await board.bountyOf(bountyId)).stageEndsAt);
      // 20 of 100 are open, where 40 are needed.
      await expect(board.advance(bountyId))
        .to.emit(board, "VoteDecided")
        .withArgs(bountyId, 1, Verdict.False, false)
        .to.emit(board, "BondsBurned")
        .withArgs(bountyId, 1, bond);
      await expect(board.connect(large).openVote(bountyId, Verdict.Honest, SALT)).to.be.revertedWithCustomError(
        board,
        "Bounty_WrongStage",
      );
      expect(await stageOf(scene)).to.equal(Stage.Undecided);
      expect(await board.creditOf(poster)).to.equal(BOUNTY - BOUNTY / 2n);
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
      expect(await token.balanceOf(large)).to.equal(before - bond);
    });

    it("costs a voter less than 300,000 gas to seal and to open", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, small, middle } = scene;
      await sealVote(scene, small, Verdict.Honest);
      const seal = sealOf(bountyId, 1n, middle, Verdict.Honest);
      const sealing = await (await board.connect(middle).sealVote(bountyId, seal)).wait();
      await passStage(scene);
      const opening = await (await board.connect(middle).openVote(bountyId, Verdict.Honest, SALT)).wait();
      expect(sealing!.gasUsed + opening!.gasUsed).to.be.lessThan(300_000n);
    });

    it("that cannot have the scoring set is the poster's loss, not the candidate's", async () => {
      const scene = await fixture(annRevealed);
      const { board, middle, large, poster, stakes, ann } = scene;
      await decide(scene, Verdict.Unavailable, middle, large);
      expect(await stageOf(scene)).to.equal(Stage.Withheld);
      expect(await board.creditOf(poster)).to.equal(0n);
      expect(await emptyBoard(scene)).to.be.at.most(DUST);
      expect(await stakes.freeOf(ann)).to.equal(500n * GRIST);
    });

    it("is sealed and opened once, by those who had weight when the model was revealed, and not by the parties", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, pool, small, middle, stranger, poster, ann } = scene;
      const cast = (signer: typeof ann, verdict = Verdict.Honest as bigint) =>
        board.connect(signer).sealVote(bountyId, sealOf(bountyId, 1n, signer, verdict));
      await expect(cast(poster)).to.be.revertedWithCustomError(board, "Bounty_ConflictOfInterest");
      await expect(cast(ann)).to.be.revertedWithCustomError(board, "Bounty_ConflictOfInterest");
      await expect(cast(stranger)).to.be.revertedWithCustomError(board, "Bounty_NoWeight");
      await cast(small);
      await expect(cast(small, Verdict.False))
        .to.be.revertedWithCustomError(board, "Bounty_AlreadyVoted")
        .withArgs(bountyId, 1n, small);
      // Stake that comes later counts from the next epoch on, which is not the snapshot's.
      await pool.connect(stranger).enlist(400n * GRIST, stranger);
      await networkHelpers.mine(24);
      await expect(cast(stranger)).to.be.revertedWithCustomError(board, "Bounty_NoWeight");

      await cast(middle, Verdict.None);
      await passStage(scene);
      const open = (signer: typeof ann, verdict = Verdict.Honest as bigint) =>
        board.connect(signer).openVote(bountyId, verdict, SALT);
      await expect(open(middle, Verdict.None)).to.be.revertedWithCustomError(board, "Bounty_NoVerdict");
      await expect(open(small, Verdict.False)).to.be.revertedWithCustomError(board, "Bounty_WrongOpening");
      await expect(open(stranger))
        .to.be.revertedWithCustomError(board, "Bounty_NothingSealed")
        .withArgs(bountyId, 1n, stranger);
      await open(small);
      await expect(open(small)).to.be.revertedWithCustomError(board, "Bounty_AlreadyVoted");
    });

    it("counts stake once: it cannot leave its account and come back through another", async () => {
      const scene = await fixture(annRevealed);
      const { board, bountyId, pool, small, middle } = scene;
      await sealVote(scene, small, Verdict.Honest);
      await sealVote(scene, middle, Verdict.False);
      await passStage(scene);
      await board.connect(middle).openVote(bountyId, Verdict.False, SALT);
      const { honest, isFalse, totalWeight } = await board.ballotOf(bountyId, 1);
      expect([honest, isFalse, totalWeight]).to.deep.equal([0n, 30n * GRIST, 100n * GRIST]);
      await pool.connect(middle).resign();
      await networkHelpers.mineUpTo(await pool.releasableAt(middle));
      await expect(pool.connect(middle).release()).to.be.revertedWithCustomError(pool, "VerifierPool_StillLiable");
    });
  });

  it("releases nothing before the end, and nothing twice or of the struck", async () => {
    const scene = await fixture(annRevealed);
    const { board, bountyId, small, middle, large } = scene;
    await expect(board.release(bountyId, 0)).to.be.revertedWithCustomError(board, "Bounty_WrongStage");
    await decide(scene, Verdict.False, middle, large);
    await passStage(scene);
    await expect(board.release(bountyId, 0)).to.be.revertedWithCustomError(board, "Bounty_WrongStatus");
    await expect(board.connect(small).withdraw()).to.be.revertedWithCustomError(board, "Bounty_NoCredit");
  });

  it("lets no call in while it moves tokens, even if the token called back", async () => {
    const reentering = await ethers.deployContract("ReenteringToken", [await ethers.getSigners()]);
    const suite = await deployAround(reentering as unknown as Awaited<ReturnType<typeof deployBoard>>["token"]);
    const refused = new ethers.Interface(["error ReentrancyGuardReentrantCall()"]).encodeErrorResult(
      "ReentrancyGuardReentrantCall",
      [],
    );
    const scene = await postBounty(suite);
    const { board, bountyId, poster } = scene;
    const { interface: abi } = board;
    const calls = [
      abi.encodeFunctionData("withdraw"),
      abi.encodeFunctionData("advance", [bountyId]),
      abi.encodeFunctionData("cancel", [bountyId]),
      abi.encodeFunctionData("enter", [bountyId, ethers.id("inner")]),
      abi.encodeFunctionData("release", [bountyId, 0]),
      abi.encodeFunctionData("collect", [bountyId, 0]),
    ];
    for (const [index, attack] of calls.entries()) {
      await reentering.arm(attack);
      await expect(board.connect(poster).post(bountyParameters({ salt: ethers.id(`b${index}`) })))
        .to.emit(reentering, "Refused")
        .withArgs(refused);
    }
    await reentering.arm("0x");
    await passStage(scene);
    await reentering.arm(calls[0]!);
    await expect(board.connect(poster).withdraw()).to.emit(reentering, "Refused").withArgs(refused);
    expect(await board.creditOf(poster)).to.equal(0n);
  });

  it("makes the ranking a heap: a better loss costs no more than its levels, however many entries there are", async () => {
    const suite = await fixture(deployBoard);
    const scene = await postBounty(suite, { entryStake: 2n * VOTER_PAY + 1n, durations: LONG });
    const { board, bountyId, ann, bob, cid } = scene;
    const costs: bigint[] = [];
    for (let entry = 0; entry < 65; entry++) {
      const owner = [ann, bob, cid][entry % 3]!;
      await enter(scene, owner, `m${entry}`);
      const sent = await board.connect(owner).announce(bountyId, entry, BigInt(1_000 - entry));
      costs.push((await sent.wait())!.gasUsed);
    }
    // Each is the new best and rises to the top. Six levels: a word of each is read and two are written.
    expect(costs.at(-1)! - costs[1]!).to.be.lessThan(60_000n);
  });
});
