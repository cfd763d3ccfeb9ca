import { Phase } from "@gristmill/sdk";
import { zeroHash } from "viem";

import type { DisputeAgent } from "../disputes/agent.ts";
import type { EvaluationTruth } from "../disputes/evaluation-truth.ts";
import { recomputeScore } from "../disputes/evaluation-truth.ts";
import { scoreHash, toldScore } from "../disputes/score-play.ts";
import { checkEngine, createEngine } from "../training/create-engine.ts";
import { engineProduct } from "../training/exact-product.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import { gatherModel } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";
import { fetchTestSet } from "./test-set.ts";

/** Scores a task's final model on its revealed test set. */
export class ScoreAudit {
  readonly #node: Node;
  readonly #session: TaskSession;
  #usual: Promise<EvaluationTruth> | undefined;

  constructor(node: Node, session: TaskSession) {
    this.#node = node;
    this.#session = session;
  }

  /**
   * The model's score, ready to show any element of it.
   * @param check computed anew, on another engine than usual
   * @throws GristmillError MODEL_UNAVAILABLE, TEST_SET_UNAVAILABLE, TEST_SET_FALSE, BLOB_UNAVAILABLE
   */
  async score(check: boolean): Promise<EvaluationTruth> {
    const { backend } = this.#node.config;
    if (check) return this.#compute(checkEngine(backend));
    this.#usual ??= this.#compute(backend);
    try {
      return await this.#usual;
    } catch (error) {
      // What was missing may come: who asks next tries again.
      this.#usual = undefined;
      throw error;
    }
  }

  async #compute(backend: Parameters<typeof createEngine>[0]): Promise<EvaluationTruth> {
    const { terms } = this.#session;
    const task = await this.#node.contracts.registry.read.taskOf([terms.taskId]);
    const weights = await gatherModel(this.#node, this.#session, task);
    const test = await fetchTestSet(this.#node, terms, task.testRoot);
    return recomputeScore(terms.program, weights, test.batches, engineProduct(await createEngine(backend)));
  }
}

/**
 * Compares every score that is revealed with this node's own, and accuses each false one once, whoever told it, the
 * majority included: until the task is over. "Unavailable" is a vote, and nothing that could be false.
 * @param place the node's own among the evaluators, if it is one
 */
export async function watchScores(
  node: Node,
  follower: TaskFollower,
  audit: ScoreAudit,
  disputes: DisputeAgent,
  place?: number,
): Promise<void> {
  const { registry } = node.contracts;
  const judged = new Set(place === undefined ? [] : [place]);
  let moment = await follower.until(({ task }) => task.phase >= Phase.EvaluationReveal);
  for (; !isTerminal(moment.task.phase); moment = await follower.next())
    for (let other = 0; other < moment.task.evaluatorsJoined; other += 1) {
      if (judged.has(other)) continue;
      const [told, revealed] = await registry.read.scoreOf([follower.taskId, other]);
      if (!revealed) continue;
      try {
        const own = scoreHash(toldScore(await audit.score(false)));
        judged.add(other);
        if (told.root === zeroHash || scoreHash(told) === own) continue;
        const reason = `evaluator ${String(other)} told ${String(told.correct)} right answers under the root ${told.root}`;
        disputes.accuse({ kind: "score", id: scoreHash(told), slot: other, reason });
      } catch (error) {
        if (node.signal.aborted) throw error;
        node.log.warn({ event: "evaluation-failed", task: follower.taskId, error });
      }
    }
}
