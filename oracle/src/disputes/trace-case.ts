import type { ProgramIteration } from "@gristmill/sdk";
import { merkleRoot, segmentGameAbi } from "@gristmill/sdk";
import type { Hex } from "viem";
import { encodeAbiParameters, getAbiItem, keccak256 } from "viem";

import type { TraceCase } from "./game-state.ts";
import type { TraceTruth } from "./trace-truth.ts";
import { inputIds, traceIdsOf } from "./trace-truth.ts";

/**
 * A trace with everything that it is judged by, as the games bind it.
 * @param program bytes of the task's program, as its creation gave them
 */
export function traceCaseOf(truth: TraceTruth, program: Hex, iteration: ProgramIteration): TraceCase {
  const ids = traceIdsOf(truth);
  return {
    program,
    iteration,
    rows: truth.batch.x.rows,
    layers: truth.parameters.sizes.length - 1,
    tensors: ids.tensors.length,
    traceRoot: merkleRoot(ids.tensors),
    inputsRoot: merkleRoot(inputIds(truth, ids)),
    correct: truth.correct,
    loss: BigInt(truth.loss),
  };
}

/** keccak256(abi.encode(traceCase)): what verifiers attest, and what a game knows the revealed trace by. */
export function traceCaseHash(traceCase: TraceCase): Hex {
  const [, parameter] = getAbiItem({ abi: segmentGameAbi, name: "chooseTensor" }).inputs;
  return keccak256(encodeAbiParameters([parameter], [traceCase]));
}
