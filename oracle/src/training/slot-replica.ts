import type {
  BatchSet,
  Clock,
  IterationRecord,
  MlpParameters,
  Segment,
  SegmentMessage,
  UpdateList,
} from "@gristmill/sdk";
import {
  batchIndex,
  clockHash,
  GristmillError,
  initialWork,
  nextWork,
  recordsRoot,
  segmentId,
  updateId,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import type { NamedList } from "../storage/task-log.ts";
import type { Trainer } from "./trainer.ts";

/** What a slot's training depends on besides its state. */
export interface SlotContext {
  readonly taskId: Hex;
  readonly seed: Hex;
  readonly slot: number;
  readonly slots: number;
  readonly parameters: MlpParameters;
  /** c: iterations a segment. */
  readonly segmentLength: number;
  /** Iterations of this slot over the task's life. */
  readonly iterations: number;
  readonly train: BatchSet;
  /** batchLeaf of each training batch. */
  readonly batchLeaves: readonly Hex[];
}

/** Where a replica stands between two segments. */
export interface SlotPosition {
  /** Index of the next iteration. */
  readonly next: number;
  /** Id of the segment before it, 32 zero bytes if none. */
  readonly previous: Hex;
  readonly work: Hex;
  /** Clock of the segment before, zeros if none. */
  readonly clock: Clock;
}

/** A segment as computed, before it is signed. */
export type SegmentDraft = Omit<SegmentMessage, "signature">;

/** The position of a slot that has not trained yet. */
export function startPosition(context: SlotContext): SlotPosition {
  return {
    next: 0,
    previous: zeroHash,
    work: initialWork(context.seed, context.slot),
    clock: Array.from({ length: context.slots }, () => ({ count: 0, segmentId: zeroHash })),
  };
}

/** The position right after a segment. */
export function positionAfter(message: SegmentDraft): SlotPosition {
  const { segment, clock } = message;
  return { next: segment.last + 1, previous: segmentId(segment), work: segment.work, clock };
}

/** How many iterations the segment that starts at `first` has. */
export function segmentSize(context: SlotContext, first: number): number {
  return Math.min(context.segmentLength, context.iterations - first);
}

/**
 * Trains one segment and says what the slot then signs. The miner runs it to produce segments, everybody else to check
 * them, and a restarted miner to get back to where it was: one computation, one place.
 *
 * @param clock the segment's clock; its own entry must be (first, previous)
 * @param lists the peers' lists that the step from the position's clock to `clock` takes in
 * @param between called between two iterations, so that a caller can yield or stop
 */
export async function runSegment(
  context: SlotContext,
  trainer: Trainer,
  position: SlotPosition,
  clock: Clock,
  lists: readonly NamedList[],
  between: () => Promise<void> | void = () => undefined,
): Promise<SegmentDraft> {
  const size = segmentSize(context, position.next);
  if (size <= 0)
    throw new GristmillError(
      "SLOT_FINISHED",
      `slot ${String(context.slot)} has run its ${String(context.iterations)} iterations`,
    );
  trainer.takeIn(lists.map((list) => ({ ...list, sign: 1 as const })));

  const hash = clockHash(clock);
  const records: IterationRecord[] = [];
  const updates: UpdateList[] = [];
  let work = position.work;
  for (let index = position.next; index < position.next + size; index += 1) {
    const batch = batchIndex(context.seed, context.parameters.batches, context.slots, context.slot, index);
    const examples = context.train.batches[batch];
    const leaf = context.batchLeaves[batch];
    if (examples === undefined || leaf === undefined)
      throw new GristmillError("BATCH_MISSING", `the training set has no batch ${String(batch)}`);
    const { list, correct, loss } = trainer.iterate(index, examples);
    const update = updateId(list);
    work = nextWork(work, leaf, hash, update);
    records.push({ index, batch, clockHash: hash, updateId: update, correct, loss, work });
    updates.push(list);
    await between();
  }
  const segment: Segment = {
    taskId: context.taskId,
    slot: context.slot,
    first: position.next,
    last: position.next + size - 1,
    previous: position.previous,
    recordsRoot: recordsRoot(records),
    stateId: trainer.stateId(),
    residualId: trainer.residualId(),
    work,
  };
  return { segment, clock, records, lists: updates };
}

/** Computes a slot's segments, as {@link runSegment} does. */
export type SegmentRunner = typeof runSegment;

/** The first figure in which a recomputed segment differs from the signed one, undefined if none does. */
export function firstDifference(signed: Segment, recomputed: Segment): string | undefined {
  const fields = ["first", "last", "previous", "recordsRoot", "work", "stateId", "residualId"] as const;
  for (const field of fields)
    if (signed[field] !== recomputed[field])
      return `${field} is ${String(signed[field])}, recomputed ${String(recomputed[field])}`;
  return undefined;
}
