import { expect } from "chai";

import {
  ALL_SLOTS,
  commit,
  ethers,
  inClosing,
  inEvaluationCommit,
  inEvaluationReveal,
  inReveal,
  inSubmission,
  inTraining,
  loadFixture,
  open,
  passDeadline,
  passEpochs,
  Phase,
  phaseOf,
  revealTestSet,
  Role,
  SCORE,
  SCORE_SALT,
  seal,
  sealOf,
  STATE,
  submit,
  TEST_SET,
  ZERO,
} from "./scenario.ts";

const OTHER = ethers.id("another state");
const SEAL = ethers.id("a seal");

describe("TaskEvaluation", () => {
  describe("submitState", () => {
    it("counts votes for pairs of state and slots, and the leader changes with the majority", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, miners, taskId } = scene;
      await submit(scene, 0, OTHER);
      expect((await registry.taskOf(taskId)).finalState).to.equal(OTHER);
      await submit(scene, 1, STATE, 0b011n);
      expect((await registry.taskOf(taskId)).finalState).to.equal(OTHER); // the first keeps a tie
      await expect(registry.connect(miners[2]!.owner).submitState(taskId, 2, STATE, 0b011n))
        .to.emit(registry, "StateSubmitted")
        .withArgs(taskId, 2, STATE, 0b011n, 2);
      const task = await registry.taskOf(taskId);
      expect([task.finalState, task.includedSlots]).to.deep.equal([STATE, 0b011n]);
      const [other, agreeing] = await Promise.all([registry.slotOf(taskId, 0), registry.slotOf(taskId, 1)]);
      expect([other.submittedState, other.agrees]).to.deep.equal([OTHER, false]);
      expect([agreeing.submittedState, agreeing.agrees]).to.deep.equal([STATE, true]);
    });

    it("takes the same state over other slots for another choice", async () => {
      const scene = await loadFixture(inSubmission);
      await submit(scene, 0, STATE, 0b001n);
      await submit(scene, 1, STATE, 0b011n);
      await submit(scene, 2, STATE, 0b111n);
      expect((await scene.registry.taskOf(scene.taskId)).includedSlots).to.equal(0b001n);
      const agreeing = [0, 1, 2].map(async (slot) => (await scene.registry.slotOf(scene.taskId, slot)).agrees);
      expect(await Promise.all(agreeing)).to.deep.equal([true, false, false]);
    });

    it("refuses a second vote of a slot", async () => {
      const scene = await loadFixture(inSubmission);
      await submit(scene, 0);
      await expect(submit(scene, 0, OTHER))
        .to.be.revertedWithCustomError(scene.registry, "Registry_AlreadyDone")
        .withArgs(scene.taskId, Role.Miner, 0);
    });

    it("refuses anybody but the slot's owner and operator", async () => {
      const { registry, miners, taskId } = await loadFixture(inSubmission);
      await expect(registry.connect(miners[1]!.operator).submitState(taskId, 0, STATE, ALL_SLOTS))
        .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
        .withArgs(taskId, Role.Miner, 0, miners[1]!.operator.address);
    });

    it("refuses a state of zero, no slots, and slots without a head, however far up", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, taskId } = scene;
      await expect(submit(scene, 0, ZERO))
        .to.be.revertedWithCustomError(registry, "Registry_Empty")
        .withArgs("stateId");
      for (const slots of [0n, 0b1111n, 1n << 79n, 1n << 80n, 1n << 127n]) {
        await expect(submit(scene, 0, STATE, slots))
          .to.be.revertedWithCustomError(registry, "Registry_NotIncludable")
          .withArgs(taskId, slots, ALL_SLOTS);
      }
    });

    it("refuses a slot that has committed nothing, and does not wait for it", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, taskId } = scene;
      await commit(scene, 0, 3);
      await commit(scene, 1, 3);
      await passDeadline(scene);
      await expect(submit(scene, 2, STATE, 0b011n))
        .to.be.revertedWithCustomError(registry, "Registry_NothingCommitted")
        .withArgs(taskId, 2);
      await submit(scene, 0, STATE, 0b011n);
      await submit(scene, 1, STATE, 0b011n);
      expect(await phaseOf(scene)).to.equal(Phase.Reveal);
    });

    it("lets a dropped slot's committed iterations stay in the sum", async () => {
      const scene = await loadFixture(inTraining);
      for (const slot of [0, 1, 2]) await commit(scene, slot, 3);
      await passEpochs(scene, 1);
      for (const slot of [0, 1]) await commit(scene, slot, 9);
      await passEpochs(scene, 3);
      await scene.registry.dropSilent(scene.taskId, 2);
      await submit(scene, 0, STATE, ALL_SLOTS);
      expect((await scene.registry.taskOf(scene.taskId)).includedSlots).to.equal(ALL_SLOTS);
    });

    it("refuses before and after Submission", async () => {
      const scene = await loadFixture(inReveal);
      await expect(submit(scene, 0))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Reveal);
    });
  });

  describe("revealTestSet", () => {
    it("opens what the client committed to and tells where it is", async () => {
      const { registry, client, taskId } = await loadFixture(inReveal);
      const { root, batches, salt } = TEST_SET;
      await expect(registry.connect(client).revealTestSet(taskId, root, batches, salt, "bafytestset"))
        .to.emit(registry, "TestSetRevealed")
        .withArgs(taskId, root, batches, "bafytestset");
      const task = await registry.taskOf(taskId);
      expect([task.phase, task.testRoot, task.testBatches]).to.deep.equal([Phase.EvaluationCommit, root, batches]);
    });

    it("refuses another test set than the one committed to", async () => {
      const { registry, client, taskId, parameters } = await loadFixture(inReveal);
      const other = ethers.id("easier");
      const opened = ethers.keccak256(
        ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint32", "bytes32"], [other, 5, TEST_SET.salt]),
      );
      await expect(registry.connect(client).revealTestSet(taskId, other, 5, TEST_SET.salt, "bafy"))
        .to.be.revertedWithCustomError(registry, "Registry_SealMismatch")
        .withArgs(taskId, parameters.testCommitment, opened);
    });

    it("refuses anybody but the client, a missing address, and a second time", async () => {
      const scene = await loadFixture(inReveal);
      const { registry, client, stranger, taskId } = scene;
      const { root, batches, salt } = TEST_SET;
      await expect(registry.connect(stranger).revealTestSet(taskId, root, batches, salt, "bafy"))
        .to.be.revertedWithCustomError(registry, "Registry_NotTheClient")
        .withArgs(stranger.address, client.address);
      await expect(registry.connect(client).revealTestSet(taskId, root, batches, salt, ""))
        .to.be.revertedWithCustomError(registry, "Registry_ParameterOutOfRange")
        .withArgs("manifest.length", 0, 1, 256);
      await revealTestSet(scene);
      await expect(revealTestSet(scene))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.EvaluationCommit);
    });

    it("refuses before the state is agreed on and after the deadline", async () => {
      const scene = await loadFixture(inSubmission);
      await expect(revealTestSet(scene))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Submission);
      for (const slot of [0, 1, 2]) await submit(scene, slot);
      await passDeadline(scene);
      await expect(revealTestSet(scene))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Closing);
    });
  });

  describe("commitScore and revealScore", () => {
    it("seal and open one score each, by owner or operator", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, evaluators, taskId } = scene;
      await expect(registry.connect(evaluators[0]!.owner).commitScore(taskId, 0, sealOf(scene, 0)))
        .to.emit(registry, "ScoreSealed")
        .withArgs(taskId, 0, sealOf(scene, 0));
      await seal(scene, 1);
      await seal(scene, 2);
      await expect(registry.connect(evaluators[0]!.owner).revealScore(taskId, 0, SCORE, SCORE_SALT))
        .to.emit(registry, "ScoreRevealed")
        .withArgs(taskId, 0, [SCORE.correct, SCORE.loss, SCORE.root], 1);
    });

    it("refuse a second seal, an empty one, and others' places", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, evaluators, taskId } = scene;
      await seal(scene, 0);
      await expect(seal(scene, 0))
        .to.be.revertedWithCustomError(registry, "Registry_AlreadyDone")
        .withArgs(taskId, Role.Evaluator, 0);
      const [, second] = evaluators;
      await expect(registry.connect(second!.operator).commitScore(taskId, 1, ZERO))
        .to.be.revertedWithCustomError(registry, "Registry_Empty")
        .withArgs("sealedScore");
      await expect(registry.connect(second!.operator).commitScore(taskId, 2, SEAL))
        .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
        .withArgs(taskId, Role.Evaluator, 2, second!.operator.address);
      await expect(registry.connect(second!.operator).commitScore(taskId, 3, SEAL))
        .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
        .withArgs(taskId, Role.Evaluator, 3, second!.operator.address);
    });

    it("make a copied seal worthless: it cannot be opened from another place", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, evaluators, taskId } = scene;
      await seal(scene, 0);
      await registry.connect(evaluators[1]!.operator).commitScore(taskId, 1, sealOf(scene, 0));
      await seal(scene, 2);
      await open(scene, 0); // and with that the score and the salt are public
      await expect(open(scene, 1))
        .to.be.revertedWithCustomError(registry, "Registry_SealMismatch")
        .withArgs(taskId, sealOf(scene, 0), sealOf(scene, 1));
    });

    it("refuse to open another score, twice, or what was never sealed", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, taskId } = scene;
      await seal(scene, 0);
      await seal(scene, 2);
      await passDeadline(scene);
      const better = { ...SCORE, correct: 200n };
      await expect(open(scene, 0, better))
        .to.be.revertedWithCustomError(registry, "Registry_SealMismatch")
        .withArgs(taskId, sealOf(scene, 0), sealOf(scene, 0, better));
      await open(scene, 0);
      await expect(open(scene, 0))
        .to.be.revertedWithCustomError(registry, "Registry_AlreadyDone")
        .withArgs(taskId, Role.Evaluator, 0);
      await expect(open(scene, 1))
        .to.be.revertedWithCustomError(registry, "Registry_NothingSealed")
        .withArgs(taskId, 1);
    });

    it("refuse to open while others can still seal", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      await seal(scene, 0);
      await expect(open(scene, 0))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.EvaluationCommit);
    });

    it("refuse to seal once others open", async () => {
      const scene = await loadFixture(inEvaluationReveal);
      await expect(seal(scene, 0))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.EvaluationReveal);
    });

    it("let the score of the majority win, and the first keeps a tie", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, taskId } = scene;
      const wrong = { ...SCORE, correct: 1n };
      await seal(scene, 0, wrong);
      await seal(scene, 1);
      await seal(scene, 2);
      await open(scene, 0, wrong);
      await open(scene, 1);
      expect((await registry.taskOf(taskId)).score.correct).to.equal(1n);
      await open(scene, 2);
      expect((await registry.taskOf(taskId)).score.correct).to.equal(SCORE.correct);
    });

    it("are over in Closing", async () => {
      const scene = await loadFixture(inClosing);
      await expect(open(scene, 0))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Closing);
    });
  });
});
