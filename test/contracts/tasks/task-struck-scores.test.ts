import { expect } from "chai";

import {
  convict,
  GRIST,
  inEvaluationCommit,
  inEvaluationReveal,
  loadFixture,
  open,
  passDeadline,
  Phase,
  phaseOf,
  Role,
  type Scene,
  SCORE,
  SCORE_SALT,
  type Score,
  seal,
  settle,
  shareOf,
  STAKED,
  suspend,
} from "./scenario.ts";

const { Evaluator } = Role;
const QUARTER = (10n * GRIST) / 4n;
const LIE = { ...SCORE, correct: 200n } as const satisfies Score;
const OTHER_LIE = { ...SCORE, correct: 199n } as const satisfies Score;

/** Each evaluator seals and opens its score. */
async function scored(scores: readonly Score[]): Promise<Scene> {
  const scene = await inEvaluationCommit();
  for (const [evaluator, score] of scores.entries()) await seal(scene, evaluator, score);
  for (const [evaluator, score] of scores.entries()) await open(scene, evaluator, score);
  return scene;
}

async function liedToByMost(): Promise<Scene> {
  return scored([LIE, SCORE, LIE]);
}

async function liedToByAll(): Promise<Scene> {
  return scored([LIE, LIE, OTHER_LIE]);
}

async function splitInThree(): Promise<Scene> {
  return scored([LIE, SCORE, OTHER_LIE]);
}

/** Two of three have opened the same score. */
async function halfRevealed(): Promise<Scene> {
  const scene = await inEvaluationReveal();
  for (const evaluator of [0, 1]) await open(scene, evaluator);
  return scene;
}

async function freeOf({ stakes, evaluators }: Scene): Promise<bigint[]> {
  return Promise.all(evaluators.map(({ owner }) => stakes.freeOf(owner)));
}

async function creditsOf({ registry, evaluators }: Scene): Promise<bigint[]> {
  return Promise.all(evaluators.map(({ owner }) => registry.creditOf(owner)));
}

describe("a struck score", () => {
  it("costs all that revealed it their stakes, and the honest minority's counts and is paid", async () => {
    const scene = await loadFixture(liedToByMost);
    const { registry, stakes, token, miners, stranger, taskId } = scene;
    expect((await registry.taskOf(taskId)).score.correct).to.equal(LIE.correct);
    const supply = await token.totalSupply();
    const call = convict(scene, Evaluator, 2);
    await expect(call).to.emit(registry, "ScoreStruck");
    for (const index of [0, 2])
      await expect(call)
        .to.emit(registry, "MemberConvicted")
        .withArgs(taskId, Evaluator, index, stranger, QUARTER, QUARTER);
    expect(await token.totalSupply()).to.equal(supply - 4n * QUARTER);
    expect(await stakes.freeOf(stranger)).to.equal(STAKED + 2n * QUARTER);
    expect((await registry.taskOf(taskId)).score.correct).to.equal(SCORE.correct);

    await settle(scene);
    expect(await creditsOf(scene)).to.deep.equal([0n, shareOf(1_000) + 2n * QUARTER, 0n]);
    expect(await freeOf(scene)).to.deep.equal([STAKED - 10n * GRIST, STAKED, STAKED - 10n * GRIST]);
    const bonus = (shareOf(1_500) * 75n) / 100n;
    expect(await registry.creditOf(miners[0]!.owner)).to.equal(shareOf(5_000) / 3n + bonus / 3n);
  });

  it("is still shown for those that revealed it", async () => {
    const scene = await loadFixture(liedToByMost);
    await convict(scene, Evaluator, 0);
    const [score, revealed] = await scene.registry.scoreOf(scene.taskId, 2);
    expect([score.correct, revealed]).to.deep.equal([LIE.correct, true]);
  });

  it("gives way to the next one, and that again, until nobody is left to be paid", async () => {
    const scene = await loadFixture(liedToByAll);
    const { registry, miners, client, taskId } = scene;
    await convict(scene, Evaluator, 1);
    expect((await registry.taskOf(taskId)).score.correct).to.equal(OTHER_LIE.correct);
    await convict(scene, Evaluator, 2);
    expect((await registry.taskOf(taskId)).scored).to.equal(false);
    await settle(scene);
    expect(await creditsOf(scene)).to.deep.equal([0n, 0n, 0n]);
    expect(await registry.creditOf(miners[0]!.owner)).to.equal(shareOf(5_000) / 3n);
    // Bonus, quotas of evaluators and verifiers, and what the evaluators forfeited.
    const rest = shareOf(3_500) + 3n * QUARTER;
    expect(await registry.creditOf(client)).to.be.within(rest, rest + 10n);
  });

  it("leaves the lead, in a tie, to the one revealed first, and a minority's conviction changes nothing", async () => {
    const scene = await loadFixture(splitInThree);
    const { registry, taskId } = scene;
    await convict(scene, Evaluator, 2);
    expect((await registry.taskOf(taskId)).score.correct).to.equal(LIE.correct);
    await convict(scene, Evaluator, 0);
    expect((await registry.taskOf(taskId)).score.correct).to.equal(SCORE.correct);
  });

  it("cannot be opened any more by others that sealed it: they count as silent", async () => {
    const scene = await loadFixture(halfRevealed);
    const { registry, evaluators, taskId } = scene;
    await convict(scene, Evaluator, 0);
    expect(await phaseOf(scene)).to.equal(Phase.EvaluationReveal);
    const { correct, loss, root } = SCORE;
    await expect(registry.connect(evaluators[2]!.operator).revealScore(taskId, 2, SCORE, SCORE_SALT))
      .to.be.revertedWithCustomError(registry, "Registry_ScoreIsStruck")
      .withArgs(taskId, [correct, loss, root]);
    await passDeadline(scene);
    await settle(scene);
    expect(await freeOf(scene)).to.deep.equal([STAKED - 10n * GRIST, STAKED - 10n * GRIST, STAKED - 2n * GRIST]);
  });

  it("rewards an accuser for all places but those that are its own", async () => {
    const scene = await loadFixture(liedToByMost);
    const { stakes, evaluators } = scene;
    const accuser = evaluators[0]!.owner;
    await convict(scene, Evaluator, 0, accuser);
    expect(await stakes.freeOf(accuser)).to.equal(STAKED - 10n * GRIST + QUARTER);
  });

  it("lifts the suspension of all that revealed it", async () => {
    const scene = await loadFixture(liedToByMost);
    await suspend(scene, Evaluator, 0);
    await suspend(scene, Evaluator, 2);
    await convict(scene, Evaluator, 0);
    await settle(scene);
    expect(await phaseOf(scene)).to.equal(Phase.Settled);
  });
});
