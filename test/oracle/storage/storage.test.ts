import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";

import { CheckpointStore } from "../../../oracle/src/storage/checkpoint-store.ts";
import { ClaimStore } from "../../../oracle/src/storage/claim-store.ts";
import { lockDataFolder } from "../../../oracle/src/storage/data-folder.ts";
import { openDatabase, type Database } from "../../../oracle/src/storage/database.ts";
import { KeyValueStore } from "../../../oracle/src/storage/key-value-store.ts";
import { SegmentStore } from "../../../oracle/src/storage/segment-store.ts";

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const TASK = id(0xaa);
const segment = (slot: number, first: number, last: number, segmentId = id(1000 * slot + first + 1)) => ({
  slot,
  first,
  last,
  segmentId,
  bytes: Uint8Array.of(slot, first, last),
});

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof GristmillError) return error.code;
    throw error;
  }
  return undefined;
}

describe("storage", () => {
  let folder: string;
  let database: Database;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-storage-"));
    database = openDatabase(join(folder, "node.sqlite"));
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  describe("SegmentStore", () => {
    it("finds a segment by any of its iterations, by range and as head, in whatever order they came", () => {
      const store = new SegmentStore(database, TASK);
      for (const first of [8, 0, 4]) expect(store.append(segment(1, first, first + 3))).to.equal(true);
      store.append(segment(2, 0, 3));
      expect(store.byIndex(1, 5)).to.deep.include({ first: 4, last: 7, bytes: Uint8Array.of(1, 4, 7) });
      expect(store.byIndex(1, 7)?.first).to.equal(4);
      expect(store.byIndex(1, 12)).to.equal(undefined);
      expect(store.range(1, 3, 8, 10).map((s) => s.first)).to.deep.equal([0, 4, 8]);
      expect(store.range(1, 0, 100, 2).map((s) => s.first)).to.deep.equal([0, 4]);
      expect(store.head(1)?.first).to.equal(8);
      expect([...store].map((s) => [s.slot, s.first])).to.deep.equal([
        [1, 8],
        [1, 0],
        [1, 4],
        [2, 0],
      ]);
      expect(store.size).to.equal(4);
    });

    it("iterates over more rows than a page while rows are being added", () => {
      const store = new SegmentStore(database, TASK);
      for (let i = 0; i < 600; i++) store.append(segment(0, i, i));
      let seen = 0;
      for (const { first } of store) {
        if (first === 10) store.append(segment(0, 600, 600));
        seen++;
      }
      expect(seen).to.equal(601);
    });

    it("stores the same segment once and both versions of an equivocation, the first to come counting", () => {
      const store = new SegmentStore(database, TASK);
      store.append(segment(0, 0, 3, id(1)));
      expect(store.append(segment(0, 0, 3, id(1)))).to.equal(false);
      expect(store.append(segment(0, 2, 5, id(2)))).to.equal(true);
      expect(store.touching(0, 3, 3).map((s) => s.segmentId)).to.deep.equal([id(1), id(2)]);
      expect(store.byIndex(0, 3)?.segmentId).to.equal(id(1));
    });

    it("keeps tasks apart", () => {
      new SegmentStore(database, TASK).append(segment(0, 0, 3));
      expect(new SegmentStore(database, id(0xbb)).size).to.equal(0);
    });

    it("refuses to change or delete a logged segment", () => {
      new SegmentStore(database, TASK).append(segment(0, 0, 3));
      for (const [sql, refusal] of [
        ["UPDATE segments SET slot = 1", /never changed/],
        ["DELETE FROM segments", /never deleted/],
      ] as const)
        expect(() => {
          database.transaction(() => database.prepare(sql).run());
        }).to.throw(refusal);
      expect(new SegmentStore(database, TASK).size).to.equal(1);
    });
  });

  it("keeps key-values by scope, also durably", () => {
    const one = new KeyValueStore(database, "one");
    one.setText("a", "x");
    one.setDurably("b", Uint8Array.of(1));
    one.setText("a", "y");
    expect(one.getText("a")).to.equal("y");
    expect(one.keys()).to.deep.equal(["a", "b"]);
    expect(one.delete("a")).to.equal(true);
    expect(one.get("a")).to.equal(undefined);
    expect(new KeyValueStore(database, "two").keys()).to.deep.equal([]);
  });

  it("moves a claim from state to state with its payload", () => {
    const claims = new ClaimStore(database);
    claims.put({ claimId: id(1), taskId: TASK, state: "claimed", payload: { ticket: 3 } });
    claims.put({ claimId: id(2), taskId: TASK, state: "claimed", payload: null });
    claims.put({ claimId: id(1), taskId: TASK, state: "minted", payload: { ticket: 3, reward: "7" } });
    expect(claims.get(id(1))).to.deep.include({ state: "minted", payload: { ticket: 3, reward: "7" } });
    expect(claims.inState("claimed").map((c) => c.claimId)).to.deep.equal([id(2)]);
    expect(claims.ofTask(TASK)).to.have.length(2);
    expect(claims.get(id(3))).to.equal(undefined);
  });

  it("finds the newest checkpoint at or before an iteration", () => {
    const checkpoints = new CheckpointStore(database, TASK);
    for (const last of [-1, 3, 7]) checkpoints.put({ slot: 0, segmentId: id(last + 1), last, cid: `cid${last}` });
    expect(checkpoints.latest(0, 6)?.last).to.equal(3);
    expect(checkpoints.latest(0, 2)?.last).to.equal(-1);
    expect(checkpoints.latest(1, 2)).to.equal(undefined);
    expect(checkpoints.delete(0, id(4))).to.equal(true);
    expect(checkpoints.list(0).map((c) => c.last)).to.deep.equal([-1, 7]);
  });

  it("rolls a transaction back as a whole when it throws", () => {
    const values = new KeyValueStore(database, "s");
    const attempt = () =>
      database.transaction(() => {
        values.setText("a", "1");
        throw new GristmillError("TEST", "thrown on purpose");
      });
    expect(codeOf(attempt)).to.equal("TEST");
    expect(values.keys()).to.deep.equal([]);
    expect(
      codeOf(() => {
        database.transaction(() => {
          values.setDurably("a", new Uint8Array());
        });
      }),
    ).to.equal("NESTED_DURABLE_WRITE");
  });

  describe("lazy writes", () => {
    const committed = (): number => {
      const reader = openDatabase(join(folder, "node.sqlite"));
      try {
        return new SegmentStore(reader, TASK).size;
      } finally {
        reader.close();
      }
    };

    it("are seen at once, and are on the disk before any own segment that follows them", () => {
      const store = new SegmentStore(database, TASK);
      store.append(segment(1, 0, 3));
      store.append(segment(2, 0, 3));
      expect(store.size).to.equal(2);
      expect(committed()).to.equal(0);
      store.appendDurably(segment(0, 0, 3));
      expect(committed()).to.equal(3);
    });

    it("are committed by themselves when nothing follows", async () => {
      new SegmentStore(database, TASK).append(segment(1, 0, 3));
      while (committed() === 0) await setImmediate();
      expect(committed()).to.equal(1);
    });

    it("outlive a transaction that fails, and are committed on closing", () => {
      const store = new SegmentStore(database, TASK);
      store.append(segment(1, 0, 3));
      const attempt = () =>
        database.transaction(() => {
          store.append(segment(2, 0, 3));
          throw new GristmillError("TEST", "thrown on purpose");
        });
      expect(codeOf(attempt)).to.equal("TEST");
      expect(committed()).to.equal(1);
      store.append(segment(3, 0, 3));
      database.close();
      expect(committed()).to.equal(2);
    });
  });

  it("refuses a database of a newer schema and a file that is no database", () => {
    database.prepare("INSERT INTO migrations VALUES (99, 'later')").run();
    expect(codeOf(() => openDatabase(join(folder, "node.sqlite")))).to.equal("DATABASE_TOO_NEW");
    writeFileSync(join(folder, "text.sqlite"), "this is a text file, not a database".repeat(100));
    expect(codeOf(() => openDatabase(join(folder, "text.sqlite")))).to.equal("DATABASE_UNREADABLE");
  });

  it("opens an up-to-date database again without repeating migrations", () => {
    new KeyValueStore(database, "s").setText("a", "1");
    const again = openDatabase(join(folder, "node.sqlite"));
    expect(new KeyValueStore(again, "s").getText("a")).to.equal("1");
    again.close();
  });

  describe("lockDataFolder", () => {
    it("refuses a second holder until the first lets go", () => {
      const held = lockDataFolder(folder);
      expect(codeOf(() => lockDataFolder(folder))).to.equal("DATA_FOLDER_IN_USE");
      held.release();
      held.release();
      lockDataFolder(folder).release();
    });

    it("names a path that is no folder", () => {
      writeFileSync(join(folder, "file"), "");
      expect(codeOf(() => lockDataFolder(join(folder, "file")))).to.equal("DATA_FOLDER_UNUSABLE");
    });
  });

  it("leaves a sound database, every reported segment and a free folder when the process is killed while it writes", async () => {
    const home = join(folder, "killed");
    const child = spawn(process.execPath, [fileURLToPath(new URL("fixtures/writer.ts", import.meta.url)), home, TASK], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    let reported = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "locked") expect(codeOf(() => lockDataFolder(home))).to.equal("DATA_FOLDER_IN_USE");
      else reported = Number(line);
      if (reported === 50) child.kill("SIGKILL");
    }
    await exited;

    const held = lockDataFolder(home);
    const survivor = openDatabase(held.databasePath);
    expect(new SegmentStore(survivor, TASK).size).to.be.at.least(reported);
    expect(reported).to.be.at.least(50);
    survivor.close();
    held.release();
    const check = new DatabaseSync(held.databasePath);
    expect(check.prepare("PRAGMA integrity_check").get()?.integrity_check).to.equal("ok");
    check.close();
  });
});
