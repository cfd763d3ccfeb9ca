import {
  initialWeights,
  layerShapes,
  macsPerIteration,
  type MlpParameters,
  validateParameters,
  weightCount,
} from "@gristmill/sdk";
import { expect } from "chai";

import { program } from "../fixtures/programs.ts";

const valid = program({ sizes: [784, 128, 64, 10], shift: [10, 8, 6], back: [0, 7, 7], batch: 32, batches: 250 });

describe("validateParameters", () => {
  it("accepts values at every bound", () => {
    validateParameters(valid);
    validateParameters(
      program({ sizes: [65_535, 256], shift: [12], tau: [2 ** 30], initBound: [2 ** 20], batch: 1024, q0: 2 ** 20 }),
    );
    validateParameters(
      program({ sizes: [1, 2], shift: [0], tau: [1], initBound: [0], batch: 1, q0: 1, halveEvery: 0 }),
    );
  });

  const broken: readonly (readonly [string, Partial<MlpParameters>])[] = [
    ["sizes", { sizes: [784] }],
    ["sizes[0]", { sizes: [0, 128, 64, 10] }],
    ["sizes[1]", { sizes: [784, 65_536, 64, 10] }],
    ["sizes[3]", { sizes: [784, 128, 64, 1] }],
    ["sizes[3]", { sizes: [784, 128, 64, 257] }],
    ["sizes makes", { sizes: [65_535, 65_535, 64, 10] }],
    ["shift", { shift: [10, 8] }],
    ["shift[1]", { shift: [10, 13, 6] }],
    ["shift[2]", { shift: [10, 8, -1] }],
    ["back[0]", { back: [1, 7, 7] }],
    ["back[2]", { back: [0, 7, 13] }],
    ["tau[0]", { tau: [0, 1, 1] }],
    ["tau[1]", { tau: [1, 2 ** 30 + 1, 1] }],
    ["initBound[2]", { initBound: [0, 0, 2 ** 20 + 1] }],
    ["initBound[0]", { initBound: [-1, 0, 0] }],
    ["batch ", { batch: 0 }],
    ["batch ", { batch: 1025 }],
    ["batches", { batches: 0 }],
    ["q0", { q0: 0 }],
    ["q0", { q0: 2 ** 20 + 1 }],
    ["q0", { q0: 1.5 }],
    ["halveEvery", { halveEvery: -1 }],
    ["halveEvery", { halveEvery: Number.NaN }],
  ];
  for (const [field, change] of broken) {
    it(`names ${field.trim()} when it is ${JSON.stringify(Object.values(change)[0])}`, () => {
      expect(() => {
        validateParameters({ ...valid, ...change });
      })
        .to.throw(field)
        .with.property("code", "PARAMETER_RANGE");
    });
  }
});

describe("layers", () => {
  it("have their bias column and their place in the flat index", () => {
    expect(layerShapes(valid)).to.deep.equal([
      { rows: 128, cols: 785, offset: 0 },
      { rows: 64, cols: 129, offset: 100_480 },
      { rows: 10, cols: 65, offset: 108_736 },
    ]);
    expect(weightCount(valid)).to.equal(109_386);
  });

  it("cost two products in the first and three in every further layer", () => {
    expect(macsPerIteration(valid)).to.equal(BigInt(32 * (2 * 100_480 + 3 * 8256 + 3 * 650)));
  });

  it("start within their bound, and at zero where it is zero", () => {
    const seed = `0x${"5a".repeat(32)}` as const;
    const [first, second] = initialWeights(program({ sizes: [700, 40, 2], initBound: [3, 0] }), seed) as [
      Int32Array,
      Int32Array,
    ];
    expect([...new Set(first)].sort((a, b) => a - b)).to.deep.equal([-3, -2, -1, 0, 1, 2, 3]);
    expect([...new Set(second)]).to.deep.equal([0]);
    expect(() => initialWeights(valid, "0x12"))
      .to.throw()
      .with.property("code", "ID_MALFORMED");
  });
});
