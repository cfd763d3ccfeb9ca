import { expect } from "chai";

import { deployRegistry } from "../helpers/deploy-registry.ts";
import {
  begin,
  CHALLENGE_SECONDS,
  commit,
  createTask,
  deploySuite,
  ethers,
  FEE,
  fill,
  GRIST,
  inClosing,
  inEvaluationCommit,
  inReveal,
  inSeeding,
  inSubmission,
  inTraining,
  loadFixture,
  networkHelpers,
  open,
  passChallenges,
  passClaims,
  passDeadline,
  Phase,
  phaseOf,
  type Scene,
  SCORE,
  type Score,
  seal,
  settle,
  shareOf,
  STAKED,
  STATE,
  submit,
  cosignLog,
} from "./scenario.ts";

/** Evaluators agree on a score, and the task is settled; returns what one miner is credited. */
async function minerCreditFor(score: Score): Promise<bigint> {
  const scene = await loadFixture(inEvaluationCommit);
  for (const evaluator of [0, 1, 2]) await seal(scene, evaluator, score);
  for (const evaluator of [0, 1, 2]) await open(scene, evaluator, score);
  await settle(scene);
  return scene.registry.creditOf(scene.miners[0]!.owner);
}

async function evaluatorCredits({ registry, evaluators }: Scene): Promise<bigint[]> {
  return Promise.all(evaluators.map(({ owner }) => registry.creditOf(owner)));
}

describe("TaskSettlement", () => {
  describe("settle", () => {
    it("waits until no claim of the last epoch can be open", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, beacon, taskId } = scene;
      const settlesAt = await beacon.settlesAt((await registry.taskOf(taskId)).lastCommitEpoch);
      await passChallenges(scene);
      await networkHelpers.mineUpTo(settlesAt - 2n);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_TooEarly")
        .withArgs(taskId, settlesAt);
      // The refused call took a block.
      await expect(registry.settle(taskId)).to.emit(registry, "TaskSettled");
      expect(await phaseOf(scene)).to.equal(Phase.Settled);
    });

    it("waits until the scores cannot be challenged any more", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, taskId } = scene;
      const { phaseEndsAt } = await registry.taskOf(taskId);
      await passClaims(scene);
      await networkHelpers.time.setNextBlockTimestamp(phaseEndsAt - 1n);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_ScoresChallengeable")
        .withArgs(taskId, phaseEndsAt);
      await networkHelpers.time.setNextBlockTimestamp(phaseEndsAt);
      await expect(registry.settle(taskId)).to.emit(registry, "TaskSettled");
    });

    it("refuses a second time and leaves every credit as it is", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, miners, taskId } = scene;
      await settle(scene);
      const credit = await registry.creditOf(miners[0]!.owner);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_AlreadySettled")
        .withArgs(taskId);
      expect(await registry.creditOf(miners[0]!.owner)).to.equal(credit);
    });

    it("refuses while the task lives", async () => {
      const { registry, taskId } = await loadFixture(inReveal);
      await expect(registry.settle(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Reveal);
    });

    it("keeps the stakes of a failed task locked while its claims can be challenged", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, stakes, miners, client, taskId } = scene;
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Failed);
      await expect(registry.settle(taskId)).to.be.revertedWithCustomError(registry, "Registry_TooEarly");
      await passClaims(scene);
      await registry.settle(taskId);
      expect(await stakes.freeOf(miners[0]!.owner)).to.equal(STAKED);
      expect(await registry.creditOf(client)).to.equal(FEE - shareOf(1_000));
      expect(await phaseOf(scene)).to.equal(Phase.Failed);
    });

    const base = shareOf(5_000) / 3n;
    const bonuses: readonly [text: string, score: Score, bonus: bigint][] = [
      ["no bonus below the baseline", { ...SCORE, correct: 0n }, 0n],
      ["no bonus at the baseline", { ...SCORE, correct: 100n }, 0n],
      ["a hundredth of the bonus one answer above the baseline", { ...SCORE, correct: 101n }, shareOf(1_500) / 100n],
      ["the whole bonus at the goal", { ...SCORE, correct: 200n }, shareOf(1_500)],
      ["the whole bonus and no more above the goal", { ...SCORE, correct: 2n ** 32n - 1n }, shareOf(1_500)],
      [
        "the whole bonus where the test set cannot be scored",
        { correct: 0n, loss: 0n, root: ethers.ZeroHash },
        shareOf(1_500),
      ],
    ];
    for (const [text, score, bonus] of bonuses) {
      it(`pays ${text}`, async () => {
        expect(await minerCreditFor(score)).to.equal(base + bonus / 3n);
      });
    }

    it("pays the bonus in full and every evaluator when the client stays silent", async () => {
      const scene = await loadFixture(inReveal);
      const { registry, stakes, miners, evaluators, client } = scene;
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Closing);
      await settle(scene);
      expect(await registry.creditOf(miners[0]!.owner)).to.equal(base + shareOf(1_500) / 3n);
      const each = shareOf(1_000) / 3n;
      expect(await evaluatorCredits(scene)).to.deep.equal([each, each, each]);
      expect(await stakes.freeOf(evaluators[0]!.owner)).to.equal(STAKED);
      expect((await registry.taskOf(scene.taskId)).scored).to.equal(false);
      // Only the verifiers' quota and remainders are left for the client.
      expect(await registry.creditOf(client)).to.be.within(shareOf(1_000), shareOf(1_000) + 10n);
    });

    it("pays only evaluators of the agreed score, and slashes those that sealed or opened nothing", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, token, stakes, evaluators, taskId } = scene;
      const supply = await token.totalSupply();
      await seal(scene, 0);
      await seal(scene, 1);
      await passDeadline(scene);
      await open(scene, 0);
      await passDeadline(scene);
      await passClaims(scene);
      await passChallenges(scene);
      const penalty = 2n * GRIST;
      await expect(registry.settle(taskId))
        .to.emit(registry, "EvaluatorSlashed")
        .withArgs(taskId, evaluators[1]!.owner, penalty)
        .and.to.emit(registry, "EvaluatorSlashed")
        .withArgs(taskId, evaluators[2]!.owner, penalty);
      expect(await evaluatorCredits(scene)).to.deep.equal([shareOf(1_000), 0n, 0n]);
      expect(await token.totalSupply()).to.equal(supply - 2n * penalty);
      const free = await Promise.all(evaluators.map(({ owner }) => stakes.freeOf(owner)));
      expect(free).to.deep.equal([STAKED, STAKED - penalty, STAKED - penalty]);
    });

    it("pays no evaluator of a minority score, and takes nothing from it", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { stakes, evaluators } = scene;
      const wrong = { ...SCORE, loss: 1n };
      await seal(scene, 0, wrong);
      for (const evaluator of [1, 2]) await seal(scene, evaluator);
      await open(scene, 0, wrong);
      for (const evaluator of [1, 2]) await open(scene, evaluator);
      await settle(scene);
      expect(await evaluatorCredits(scene)).to.deep.equal([0n, shareOf(1_000) / 2n, shareOf(1_000) / 2n]);
      expect(await stakes.freeOf(evaluators[0]!.owner)).to.equal(STAKED);
    });

    it("returns bonus and quota to the client when no evaluator says anything, without waiting for openings", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, miners, client } = scene;
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Closing);
      await settle(scene);
      expect(await evaluatorCredits(scene)).to.deep.equal([0n, 0n, 0n]);
      expect(await registry.creditOf(miners[0]!.owner)).to.equal(base);
      expect(await registry.creditOf(client)).to.be.within(shareOf(3_500), shareOf(3_500) + 10n);
    });

    it("pays no slot that the final state leaves out, although it voted for that state", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, miners } = scene;
      for (const slot of [0, 1, 2]) await submit(scene, slot, STATE, 0b011n);
      await passDeadline(scene);
      await settle(scene);
      const credits = await Promise.all(miners.map(({ owner }) => registry.creditOf(owner)));
      expect(credits).to.deep.equal([base + shareOf(1_500) / 2n, base + shareOf(1_500) / 2n, 0n]);
    });

    it("pays no supervisor that did not co-sign the log, and the others no more for it", async () => {
      const scene = await loadFixture(inSubmission);
      const { registry, supervisor } = scene;
      for (const slot of [0, 1, 2]) await submit(scene, slot);
      await passDeadline(scene);
      await settle(scene);
      expect(await registry.creditOf(supervisor.owner)).to.equal(0n);
    });

    it("credits an owner of several places the sum and returns all its stakes", async () => {
      const suite = await loadFixture(deploySuite);
      const { owner } = suite.miners[0]!;
      const scene = await createTask({ ...suite, supervisor: { ...suite.supervisor, owner } });
      await fill(scene);
      await begin(scene);
      for (const slot of [0, 1, 2]) await commit(scene, slot, 9);
      await cosignLog(scene);
      for (const slot of [0, 1, 2]) await submit(scene, slot);
      await passDeadline(scene);
      await settle(scene);
      expect(await scene.registry.creditOf(owner)).to.equal(base + shareOf(1_500) / 3n + shareOf(500));
      expect(await scene.stakes.freeOf(owner)).to.equal(STAKED);
    });
  });

  describe("creditAttestation", () => {
    it("refuses anybody but the wired mint and audits", async () => {
      const { registry, stranger, verifier, taskId } = await loadFixture(inTraining);
      await expect(registry.connect(stranger).creditAttestation(taskId, verifier))
        .to.be.revertedWithCustomError(registry, "Registry_NotAttesting")
        .withArgs(stranger.address);
    });

    it("pays the agreed number of attestations and then nothing, without failing", async () => {
      const { registry, mint, verifier, taskId } = await loadFixture(inTraining);
      for (let i = 0; i < 9; i++) await registry.connect(mint).creditAttestation(taskId, verifier);
      expect(await registry.creditOf(verifier)).to.equal((shareOf(1_000) / 7n) * 7n);
    });

    it("pays nothing before training, without failing", async () => {
      const { registry, mint, verifier, taskId } = await loadFixture(inSeeding);
      await registry.connect(mint).creditAttestation(taskId, verifier);
      expect(await registry.creditOf(verifier)).to.equal(0n);
    });

    it("pays nothing after settlement, without failing", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, mint, verifier, taskId } = scene;
      await settle(scene);
      await registry.connect(mint).creditAttestation(taskId, verifier);
      expect(await registry.creditOf(verifier)).to.equal(0n);
    });

    it("can be withdrawn before the task is settled, which then pays the rest", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, token, mint, verifier, client, taskId } = scene;
      await registry.connect(mint).creditAttestation(taskId, verifier);
      await registry.connect(verifier).withdraw();
      await settle(scene);
      const owed = await Promise.all(
        [
          client,
          scene.supervisor.owner,
          ...scene.miners.map((m) => m.owner),
          ...scene.evaluators.map((e) => e.owner),
        ].map((account) => registry.creditOf(account)),
      );
      expect(await token.balanceOf(registry)).to.equal(owed.reduce((sum, credit) => sum + credit, 0n));
    });
  });

  describe("withdraw", () => {
    it("pays once", async () => {
      const scene = await loadFixture(inClosing);
      const { registry, miners } = scene;
      await settle(scene);
      const owner = registry.connect(miners[0]!.owner);
      const credit = await registry.creditOf(miners[0]!.owner);
      await expect(owner.withdraw()).to.emit(registry, "Withdrawn").withArgs(miners[0]!.owner, credit);
      await expect(owner.withdraw())
        .to.be.revertedWithCustomError(registry, "Registry_NothingToWithdraw")
        .withArgs(miners[0]!.owner.address);
    });
  });

  it("needs a window in which scores can be challenged", async () => {
    const { registry, token, stakes, beacon, template } = await loadFixture(deploySuite);
    await expect(deployRegistry({ ethers }, [token, stakes, beacon, template, 0n]))
      .to.be.revertedWithCustomError(registry, "Registry_ParameterOutOfRange")
      .withArgs("challengeSeconds", 0n, 1n, 2n ** 32n - 1n);
  });

  describe("wire", () => {
    it("is the deployer's, once, and only for contracts", async () => {
      const { registry, token, stakes, beacon, template, stranger } = await loadFixture(inReveal);
      const again = registry.wire(token, beacon, stakes, template);
      await expect(again).to.be.revertedWithCustomError(registry, "Wired_AlreadyWired");
      const fresh = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
      const stranded = fresh.connect(stranger).wire(token, beacon, stakes, template);
      await expect(stranded).to.be.revertedWithCustomError(fresh, "Wired_NotDeployer");
      for (const modules of [
        [stranger, beacon, stakes, template],
        [token, stranger, stakes, template],
        [token, beacon, stranger, template],
        [token, beacon, stakes, stranger],
      ] as const)
        await expect(fresh.wire(...modules)).to.be.revertedWithCustomError(fresh, "Wired_NotAContract");
      await expect(fresh.wire(token, beacon, stakes, template))
        .to.emit(fresh, "RegistryWired")
        .withArgs(token, beacon, stakes, template);
    });
  });
});
