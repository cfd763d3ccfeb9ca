/** One step of the schema's history. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * The schema's history in order; version n is the state after the first n entries. Released entries never change: a
 * change of the schema is a new entry.
 */
export const migrations: readonly Migration[] = [
  {
    name: "segments, key-values, checkpoints, claims",
    sql: `
      -- One row per signed segment; a slot that equivocates has several rows that overlap, the first to come counts.
      CREATE TABLE segments (
        sequence   INTEGER PRIMARY KEY,
        task_id    TEXT NOT NULL,
        slot       INTEGER NOT NULL,
        first      INTEGER NOT NULL,
        last       INTEGER NOT NULL,
        segment_id TEXT NOT NULL,
        bytes      BLOB NOT NULL,
        UNIQUE (task_id, slot, segment_id)
      ) STRICT;
      CREATE INDEX segments_by_place ON segments (task_id, slot, first, last);

      CREATE TABLE key_values (
        scope TEXT NOT NULL,
        key   TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (scope, key)
      ) STRICT, WITHOUT ROWID;

      -- The state and residual right after a segment of a slot, by content address.
      CREATE TABLE checkpoints (
        task_id    TEXT NOT NULL,
        slot       INTEGER NOT NULL,
        segment_id TEXT NOT NULL,
        last       INTEGER NOT NULL,
        cid        TEXT NOT NULL,
        PRIMARY KEY (task_id, slot, segment_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE claims (
        claim_id TEXT PRIMARY KEY,
        task_id  TEXT NOT NULL,
        state    TEXT NOT NULL,
        payload  TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX claims_by_state ON claims (state);
    `,
  },
  {
    name: "disputes, their moves, accusations",
    sql: `
      -- Disputes over places of a task, and how far the chain was searched for them.
      CREATE TABLE disputes (
        dispute_id TEXT PRIMARY KEY,
        task_id    TEXT NOT NULL,
        block      INTEGER NOT NULL,
        over       INTEGER NOT NULL,
        payload    TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX disputes_by_task ON disputes (task_id, block);

      -- Moves that this node was about to send: written before they are.
      CREATE TABLE dispute_moves (
        dispute_id TEXT NOT NULL,
        move       INTEGER NOT NULL,
        name       TEXT NOT NULL,
        PRIMARY KEY (dispute_id, move)
      ) STRICT, WITHOUT ROWID;

      -- Segments and claimed tickets that this node found false, and whether it is about to bond for that.
      CREATE TABLE accusations (
        task_id TEXT NOT NULL,
        id      TEXT NOT NULL,
        kind    TEXT NOT NULL,
        slot    INTEGER NOT NULL,
        state   TEXT NOT NULL,
        reason  TEXT NOT NULL,
        PRIMARY KEY (task_id, id)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    name: "the log of messages only grows",
    sql: `
      CREATE TRIGGER segments_stay BEFORE DELETE ON segments
      BEGIN SELECT RAISE(ABORT, 'logged segments are never deleted'); END;
      CREATE TRIGGER segments_are_final BEFORE UPDATE ON segments
      BEGIN SELECT RAISE(ABORT, 'logged segments are never changed'); END;
    `,
  },
  {
    name: "transactions",
    sql: `
      -- What this node has signed, until no reorganisation can take it back; block is null while it waits.
      CREATE TABLE transactions (
        hash    TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        nonce   INTEGER NOT NULL,
        raw     TEXT NOT NULL,
        what    TEXT NOT NULL,
        block   INTEGER
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
