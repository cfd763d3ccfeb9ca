import { batchLeaf, commitTestSet, datasetRoot, encodeProgram } from "@gristmill/sdk";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import { snapshot } from "../../gas/snapshot.ts";
import { COURT } from "../disputes/court-scene.ts";
import { scoreOf } from "../disputes/evaluation-arena.ts";
import { ethers, loadFixture, networkHelpers } from "../tasks/scenario.ts";
import { ENTRY_STAKE, Stage, Status } from "./bounty-scene.ts";
import {
  batchesOf,
  BOUNTY,
  challenge,
  chunksOf,
  deployExact,
  dispute,
  emptied,
  enter,
  enterWith,
  exactParameters,
  type ExactScene,
  LEAST,
  modelOf,
  openingOf,
  passStage,
  placeOf,
  postExact,
  PROGRAM,
  publish,
  SEALED,
  SET_CHUNKS,
  SET_OPENING,
  SET_SALT,
  setChunksOf,
  stageOf,
  TEST_ROOT,
  withoutLoss,
} from "./exact-scene.ts";

const [FIRST, SECOND] = ["first", "second"]
  .map((name) => modelOf(name))
  .sort((a, b) => Number(scoreOf(a.truth).loss - scoreOf(b.truth).loss)) as [
  ReturnType<typeof modelOf>,
  ReturnType<typeof modelOf>,
];
const LIE = withoutLoss(FIRST.truth);

async function open(): Promise<ExactScene> {
  return postExact(await deployExact());
}

async function sealed(): Promise<ExactScene> {
  return postExact(await deployExact(), SEALED);
}

/** A liar is the candidate, its model is public; bob waits behind it with an honest one. */
async function lyingCandidate(): Promise<ExactScene> {
  const scene = await open();
  await enterWith(scene, scene.ann, FIRST, LIE);
  await enterWith(scene, scene.bob, SECOND);
  await passStage(scene);
  await publish(scene, scene.ann, FIRST);
  return scene;
}

/** An honest candidate whose model is public, alone. */
async function honestCandidate(): Promise<ExactScene> {
  const scene = await open();
  await enterWith(scene, scene.ann, FIRST);
  await passStage(scene);
  await publish(scene, scene.ann, FIRST);
  return scene;
}

async function gasOf(sent: ContractTransactionResponse): Promise<bigint> {
  return (await sent.wait())!.gasUsed;
}

describe("ExactBounties", () => {
  describe("without a dispute", () => {
    it("pays the best announced entry, and frees all stakes", async () => {
      const scene = await loadFixture(honestCandidate);
      const { exact, bountyId, ann } = scene;
      expect(await stageOf(scene)).to.equal(Stage.Challenge);
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Paid);
      expect(await exact.creditOf(ann)).to.equal(BOUNTY);
      await expect(exact.release(bountyId, 0)).to.emit(exact, "EntryReleased");
      expect(await emptied(scene)).to.equal(0n);
    });

    it("calls the earlier of two entries with the same loss", async () => {
      const scene = await loadFixture(open);
      await enterWith(scene, scene.bob, FIRST);
      await enterWith(scene, scene.ann, FIRST);
      await passStage(scene);
      const { candidate } = await scene.exact.bountyOf(scene.bountyId);
      expect((await scene.exact.entryOf(scene.bountyId, candidate)).owner).to.equal(scene.bob.address);
    });

    it("refuses a score that could not be disputed, a second one, a late one, and one of another's entry", async () => {
      const scene = await loadFixture(open);
      const { exact, bountyId, ann, bob } = scene;
      const entry = await enter(scene, ann, FIRST);
      const score = scoreOf(FIRST.truth);
      const own = exact.connect(ann);
      const noRoot = { ...score, root: ethers.ZeroHash };
      await expect(own.announce(bountyId, entry, noRoot)).to.be.revertedWithCustomError(exact, "Bounty_NoScore");
      await expect(exact.connect(bob).announce(bountyId, entry, score))
        .to.be.revertedWithCustomError(exact, "Bounty_NotTheOwner")
        .withArgs(bountyId, entry, bob.address, ann.address);
      await own.announce(bountyId, entry, score);
      await expect(own.announce(bountyId, entry, score)).to.be.revertedWithCustomError(exact, "Bounty_WrongStatus");
      const second = await enter(scene, ann, FIRST);
      await networkHelpers.time.increaseTo((await exact.bountyOf(bountyId)).stageEndsAt);
      await expect(own.announce(bountyId, second, score)).to.be.revertedWithCustomError(exact, "Bounty_WrongStage");
    });

    it("returns the bounty when nobody announces", async () => {
      const scene = await loadFixture(open);
      await enter(scene, scene.ann, FIRST);
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Returned);
      expect(await scene.exact.creditOf(scene.poster)).to.equal(BOUNTY);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("refuses windows too short to announce, publish or look, stakes too small to matter, and a set of nothing", async () => {
      const { exact, poster } = await loadFixture(deployExact);
      const { durations } = exactParameters();
      for (const stage of ["announcing", "reveal", "challenge"] as const) {
        const short = exactParameters({ durations: { ...durations, [stage]: LEAST - 1 } });
        await expect(exact.connect(poster).post(short))
          .to.be.revertedWithCustomError(exact, "Bounty_ParameterOutOfRange")
          .withArgs(`durations.${stage}`, LEAST - 1, LEAST, 365 * 86_400);
      }
      const cheap = exactParameters({ entryStake: BOUNTY / 10n });
      await expect(exact.connect(poster).post(cheap))
        .to.be.revertedWithCustomError(exact, "Bounty_ParameterOutOfRange")
        .withArgs("entryStake", BOUNTY / 10n, BOUNTY / 10n + 1n, 2n ** 128n - 1n);
      const empty = exactParameters({ testBatches: 0 });
      await expect(exact.connect(poster).post(empty))
        .to.be.revertedWithCustomError(exact, "Bounty_ParameterOutOfRange")
        .withArgs("testBatches", 0, 1, 2 ** 32 - 1);
    });
  });

  describe("publishing", () => {
    it("takes a model in parts and in order, from the candidate alone", async () => {
      const scene = await loadFixture(open);
      const { exact, bountyId, ann, bob } = scene;
      await enterWith(scene, ann, FIRST);
      await passStage(scene);
      const own = exact.connect(ann);
      const opening = openingOf(FIRST);
      const chunks = chunksOf(FIRST);
      expect(chunks).to.have.length(3);
      await expect(own.publishModel(bountyId, opening, [chunks[1]!])).to.be.revertedWithCustomError(
        exact,
        "Publication_WrongLength",
      );
      await expect(exact.connect(bob).publishModel(bountyId, opening, chunks)).to.be.revertedWithCustomError(
        exact,
        "Bounty_NotTheOwner",
      );
      const other = { ...opening, program: encodeProgram({ ...PROGRAM, q0: 1 }) };
      await expect(own.publishModel(bountyId, other, chunks)).to.be.revertedWithCustomError(
        exact,
        "Bounty_WrongProgram",
      );
      await expect(own.publishModel(bountyId, openingOf(SECOND), chunks)).to.be.revertedWithCustomError(
        exact,
        "Bounty_WrongOpening",
      );
      const wrong = { ...chunks[0]!, weights: `0x01${chunks[0]!.weights.slice(4)}` };
      await expect(own.publishModel(bountyId, opening, [wrong]))
        .to.be.revertedWithCustomError(exact, "Publication_Unbound")
        .withArgs("weights");
      await expect(own.publishModel(bountyId, opening, [...chunks, chunks[0]!])).to.be.revertedWithCustomError(
        exact,
        "Bounty_NothingLeft",
      );

      await own.publishModel(bountyId, opening, [chunks[0]!]);
      await expect(own.publishModel(bountyId, opening, [chunks[0]!])).to.be.revertedWithCustomError(
        exact,
        "Publication_WrongLength",
      );
      expect((await exact.entryOf(bountyId, 0)).leaf).to.equal(32n);
      await expect(own.publishModel(bountyId, opening, chunks.slice(1))).to.emit(exact, "StatePublished");
      expect(await stageOf(scene)).to.equal(Stage.Challenge);
    });

    it("takes rows of more than one leaf", async () => {
      const wide = { ...PROGRAM, sizes: [1_100, 3, 3] };
      const set = batchesOf(wide, 1, 3);
      const model = modelOf("wide", wide, set);
      const scene = await postExact(await loadFixture(deployExact), {
        program: encodeProgram(wide),
        testBatches: 0,
        scoring: 1,
        scoringCommitment: commitTestSet({
          testRoot: datasetRoot(set.map(batchLeaf)),
          testBatches: set.length,
          salt: SET_SALT,
        }),
      });
      const { exact, bountyId, ann, poster } = scene;
      const entry = await enter(scene, ann, model);
      await passStage(scene);
      const opened = { program: encodeProgram(wide), testRoot: datasetRoot(set.map(batchLeaf)), testBatches: 1 };
      await exact.connect(poster).publishSet(bountyId, { ...opened, salt: SET_SALT }, setChunksOf(set));
      await exact.connect(ann).announce(bountyId, entry, scoreOf(model.truth));
      await passStage(scene);
      const chunks = chunksOf(model, wide);
      await exact.connect(ann).publishModel(bountyId, openingOf(model, wide), chunks);
      expect(await stageOf(scene)).to.equal(Stage.Challenge);
    });

    it("strikes a candidate that publishes half of its model, and calls the next", async () => {
      const scene = await loadFixture(open);
      const { exact, bountyId, ann, bob, stakes } = scene;
      await enterWith(scene, ann, FIRST);
      await enterWith(scene, bob, SECOND);
      await passStage(scene);
      const [half] = chunksOf(FIRST);
      await exact.connect(ann).publishModel(bountyId, openingOf(FIRST), [half!]);
      await passStage(scene);
      expect((await exact.entryOf(bountyId, 0)).status).to.equal(Status.Struck);
      expect(await stakes.lockedFor(ann, exact, bountyId)).to.equal(0n);
      expect((await exact.bountyOf(bountyId)).candidate).to.equal(1n);
      await publish(scene, bob, SECOND);
      await passStage(scene);
      expect(await exact.creditOf(bob)).to.equal(BOUNTY);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("takes a sealed set batch by batch from its poster, and opens announcing with the last", async () => {
      const scene = await loadFixture(sealed);
      const { exact, bountyId, ann, poster, stranger } = scene;
      const entry = await enter(scene, ann, FIRST);
      const score = scoreOf(FIRST.truth);
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Unsealing);
      const own = exact.connect(poster);
      await expect(exact.connect(stranger).publishSet(bountyId, SET_OPENING, SET_CHUNKS)).to.be.revertedWithCustomError(
        exact,
        "Bounty_NotThePoster",
      );
      await expect(own.publishSet(bountyId, { ...SET_OPENING, testBatches: 5 }, [])).to.be.revertedWithCustomError(
        exact,
        "Bounty_WrongOpening",
      );
      await expect(own.publishSet(bountyId, SET_OPENING, [SET_CHUNKS[1]!]))
        .to.be.revertedWithCustomError(exact, "Publication_Unbound")
        .withArgs("batch");
      await expect(
        own.publishSet(bountyId, SET_OPENING, [...SET_CHUNKS, SET_CHUNKS[0]!]),
      ).to.be.revertedWithCustomError(exact, "Bounty_NothingLeft");
      await own.publishSet(bountyId, SET_OPENING, SET_CHUNKS.slice(0, 2));
      await expect(exact.connect(ann).announce(bountyId, entry, score)).to.be.revertedWithCustomError(
        exact,
        "Bounty_WrongStage",
      );
      await own.publishSet(bountyId, SET_OPENING, SET_CHUNKS.slice(2));
      expect((await exact.bountyOf(bountyId)).testRoot).to.equal(TEST_ROOT);
      await exact.connect(ann).announce(bountyId, entry, score);
      await passStage(scene);
      await publish(scene, ann, FIRST);
      await passStage(scene);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("refuses a sealed set of nothing, or of batches that the program cannot take", async () => {
      const suite = await loadFixture(deployExact);
      const tall = batchesOf({ ...PROGRAM, batch: 4 }, 2, 5);
      for (const [set, error] of [
        [[], "Bounty_ParameterOutOfRange"],
        [tall, "Publication_WrongLength"],
      ] as const) {
        const testRoot = set.length === 0 ? TEST_ROOT : datasetRoot(set.map(batchLeaf));
        const secret = { testRoot, testBatches: set.length, salt: SET_SALT };
        const scene = await postExact(suite, {
          ...SEALED,
          salt: ethers.id(error),
          scoringCommitment: commitTestSet(secret),
        });
        await enter(scene, scene.ann, FIRST);
        await passStage(scene);
        const chunks = set.length === 0 ? [] : setChunksOf(set);
        const own = scene.exact.connect(scene.poster);
        await expect(
          own.publishSet(scene.bountyId, { ...secret, program: encodeProgram(PROGRAM) }, chunks),
        ).to.be.revertedWithCustomError(scene.exact, error);
      }
    });

    it("costs a poster that keeps back one batch its right to refuse: half burns, half is shared", async () => {
      const scene = await loadFixture(sealed);
      const { exact, bountyId, ann, bob, poster, token } = scene;
      await enter(scene, ann, FIRST);
      await enter(scene, bob, SECOND);
      await passStage(scene);
      await exact.connect(poster).publishSet(bountyId, SET_OPENING, SET_CHUNKS.slice(1, 1));
      await exact.connect(poster).publishSet(bountyId, SET_OPENING, SET_CHUNKS.slice(0, -1));
      const supply = await token.totalSupply();
      await passStage(scene);
      expect(await stageOf(scene)).to.equal(Stage.Withheld);
      expect(await exact.creditOf(poster)).to.equal(0n);
      const share = BOUNTY / 4n;
      expect(supply - (await token.totalSupply())).to.equal(BOUNTY - 2n * share);
      for (const entry of [0, 1]) await exact.release(bountyId, entry);
      expect(await exact.creditOf(ann)).to.equal(share);
      expect(await exact.creditOf(bob)).to.equal(share);
      expect(await emptied(scene)).to.equal(0n);
    });
  });

  describe("in a dispute", () => {
    it("strikes and bans a liar down to one element, pays the challenger half its stake, and then the next best", async () => {
      const scene = await loadFixture(lyingCandidate);
      const { exact, bountyId, ann, bob, challenger, stakes, token } = scene;
      const free = await stakes.freeOf(challenger);
      const supply = await token.totalSupply();
      const { winner, names } = await dispute(scene, 0, { owner: ann, told: LIE, truth: FIRST.truth });
      expect(winner).to.equal("challenger");
      expect(names.at(-1)).to.equal("refuteElement");
      expect((await exact.entryOf(bountyId, 0)).status).to.equal(Status.Struck);
      expect(await exact.isBanned(ann)).to.equal(true);
      expect(await stakes.freeOf(challenger)).to.equal(free + ENTRY_STAKE / 2n);
      expect(supply - (await token.totalSupply())).to.equal(ENTRY_STAKE / 2n);

      expect(await stageOf(scene)).to.equal(Stage.Reveal);
      await publish(scene, bob, SECOND);
      await passStage(scene);
      expect(await exact.creditOf(bob)).to.equal(BOUNTY);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("costs a false challenger its bond, and the honest candidate nothing but time", async () => {
      const scene = await loadFixture(honestCandidate);
      const { exact, bountyId, ann, challenger, stakes } = scene;
      const [free, own] = [await stakes.freeOf(challenger), await stakes.freeOf(ann)];
      const { winner } = await dispute(scene, 0, { owner: ann, told: FIRST.truth, truth: FIRST.truth });
      expect(winner).to.equal("defender");
      expect(await stakes.freeOf(challenger)).to.equal(free - COURT.bond);
      expect(await stakes.freeOf(ann)).to.equal(own + COURT.bond / 2n);
      expect((await exact.entryOf(bountyId, 0)).status).to.equal(Status.Announced);
      await passStage(scene);
      expect(await exact.creditOf(ann)).to.equal(BOUNTY);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("stands still while a challenge is open or waits, and then runs on with what was left", async () => {
      const scene = await loadFixture(honestCandidate);
      const { exact, court, bountyId, ann, stranger } = scene;
      await networkHelpers.time.increase(1_000);
      const { stageEndsAt } = await exact.bountyOf(bountyId);
      const first = dispute(scene, 0, { owner: ann, told: FIRST.truth, truth: FIRST.truth });
      expect((await first).winner).to.equal("defender");
      const [suspended] = await exact.queryFilter(exact.filters.ChallengeSuspended());
      const [resumed] = await exact.queryFilter(exact.filters.ChallengeResumed());
      const left = stageEndsAt - BigInt((await suspended!.getBlock()).timestamp);
      expect(resumed!.args.endsAt - BigInt((await resumed!.getBlock()).timestamp)).to.equal(left);

      const open = await challenge(scene, 0);
      const waiting = await challenge(scene, 0, stranger);
      await networkHelpers.time.increase(100_000);
      await court.connect(stranger).retract(waiting);
      await exact.advance(bountyId);
      expect(await stageOf(scene)).to.equal(Stage.Challenge);
      expect((await exact.bountyOf(bountyId)).stageEndsAt).to.equal(2n ** 64n - 1n);
      await expect(court.retract(open)).to.be.revertedWithCustomError(court, "Court_WrongState");
    });

    it("is lost by a candidate that is silent at its clock", async () => {
      const scene = await loadFixture(honestCandidate);
      const { exact, court, bountyId, poster } = scene;
      const disputeId = await challenge(scene, 0);
      await networkHelpers.time.increase(Number(COURT.moveSeconds) + 1);
      await court.expire(disputeId);
      await court.close(disputeId);
      expect((await exact.entryOf(bountyId, 0)).status).to.equal(Status.Struck);
      // Nobody is left: the bounty goes back.
      expect(await exact.creditOf(poster)).to.equal(BOUNTY);
      expect(await emptied(scene)).to.equal(0n);
    });

    it("lets who waited behind a conviction take everything back, and the next challenge begin", async () => {
      const scene = await loadFixture(lyingCandidate);
      const { court, stakes, stranger, bob, exact, bountyId } = scene;
      const free = await stakes.freeOf(stranger);
      const first = await challenge(scene, 0);
      const waiting = await challenge(scene, 0, stranger);
      await networkHelpers.time.increase(Number(COURT.moveSeconds) + 1);
      await court.expire(first);
      await court.close(first);
      expect(await stageOf(scene)).to.equal(Stage.Reveal);
      await court.retract(waiting);
      expect(await stakes.freeOf(stranger)).to.equal(free);
      expect(await court.creditOf(stranger)).to.be.greaterThan(0n);

      await publish(scene, bob, SECOND);
      await challenge(scene, 1);
      // The court lets go of the place that is lost: the other one's window stands still all the same.
      await court.callNext(await placeOf(scene, 0));
      expect((await exact.bountyOf(bountyId)).stageEndsAt).to.equal(2n ** 64n - 1n);
    });

    it("gives a liar that convicts itself nothing back", async () => {
      const scene = await loadFixture(lyingCandidate);
      const { ann, stakes, token } = scene;
      const free = await stakes.freeOf(ann);
      const supply = await token.totalSupply();
      const { winner } = await dispute(scene, 0, { owner: ann, told: LIE, truth: FIRST.truth, by: ann });
      expect(winner).to.equal("challenger");
      expect(await stakes.freeOf(ann)).to.equal(free);
      expect(supply - (await token.totalSupply())).to.equal(ENTRY_STAKE);
    });

    it("passes over the other entries of a banned liar at once, and frees their stakes", async () => {
      const scene = await loadFixture(open);
      const { exact, bountyId, ann, bob, stakes } = scene;
      await enterWith(scene, ann, FIRST, LIE);
      await enterWith(scene, ann, SECOND, withoutLoss(SECOND.truth, 3));
      await enterWith(scene, bob, SECOND);
      await passStage(scene);
      const { candidate } = await exact.bountyOf(bountyId);
      const [model, told] = candidate === 0n ? [FIRST, LIE] : [SECOND, withoutLoss(SECOND.truth, 3)];
      await publish(scene, ann, model);
      await dispute(scene, Number(candidate), { owner: ann, told, truth: model.truth });
      await exact.advance(bountyId);
      const view = await exact.bountyOf(bountyId);
      expect([view.candidate, view.struck]).to.deep.equal([2n, 2n]);
      expect(await stakes.lockedFor(ann, exact, bountyId)).to.equal(0n);
      expect((await exact.entryOf(bountyId, 2)).owner).to.equal(bob.address);
    });

    it("takes no challenge before the model is public, nor after the window, nor of another place", async () => {
      const scene = await loadFixture(open);
      const { exact, game, bountyId, ann } = scene;
      await enterWith(scene, ann, FIRST);
      const { taskId } = await placeOf(scene, 0);
      await expect(game.challenge(taskId, 0)).to.be.revertedWithCustomError(game, "EvaluationGame_NothingToDispute");
      await passStage(scene);
      await expect(game.challenge(taskId, 0)).to.be.revertedWithCustomError(game, "EvaluationGame_NothingToDispute");
      await publish(scene, ann, FIRST);
      await expect(game.challenge(taskId, 1)).to.be.revertedWithCustomError(game, "EvaluationGame_NothingToDispute");
      await networkHelpers.time.increaseTo((await exact.bountyOf(bountyId)).stageEndsAt);
      await expect(challenge(scene, 0))
        .to.be.revertedWithCustomError(exact, "Bounty_NotChallengeable")
        .withArgs(taskId);
      await exact.advance(bountyId);
      expect(await exact.creditOf(ann)).to.equal(BOUNTY);
    });

    it("is the court's alone to carry out", async () => {
      const { exact, court, poster, ...rest } = await loadFixture(honestCandidate);
      const { taskId, role, index } = await placeOf({ exact, court, poster, ...rest }, 0);
      for (const call of [
        exact.connect(poster).suspend(taskId, role, index),
        exact.connect(poster).resume(taskId, role, index),
        exact.connect(poster).convict(taskId, role, index, poster),
      ])
        await expect(call).to.be.revertedWithCustomError(exact, "Bounty_NotTheCourt").withArgs(poster.address);
      await expect(exact.wire(court)).to.be.revertedWithCustomError(exact, "Wired_AlreadyWired");
    });
  });

  it("costs no more than 100 gas a published weight, and known amounts besides", async () => {
    const suite = await loadFixture(deployExact);
    const { exact, poster, ann } = suite;
    snapshot("exact-bounties: post", await gasOf(await exact.connect(poster).post(exactParameters())));
    const scene = await postExact(suite, { ...SEALED, salt: ethers.id("sealed") });
    const { bountyId } = scene;
    await enter(scene, ann, FIRST);
    await passStage(scene);
    const set = exact.connect(poster).publishSet(bountyId, SET_OPENING, SET_CHUNKS);
    snapshot("exact-bounties: publishSet, 6 batches of 3 x 6", await gasOf(await set));
    const announced = exact.connect(ann).announce(bountyId, 0, scoreOf(FIRST.truth));
    snapshot("exact-bounties: announce", await gasOf(await announced));
    await passStage(scene);
    const chunks = chunksOf(FIRST);
    const model = exact.connect(ann).publishModel(bountyId, openingOf(FIRST), chunks);
    snapshot("exact-bounties: publishModel, 363 weights", await gasOf(await model));

    const large = { ...PROGRAM, sizes: [784, 32, 10] };
    const heavy = modelOf("heavy", large, batchesOf(large, 1, 2));
    const dear = await postExact(suite, { salt: ethers.id("dear"), program: encodeProgram(large), testBatches: 1 });
    await enterWith(dear, ann, heavy);
    await passStage(dear);
    const whole = exact.connect(ann).publishModel(dear.bountyId, openingOf(heavy, large), chunksOf(heavy, large));
    const gas = await gasOf(await whole);
    snapshot("exact-bounties: publishModel, 25,450 weights", gas, 100n * 25_450n);
  });
});
