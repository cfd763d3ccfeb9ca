import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { GristmillError } from "@gristmill/sdk";

/** SQLite's result code for a lock that another connection holds (https://sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;

/** A data folder held by this process alone. */
export interface DataFolder {
  readonly path: string;
  /** Where the folder's database lies. */
  readonly databasePath: string;
  release(): void;
}

/** Where a data folder's database lies, for readers beside the process that holds the folder. */
export function databasePath(path: string): string {
  return join(path, "node.sqlite");
}

/**
 * Takes a data folder for this process: two nodes on one folder would sign over each other. The lock is SQLite's
 * exclusive lock on an empty database, which the operating system drops with the process, however it ends: no stale
 * lock file is left to clean up.
 *
 * @param path folder; created if absent
 * @throws GristmillError DATA_FOLDER_IN_USE, DATA_FOLDER_UNUSABLE
 */
export function lockDataFolder(path: string): DataFolder {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(path, { recursive: true });
    lock = new DatabaseSync(join(path, "lock.sqlite"), { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    if (cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY) {
      throw new GristmillError("DATA_FOLDER_IN_USE", `Another process uses the data folder ${path}.`, {
        cause,
        hints: ["Stop the other node, or give this one a data folder of its own."],
      });
    }
    throw new GristmillError("DATA_FOLDER_UNUSABLE", `The data folder ${path} cannot be used.`, {
      cause,
      hints: ["Check that the path is a folder that this user may write to."],
    });
  }
  const held = lock;
  return {
    path,
    databasePath: databasePath(path),
    release: () => {
      if (held.isOpen) held.close();
    },
  };
}
