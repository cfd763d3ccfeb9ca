import type { Hex } from "viem";

/** One slot's entry of a clock: how many of its iterations a state has taken in, and the id of the last segment among them (32 zero bytes if none). */
export interface ClockEntry {
  readonly count: number;
  readonly segmentId: Hex;
}

/** One entry per slot, in slot order (DESIGN section 5). */
export type Clock = readonly ClockEntry[];

/** One iteration's record, a leaf of `recordsRoot`. */
export interface IterationRecord {
  readonly index: number;
  readonly batch: number;
  readonly clockHash: Hex;
  readonly updateId: Hex;
  /** Right answers in the batch. */
  readonly correct: number;
  /** Missing probability mass of the batch, in 1/127. */
  readonly loss: number;
  readonly work: Hex;
}

/** The statement a slot signs over up to 64 consecutive iterations. */
export interface Segment {
  readonly taskId: Hex;
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  readonly previous: Hex;
  readonly recordsRoot: Hex;
  readonly stateId: Hex;
  readonly residualId: Hex;
  readonly work: Hex;
}

/**
 * Sparse ternary update of one iteration: entries 2f + (1 if negative) in strictly ascending flat index f over the
 * concatenated layers, without padding.
 */
export type UpdateList = Uint32Array;

/** A signed segment with all that a peer needs to take it in: what travels on a task's topic. */
export interface SegmentMessage {
  readonly segment: Segment;
  /** EIP-712 signature of the slot's operator, 65 bytes r || s || v. */
  readonly signature: Hex;
  readonly clock: Clock;
  /** One per iteration, in order. */
  readonly records: readonly IterationRecord[];
  /** One per iteration, in order. */
  readonly lists: readonly UpdateList[];
}
