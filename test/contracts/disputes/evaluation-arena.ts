import { batchLeaf, datasetRoot, evaluationGameAbi, initialWeights, matrix, stateId, totalScore } from "@gristmill/sdk";
import type { EncodeFunctionDataParameters, Hex, Log } from "viem";
import { encodeFunctionData, parseEventLogs } from "viem";

import { attackScore, defendScore, type EvaluationCall } from "../../../oracle/src/disputes/evaluation-player.ts";
import { type EvaluationTruth, recomputeScore } from "../../../oracle/src/disputes/evaluation-truth.ts";
import {
  type EvaluationEvent,
  evaluationGameState,
  type TaskParameters,
} from "../../../oracle/src/disputes/game-state.ts";
import { randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { commit, ethers, open, seal, submit, cosignLog, networkHelpers } from "../tasks/scenario.ts";
import { type Arena, arenaFor, PROGRAM, Side } from "./arena.ts";
import { COURT, DisputeState } from "./court-scene.ts";

const TEST_BATCHES = 41; // more than one group of 32, and padding
const SALT = ethers.id("real test salt");

/** A task in Closing in which two of three evaluators told the same lie. */
export async function lyingMajority(): Promise<{ where: Arena; truth: EvaluationTruth; lie: EvaluationTruth }> {
  const random = seededRandom(5);
  const batches = Array.from({ length: TEST_BATCHES }, (_, i) =>
    randomBatch(PROGRAM, random, i === TEST_BATCHES - 1 ? 1 : PROGRAM.batch),
  );
  const testRoot = datasetRoot(batches.map(batchLeaf));
  const abi = ethers.AbiCoder.defaultAbiCoder();
  const testCommitment = ethers.keccak256(abi.encode(["bytes32", "uint32", "bytes32"], [testRoot, TEST_BATCHES, SALT]));
  const where = await arenaFor(PROGRAM, "evaluated", { testCommitment });
  const { registry, taskId, client } = where;
  const weights = initialWeights(PROGRAM, where.seed);
  for (const slot of [0, 1, 2]) await commit(where, slot, Number(where.parameters.iterations) - 1);
  await cosignLog(where);
  for (const slot of [0, 1, 2]) await submit(where, slot, stateId(PROGRAM, weights));
  await registry.connect(client).revealTestSet(taskId, testRoot, TEST_BATCHES, SALT, "bafytestset");

  const truth = recomputeScore(PROGRAM, weights, batches);
  const lie = withOneMoreHit(truth, 34);
  for (const [evaluator, told] of [lie, lie, truth].entries()) await seal(where, evaluator, scoreOf(told));
  for (const [evaluator, told] of [lie, lie, truth].entries()) await open(where, evaluator, scoreOf(told));
  return { where, truth, lie };
}

/** One more right answer in one batch, in the tensor of hits too. */
export function withOneMoreHit(truth: EvaluationTruth, batch: number): EvaluationTruth {
  const trace = truth.trace(batch);
  const k = trace.instructions.findIndex(({ op }) => op === "Hits");
  const hits = trace.tensors[k]!;
  const data = hits.data.slice();
  data[data.indexOf(0)] = 1;
  const lied = {
    ...trace,
    correct: trace.correct + 1,
    tensors: trace.tensors.with(k, matrix("u8", 1, hits.cols, data as Uint8Array)),
  };
  const scores = truth.scores.map((score, i) => (i === batch ? { ...score, correct: score.correct + 1 } : score));
  return { scores, trace: (i) => (i === batch ? lied : truth.trace(i)) };
}

export function scoreOf({ scores }: EvaluationTruth): { correct: bigint; loss: bigint; root: string } {
  const { correct, loss, root } = totalScore(scores);
  return { correct: BigInt(correct), loss: BigInt(loss), root };
}

/** What it takes to dispute a score: of a task's evaluator, or of a bounty's entry. */
export type ScoreArena = Pick<Arena, "evaluationGame" | "court" | "challenger" | "evaluators" | "taskId"> & {
  readonly parameters: unknown;
};

/** Plays a dispute over an evaluator's score to its end; returns who won. */
export async function playScore(
  where: ScoreArena,
  evaluator: number,
  defender: EvaluationTruth,
  truth: EvaluationTruth,
) {
  const { evaluationGame, court, challenger, evaluators, taskId } = where;
  const events: EvaluationEvent[] = [];
  const names: string[] = [];
  const to = (await evaluationGame.getAddress()) as Hex;
  const send = async (call: { functionName: string; args: readonly unknown[] }, gas: bigint, by: typeof challenger) => {
    const request = { abi: evaluationGameAbi, ...call } as EncodeFunctionDataParameters;
    const { baseFeePerGas } = (await ethers.provider.getBlock("latest"))!;
    const value = (gas * 9n * baseFeePerGas!) / 4n;
    const transaction = await by.sendTransaction({ to, data: encodeFunctionData(request), value });
    const logs = (await transaction.wait())!.logs as unknown as Log[];
    events.push(...(parseEventLogs({ abi: evaluationGameAbi, logs, strict: true }) as EvaluationEvent[]));
    names.push(call.functionName);
  };
  await send({ functionName: "challenge", args: [taskId, evaluator] }, await evaluationGame.openingGas(), challenger);
  const { disputeId } = events[0]!.args as { readonly disputeId: Hex };
  for (;;) {
    const dispute = await court.disputeOf(disputeId);
    if (dispute.state !== DisputeState.Open) break;
    const state = evaluationGameState(events)!;
    const byChallenger = dispute.turn === Side.Challenger;
    const call: EvaluationCall | undefined = byChallenger
      ? attackScoreOrNothing(state, truth, challenger.address as Hex)
      : defendScore(state, defender, where.parameters as TaskParameters);
    if (call === undefined) {
      await networkHelpers.time.increase(Number(COURT.moveSeconds) + 1);
      await court.expire(disputeId);
      break;
    }
    const decides = call.functionName.startsWith("refute") || call.functionName === "nameElement";
    const gas = decides ? 0n : await evaluationGame.answerGas(state.stage);
    await send(
      { ...call, args: [disputeId, ...call.args] },
      gas,
      byChallenger ? challenger : evaluators[evaluator]!.operator,
    );
  }
  const { turn } = await court.disputeOf(disputeId);
  await court.close(disputeId);
  return { winner: turn === Side.Challenger ? "challenger" : "defender", names };
}

/** The challenger's next move, undefined if it finds nothing to refute. */
export function attackScoreOrNothing(...attack: Parameters<typeof attackScore>): EvaluationCall | undefined {
  try {
    return attackScore(...attack);
  } catch (error) {
    if ((error as { code?: string }).code === "NOTHING_TO_REFUTE") return undefined;
    throw error;
  }
}
