import { EventEmitter } from "node:events";

import type { Clock, ClockEntry, SegmentMessage, UpdateList } from "@gristmill/sdk";
import { GristmillError, segmentId } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

/** A valid message together with its id, which everything refers to it by. */
export interface LoggedSegment {
  readonly id: Hex;
  readonly message: SegmentMessage;
}

/** One update list with the iteration it comes from. */
export interface NamedList {
  readonly slot: number;
  readonly index: number;
  readonly list: UpdateList;
}

/** What became of a message: `waiting` ones have an ancestor missing, `conflicting` ones contradict a signed one. */
export type AddOutcome = "added" | "duplicate" | "waiting" | "conflicting";

/** Out-of-order messages kept per slot before older ones must be fetched instead. */
const MAX_WAITING = 256;

/**
 * What a node knows of a task's segments: for each slot one unbroken chain from iteration 0. Messages may arrive in
 * any order; they enter a chain when their predecessor is in it. Emits `added` with the segment.
 */
export class TaskLog extends EventEmitter<{ added: [LoggedSegment] }> {
  readonly slots: number;
  readonly #chains: LoggedSegment[][];
  readonly #byId = new Map<Hex, LoggedSegment>();
  readonly #waiting: Map<Hex, LoggedSegment>[];

  constructor(slots: number) {
    super();
    this.slots = slots;
    this.#chains = Array.from({ length: slots }, () => []);
    this.#waiting = Array.from({ length: slots }, () => new Map<Hex, LoggedSegment>());
  }

  /** Takes in a message whose signature and structure have been checked. */
  add(message: SegmentMessage): AddOutcome {
    const id = segmentId(message.segment);
    if (this.#byId.has(id)) return "duplicate";
    const { slot, previous, first } = message.segment;
    const head = this.head(slot);
    if (first < head.count) return "conflicting";
    const waiting = at(this.#waiting, slot);
    const segment = { id, message };
    if (previous !== head.segmentId || first !== head.count) {
      if (first === head.count) return "conflicting";
      if (waiting.size < MAX_WAITING) waiting.set(previous, segment);
      return "waiting";
    }
    for (let next: LoggedSegment | undefined = segment; next !== undefined;) {
      waiting.delete(next.message.segment.previous);
      at(this.#chains, slot).push(next);
      this.#byId.set(next.id, next);
      this.emit("added", next);
      const follower: LoggedSegment | undefined = waiting.get(next.id);
      next = follower?.message.segment.first === next.message.segment.last + 1 ? follower : undefined;
    }
    return "added";
  }

  /** How far the slot's chain reaches. */
  head(slot: number): ClockEntry {
    const last = at(this.#chains, slot).at(-1);
    return last === undefined
      ? { count: 0, segmentId: zeroHash }
      : { count: last.message.segment.last + 1, segmentId: last.id };
  }

  heads(): Clock {
    return this.#chains.map((_, slot) => this.head(slot));
  }

  chain(slot: number): readonly LoggedSegment[] {
    return at(this.#chains, slot);
  }

  get(id: Hex): LoggedSegment | undefined {
    return this.#byId.get(id);
  }

  /** The segment that holds the slot's iteration `index`. */
  covering(slot: number, index: number): LoggedSegment | undefined {
    const chain = at(this.#chains, slot);
    let low = 0;
    let high = chain.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const segment = at(chain, middle);
      const { first, last } = segment.message.segment;
      if (index < first) high = middle - 1;
      else if (index > last) low = middle + 1;
      else return segment;
    }
    return undefined;
  }

  /** Whether this log holds the chain that the entry names. */
  holds(slot: number, entry: ClockEntry): boolean {
    if (entry.count === 0) return true;
    return this.covering(slot, entry.count - 1)?.id === entry.segmentId;
  }

  /** The update list of this id, whoever made it; a search through all segments. */
  listOf(updateId: Hex): UpdateList | undefined {
    for (const { message } of this.#byId.values()) {
      const place = message.records.findIndex((record) => record.updateId === updateId);
      if (place >= 0) return message.lists[place];
    }
    return undefined;
  }

  /**
   * The lists of one slot's iterations [from, to).
   * @throws GristmillError LOG_INCOMPLETE
   */
  lists(slot: number, from: number, to: number): NamedList[] {
    const lists: NamedList[] = [];
    for (let index = from; index < to;) {
      const message = this.covering(slot, index)?.message;
      if (message === undefined)
        throw new GristmillError(
          "LOG_INCOMPLETE",
          `iteration ${String(index)} of slot ${String(slot)} is not in the log`,
          {
            hints: ["fetch the missing segments from a peer first"],
          },
        );
      for (; index < to && index <= message.segment.last; index += 1)
        lists.push({ slot, index, list: at(message.lists, index - message.segment.first) });
    }
    return lists;
  }

  /** The lists that the step from one clock to a later one takes in, the own slot's left out. */
  listsBetween(before: Clock, after: Clock, own: number): NamedList[] {
    const lists: NamedList[] = [];
    for (let slot = 0; slot < this.slots; slot += 1)
      if (slot !== own) lists.push(...this.lists(slot, at(before, slot).count, at(after, slot).count));
    return lists;
  }
}

function at<T>(array: readonly T[], index: number): T {
  const value = array[index];
  if (value === undefined)
    throw new GristmillError("LOG_RANGE", `there is no entry ${String(index)} among ${String(array.length)}`);
  return value;
}
