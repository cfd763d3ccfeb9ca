import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";

import {
  ALL_SLOTS,
  begin,
  CHALLENGE_SECONDS,
  commit,
  createTask,
  deploySuite,
  drawAll,
  ethers,
  FEE,
  fill,
  GRIST,
  inClosing,
  inSubmission,
  inTraining,
  joinAll,
  MACS,
  loadFixture,
  networkHelpers,
  open,
  passDeadline,
  passEpochs,
  Phase,
  phaseOf,
  revealTestSet,
  Role,
  type Scene,
  SCORE,
  seal,
  seedHeader,
  segmentId,
  settle,
  shareOf,
  STAKED,
  STATE,
  submit,
  cosignLog,
  ZERO,
} from "./scenario.ts";

/** What every account may withdraw, by the role it has in the scene. */
async function credits({ registry, client, miners, supervisor, evaluators, verifier }: Scene) {
  const of = (account: HardhatEthersSigner): Promise<bigint> => registry.creditOf(account);
  return {
    client: await of(client),
    miners: await Promise.all(miners.map(({ owner }) => of(owner))),
    supervisor: await of(supervisor.owner),
    evaluators: await Promise.all(evaluators.map(({ owner }) => of(owner))),
    verifier: await of(verifier),
  };
}

describe("a task's life", () => {
  it("goes through every phase and spends the fee to the last wei when all do their part", async () => {
    const suite = await loadFixture(deploySuite);
    const { token, registry, stakes, client, mint, verifier } = suite;
    const supply = await token.totalSupply();
    const scene = await createTask(suite);
    const { taskId } = scene;
    expect(await phaseOf(scene)).to.equal(Phase.Registration);
    expect(await token.balanceOf(registry)).to.equal(FEE);

    await fill(scene);
    expect(await phaseOf(scene)).to.equal(Phase.Seeding);
    expect(await stakes.lockedOf(suite.miners[0]!.owner)).to.equal(0n);
    expect(await token.totalSupply()).to.equal(supply);

    await begin(scene);
    expect(await stakes.lockedOf(suite.miners[0]!.owner)).to.equal(30n * GRIST);
    expect(await phaseOf(scene)).to.equal(Phase.Training);
    expect(await token.totalSupply()).to.equal(supply - shareOf(1_000));
    for (const slot of [0, 1, 2]) await commit(scene, slot, 3);
    for (let count = 0; count < 2; count++) await registry.connect(mint).creditAttestation(taskId, verifier);
    await passEpochs(scene, 1);
    for (const slot of [0, 1, 2]) await commit(scene, slot, 9);

    expect(await phaseOf(scene)).to.equal(Phase.Submission);
    await cosignLog(scene);
    for (const slot of [0, 1, 2]) await submit(scene, slot);
    expect(await phaseOf(scene)).to.equal(Phase.Reveal);
    await revealTestSet(scene);
    expect(await phaseOf(scene)).to.equal(Phase.EvaluationCommit);
    for (const evaluator of [0, 1, 2]) await seal(scene, evaluator);
    expect(await phaseOf(scene)).to.equal(Phase.EvaluationReveal);
    for (const evaluator of [0, 1, 2]) await open(scene, evaluator);
    expect(await phaseOf(scene)).to.equal(Phase.Closing);
    await settle(scene);
    expect(await phaseOf(scene)).to.equal(Phase.Settled);

    const miner = shareOf(5_000) / 3n + (shareOf(1_500) * 75n) / 100n / 3n;
    const evaluator = shareOf(1_000) / 3n;
    const attestation = shareOf(1_000) / 7n;
    const paid = 3n * miner + shareOf(500) + 3n * evaluator + 2n * attestation;
    expect(await credits(scene)).to.deep.equal({
      client: FEE - shareOf(1_000) - paid,
      miners: [miner, miner, miner],
      supervisor: shareOf(500),
      evaluators: [evaluator, evaluator, evaluator],
      verifier: 2n * attestation,
    });

    const everybody = [client, verifier, suite.supervisor.owner].concat(
      [...suite.miners, ...suite.evaluators].map(({ owner }) => owner),
    );
    for (const account of everybody) {
      const credit = await registry.creditOf(account);
      await expect(registry.connect(account).withdraw()).to.changeTokenBalances(
        ethers,
        token,
        [registry, account],
        [-credit, credit],
      );
      expect(await stakes.freeOf(account)).to.equal(STAKED);
      expect(await stakes.lockedOf(account)).to.equal(0n);
    }
    expect(await token.balanceOf(registry)).to.equal(0n);
    expect(await token.totalSupply()).to.equal(supply - shareOf(1_000));
  });

  it("shows everything that nodes need in its view", async () => {
    const scene = await loadFixture(inClosing);
    const { registry, client, taskId, parameters, beacon } = scene;
    const task = await registry.taskOf(taskId);
    expect(task.client).to.equal(client.address);
    expect(task.phase).to.equal(Phase.Closing);
    expect(task.phaseEndsAt).to.equal(BigInt(await networkHelpers.time.latest()) + CHALLENGE_SECONDS);
    expect([task.slotsJoined, task.supervisorsJoined, task.evaluatorsJoined]).to.deep.equal([3n, 1n, 3n]);
    expect([task.slots, task.segmentLength, task.iterations]).to.deep.equal([3n, 4n, 10n]);
    expect(task.macs).to.equal(MACS);
    expect(task.finalState).to.equal(STATE);
    expect(task.includedSlots).to.equal(ALL_SLOTS);
    expect(task.score.correct).to.equal(SCORE.correct);
    expect(task.scored).to.equal(true);
    expect(task.burned).to.equal(shareOf(1_000));
    let work = 0n;
    for (let epoch = 0n; epoch <= (await beacon.currentEpoch()); epoch++) work += await registry.workIn(epoch);
    expect(work).to.equal(30n * MACS);
    const [created] = await registry.queryFilter(registry.filters.TaskCreated(taskId));
    expect(created?.args.macs).to.equal(MACS);
    expect(created?.args.batches).to.equal(6n);
    expect(created?.args.parameters.program).to.equal(parameters.program);
  });

  it("derives the training seed from the proven header and the task's id", async () => {
    const suite = await loadFixture(deploySuite);
    const scene = await createTask(suite);
    await fill(scene);
    const header = await seedHeader(scene);
    const { seedBase } = await suite.registry.taskOf(scene.taskId);
    await networkHelpers.mine();
    const randomness = await suite.beacon.proveRandomness(seedBase, header);
    const seed = ethers.sha256(ethers.concat(["0x0d", randomness, scene.taskId]));
    await expect(suite.registry.proveTaskSeed(scene.taskId, header))
      .to.emit(suite.registry, "TaskSeeded")
      .withArgs(scene.taskId, seed);
    expect((await suite.registry.taskOf(scene.taskId)).trainingSeed).to.equal(ZERO);
    for (const role of [Role.Miner, Role.Supervisor, Role.Evaluator])
      expect((await suite.registry.assignmentOf(scene.taskId, role)).seed).to.equal(seed);
    await drawAll(scene);
    await joinAll(scene);
    expect((await suite.registry.taskOf(scene.taskId)).trainingSeed).to.equal(seed);
  });

  it("pays the others and not a miner that was killed and dropped, whose iterations stay in the sum", async () => {
    const scene = await loadFixture(inTraining);
    const { registry, stakes, miners, taskId, stranger } = scene;
    for (const slot of [0, 1, 2]) await commit(scene, slot, 3);
    await passEpochs(scene, 1);
    for (const slot of [0, 1]) await commit(scene, slot, 9);
    await passEpochs(scene, 2);
    await expect(registry.connect(stranger).dropSilent(taskId, 2)).to.emit(registry, "SlotDropped").withArgs(taskId, 2);
    expect(await phaseOf(scene)).to.equal(Phase.Submission);
    for (const slot of [0, 1]) await submit(scene, slot);
    await revealTestSet(scene);
    for (const evaluator of [0, 1, 2]) await seal(scene, evaluator);
    for (const evaluator of [0, 1, 2]) await open(scene, evaluator);
    await settle(scene);

    const paid = await credits(scene);
    const miner = shareOf(5_000) / 3n + (shareOf(1_500) * 75n) / 100n / 2n;
    expect(paid.miners).to.deep.equal([miner, miner, 0n]);
    expect(await stakes.lockedOf(miners[2]!.owner)).to.equal(0n);
    expect((await registry.slotOf(taskId, 2)).head).to.equal(segmentId(2, 3));
  });

  it("pays for the iterations committed when the deadline cuts the training short", async () => {
    const scene = await loadFixture(inTraining);
    await commit(scene, 0, 3);
    await commit(scene, 1, 7);
    await passDeadline(scene);
    for (const slot of [0, 1]) await submit(scene, slot, STATE, 0b011n);
    await revealTestSet(scene);
    for (const evaluator of [0, 1, 2]) await seal(scene, evaluator);
    for (const evaluator of [0, 1, 2]) await open(scene, evaluator);
    await settle(scene);

    const bonus = (shareOf(1_500) * 75n) / 100n;
    expect((await credits(scene)).miners).to.deep.equal([
      (shareOf(5_000) * 4n) / 30n + (bonus * 4n) / 12n,
      (shareOf(5_000) * 8n) / 30n + (bonus * 8n) / 12n,
      0n,
    ]);
  });

  it("lets the state of the majority win and pays only those that submitted it", async () => {
    const scene = await loadFixture(inSubmission);
    await submit(scene, 2, ethers.id("another state"));
    await submit(scene, 0);
    await submit(scene, 1);
    expect((await scene.registry.taskOf(scene.taskId)).finalState).to.equal(STATE);
    await passDeadline(scene); // the client reveals nothing
    await settle(scene);

    const miner = shareOf(5_000) / 3n + shareOf(1_500) / 2n;
    expect((await credits(scene)).miners).to.deep.equal([miner, miner, 0n]);
  });

  it("runs with a single miner and evaluator, and no supervisor", async () => {
    const scene = await createTask(await loadFixture(deploySuite), {
      slots: 1,
      minSlots: 1,
      supervisors: 0,
      supervisorStake: 0n,
      evaluators: 1,
      segmentLength: 64,
      iterations: 70,
    });
    await fill(scene);
    await begin(scene);
    await commit(scene, 0, 63);
    await passEpochs(scene, 1);
    await commit(scene, 0, 69);
    await submit(scene, 0, STATE, 1n);
    await revealTestSet(scene);
    await seal(scene, 0);
    await open(scene, 0);
    await settle(scene);
    expect((await credits(scene)).miners[0]).to.equal(shareOf(5_000) + (shareOf(1_500) * 75n) / 100n);
  });
});
