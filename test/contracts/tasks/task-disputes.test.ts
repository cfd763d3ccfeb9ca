import { expect } from "chai";

import {
  ALL_SLOTS,
  begin,
  commit,
  convict,
  createTask,
  deploySuite,
  ethers,
  FEE,
  fill,
  GRIST,
  inClosing,
  inEvaluationCommit,
  inJoining,
  inReveal,
  inSubmission,
  inTraining,
  join,
  loadFixture,
  MACS,
  networkHelpers,
  passChallenges,
  passClaims,
  passDeadline,
  passEpochs,
  Phase,
  phaseOf,
  resume,
  Role,
  type Scene,
  SCORE,
  segmentId,
  settle,
  shareOf,
  STAKED,
  STATE,
  submit,
  suspend,
  TEST_SET,
} from "./scenario.ts";

const { time } = networkHelpers;

const MINER_STAKE = 30n * GRIST;
const { Miner, Supervisor, Evaluator } = Role;

async function inHalfOfTraining(): Promise<Scene> {
  const scene = await inTraining();
  for (const slot of [0, 1, 2]) await commit(scene, slot, 3);
  return scene;
}

/** One slot of three has submitted. */
async function inVoting(): Promise<Scene> {
  const scene = await inSubmission();
  await submit(scene, 1);
  return scene;
}

async function creditsOf({ registry }: Scene, workers: Scene["miners"]): Promise<bigint[]> {
  return Promise.all(workers.map(({ owner }) => registry.creditOf(owner)));
}

describe("TaskDisputes", () => {
  describe("the court's calls", () => {
    it("are refused to anybody else, the mint and the deployer included", async () => {
      const { registry, mint, stranger, taskId } = await loadFixture(inClosing);
      const [deployer] = await ethers.getSigners();
      for (const caller of [deployer!, mint, stranger]) {
        const own = registry.connect(caller);
        for (const call of [
          own.suspend(taskId, Miner, 0),
          own.resume(taskId, Miner, 0),
          own.convict(taskId, Miner, 0, caller),
        ])
          await expect(call).to.be.revertedWithCustomError(registry, "Registry_NotTheCourt").withArgs(caller);
      }
    });

    it("are refused where there is nothing to convict of", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, court, stranger, taskId } = scene;
      const own = registry.connect(court);
      await convict(scene, Miner, 2);
      for (const [role, index] of [
        [Miner, 2], // convicted already
        [Miner, 3], // not taken
        [Supervisor, 0],
        [Evaluator, 0], // no score revealed
      ] as const) {
        for (const call of [own.suspend(taskId, role, index), own.convict(taskId, role, index, stranger)])
          await expect(call)
            .to.be.revertedWithCustomError(registry, "Registry_NotConvictable")
            .withArgs(taskId, role, index);
      }
    });

    it("are refused once the task is settled", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, court, taskId } = scene;
      await settle(scene);
      for (const call of [registry.connect(court).suspend(taskId, Miner, 0), convict(scene, Miner, 0)])
        await expect(call).to.be.revertedWithCustomError(registry, "Registry_AlreadySettled").withArgs(taskId);
    });
  });

  describe("conviction of a slot", () => {
    it("burns half of its stake and gives a quarter each to the accuser and the honest slots", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, stakes, token, stranger, miners, client, taskId } = scene;
      const quarter = MINER_STAKE / 4n;
      const call = convict(scene, Miner, 2);
      await expect(call).to.changeTokenBalances(ethers, token, [stakes, registry], [-3n * quarter, quarter]);
      await expect(call)
        .to.emit(registry, "MemberConvicted")
        .withArgs(taskId, Miner, 2, stranger, quarter, quarter)
        .and.to.emit(stakes, "Slashed")
        .withArgs(miners[2]!.owner, registry, taskId, MINER_STAKE, 2n * quarter, stranger, quarter);
      expect(await stakes.freeOf(stranger)).to.equal(STAKED + quarter);

      await settle(scene);
      const bonus = (shareOf(1_500) * 75n) / 100n;
      const each = shareOf(5_000) / 3n + (bonus + quarter) / 2n;
      expect(await creditsOf(scene, miners)).to.deep.equal([each, each, 0n]);
      // What the convicted slot would have been paid for its work is not earned by anybody.
      expect(await registry.creditOf(client)).to.be.at.least(shareOf(5_000) / 3n);
      const free = await Promise.all(miners.map(({ owner }) => stakes.freeOf(owner)));
      expect(free).to.deep.equal([STAKED, STAKED, STAKED - MINER_STAKE]);
    });

    it("gives nothing back to an accuser that is the slot's owner or operator", async () => {
      for (const key of ["owner", "operator"] as const) {
        const scene = await loadFixture(inTraining);
        const { stakes, token, miners } = scene;
        const accuser = miners[0]![key];
        const free = await stakes.freeOf(accuser);
        const supply = await token.totalSupply();
        await convict(scene, Miner, 0, accuser);
        expect(await stakes.freeOf(accuser)).to.equal(free);
        expect(await token.totalSupply()).to.equal(supply - (3n * MINER_STAKE) / 4n);
      }
    });

    it("costs a client at least half that mines in its own task and has a friend convict it", async () => {
      const suite = await loadFixture(deploySuite);
      const own = [{ owner: suite.client, operator: suite.miners[0]!.operator }];
      const scene = await createTask({ ...suite, miners: own }, { slots: 1, minSlots: 1 });
      const { registry, stakes, client, stranger: friend } = scene;
      await fill(scene);
      await begin(scene);
      await commit(scene, 0, 9);
      await convict(scene, Miner, 0, friend);
      expect(await phaseOf(scene)).to.equal(Phase.Failed);
      await settle(scene);
      const back = (await stakes.freeOf(client)) + (await stakes.freeOf(friend)) - 2n * STAKED;
      const forfeits = (await registry.creditOf(client)) - (FEE - shareOf(1_000));
      expect(forfeits).to.equal(MINER_STAKE / 4n);
      expect(back + forfeits).to.equal(-MINER_STAKE / 2n);
    });

    it("takes one place's stake from an owner of several, and leaves the others what they were", async () => {
      const suite = await loadFixture(deploySuite);
      const { owner } = suite.miners[1]!;
      // A slot's and the supervisor's, whose stakes are in one lock.
      const scene = await createTask({ ...suite, supervisor: { ...suite.supervisor, owner } });
      const { stakes, registry, taskId } = scene;
      const supervisorStake = BigInt(scene.parameters.supervisorStake);
      await fill(scene);
      await begin(scene);
      await convict(scene, Miner, 1);
      expect(await stakes.lockedFor(owner, registry, taskId)).to.equal(supervisorStake);
      for (const slot of [0, 2]) await commit(scene, slot, 9);
      for (const slot of [0, 2]) await submit(scene, slot, STATE, 0b101n);
      await passDeadline(scene);
      await settle(scene);
      expect(await stakes.lockedOf(owner)).to.equal(0n);
      expect(await stakes.freeOf(owner)).to.equal(STAKED - MINER_STAKE);
    });

    it("takes the slot out of the training, which ends when the others are finished", async () => {
      const scene = await loadFixture(inHalfOfTraining);
      const { registry, miners, taskId } = scene;
      await convict(scene, Miner, 0);
      await passEpochs(scene, 1);
      await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, 9, segmentId(0, 9), STATE))
        .to.be.revertedWithCustomError(registry, "Registry_SlotIsDropped")
        .withArgs(taskId, 0);
      const { dropped, convicted } = await registry.slotOf(taskId, 0);
      expect([dropped, convicted]).to.deep.equal([true, true]);
      await commit(scene, 1, 9);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
      await commit(scene, 2, 9);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
    });

    it("ends the training when only the convicted slot was unfinished, and fails it when all are convicted", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, stakes, client, miners, taskId } = scene;
      for (const slot of [0, 1]) await commit(scene, slot, 9);
      await convict(scene, Miner, 2);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
      await convict(scene, Miner, 0);
      await expect(convict(scene, Miner, 1))
        .to.emit(registry, "PhaseEntered")
        .withArgs(taskId, Phase.Failed, 0n);
      await settle(scene);
      // The client gets what all three forfeited, for there is nobody else.
      expect(await registry.creditOf(client)).to.equal(FEE - shareOf(1_000) + (3n * MINER_STAKE) / 4n);
      for (const { owner } of miners) expect(await stakes.lockedOf(owner)).to.equal(0n);
    });

    it("reaches a slot that was dropped as silent before", async () => {
      const scene = await loadFixture(inHalfOfTraining);
      const { registry, taskId } = scene;
      await passEpochs(scene, 3);
      await registry.dropSilent(taskId, 2);
      await expect(convict(scene, Miner, 2)).to.emit(registry, "MemberConvicted");
      for (const slot of [0, 1]) await commit(scene, slot, 9);
      await expect(submit(scene, 0))
        .to.be.revertedWithCustomError(registry, "Registry_NotIncludable")
        .withArgs(taskId, ALL_SLOTS, 0b011n);
    });

    it("starts submissions over with a fresh deadline, and refuses every state that includes the slot", async () => {
      const scene = await loadFixture(inVoting);
      const { registry, miners, taskId } = scene;
      await submit(scene, 0);
      await time.increase(2_000);
      await convict(scene, Miner, 0);
      const now = BigInt(await time.latest());
      const task = await registry.taskOf(taskId);
      expect([task.phase, task.phaseEndsAt]).to.deep.equal([Phase.Submission, now + 3_000n]);
      expect([task.finalState, task.includedSlots]).to.deep.equal([ethers.ZeroHash, 0n]);
      expect((await registry.slotOf(taskId, 1)).submittedState).to.equal(ethers.ZeroHash);

      await expect(submit(scene, 1))
        .to.be.revertedWithCustomError(registry, "Registry_NotIncludable")
        .withArgs(taskId, ALL_SLOTS, 0b110n);
      await expect(
        registry.connect(miners[0]!.operator).submitState(taskId, 0, STATE, 0b110n),
      ).to.be.revertedWithCustomError(registry, "Registry_SlotIsDropped");
      const votes = registry.connect(miners[1]!.operator).submitState(taskId, 1, STATE, 0b110n);
      await expect(votes).to.emit(registry, "StateSubmitted").withArgs(taskId, 1, STATE, 0b110n, 1);
      await submit(scene, 2, STATE, 0b110n);
      expect(await phaseOf(scene)).to.equal(Phase.Reveal);
    });

    it("does not count votes of an earlier attempt, also for the same state", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, miners, taskId } = scene;
      await submit(scene, 0, STATE, 0b011n);
      await convict(scene, Miner, 2);
      const vote = registry.connect(miners[1]!.operator).submitState(taskId, 1, STATE, 0b011n);
      await expect(vote).to.emit(registry, "StateSubmitted").withArgs(taskId, 1, STATE, 0b011n, 1);
    });

    it("leaves the final state as it is from Reveal on, and pays the slot nothing", async () => {
      const scene = await loadFixture(inReveal);
      const { registry, miners, taskId } = scene;
      await convict(scene, Miner, 0);
      const { phase, finalState, includedSlots } = await registry.taskOf(taskId);
      expect([phase, finalState, includedSlots]).to.deep.equal([Phase.Reveal, STATE, ALL_SLOTS]);
      await passDeadline(scene);
      await settle(scene);
      const each = shareOf(5_000) / 3n + (shareOf(1_500) + MINER_STAKE / 4n) / 2n;
      expect(await creditsOf(scene, miners)).to.deep.equal([0n, each, each]);
    });

    it("breaks no account even in Joining, where no court has a reason", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, stakes, token, client, miners } = scene;
      await join(scene, Miner, miners[0]!);
      await convict(scene, Miner, 0);
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Cancelled);
      await settle(scene);
      expect(await registry.creditOf(client)).to.equal(FEE + MINER_STAKE / 4n);
      expect(await token.balanceOf(registry)).to.equal(FEE + MINER_STAKE / 4n);
      expect(await stakes.lockedOf(miners[0]!.owner)).to.equal(0n);
    });

    it("right before the settlement still takes pay and stake", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, miners } = scene;
      await passClaims(scene);
      await passChallenges(scene);
      await convict(scene, Miner, 1);
      await registry.settle(scene.taskId);
      expect(await registry.creditOf(miners[1]!.owner)).to.equal(0n);
      expect(await scene.stakes.freeOf(miners[1]!.owner)).to.equal(STAKED - MINER_STAKE);
    });
  });

  describe("suspension", () => {
    it("shows in the place, and its blocks add up", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, miners, taskId } = scene;
      const [{ owner, operator }] = miners as [Scene["miners"][number]];
      const place = [owner.address, operator.address, MINER_STAKE, false];
      await suspend(scene, Miner, 0);
      await networkHelpers.mine(3);
      expect(await registry.placeOf(taskId, Miner, 0)).to.deep.equal([...place, true, 0n]);
      await expect(registry.connect(scene.court).resume(taskId, Miner, 0))
        .to.emit(registry, "MemberResumed")
        .withArgs(taskId, Miner, 0, 4n);
      await suspend(scene, Miner, 0);
      await resume(scene, Miner, 0);
      expect(await registry.placeOf(taskId, Miner, 0)).to.deep.equal([...place, false, 5n]);
      const nobody = [ethers.ZeroAddress, ethers.ZeroAddress, 0n, false, false, 0n];
      expect(await registry.placeOf(taskId, Miner, 3)).to.deep.equal(nobody);
    });

    it("counts once, however often the court says it", async () => {
      const scene = await loadFixture(inReveal);
      const { registry, court, taskId } = scene;
      await suspend(scene, Miner, 0);
      await expect(registry.connect(court).suspend(taskId, Miner, 0)).not.to.emit(registry, "MemberSuspended");
      await resume(scene, Miner, 0);
      await expect(registry.connect(court).resume(taskId, Miner, 0)).not.to.emit(registry, "MemberResumed");
      await passDeadline(scene);
      await settle(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Settled);
    });

    it("keeps Submission open although all have submitted, until the dispute is over", async () => {
      const scene = await loadFixture(inVoting);
      await suspend(scene, Miner, 2);
      for (const slot of [0, 2]) await submit(scene, slot);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
      await time.increase(20_000);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
      await expect(scene.registry.connect(scene.court).resume(scene.taskId, Miner, 2))
        .to.emit(scene.registry, "PhaseEntered")
        .withArgs(scene.taskId, Phase.Reveal, BigInt(await time.latest()) + 1n + 4_000n);
    });

    it("moves Submission's deadline on by exactly the time for which it stood still", async () => {
      const scene = await loadFixture(inVoting);
      const { registry, taskId } = scene;
      const { phaseEndsAt } = await registry.taskOf(taskId);
      const from = phaseEndsAt - 1_000n;
      await time.setNextBlockTimestamp(from);
      await suspend(scene, Miner, 0);
      await time.increaseTo(phaseEndsAt + 500n);
      // A second dispute changes nothing, and the view goes along with the clock.
      await suspend(scene, Miner, 1);
      await resume(scene, Miner, 0);
      await time.increaseTo(phaseEndsAt + 9_000n);
      expect((await registry.taskOf(taskId)).phaseEndsAt).to.equal(phaseEndsAt + 10_000n);
      await time.setNextBlockTimestamp(phaseEndsAt + 9_500n);
      await resume(scene, Miner, 1);
      expect((await registry.taskOf(taskId)).phaseEndsAt).to.equal(phaseEndsAt + 10_500n);

      await time.setNextBlockTimestamp(phaseEndsAt + 10_400n);
      await suspend(scene, Miner, 0);
      await time.setNextBlockTimestamp(phaseEndsAt + 10_450n);
      await resume(scene, Miner, 0);
      await time.increaseTo(phaseEndsAt + 10_549n);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
      await time.increaseTo(phaseEndsAt + 10_550n);
      expect(await phaseOf(scene)).to.equal(Phase.Reveal);
    });

    it("holds up a Submission that began unnoticed, from its beginning on", async () => {
      const scene = await loadFixture(inHalfOfTraining);
      const { registry, taskId } = scene;
      await suspend(scene, Miner, 0);
      const { phaseEndsAt: trainingEnds } = await registry.taskOf(taskId);
      await time.increaseTo(trainingEnds + 5_000n);
      const { phase, phaseEndsAt } = await registry.taskOf(taskId);
      expect([phase, phaseEndsAt]).to.deep.equal([Phase.Submission, trainingEnds + 8_000n]);
      await time.setNextBlockTimestamp(trainingEnds + 6_000n);
      await resume(scene, Miner, 0);
      expect((await registry.taskOf(taskId)).phaseEndsAt).to.equal(trainingEnds + 9_000n);
    });

    it("does not bring back a phase whose deadline had passed before", async () => {
      const scene = await loadFixture(inVoting);
      await passDeadline(scene);
      await suspend(scene, Miner, 0);
      expect(await phaseOf(scene)).to.equal(Phase.Reveal);
    });

    it("keeps the task from being settled, and moves the settlement by the longest pause of a slot", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, beacon, taskId } = scene;
      await suspend(scene, Miner, 0);
      await suspend(scene, Miner, 1);
      await networkHelpers.mine(7);
      await resume(scene, Miner, 1);
      await passClaims(scene);
      await networkHelpers.mine(40);
      await passChallenges(scene);
      await time.increase(20_000);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_Disputed")
        .withArgs(taskId, 1);
      await resume(scene, Miner, 0);
      const { pausedBlocks } = await registry.placeOf(taskId, Miner, 0);
      expect(pausedBlocks).to.be.greaterThan((await registry.placeOf(taskId, Miner, 1)).pausedBlocks);
      await passChallenges(scene);
      const settlesAt = (await beacon.settlesAt((await registry.taskOf(taskId)).lastCommitEpoch)) + pausedBlocks;
      await networkHelpers.mineUpTo(settlesAt - 2n);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_TooEarly")
        .withArgs(taskId, settlesAt);
      // The refused call took a block.
      await expect(registry.settle(taskId)).to.emit(registry, "TaskSettled");
    });

    it("of an evaluator stops the challenge window of Closing, and no claim's", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, taskId } = scene;
      const { phaseEndsAt } = await registry.taskOf(taskId);
      await suspend(scene, Evaluator, 0);
      const since = BigInt(await time.latest());
      await time.setNextBlockTimestamp(since + 30_000n);
      await resume(scene, Evaluator, 0);
      expect((await registry.taskOf(taskId)).phaseEndsAt).to.equal(phaseEndsAt + 30_000n);
      await passClaims(scene);
      await time.setNextBlockTimestamp(phaseEndsAt + 30_000n);
      await expect(registry.settle(taskId)).to.emit(registry, "TaskSettled");
    });

    it("ends with a conviction", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, court, taskId } = scene;
      await suspend(scene, Miner, 0);
      await convict(scene, Miner, 0);
      const { convicted, suspended } = await registry.placeOf(taskId, Miner, 0);
      expect([convicted, suspended]).to.deep.equal([true, false]);
      await expect(registry.connect(court).resume(taskId, Miner, 0)).not.to.emit(registry, "MemberResumed");
      await settle(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Settled);
    });

    it("of one slot is lifted by its conviction, while another's goes on holding up the new attempt", async () => {
      const scene = await loadFixture(inVoting);
      const { registry, taskId } = scene;
      await suspend(scene, Miner, 0);
      await suspend(scene, Miner, 2);
      await time.increase(2_000);
      await convict(scene, Miner, 0);
      const restarted = BigInt(await time.latest());
      await time.setNextBlockTimestamp(restarted + 500n);
      await resume(scene, Miner, 2);
      expect((await registry.taskOf(taskId)).phaseEndsAt).to.equal(restarted + 3_500n);
    });
  });

  describe("lean views", () => {
    it("show a claim all that it is checked by", async () => {
      const { registry, beacon, miners, taskId } = await loadFixture(inSubmission);
      const epoch = (await registry.slotOf(taskId, 1)).lastCommitEpoch;
      const { owner, operator } = miners[1]!;
      const root = ethers.id("root 1 9");
      const context = [owner.address, operator.address, false, 0n, MINER_STAKE, MACS, 4n, 0n, 9n, root];
      expect(await registry.claimContextOf(taskId, 1, epoch)).to.deep.equal(context);
      const other = await registry.claimContextOf(taskId, 1, (await beacon.currentEpoch()) + 1n);
      expect(other.segmentsRoot).to.equal(ethers.ZeroHash);
      expect(await registry.burnedOf(taskId)).to.equal(shareOf(1_000));
    });

    it("show a dispute over a segment or a score what it is judged by", async () => {
      const { registry, taskId } = await loadFixture(inClosing);
      const hash = await registry.parametersOf(taskId);
      const { trainingSeed } = await registry.taskOf(taskId);
      const training = [hash, trainingSeed, MACS, 10n, 4n, 3n, Phase.Closing];
      expect(await registry.trainingOf(taskId)).to.deep.equal(training);
      const { root, batches } = TEST_SET;
      expect(await registry.scoringOf(taskId)).to.deep.equal([hash, STATE, root, batches, Phase.Closing]);
      const [score, revealed] = await registry.scoreOf(taskId, 2);
      expect([score.correct, score.loss, score.root]).to.deep.equal(Object.values(SCORE));
      expect(revealed).to.equal(true);
    });

    it("show no score that is only sealed", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, taskId } = scene;
      await registry.connect(scene.evaluators[0]!.operator).commitScore(taskId, 0, ethers.id("seal"));
      const [score, revealed] = await registry.scoreOf(taskId, 0);
      expect([score.root, revealed]).to.deep.equal([ethers.ZeroHash, false]);
    });
  });
});
