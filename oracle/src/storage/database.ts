import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { GristmillError } from "@gristmill/sdk";

import { migrations } from "./migrations.ts";

/** How many milliseconds a statement waits for another connection, such as somebody's `sqlite3` on a running node. */
const BUSY_TIMEOUT_MS = 5_000;

/** Longest that a lazy write waits for its commit, milliseconds. */
const LAZY_COMMIT_MS = 250;

/**
 * The node's embedded database: SQLite in WAL mode, one connection, used synchronously.
 *
 * `synchronous` is FULL: what a commit wrote is on the disk when it returns, and no loss of power makes this node forget
 * what it is about to sign or publish, so it cannot equivocate. That costs an fsync a commit. What can be fetched again,
 * peers' segments, is therefore written by {@link Database.lazily}: it is committed together with what comes after it, at
 * the latest with the own segment that may name it, and one commit a round does for all of them.
 *
 * Every write goes through one of the methods here: a bare statement would become part of an open lazy transaction.
 */
export class Database {
  readonly path: string;
  readonly #connection: DatabaseSync;
  #isInside = false;
  #lazyCommit: NodeJS.Timeout | undefined;

  constructor(path: string, connection: DatabaseSync) {
    this.path = path;
    this.#connection = connection;
  }

  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql);
  }

  /**
   * Runs `work` in one transaction: all of its writes or none, on the disk on return, and with them all lazy ones before.
   * Inside another one it joins that.
   */
  transaction<T>(work: () => T): T {
    if (this.#isInside) return work();
    this.#begin();
    this.#connection.exec("SAVEPOINT work");
    this.#isInside = true;
    try {
      return work();
    } catch (error) {
      // SQLite rolls some failures back by itself (disk full); a second rollback would hide the cause.
      if (this.#connection.isTransaction) this.#connection.exec("ROLLBACK TO work");
      throw error;
    } finally {
      this.#isInside = false;
      this.#commit();
    }
  }

  /**
   * As {@link Database.transaction}, for what must be on the disk before it is sent.
   *
   * @throws GristmillError NESTED_DURABLE_WRITE inside another transaction, whose commit alone decides
   */
  durably<T>(work: () => T): T {
    if (this.#isInside) {
      throw new GristmillError("NESTED_DURABLE_WRITE", "A durable write was started inside another transaction.", {
        hints: ["Make the outer transaction the durable one."],
      });
    }
    return this.transaction(work);
  }

  /**
   * Runs `work`, whose writes everybody sees at once, and leaves the commit to the next transaction, or to a timer. A
   * crash before it takes them back.
   */
  lazily<T>(work: () => T): T {
    if (!this.#isInside) {
      this.#begin();
      this.#lazyCommit ??= setTimeout(() => {
        this.#commit();
      }, LAZY_COMMIT_MS).unref();
    }
    return work();
  }

  close(): void {
    if (!this.#connection.isOpen) return;
    this.#commit();
    this.#connection.close();
  }

  #begin(): void {
    if (!this.#connection.isTransaction) this.#connection.exec("BEGIN IMMEDIATE");
  }

  #commit(): void {
    clearTimeout(this.#lazyCommit);
    this.#lazyCommit = undefined;
    if (this.#connection.isTransaction) this.#connection.exec("COMMIT");
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
    connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
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
