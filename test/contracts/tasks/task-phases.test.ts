import { expect } from "chai";

import {
  applyFor,
  CHALLENGE_SECONDS,
  commit,
  createTask,
  deploySuite,
  FEE,
  inClosing,
  inDrawing,
  inEvaluationCommit,
  inEvaluationReveal,
  inJoining,
  inRegistration,
  inReveal,
  inSeeding,
  inSubmission,
  inTraining,
  loadFixture,
  networkHelpers,
  passDeadline,
  Phase,
  phaseOf,
  Role,
  type Scene,
  settle,
  shareOf,
  STAKED,
  submit,
  ZERO,
} from "./scenario.ts";

const { time } = networkHelpers;

/** Who applied, and where that leads at the deadline. */
interface Turnout {
  readonly miners: number;
  readonly supervisors: number;
  readonly evaluators: number;
  readonly then: bigint;
}

async function turnOut(scene: Scene, { miners, supervisors, evaluators }: Turnout): Promise<void> {
  for (const miner of scene.miners.slice(0, miners)) await applyFor(scene, Role.Miner, miner);
  for (const worker of [scene.supervisor].slice(0, supervisors)) await applyFor(scene, Role.Supervisor, worker);
  for (const evaluator of scene.evaluators.slice(0, evaluators)) await applyFor(scene, Role.Evaluator, evaluator);
}

async function inUnusedSubmission(): Promise<Scene> {
  const scene = await inTraining();
  await commit(scene, 0, 3);
  await passDeadline(scene);
  return scene;
}

describe("TaskPhases", () => {
  const turnouts: readonly Turnout[] = [
    { miners: 2, supervisors: 1, evaluators: 1, then: Phase.Seeding },
    { miners: 3, supervisors: 1, evaluators: 2, then: Phase.Seeding },
    { miners: 1, supervisors: 1, evaluators: 3, then: Phase.Cancelled },
    { miners: 3, supervisors: 0, evaluators: 3, then: Phase.Cancelled },
    { miners: 3, supervisors: 1, evaluators: 0, then: Phase.Cancelled },
    { miners: 0, supervisors: 0, evaluators: 0, then: Phase.Cancelled },
  ];
  for (const turnout of turnouts) {
    const { miners, supervisors, evaluators, then } = turnout;
    const outcome = then === Phase.Seeding ? "is seeded" : "is cancelled with a full refund";
    it(`${outcome} at the deadline with ${miners} miners, ${supervisors} supervisors, ${evaluators} evaluators`, async () => {
      const scene = await loadFixture(inRegistration);
      const { registry, client, taskId } = scene;
      await turnOut(scene, turnout);
      expect(await phaseOf(scene)).to.equal(Phase.Registration);
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(then);
      await registry.advance(taskId);
      expect(await phaseOf(scene)).to.equal(then);
      if (then === Phase.Seeding) return;
      await settle(scene);
      expect(await registry.creditOf(client)).to.equal(FEE);
    });
  }

  it("counts the seed's block from the transaction that begins Seeding", async () => {
    const scene = await loadFixture(inRegistration);
    const { registry, taskId } = scene;
    await turnOut(scene, turnouts[0]!);
    await passDeadline(scene);
    expect((await registry.taskOf(taskId)).seedBase).to.equal(0n);
    const transaction = await registry.advance(taskId);
    expect((await registry.taskOf(taskId)).seedBase).to.equal(BigInt(transaction.blockNumber!));
  });

  it("lets a phase begin when the one before was over, not when somebody noticed", async () => {
    const scene = await loadFixture(inTraining);
    const { registry, taskId } = scene;
    await commit(scene, 0, 3);
    const { phaseEndsAt } = await registry.taskOf(taskId);
    await time.increaseTo(phaseEndsAt + 1_000n);
    await expect(registry.advance(taskId))
      .to.emit(registry, "PhaseEntered")
      .withArgs(taskId, Phase.Submission, phaseEndsAt + 3_000n);
  });

  it("carries out several transitions at once, and the view shows the same before", async () => {
    const scene = await loadFixture(inTraining);
    const { registry, taskId } = scene;
    await commit(scene, 0, 3);
    const { phaseEndsAt } = await registry.taskOf(taskId);
    await time.increaseTo(phaseEndsAt + 3_000n);
    expect(await phaseOf(scene)).to.equal(Phase.Failed);
    const advancing = registry.advance(taskId);
    for (const [phase, endsAt] of [
      [Phase.Submission, phaseEndsAt + 3_000n],
      [Phase.Failed, 0n],
    ] as const) {
      await expect(advancing).to.emit(registry, "PhaseEntered").withArgs(taskId, phase, endsAt);
    }
  });

  it("ends a phase with nothing to wait for when it begins, whenever somebody notices", async () => {
    const scene = await loadFixture(inEvaluationCommit);
    const { registry, taskId } = scene;
    const { phaseEndsAt } = await registry.taskOf(taskId);
    // Nobody has sealed a score, so nobody can open one.
    for (const later of [1n, 5_999n, 6_001n, 50_000n]) {
      await time.increaseTo(phaseEndsAt + later);
      const task = await registry.taskOf(taskId);
      expect([task.phase, task.phaseEndsAt]).to.deep.equal([Phase.Closing, phaseEndsAt + CHALLENGE_SECONDS]);
    }
    await expect(registry.advance(taskId))
      .to.emit(registry, "PhaseEntered")
      .withArgs(taskId, Phase.Closing, phaseEndsAt + CHALLENGE_SECONDS);
  });

  it("changes nothing and tells nothing when nothing is due", async () => {
    const { registry, taskId } = await loadFixture(inTraining);
    await expect(registry.advance(taskId)).not.to.emit(registry, "PhaseEntered");
    await expect(registry.advance(ZERO)).to.be.revertedWithCustomError(registry, "Registry_UnknownTask").withArgs(ZERO);
  });

  it("fails a task in which nobody trained at all", async () => {
    const scene = await loadFixture(inTraining);
    await passDeadline(scene);
    expect(await phaseOf(scene)).to.equal(Phase.Failed);
    await settle(scene);
    expect(await scene.registry.creditOf(scene.client)).to.equal(FEE - shareOf(1_000));
  });

  it("ends Submission at the deadline with the votes that there are", async () => {
    const scene = await loadFixture(inSubmission);
    await submit(scene, 1);
    expect(await phaseOf(scene)).to.equal(Phase.Submission);
    await passDeadline(scene);
    expect(await phaseOf(scene)).to.equal(Phase.Reveal);
  });

  const stages: readonly [name: string, fixture: () => Promise<Scene>][] = [
    ["Registration", inRegistration],
    ["Seeding", inSeeding],
    ["Drawing", inDrawing],
    ["Joining", inJoining],
    ["Training", inTraining],
    ["Submission that nobody uses", inUnusedSubmission],
    ["Submission", inSubmission],
    ["Reveal", inReveal],
    ["EvaluationCommit", inEvaluationCommit],
    ["EvaluationReveal", inEvaluationReveal],
    ["Closing", inClosing],
  ];
  for (const [name, fixture] of stages) {
    it(`sets everybody free when all fall silent in ${name}: nothing stays with the registry but credits`, async () => {
      const scene = await loadFixture(fixture);
      const { registry, token, stakes } = scene;
      await time.increase(20n * 365n * 86_400n);
      const phase = await phaseOf(scene);
      expect([Phase.Cancelled, Phase.Failed, Phase.Closing]).to.include(phase);
      await settle(scene);

      const workers = [...scene.miners, scene.supervisor, ...scene.evaluators].map(({ owner }) => owner);
      let owed = 0n;
      for (const account of [scene.client, ...workers]) owed += await registry.creditOf(account);
      expect(await token.balanceOf(registry)).to.equal(owed);
      for (const account of workers) expect(await stakes.lockedOf(account)).to.equal(0n);
      for (const { owner } of scene.miners) expect(await stakes.freeOf(owner)).to.equal(STAKED);
    });
  }

  it("keeps tasks apart: what happens in one changes nothing in another", async () => {
    const first = await createTask(await loadFixture(deploySuite));
    const second = await createTask(first, { salt: ZERO });
    await turnOut(first, turnouts[0]!);
    await first.registry.connect(first.client).cancel(first.taskId);
    await settle(first);
    const task = await second.registry.taskOf(second.taskId);
    expect([task.phase, task.slotsJoined]).to.deep.equal([Phase.Registration, 0n]);
    expect(await second.token.balanceOf(second.registry)).to.equal(2n * FEE);
  });
});
