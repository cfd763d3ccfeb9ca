import { setImmediate as nextTurn } from "node:timers/promises";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";

import { eachBatch } from "../../../oracle/src/tenshash/each-batch.ts";
import { rejection } from "../../rejection.ts";

describe("eachBatch", () => {
  it("covers all items once, in batches of the size asked for when their turn comes", async () => {
    const batches: [number, number][] = [];
    await eachBatch(
      20,
      () => 2 ** batches.length,
      async (first, end) => {
        batches.push([first, end]);
        await nextTurn();
      },
    );
    expect(batches).to.deep.equal([
      [0, 1],
      [1, 3],
      [3, 7],
      [7, 15],
      [15, 20],
    ]);
  });

  it("has two batches under way, and no more", async () => {
    let underWay = 0;
    const counts: number[] = [];
    await eachBatch(
      5,
      () => 1,
      async () => {
        counts.push(++underWay);
        await nextTurn();
        underWay--;
      },
    );
    expect(Math.max(...counts)).to.equal(2);
  });

  it("does nothing for no items", async () => {
    await eachBatch(
      0,
      () => 1,
      () => expect.fail("there is no batch"),
    );
  });

  it("tells the other batch when one fails, waits for it, and begins no other", async () => {
    const failure = new GristmillError("TENSHASH_DEVICE_LOST", "The card is gone.");
    const seen: string[] = [];
    const error = await rejection(
      eachBatch(
        9,
        () => 1,
        async (first, _end, signal) => {
          seen.push(`begun ${String(first)}`);
          if (first === 1) throw failure;
          await nextTurn();
          seen.push(`ended ${String(first)}, aborted: ${String(signal.aborted)}`);
        },
      ),
    );
    expect(error).to.equal(failure);
    expect(seen).to.deep.equal(["begun 0", "begun 1", "ended 0, aborted: true"]);
  });

  it("begins no batch after it was aborted", async () => {
    const controller = new AbortController();
    let begun = 0;
    const work = async () => {
      begun++;
      controller.abort(new DOMException("the epoch ended", "AbortError"));
      await nextTurn();
    };
    expect(await rejection(eachBatch(9, () => 1, work, controller.signal))).to.have.property("name", "AbortError");
    expect(begun).to.equal(1);
  });
});
