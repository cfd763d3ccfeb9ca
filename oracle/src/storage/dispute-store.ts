import type { Hex } from "viem";

import type { Database } from "./database.ts";

/** A dispute as its opening on the chain tells. */
export interface KnownDispute {
  readonly disputeId: Hex;
  /** Block of its opening: no event of it is older. */
  readonly block: bigint;
  /** Address of the game it is played in. */
  readonly game: Hex;
  readonly challenger: Hex;
  /** What is disputed, as the game names it: a segment's id in the segment game. */
  readonly claim: Hex;
  /** Role of the accused place, as `Role` of contracts/types/TaskTypes.sol. */
  readonly role: number;
  /** Number of the accused place among those of its role. */
  readonly index: number;
  /** GRIST wei. */
  readonly bond: bigint;
}

/** `found`: not bonded for yet; `sending`: the bond may be under way; `settled`: opened, or nothing is left to accuse. */
export type AccusationState = "found" | "sending" | "settled";

/** Something that this node computed otherwise. */
export interface Accusation {
  readonly kind: "segment" | "ticket" | "score";
  /** Of the segment, of the claim of a ticket, or the score's hash. */
  readonly id: Hex;
  /** Number of the accused place: of the slot, or of the evaluator that told the score. */
  readonly slot: number;
  readonly state: AccusationState;
  readonly reason: string;
}

/**
 * What a node knows of a task's disputes, and what it was about to do in them. What binds a bond or a deposit is on the
 * disk before it is sent, so that a node that crashed in between looks at the chain first and never pays twice.
 */
export class DisputeStore {
  readonly taskId: Hex;
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database, taskId: Hex) {
    this.taskId = taskId;
    this.#database = database;
    this.#statements = {
      add: database.prepare("INSERT INTO disputes VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING"),
      end: database.prepare("UPDATE disputes SET over = 1 WHERE dispute_id = ?"),
      all: database.prepare("SELECT * FROM disputes WHERE task_id = ? ORDER BY block, dispute_id"),
      going: database.prepare("SELECT * FROM disputes WHERE task_id = ? AND over = 0 ORDER BY block, dispute_id"),
      last: database.prepare("SELECT max(block) AS block FROM disputes WHERE task_id = ?"),
      intend: database.prepare("INSERT INTO dispute_moves VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
      intended: database.prepare("SELECT name FROM dispute_moves WHERE dispute_id = ? AND move = ?"),
      accuse: database.prepare(
        "INSERT INTO accusations VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
      ),
      accused: database.prepare("SELECT * FROM accusations WHERE task_id = ? AND id = ?"),
      accusations: database.prepare("SELECT * FROM accusations WHERE task_id = ? AND state <> 'settled'"),
    };
  }

  /** Notes a dispute; false if it was known. */
  add(dispute: KnownDispute): boolean {
    const { disputeId, block, bond, ...rest } = dispute;
    const payload = JSON.stringify({ ...rest, bond: String(bond) });
    return this.#statements.add.run(disputeId, this.taskId, block, payload).changes === 1;
  }

  /** A dispute that is closed or withdrawn needs no more looks. */
  end(disputeId: Hex): void {
    this.#statements.end.run(disputeId);
  }

  /** All disputes of the task, the oldest first. */
  all(): KnownDispute[] {
    return this.#statements.all.all(this.taskId).map(toDispute);
  }

  /** Those that are neither closed nor withdrawn, as far as this node has seen. */
  going(): KnownDispute[] {
    return this.#statements.going.all(this.taskId).map(toDispute);
  }

  /** Opening block of the newest dispute, undefined if there is none. */
  lastBlock(): bigint | undefined {
    const block = this.#statements.last.get(this.taskId)?.block;
    return typeof block === "number" ? BigInt(block) : undefined;
  }

  /** Says that move number `move` of a dispute is about to be sent; on the disk when it returns. */
  intend(disputeId: Hex, move: number, name: string): void {
    this.#database.durably(() => this.#statements.intend.run(disputeId, move, name));
  }

  /** Name of the call that was about to be sent as this move, undefined if none was. */
  intended(disputeId: Hex, move: number): string | undefined {
    return this.#statements.intended.get(disputeId, move)?.name as string | undefined;
  }

  /** Writes an accusation with its state; on the disk when it returns. */
  accuse({ kind, id, slot, state, reason }: Accusation): void {
    this.#database.durably(() => this.#statements.accuse.run(this.taskId, id, kind, slot, state, reason));
  }

  accusation(id: Hex): Accusation | undefined {
    const row = this.#statements.accused.get(this.taskId, id);
    return row === undefined ? undefined : toAccusation(row);
  }

  /** Those that are still to be bonded for. */
  accusations(): Accusation[] {
    return this.#statements.accusations.all(this.taskId).map(toAccusation);
  }
}

function toDispute(row: Record<string, unknown>): KnownDispute {
  const payload = JSON.parse(row.payload as string) as Omit<KnownDispute, "disputeId" | "block" | "bond"> & {
    readonly bond: string;
  };
  return {
    ...payload,
    disputeId: row.dispute_id as Hex,
    block: BigInt(row.block as number),
    bond: BigInt(payload.bond),
  };
}

function toAccusation(row: Record<string, unknown>): Accusation {
  return {
    kind: row.kind as Accusation["kind"],
    id: row.id as Hex,
    slot: row.slot as number,
    state: row.state as AccusationState,
    reason: row.reason as string,
  };
}
