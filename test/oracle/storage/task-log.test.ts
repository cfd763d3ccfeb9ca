import type { SegmentMessage } from "@gristmill/sdk";
import { segmentId } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import { TaskLog } from "../../../oracle/src/storage/task-log.ts";

/** A chain of segments of `size` iterations each; only what the log looks at is filled in. */
function chain(slot: number, segments: number, size: number, salt = 0): SegmentMessage[] {
  const messages: SegmentMessage[] = [];
  let previous: Hex = zeroHash;
  for (let k = 0; k < segments; k += 1) {
    const segment = {
      taskId: zeroHash,
      slot,
      first: k * size,
      last: (k + 1) * size - 1,
      previous,
      recordsRoot: `0x${salt.toString(16).padStart(64, "0")}` as const,
      stateId: zeroHash,
      residualId: zeroHash,
      work: zeroHash,
    };
    previous = segmentId(segment);
    messages.push({
      segment,
      signature: "0x",
      clock: [],
      records: [],
      lists: Array.from({ length: size }, (_, i) => Uint32Array.of(2 * (k * size + i))),
    });
  }
  return messages;
}

describe("TaskLog", () => {
  it("builds the same chains whatever the order of arrival", () => {
    const messages = [...chain(0, 5, 4), ...chain(1, 7, 4)];
    const inOrder = new TaskLog(2);
    for (const message of messages) inOrder.add(message);
    const backwards = new TaskLog(2);
    for (const message of messages.toReversed()) backwards.add(message);
    expect(backwards.heads()).to.deep.equal(inOrder.heads());
    expect(inOrder.heads().map(({ count }) => count)).to.deep.equal([20, 28]);
  });

  it("says what became of a message", () => {
    const log = new TaskLog(1);
    const [first, second, third] = chain(0, 3, 4);
    const [rival] = chain(0, 1, 4, 1);
    expect(log.add(third!)).to.equal("waiting");
    expect(log.add(first!)).to.equal("added");
    expect(log.add(first!)).to.equal("duplicate");
    expect(log.add(rival!)).to.equal("conflicting");
    expect(log.add(second!)).to.equal("added");
    expect(log.head(0).count).to.equal(12);
  });

  it("does not put a segment on a chain that it does not continue", () => {
    const log = new TaskLog(1);
    log.add(chain(0, 1, 4)[0]!);
    expect(log.add(chain(0, 2, 4, 1)[1]!)).to.equal("conflicting");
    expect(log.head(0).count).to.equal(4);
  });

  it("tells of each segment once, in the order of the chain", () => {
    const log = new TaskLog(1);
    const firsts: number[] = [];
    log.on("added", ({ message }) => firsts.push(message.segment.first));
    for (const message of chain(0, 6, 2).toReversed()) log.add(message);
    expect(firsts).to.deep.equal([0, 2, 4, 6, 8, 10]);
  });

  it("finds segments by iteration and holds exactly the chain that an entry names", () => {
    const log = new TaskLog(1);
    for (const message of chain(0, 4, 3)) log.add(message);
    expect(log.covering(0, 7)?.message.segment.first).to.equal(6);
    expect(log.covering(0, 12)).to.equal(undefined);
    const { id } = log.covering(0, 5)!;
    expect(log.holds(0, { count: 6, segmentId: id })).to.equal(true);
    expect(log.holds(0, { count: 5, segmentId: zeroHash })).to.equal(false);
    expect(log.holds(0, { count: 0, segmentId: zeroHash })).to.equal(true);
  });

  it("gives the lists between two clocks, the own slot's left out", () => {
    const log = new TaskLog(3);
    for (const slot of [0, 1, 2]) for (const message of chain(slot, 3, 2)) log.add(message);
    const at = (counts: number[]) =>
      counts.map((count, slot) => ({ count, segmentId: count === 0 ? zeroHash : log.covering(slot, count - 1)!.id }));
    const lists = log.listsBetween(at([0, 0, 2]), at([2, 4, 6]), 1);
    expect(lists.map(({ slot, index }) => [slot, index])).to.deep.equal([
      [0, 0],
      [0, 1],
      [2, 2],
      [2, 3],
      [2, 4],
      [2, 5],
    ]);
  });

  it("refuses to invent lists that are missing", () => {
    expect(() => new TaskLog(1).lists(0, 0, 1)).to.throw("not in the log");
  });

  it("bounds what waits for a missing ancestor", () => {
    const log = new TaskLog(1);
    const messages = chain(0, 400, 1);
    for (const message of messages.slice(1)) expect(log.add(message)).to.equal("waiting");
    log.add(messages[0]!);
    expect(log.head(0).count).to.equal(257);
  });
});
