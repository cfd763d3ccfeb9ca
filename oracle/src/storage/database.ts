import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { GristmillError } from "@gristmill/sdk";

import { migrations } from "./migrations.ts";

/** How many milliseconds a statement waits for another connection (a reader such as `oracle-miner status`). */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * The node's embedded database: SQLite in WAL mode, one connection, used synchronously.
 *
 * `synchronous` is NORMAL: a commit is appended to the WAL without waiting for the disk, which a crash or kill -9 of the
 * process survives (the pages are the operating system's by then) and which keeps a commit near 20 µs. A loss of power
 * may take the last commits with it, never the database's consistency. What peers sent can be fetched again; what this
 * node signs cannot be taken back, so own segments, heads and claims are written by {@link Database.durably}.
 */
export class Database {
  readonly path: string;
  readonly #connection: DatabaseSync;
  #depth = 0;

  constructor(path: string, connection: DatabaseSync) {
    this.path = path;
    this.#connection = connection;
  }

  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql);
  }

  /** Runs `work` in one transaction: all of its writes or none. Inside another one it joins that. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#connection.exec("BEGIN IMMEDIATE");
    this.#depth = 1;
    try {
      const result = work();
      this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite rolls some failures back by itself (disk full); a second rollback would hide the cause.
      if (this.#connection.isTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth = 0;
    }
  }

  /**
   * As {@link Database.transaction}, and on return the writes are on the disk: no loss of power makes this node forget
   * what it is about to sign or publish, so it cannot equivocate. Costs one fsync.
   *
   * @throws GristmillError NESTED_DURABLE_WRITE inside another transaction, whose commit alone decides
   */
  durably<T>(work: () => T): T {
    if (this.#depth > 0) {
      throw new GristmillError("NESTED_DURABLE_WRITE", "A durable write was started inside another transaction.", {
        hints: ["Make the outer transaction the durable one."],
      });
    }
    this.#connection.exec("PRAGMA synchronous = FULL");
    try {
      return this.transaction(work);
    } finally {
      this.#connection.exec("PRAGMA synchronous = NORMAL");
    }
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }
}

/**
 * Opens, or creates, the database and brings its schema up to date.
 *
 * @param path file; its folder is created
 * @throws GristmillError DATABASE_UNREADABLE, DATABASE_TOO_NEW
 */
export function openDatabase(path: string): Database {
  let connection: DatabaseSync;
  try {
    mkdirSync(dirname(path), { recursive: true });
    connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const database = new Database(path, connection);
    migrate(database, connection);
    return database;
  } catch (cause) {
    connection.close();
    throw cause instanceof GristmillError ? cause : unreadable(path, cause);
  }
}

function migrate(database: Database, connection: DatabaseSync): void {
  connection.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
  const row = database.prepare("SELECT coalesce(max(version), 0) AS version FROM migrations").get();
  const version = Number(row?.version);
  if (version > migrations.length) {
    throw new GristmillError(
      "DATABASE_TOO_NEW",
      `The database ${database.path} has schema version ${version}, and this program knows versions up to ${migrations.length}.`,
      { hints: ["Run the program's newer version that wrote it, or choose another data folder."] },
    );
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      connection.exec(migration.sql);
      database.prepare("INSERT INTO migrations VALUES (?, ?)").run(index + 1, migration.name);
    });
  }
}

function unreadable(path: string, cause: unknown): GristmillError {
  return new GristmillError("DATABASE_UNREADABLE", `The database ${path} cannot be opened.`, {
    cause,
    hints: ["Check that the folder is writable and the file is a Gristmill database; move a damaged file away."],
  });
}
