import type { MlpParameters, SegmentDomain } from "@gristmill/sdk";
import { batchIndex, weightCount } from "@gristmill/sdk";
import type { Address, Hex } from "viem";

/** What the registry fixes of a task and its messages are checked against. */
export interface TaskContext {
  readonly taskId: Hex;
  /** The operator of each slot, who signs for it. */
  readonly operators: readonly Address[];
  /** c, iterations in a segment. */
  readonly segmentLength: number;
  /** Iterations of each slot. */
  readonly iterations: number;
  readonly parameters: MlpParameters;
  /** The task's training seed. */
  readonly seed: Hex;
  readonly domain: SegmentDomain;
}

/** A {@link TaskContext} with what every message needs of it computed once. */
export interface PreparedContext extends TaskContext {
  /** Operators in lower case. */
  readonly signers: readonly string[];
  readonly weights: number;
  /** The batch of a slot's iteration. */
  batchOf(slot: number, index: number): number;
}

export function prepareContext(context: TaskContext): PreparedContext {
  const { seed, parameters, operators } = context;
  return {
    ...context,
    signers: operators.map((operator) => operator.toLowerCase()),
    weights: weightCount(parameters),
    batchOf: (slot, index) => batchIndex(seed, parameters.batches, operators.length, slot, index),
  };
}
