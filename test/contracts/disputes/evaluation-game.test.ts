import { expect } from "chai";

import { loadFixture, Role } from "../tasks/scenario.ts";
import { COURT } from "./court-scene.ts";
import { lyingMajority, playScore, scoreOf } from "./evaluation-arena.ts";

describe("EvaluationGame", () => {
  it("strikes the score of a lying majority and convicts all who told it", async () => {
    const { where, truth, lie } = await loadFixture(lyingMajority);
    const { registry, taskId } = where;
    expect((await registry.taskOf(taskId)).score.correct).to.equal(scoreOf(lie).correct);
    const { winner } = await playScore(where, 0, lie, truth);
    expect(winner).to.equal("challenger");
    for (const [evaluator, convicted] of [true, true, false].entries()) {
      expect((await registry.placeOf(taskId, Role.Evaluator, evaluator)).convicted).to.equal(convicted);
    }
    expect((await registry.taskOf(taskId)).score.correct).to.equal(scoreOf(truth).correct);
  });

  it("convicts an evaluator whose total is not what its batches add up to", async () => {
    const { where, truth, lie } = await loadFixture(lyingMajority);
    const honestTraces = { scores: lie.scores, trace: (batch: number) => truth.trace(batch) };
    const { winner, names } = await playScore(where, 1, honestTraces, truth);
    expect(winner).to.equal("challenger");
    expect(names.at(-1)).to.equal("refuteSum");
  });

  it("costs a challenger of the honest score its bond", async () => {
    const { where, truth } = await loadFixture(lyingMajority);
    const before = await where.stakes.freeOf(where.challenger);
    const { winner } = await playScore(where, 2, truth, truth);
    expect(winner).to.equal("defender");
    expect(await where.stakes.freeOf(where.challenger)).to.equal(before - COURT.bond);
  });

  it("has nothing to dispute where nobody revealed a score", async () => {
    const { where } = await loadFixture(lyingMajority);
    await expect(where.evaluationGame.challenge(where.taskId, 7)).to.be.revertedWithCustomError(
      where.evaluationGame,
      "EvaluationGame_NothingToDispute",
    );
  });
});
