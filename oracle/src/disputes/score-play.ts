import { evaluationGameAbi, GristmillError, Side, totalScore } from "@gristmill/sdk";
import type { Hex } from "viem";
import { encodeAbiParameters, keccak256 } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { readDispute } from "./court-events.ts";
import { priceOf } from "./deposits.ts";
import type { DisputeWork } from "./dispute-work.ts";
import { attackScore, defendScore } from "./evaluation-player.ts";
import type { EvaluationTruth } from "./evaluation-truth.ts";
import type { TaskParameters } from "./game-state.ts";
import type { Play, Step } from "./play.ts";
import { COURT_ERRORS } from "./segment-play.ts";

/** A revealed score as the registry holds it. */
export type RevealedScore = Awaited<ReturnType<Contracts["registry"]["read"]["scoreOf"]>>[0];

/** Disputes over the scores that evaluators revealed. */
export class ScorePlay implements Play {
  readonly game: Hex;
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #taskId: Hex;
  readonly #parameters: TaskParameters;
  readonly #work: DisputeWork;
  /** The true score, and the one that this node told, once a dispute needed them. */
  #truth: Promise<EvaluationTruth> | undefined;
  #told: Promise<EvaluationTruth> | undefined;

  constructor(chain: Chain, contracts: Contracts, taskId: Hex, parameters: TaskParameters, work: DisputeWork) {
    this.game = contracts.evaluationGame.address;
    this.#chain = chain;
    this.#contracts = contracts;
    this.#taskId = taskId;
    this.#parameters = parameters;
    this.#work = work;
  }

  async claimOf({ slot }: Accusation): Promise<Hex> {
    return scoreHash(await this.#scoreOf(slot));
  }

  async opening({ slot }: Accusation): Promise<Step> {
    const told = await this.#scoreOf(slot);
    const score = toldScore(await this.#recomputed());
    const again = toldScore(await this.#work.score(true));
    if (scoreHash(score) !== scoreHash(again))
      throw new GristmillError("RERUNS_DIFFER", "two runs of the evaluation on this node give different scores", {
        hints: ["check this machine's memory and its matrix engine: another --backend"],
      });
    if (scoreHash(score) === scoreHash(told))
      throw new GristmillError("SCORE_AGREES", "the model scores what the evaluator said", {
        hints: ["there is nothing to challenge"],
      });
    const gas = await this.#contracts.evaluationGame.read.openingGas();
    return this.#step("challenge", [this.#taskId, slot], gas);
  }

  async next(dispute: KnownDispute, side: number): Promise<Step | undefined> {
    const { game } = await readDispute(this.#chain, this.#contracts, dispute);
    if (game?.kind !== "evaluation") return undefined;
    const call =
      side === Side.Defender
        ? defendScore(game, await (this.#told ??= this.#work.told()), this.#parameters)
        : attackScore(game, await this.#recomputed(), this.#chain.account.address);
    if (call === undefined) return undefined;
    const { functionName, args } = call;
    // What decides a dispute, and what prepares that, needs no answer.
    const isAnswered = functionName.startsWith("choose") || functionName.startsWith("reveal");
    const gas = isAnswered ? await this.#contracts.evaluationGame.read.answerGas([game.stage]) : 0n;
    return this.#step(functionName, [dispute.disputeId, ...args], gas);
  }

  forget(): void {
    this.#truth = undefined;
    this.#told = undefined;
  }

  async #recomputed(): Promise<EvaluationTruth> {
    this.#truth ??= this.#work.score(false);
    try {
      return await this.#truth;
    } catch (error) {
      // What was missing may come: the next look asks again.
      this.#truth = undefined;
      throw error;
    }
  }

  async #scoreOf(index: number): Promise<RevealedScore> {
    const [score, revealed] = await this.#contracts.registry.read.scoreOf([this.#taskId, index]);
    if (!revealed)
      throw new GristmillError("SCORE_NOT_REVEALED", `evaluator ${String(index)} has revealed no score`, {
        hints: ["wait for its reveal: until then there is nothing to challenge"],
      });
    return score;
  }

  async #step(functionName: string, args: readonly unknown[], answerGas: bigint): Promise<Step> {
    const value = answerGas === 0n ? 0n : await priceOf(this.#chain, this.#contracts, answerGas);
    return { address: this.game, abi: [...evaluationGameAbi, ...COURT_ERRORS], functionName, args, value };
  }
}

/** What the court calls a score: keccak256(abi.encode(score)). */
export function scoreHash({ correct, loss, root }: RevealedScore): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "uint32" }, { type: "uint64" }, { type: "bytes32" }], [correct, loss, root]),
  );
}

/** A score as an evaluator reveals it. */
export function toldScore({ scores }: EvaluationTruth): RevealedScore {
  const { correct, loss, root } = totalScore(scores);
  return { correct, loss: BigInt(loss), root };
}
