import type { ClockEntry, MlpParameters } from "@gristmill/sdk";
import { applyList, initialWeights, stateId, stepSize } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { TaskLog } from "../storage/task-log.ts";

/** A task's model: the initial weights minus the updates of every included slot up to its committed head. */
export interface FinalState {
  readonly weights: readonly Int32Array[];
  readonly stateId: Hex;
  /** Bit s set: slot s is in the sum. */
  readonly included: bigint;
}

/**
 * Sums the updates of all slots whose committed chain this node holds (DESIGN section 8, Submission). The sum does not
 * depend on any order, so everybody who holds the same chains gets the same bits.
 *
 * @param heads committed head of each slot, count 0 if it committed nothing
 */
export function sumState(parameters: MlpParameters, seed: Hex, log: TaskLog, heads: readonly ClockEntry[]): FinalState {
  let included = 0n;
  const weights = initialWeights(parameters, seed);
  heads.forEach((head, slot) => {
    if (head.count === 0 || !log.holds(slot, head)) return;
    included |= 1n << BigInt(slot);
    for (const { index, list } of log.lists(slot, 0, head.count))
      applyList(weights, parameters, list, stepSize(parameters, index), 1);
  });
  return { weights, stateId: stateId(parameters, weights), included };
}
