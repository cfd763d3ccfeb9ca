import type { Hex } from "viem";

/** Master weights and residuals of a slot at the end of a segment, one array a layer. */
export interface SlotState {
  readonly weights: readonly Int32Array[];
  readonly residuals: readonly Int32Array[];
}

/** A state a replay can start from. */
export interface Snapshot extends SlotState {
  /** Index of the iteration that follows it. */
  readonly next: number;
  /** Segment that ended with this state, 32 zero bytes for the initial one. */
  readonly segmentId: Hex;
}

/**
 * The states a slot keeps at hand, so that getting back to any segment replays few iterations. Holds at most `maxBytes`:
 * when that is full every other snapshot goes, so that those that stay are evenly spread and replays at most twice as
 * long. The initial state is not kept: it follows from the seed.
 */
export class Snapshots {
  readonly #maxBytes: number;
  readonly #held: Snapshot[] = [];
  #bytes = 0;
  #spacing: number;

  /**
   * @param maxBytes memory for snapshots
   * @param spacing iterations between two snapshots, at first
   */
  constructor(maxBytes: number, spacing: number) {
    this.#maxBytes = maxBytes;
    this.#spacing = spacing;
  }

  /** Whether the state before iteration `next` is worth keeping; ask before copying it. */
  wants(next: number): boolean {
    return next >= (this.#held.at(-1)?.next ?? 0) + this.#spacing;
  }

  /** Keeps a snapshot; the caller gives the arrays away. */
  add(snapshot: Snapshot): void {
    this.#held.push(snapshot);
    this.#bytes += sizeOf(snapshot);
    while (this.#bytes > this.#maxBytes && this.#held.length > 1) {
      this.#spacing *= 2;
      const kept = this.#held.filter((_, index) => (this.#held.length - 1 - index) % 2 === 0);
      this.#held.splice(0, this.#held.length, ...kept);
      this.#bytes = kept.reduce((sum, each) => sum + sizeOf(each), 0);
    }
  }

  /** The latest snapshot at or before iteration `next`. */
  before(next: number): Snapshot | undefined {
    return this.#held.findLast((snapshot) => snapshot.next <= next);
  }
}

function sizeOf(state: SlotState): number {
  return [...state.weights, ...state.residuals].reduce((sum, layer) => sum + layer.byteLength, 0);
}
