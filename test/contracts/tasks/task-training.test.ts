import { expect } from "chai";

import {
  begin,
  commit,
  drawAll,
  ethers,
  FEE,
  inSeeding,
  inSubmission,
  inTraining,
  join,
  MACS,
  loadFixture,
  networkHelpers,
  passDeadline,
  passEpochs,
  Phase,
  phaseOf,
  Role,
  type Scene,
  seedHeader,
  segmentId,
  settle,
  shareOf,
  ZERO,
} from "./scenario.ts";

const ROOT = ethers.id("root");
const ID = ethers.id("segment");

/** Training as fresh as an epoch, so that calls of one test fall into one epoch. */
async function atEpochStart(): Promise<Scene> {
  const scene = await inTraining();
  await passEpochs(scene, 1);
  return scene;
}

describe("TaskTraining", () => {
  describe("proveTaskSeed", () => {
    it("leads to Drawing, and nothing is burned or locked before the last place is taken", async () => {
      const scene = await loadFixture(inSeeding);
      const { registry, token, taskId } = scene;
      const header = await seedHeader(scene);
      await expect(registry.proveTaskSeed(taskId, header)).to.changeTokenBalance(ethers, token, registry, 0n);
      expect(await phaseOf(scene)).to.equal(Phase.Drawing);
      await drawAll(scene);
      for (const miner of scene.miners) await join(scene, Role.Miner, miner);
      await join(scene, Role.Supervisor, scene.supervisor);
      for (const evaluator of scene.evaluators.slice(1)) await join(scene, Role.Evaluator, evaluator);
      const [last] = scene.evaluators;
      const beginning = registry.connect(last!.owner).join(taskId, Role.Evaluator, last!.operator);
      await expect(beginning).to.changeTokenBalance(ethers, token, registry, -shareOf(1_000));
      const { trainingSeed } = await registry.taskOf(taskId);
      await expect(beginning).to.emit(registry, "TrainingBegun").withArgs(taskId, trainingSeed, shareOf(1_000));
      expect(trainingSeed).not.to.equal(ZERO);
    });

    it("refuses a header that is too early, of another block, or forged", async () => {
      const scene = await loadFixture(inSeeding);
      const { registry, beacon, taskId } = scene;
      await expect(registry.proveTaskSeed(taskId, "0xc0")).to.be.revertedWithCustomError(
        beacon,
        "EpochBeacon_TooEarly",
      );
      const header = await seedHeader(scene);
      await expect(registry.proveTaskSeed(taskId, `${header.slice(0, -2)}00`)).to.be.revertedWithCustomError(
        beacon,
        "EpochBeacon_ForgedHeader",
      );
      await networkHelpers.mine(25); // past the proving window
      await expect(registry.proveTaskSeed(taskId, header)).to.be.revertedWithCustomError(
        beacon,
        "EpochBeacon_WrongBlock",
      );
      await begin(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
    });

    it("refuses a second time, so that nobody draws again", async () => {
      const scene = await loadFixture(inTraining);
      await expect(scene.registry.proveTaskSeed(scene.taskId, "0xc0"))
        .to.be.revertedWithCustomError(scene.registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Training);
    });

    it("cancels with a full refund when nobody proves it in time", async () => {
      const scene = await loadFixture(inSeeding);
      const { registry, client, taskId } = scene;
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Cancelled);
      await expect(registry.proveTaskSeed(taskId, "0xc0"))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Cancelled);
      await settle(scene);
      expect(await registry.creditOf(client)).to.equal(FEE);
    });
  });

  describe("commit", () => {
    it("stores head, range and work, under the operator's key or the owner's", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, beacon, miners, taskId } = scene;
      const epoch = await beacon.epochAt(BigInt(await ethers.provider.getBlockNumber()) + 1n);
      await expect(registry.connect(miners[0]!.owner).commit(taskId, 0, 7, ID, ROOT))
        .to.emit(registry, "Committed")
        .withArgs(taskId, 0, epoch, 0, 7, ID, ROOT);
      await commit(scene, 1, 3);
      expect(await registry.commitOf(taskId, 0, epoch)).to.deep.equal([0n, 7n, ID, ROOT]);
      expect(await registry.workIn(epoch)).to.equal(12n * MACS);
      const slot = await registry.slotOf(taskId, 0);
      expect([slot.next, slot.lastCommitEpoch, slot.head]).to.deep.equal([8n, epoch, ID]);

      await passEpochs(scene, 1);
      await commit(scene, 0, 9);
      expect(await registry.commitOf(taskId, 0, epoch + 1n)).to.deep.equal([
        8n,
        9n,
        segmentId(0, 9),
        ethers.id("root 0 9"),
      ]);
      expect(await registry.workIn(epoch + 1n)).to.equal(2n * MACS);
    });

    it("refuses a second commit in an epoch", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, beacon, miners, taskId } = scene;
      await commit(scene, 0, 3);
      const epoch = await beacon.currentEpoch();
      await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, 7, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_AlreadyCommitted")
        .withArgs(taskId, 0, epoch);
    });

    it("refuses anybody else, another slot's operator included", async () => {
      const { registry, miners, stranger, client, taskId } = await loadFixture(atEpochStart);
      for (const caller of [stranger, client, miners[1]!.operator, miners[1]!.owner]) {
        await expect(registry.connect(caller).commit(taskId, 0, 3, ID, ROOT))
          .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
          .withArgs(taskId, Role.Miner, 0, caller.address);
      }
    });

    it("refuses a slot that nobody took", async () => {
      const { registry, stranger, taskId } = await loadFixture(atEpochStart);
      await expect(registry.connect(stranger).commit(taskId, 79, 3, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
        .withArgs(taskId, Role.Miner, 79, stranger.address);
    });

    it("refuses to go back, to stand still, and to go beyond the last iteration", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, miners, taskId } = scene;
      await commit(scene, 0, 7);
      await passEpochs(scene, 1);
      for (const last of [3, 7, 10, 2 ** 32 - 1]) {
        await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, last, ID, ROOT))
          .to.be.revertedWithCustomError(registry, "Registry_LastOutOfRange")
          .withArgs(taskId, 0, last, 8, 10);
      }
      await commit(scene, 0, 9);
      await passEpochs(scene, 1);
      await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, 9, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_LastOutOfRange")
        .withArgs(taskId, 0, 9, 10, 10);
    });

    it("refuses to end within a segment, but for the slot's last", async () => {
      const { registry, miners, taskId } = await loadFixture(atEpochStart);
      for (const last of [0, 2, 8]) {
        await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, last, ID, ROOT))
          .to.be.revertedWithCustomError(registry, "Registry_NotASegmentEnd")
          .withArgs(taskId, last, 4);
      }
    });

    it("refuses empty ids", async () => {
      const { registry, miners, taskId } = await loadFixture(atEpochStart);
      const operator = registry.connect(miners[0]!.operator);
      await expect(operator.commit(taskId, 0, 3, ZERO, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_Empty")
        .withArgs("segmentId");
      await expect(operator.commit(taskId, 0, 3, ID, ZERO))
        .to.be.revertedWithCustomError(registry, "Registry_Empty")
        .withArgs("segmentsRoot");
    });

    it("refuses before the seed is drawn", async () => {
      const { registry, miners, taskId } = await loadFixture(inSeeding);
      await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, 3, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Seeding);
    });

    it("refuses after the deadline, although nobody has noticed that it passed", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, miners, taskId } = scene;
      await commit(scene, 1, 3);
      await passDeadline(scene);
      await expect(registry.connect(miners[0]!.operator).commit(taskId, 0, 3, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Submission);
    });

    it("begins Submission with the last slot's last iteration", async () => {
      const scene = await loadFixture(atEpochStart);
      await commit(scene, 0, 9);
      await commit(scene, 1, 9);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
      await commit(scene, 2, 9);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
      expect((await scene.registry.taskOf(scene.taskId)).phaseEndsAt).to.equal(
        BigInt(await networkHelpers.time.latest()) + 3_000n,
      );
    });
  });

  describe("dropSilent", () => {
    it("waits for whole silent epochs since the last commit", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, beacon, taskId } = scene;
      await commit(scene, 0, 3);
      const epoch = await beacon.currentEpoch();
      await passEpochs(scene, 2);
      await expect(registry.dropSilent(taskId, 0))
        .to.be.revertedWithCustomError(registry, "Registry_NotSilent")
        .withArgs(taskId, 0, epoch + 3n);
      await passEpochs(scene, 1);
      await expect(registry.dropSilent(taskId, 0)).to.emit(registry, "SlotDropped").withArgs(taskId, 0);
      expect((await registry.slotOf(taskId, 0)).dropped).to.equal(true);
    });

    it("counts from the epoch in which training began for a slot that never committed", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, beacon, taskId } = scene;
      const epoch = await beacon.currentEpoch();
      await passEpochs(scene, 2);
      await expect(registry.dropSilent(taskId, 2))
        .to.be.revertedWithCustomError(registry, "Registry_NotSilent")
        .withArgs(taskId, 2, epoch + 3n);
      await passEpochs(scene, 1);
      await expect(registry.dropSilent(taskId, 2)).to.emit(registry, "SlotDropped");
    });

    it("spares a slot that commits at the last moment", async () => {
      const scene = await loadFixture(atEpochStart);
      await passEpochs(scene, 3);
      await commit(scene, 0, 3);
      await expect(scene.registry.dropSilent(scene.taskId, 0)).to.be.revertedWithCustomError(
        scene.registry,
        "Registry_NotSilent",
      );
    });

    it("refuses a finished slot, a dropped one, and one that nobody took", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, taskId } = scene;
      await commit(scene, 0, 9);
      await passEpochs(scene, 4);
      await expect(registry.dropSilent(taskId, 0))
        .to.be.revertedWithCustomError(registry, "Registry_SlotIsFinished")
        .withArgs(taskId, 0);
      await registry.dropSilent(taskId, 1);
      await expect(registry.dropSilent(taskId, 1))
        .to.be.revertedWithCustomError(registry, "Registry_SlotIsDropped")
        .withArgs(taskId, 1);
      await expect(registry.dropSilent(taskId, 3))
        .to.be.revertedWithCustomError(registry, "Registry_NotAMember")
        .withArgs(taskId, Role.Miner, 3, ethers.ZeroAddress);
    });

    it("ends the training when only finished slots remain", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, taskId } = scene;
      await commit(scene, 0, 9);
      await passEpochs(scene, 4);
      await registry.dropSilent(taskId, 1);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
      await registry.dropSilent(taskId, 2);
      expect(await phaseOf(scene)).to.equal(Phase.Submission);
    });

    it("fails the task when all slots are dropped; the client gets all but the burn", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, client, taskId } = scene;
      await passEpochs(scene, 4);
      for (const slot of [0, 1, 2]) await registry.dropSilent(taskId, slot);
      expect(await phaseOf(scene)).to.equal(Phase.Failed);
      await settle(scene);
      expect(await registry.creditOf(client)).to.equal(FEE - shareOf(1_000));
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_AlreadySettled")
        .withArgs(taskId);
    });

    it("keeps a dropped slot from committing and from submitting", async () => {
      const scene = await loadFixture(atEpochStart);
      const { registry, miners, taskId } = scene;
      await commit(scene, 2, 3);
      await passEpochs(scene, 4);
      await registry.dropSilent(taskId, 2);
      const operator = registry.connect(miners[2]!.operator);
      await expect(operator.commit(taskId, 2, 7, ID, ROOT))
        .to.be.revertedWithCustomError(registry, "Registry_SlotIsDropped")
        .withArgs(taskId, 2);
      await commit(scene, 0, 9);
      await commit(scene, 1, 9);
      await expect(operator.submitState(taskId, 2, ID, 0b100n))
        .to.be.revertedWithCustomError(registry, "Registry_SlotIsDropped")
        .withArgs(taskId, 2);
    });

    it("refuses once training is over", async () => {
      const { registry, taskId } = await loadFixture(inSubmission);
      await expect(registry.dropSilent(taskId, 0))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Submission);
    });
  });
});
