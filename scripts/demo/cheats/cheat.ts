import {
  batchLeaf,
  nextWork,
  type Op,
  recordsRoot,
  residualId,
  stateId,
  tensorId,
  UPDATE_PADDING,
  type UpdateList,
} from "@gristmill/sdk";

import type { OutcomeIds, SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import type { TraceTruth } from "../../../oracle/src/disputes/trace-truth.ts";

/** A way for a miner to lie about a segment: what it signs, and defends, in the place of what it should have computed. */
export interface Cheat {
  /** As `npm start -- --cheat NAME` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /**
   * @returns the lie, or undefined if this segment gives no opportunity for it (nothing taken in, nothing updated)
   */
  lie(truth: SegmentTruth): SegmentTruth | undefined;
}

/**
 * A segment in which one iteration is a lie and everything that is bound to it follows: record, chain of work, states,
 * roots. The iterations after it stay what they were: the first false one is all that a dispute is about.
 */
export function withLie(truth: SegmentTruth, iteration: number, trace: TraceTruth): SegmentTruth {
  const { message, outcomes, parameters } = truth;
  const { segment } = message;
  const lied = trace.tensors[placeOf(trace, "Sparse")]!;
  const last = outcomes.length - 1;
  const records = [...message.records];
  let work = iteration === 0 ? truth.workBefore : records[iteration - 1]!.work;
  for (let i = iteration; i <= last; i++) {
    const record = records[i]!;
    const changed =
      i === iteration ? { ...record, updateId: tensorId(lied), correct: trace.correct, loss: trace.loss } : record;
    work = nextWork(work, batchLeaf(truth.trace(i).batch), changed.clockHash, changed.updateId);
    records[i] = { ...changed, work };
  }
  const ids: OutcomeIds = {
    stateId: stateId(parameters, layersOf(trace, "Step")),
    residualId: residualId(parameters, layersOf(trace, "Residual")),
  };
  const lies = outcomes.map((outcome, i) => (i === iteration ? ids : outcome));
  const lists = message.lists.map((own, i) => (i === iteration ? listOf(trace) : own));
  const { stateId: state, residualId: residual } = lies[last]!;
  return {
    ...truth,
    message: {
      ...message,
      records,
      lists,
      segment: { ...segment, recordsRoot: recordsRoot(records), stateId: state, residualId: residual, work },
    },
    outcomes: lies,
    trace: (i) => (i === iteration ? trace : truth.trace(i)),
  };
}

/** The trace with some of its tensors replaced, by their place. */
export function withTensors(
  trace: TraceTruth,
  replace: ReadonlyMap<number, TraceTruth["tensors"][number]>,
): TraceTruth {
  return { ...trace, tensors: trace.tensors.map((tensor, k) => replace.get(k) ?? tensor) };
}

/** Place of the first tensor that an operation yields. */
export function placeOf({ instructions }: TraceTruth, op: Op): number {
  return instructions.findIndex((instruction) => instruction.op === op);
}

/** Entries of the trace's S. */
export function listOf(trace: TraceTruth): UpdateList {
  return Uint32Array.from(trace.tensors[placeOf(trace, "Sparse")]!.data).filter((entry) => entry !== UPDATE_PADDING);
}

/** The layers that an operation of the trace yields, the first layer first. */
export function layersOf({ tensors, instructions }: TraceTruth, op: "Step" | "Residual"): Int32Array[] {
  return tensors
    .map((tensor, k) => ({ tensor, instruction: instructions[k]! }))
    .filter(({ instruction }) => instruction.op === op)
    .toSorted((a, b) => a.instruction.layer - b.instruction.layer)
    .map(({ tensor }) => tensor.data as Int32Array);
}
