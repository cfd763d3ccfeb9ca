import type { Hex } from "viem";

import type { Database } from "./database.ts";

/** A signed segment as it travelled, with the place it stands for. */
export interface StoredSegment {
  readonly slot: number;
  /** First iteration. */
  readonly first: number;
  /** Last iteration, inclusive. */
  readonly last: number;
  readonly segmentId: Hex;
  /** The encoded message. */
  readonly bytes: Uint8Array;
}

/** {@link StoredSegment} without the message. */
export type SegmentPlace = Omit<StoredSegment, "bytes">;

interface Row {
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  readonly segment_id: string;
  readonly bytes: Uint8Array;
}

const PAGE_ROWS = 256;
const COLUMNS = "slot, first, last, segment_id, bytes";

/**
 * All signed segments of one task that this node saw, own ones included. It only grows. A slot that signed two versions
 * has both; where one is asked for by place, the first to come is meant.
 */
export class SegmentStore {
  readonly taskId: Hex;
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database, taskId: Hex) {
    this.taskId = taskId;
    this.#database = database;
    this.#statements = {
      insert: database.prepare(
        "INSERT INTO segments (task_id, slot, first, last, segment_id, bytes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ),
      byIndex: database.prepare(
        `SELECT ${COLUMNS} FROM segments WHERE task_id = ? AND slot = ? AND first > ? - 64 AND first <= ? AND last >= ? ORDER BY sequence LIMIT 1`,
      ),
      // A segment has at most 64 iterations: the bound on `first` lets the index skip all that ended long ago.
      touching: database.prepare(
        "SELECT slot, first, last, segment_id FROM segments WHERE task_id = ? AND slot = ? AND first > ? - 64 AND first <= ? AND last >= ? ORDER BY sequence",
      ),
      range: database.prepare(
        `SELECT ${COLUMNS} FROM segments WHERE task_id = ? AND slot = ? AND first > ? - 64 AND first <= ? AND last >= ? ORDER BY first, sequence LIMIT ?`,
      ),
      head: database.prepare(
        `SELECT ${COLUMNS} FROM segments WHERE task_id = ? AND slot = ? ORDER BY first DESC, sequence LIMIT 1`,
      ),
      page: database.prepare(
        `SELECT sequence, ${COLUMNS} FROM segments WHERE task_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
      ),
      count: database.prepare("SELECT count(*) AS count FROM segments WHERE task_id = ?"),
    };
  }

  /** Adds a peer's segment; false if it was there. It is on the disk before any own segment that is added later. */
  append(segment: StoredSegment): boolean {
    return this.#database.lazily(() => this.#insert(segment));
  }

  /** Adds an own segment and returns once it is on the disk: only then may it be published. */
  appendDurably(segment: StoredSegment): boolean {
    return this.#database.durably(() => this.#insert(segment));
  }

  /** The segment that holds the iteration `index` of the slot. */
  byIndex(slot: number, index: number): StoredSegment | undefined {
    return toSegment(this.#statements.byIndex.get(this.taskId, slot, index, index, index));
  }

  /** All segments with an iteration in `from..to`, in the order they came. */
  touching(slot: number, from: number, to: number): SegmentPlace[] {
    return this.#statements.touching
      .all(this.taskId, slot, from, to, from)
      .map((row) => toPlace(row as unknown as Row));
  }

  /** The slot's segments with an iteration in `from..to`, in order of iterations, at most `limit`. */
  range(slot: number, from: number, to: number, limit: number): StoredSegment[] {
    return this.#statements.range.all(this.taskId, slot, from, to, from, limit).map((row) => toSegment(row)!);
  }

  /** The slot's segment that reaches farthest, whether or not all before it are there. */
  head(slot: number): StoredSegment | undefined {
    return toSegment(this.#statements.head.get(this.taskId, slot));
  }

  /** All segments of the task in the order they came; those added meanwhile included. */
  *[Symbol.iterator](): IterableIterator<StoredSegment> {
    // By pages: an open cursor would stand in the way of writes that the caller makes between two steps.
    for (let sequence = 0; ;) {
      const rows = this.#statements.page.all(this.taskId, sequence, PAGE_ROWS);
      for (const row of rows) yield toSegment(row)!;
      if (rows.length < PAGE_ROWS) return;
      sequence = rows.at(-1)?.sequence as number;
    }
  }

  #insert({ slot, first, last, segmentId, bytes }: StoredSegment): boolean {
    return this.#statements.insert.run(this.taskId, slot, first, last, segmentId, bytes).changes === 1;
  }

  get size(): number {
    return Number(this.#statements.count.get(this.taskId)?.count);
  }
}

function toPlace({ slot, first, last, segment_id }: Row): SegmentPlace {
  return { slot, first, last, segmentId: segment_id as Hex };
}

function toSegment(row: unknown): StoredSegment | undefined {
  return row === undefined ? undefined : { ...toPlace(row as Row), bytes: (row as Row).bytes };
}
