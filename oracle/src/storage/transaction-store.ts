import type { Hex } from "viem";

import type { Database } from "./database.ts";

/** A transaction as `Outbox` of the chain knows it. */
export interface StoredTransaction {
  readonly hash: Hex;
  readonly nonce: number;
  readonly raw: Hex;
  readonly what: string;
  readonly block: bigint | undefined;
}

/** The transactions that one account signed and that a reorganisation of the chain could still take back. */
export class TransactionStore {
  readonly #account: Hex;
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database, account: Hex) {
    this.#account = account;
    this.#database = database;
    this.#statements = {
      put: database.prepare(
        "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET block = excluded.block",
      ),
      delete: database.prepare("DELETE FROM transactions WHERE hash = ?"),
      list: database.prepare("SELECT * FROM transactions WHERE account = ? ORDER BY nonce"),
    };
  }

  /** On the disk on return: a transaction is put before it is sent. */
  put({ hash, nonce, raw, what, block }: StoredTransaction): void {
    this.#database.durably(() => this.#statements.put.run(hash, this.#account, nonce, raw, what, block ?? null));
  }

  delete(hash: Hex): void {
    this.#database.transaction(() => this.#statements.delete.run(hash));
  }

  list(): StoredTransaction[] {
    return this.#statements.list.all(this.#account).map((row) => ({
      hash: row.hash as Hex,
      nonce: row.nonce as number,
      raw: row.raw as Hex,
      what: row.what as string,
      block: row.block === null ? undefined : BigInt(row.block as number),
    }));
  }
}
