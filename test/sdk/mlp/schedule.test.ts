import { batchIndex, stepSize } from "@gristmill/sdk";
import { expect } from "chai";

import { program } from "../fixtures/programs.ts";

const seed = `0x${"07".repeat(32)}` as const;

describe("stepSize", () => {
  it("halves every halveEvery iterations and rounds down", () => {
    const p = program({ q0: 700, halveEvery: 5 });
    expect([0, 4, 5, 10, 15].map((index) => stepSize(p, index))).to.deep.equal([700, 700, 350, 175, 87]);
  });

  it("never falls below 1", () => {
    const p = program({ q0: 4, halveEvery: 1 });
    expect([2, 3, 100, 4_000_000_000].map((index) => stepSize(p, index))).to.deep.equal([1, 1, 1, 1]);
  });

  it("stays where halveEvery is 0", () => {
    expect(stepSize(program({ q0: 9, halveEvery: 0 }), 4_000_000_000)).to.equal(9);
  });
});

describe("batchIndex", () => {
  it("gives the slots together every batch once a pass, in an order that changes with the pass", () => {
    for (const [batches, slots] of [
      [1, 1],
      [2, 1],
      [6, 3],
      [7, 3],
      [30, 4],
    ] as const) {
      const drawn = Array.from({ length: 4 * batches }, (_, k) =>
        batchIndex(seed, batches, slots, k % slots, Math.floor(k / slots)),
      );
      const passes = [0, 1, 2, 3].map((pass) => drawn.slice(pass * batches, (pass + 1) * batches));
      for (const pass of passes) expect(new Set(pass).size).to.equal(batches);
      if (batches === 30) expect(new Set(passes.map(String)).size).to.equal(4);
    }
  });

  it("stays exact far into a long training on many batches", () => {
    const batch = batchIndex(seed, 4_294_967_291, 80, 79, 4_294_967_295);
    expect(batch).to.be.within(0, 4_294_967_290);
  });

  it("refuses a slot that does not exist", () => {
    expect(() => batchIndex(seed, 5, 2, 2, 0))
      .to.throw()
      .with.property("code", "SCHEDULE_RANGE");
  });
});
