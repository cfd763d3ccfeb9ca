import { expect } from "chai";
import { zeroHash } from "viem";

import { Snapshots } from "../../../oracle/src/training/snapshots.ts";

const BYTES = 800;

function snapshot(next: number) {
  return { next, segmentId: zeroHash, weights: [new Int32Array(100)], residuals: [new Int32Array(100)] };
}

describe("Snapshots", () => {
  it("finds the latest one at or before an iteration", () => {
    const snapshots = new Snapshots(100 * BYTES, 8);
    for (const next of [8, 16, 24]) snapshots.add(snapshot(next));
    expect(snapshots.before(7)).to.equal(undefined);
    expect(snapshots.before(16)?.next).to.equal(16);
    expect(snapshots.before(23)?.next).to.equal(16);
  });

  it("stays within its memory, keeps the latest, and spreads the others evenly", () => {
    const snapshots = new Snapshots(10 * BYTES, 8);
    const kept = new Set<number>();
    for (let next = 8; next <= 8 * 100; next += 8) if (snapshots.wants(next)) snapshots.add(snapshot(next));
    for (let next = 0; next <= 800; next += 1) {
      const found = snapshots.before(next)?.next;
      if (found !== undefined) kept.add(found);
    }
    expect(kept.size).to.be.at.most(10).and.at.least(4);
    expect(snapshots.before(800)!.next).to.be.above(800 - 2 * 128);
  });
});
