import type { Hex } from "viem";

import type { Database } from "./database.ts";

/** Where the state and residual right after a slot's segment lie. */
export interface StoredCheckpoint {
  readonly slot: number;
  /** 32 zero bytes for the initial state. */
  readonly segmentId: Hex;
  /** Last iteration of the segment, -1 for the initial state. */
  readonly last: number;
  /** Content address of the blob. */
  readonly cid: string;
}

/** One task's own snapshots by segment. */
export class CheckpointStore {
  readonly taskId: Hex;
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database, taskId: Hex) {
    this.taskId = taskId;
    this.#database = database;
    this.#statements = {
      put: database.prepare(
        "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET cid = excluded.cid",
      ),
      get: database.prepare("SELECT * FROM checkpoints WHERE task_id = ? AND slot = ? AND segment_id = ?"),
      latest: database.prepare(
        "SELECT * FROM checkpoints WHERE task_id = ? AND slot = ? AND last <= ? ORDER BY last DESC LIMIT 1",
      ),
      list: database.prepare("SELECT * FROM checkpoints WHERE task_id = ? AND slot = ? ORDER BY last"),
      delete: database.prepare("DELETE FROM checkpoints WHERE task_id = ? AND slot = ? AND segment_id = ?"),
    };
  }

  put({ slot, segmentId, last, cid }: StoredCheckpoint): void {
    this.#database.transaction(() => this.#statements.put.run(this.taskId, slot, segmentId, last, cid));
  }

  get(slot: number, segmentId: Hex): StoredCheckpoint | undefined {
    return toCheckpoint(this.#statements.get.get(this.taskId, slot, segmentId));
  }

  /** The newest snapshot of the slot at or before iteration `last`: where a replay starts. */
  latest(slot: number, last: number): StoredCheckpoint | undefined {
    return toCheckpoint(this.#statements.latest.get(this.taskId, slot, last));
  }

  /** The slot's snapshots, oldest first. */
  list(slot: number): StoredCheckpoint[] {
    return this.#statements.list.all(this.taskId, slot).map((row) => toCheckpoint(row)!);
  }

  delete(slot: number, segmentId: Hex): boolean {
    return this.#database.transaction(() => this.#statements.delete.run(this.taskId, slot, segmentId).changes === 1);
  }
}

function toCheckpoint(row: Record<string, unknown> | undefined): StoredCheckpoint | undefined {
  if (row === undefined) return undefined;
  return {
    slot: row.slot as number,
    segmentId: row.segment_id as Hex,
    last: row.last as number,
    cid: row.cid as string,
  };
}
