import type { Hex } from "viem";

import type { Database } from "./database.ts";

/** A claim this node made, attests or watches. */
export interface StoredClaim {
  readonly claimId: Hex;
  readonly taskId: Hex;
  /** The role's name of where it stands. */
  readonly state: string;
  /** The role's own JSON. */
  readonly payload: unknown;
}

/** Claims by id, with the state each is in; every write is durable, since a claim binds a bond. */
export class ClaimStore {
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = {
      put: database.prepare(
        "INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, payload = excluded.payload",
      ),
      get: database.prepare("SELECT * FROM claims WHERE claim_id = ?"),
      inState: database.prepare("SELECT * FROM claims WHERE state = ? ORDER BY claim_id"),
      ofTask: database.prepare("SELECT * FROM claims WHERE task_id = ? ORDER BY claim_id"),
    };
  }

  put(claim: StoredClaim): void {
    const payload = JSON.stringify(claim.payload);
    this.#database.durably(() => this.#statements.put.run(claim.claimId, claim.taskId, claim.state, payload));
  }

  get(claimId: Hex): StoredClaim | undefined {
    const row = this.#statements.get.get(claimId);
    return row === undefined ? undefined : toClaim(row);
  }

  inState(state: string): StoredClaim[] {
    return this.#statements.inState.all(state).map(toClaim);
  }

  ofTask(taskId: Hex): StoredClaim[] {
    return this.#statements.ofTask.all(taskId).map(toClaim);
  }
}

function toClaim(row: Record<string, unknown>): StoredClaim {
  return {
    claimId: row.claim_id as Hex,
    taskId: row.task_id as Hex,
    state: row.state as string,
    payload: JSON.parse(row.payload as string) as unknown,
  };
}
