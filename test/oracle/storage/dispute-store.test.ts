import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Hex } from "viem";

import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { DisputeStore, type KnownDispute } from "../../../oracle/src/storage/dispute-store.ts";

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const TASK = id(0xaa);

function dispute(n: number, block: bigint): KnownDispute {
  const account: Hex = `0x${"11".repeat(20)}`;
  const bond = 5n * 10n ** 18n;
  return { disputeId: id(n), block, game: account, challenger: account, claim: id(n + 100), role: 0, index: 2, bond };
}

describe("DisputeStore", () => {
  let folder: string;
  let database: Database;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-disputes-"));
    database = openDatabase(join(folder, "node.sqlite"));
  });

  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  /** As a restarted process finds it. */
  function reopened(taskId = TASK): DisputeStore {
    database.close();
    database = openDatabase(join(folder, "node.sqlite"));
    return new DisputeStore(database, taskId);
  }

  it("gives back what it noted of a task's disputes in the order of their blocks, and keeps tasks apart", () => {
    const store = new DisputeStore(database, TASK);
    expect(store.lastBlock()).to.equal(undefined);
    expect(store.add(dispute(1, 9n))).to.equal(true);
    expect(store.add(dispute(2, 7n))).to.equal(true);
    expect(store.add(dispute(1, 9n)), "known").to.equal(false);
    store.end(id(2));
    const again = reopened();
    expect(again.all()).to.deep.equal([dispute(2, 7n), dispute(1, 9n)]);
    expect(again.going()).to.deep.equal([dispute(1, 9n)]);
    expect(again.lastBlock()).to.equal(9n);
    expect(new DisputeStore(database, id(0xbb)).all()).to.deep.equal([]);
  });

  it("remembers a move that was about to be sent, the first of its number", () => {
    const store = new DisputeStore(database, TASK);
    store.intend(id(1), 0, "revealOutcomes");
    store.intend(id(1), 0, "something else");
    const again = reopened();
    expect(again.intended(id(1), 0)).to.equal("revealOutcomes");
    expect(again.intended(id(1), 1)).to.equal(undefined);
  });

  it("hands out an accusation until it is settled, and knows it afterwards", () => {
    const store = new DisputeStore(database, TASK);
    const accusation = { kind: "segment", id: id(7), slot: 3, state: "found", reason: "stateId differs" } as const;
    store.accuse(accusation);
    store.accuse({ ...accusation, state: "sending" });
    expect(reopened().accusations()).to.deep.equal([{ ...accusation, state: "sending" }]);
    const again = reopened();
    again.accuse({ ...accusation, state: "settled" });
    expect(again.accusations()).to.deep.equal([]);
    expect(again.accusation(id(7))).to.include({ state: "settled" });
  });
});
