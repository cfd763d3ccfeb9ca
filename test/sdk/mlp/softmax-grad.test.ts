import { exp2Table, matrix, scoreLogits, softmaxGrad } from "@gristmill/sdk";
import { expect } from "chai";

import { seededRandom } from "../fixtures/programs.ts";

/** The text's formula in big integers. */
function plain(z: readonly number[], y: number, shift: number): number[] {
  const m = z.reduce((a, b) => Math.max(a, b));
  const p = z.map((value) => {
    const d = Math.min(Math.floor((m - value) / 2 ** shift), 511);
    return BigInt(exp2Table[d % 32]!) / 2n ** BigInt(Math.floor(d / 32));
  });
  const sum = p.reduce((a, b) => a + b);
  return p.map((pj, j) => Number((254n * pj + sum) / (2n * sum)) - (j === y ? 127 : 0));
}

describe("softmaxGrad", () => {
  it("has the table of powers of two", () => {
    expect(exp2Table).to.deep.equal(Array.from({ length: 32 }, (_, k) => Math.round(65_536 * 2 ** (-k / 32))));
  });

  it("equals the formula in big integers, at the widest logits and numbers of classes too", () => {
    const random = seededRandom(21);
    const limit = 65_536 * 127 * 127;
    for (let i = 0; i < 200; i++) {
      const classes = i % 20 === 0 ? 256 : random(2, 12);
      const bound = i % 3 === 0 ? limit : random(0, 20_000);
      const shift = random(0, 12);
      const z = Array.from({ length: classes }, () => random(-bound, bound));
      const y = random(0, classes - 1);
      const got = softmaxGrad(
        matrix("i32", 1, classes, Int32Array.from(z)),
        matrix("u8", 1, 1, Uint8Array.of(y)),
        shift,
      );
      expect([...got.data]).to.deep.equal(plain(z, y, shift));
    }
  });

  it("spreads from no mass to all of it", () => {
    const z = matrix("i32", 2, 2, Int32Array.of(1_000_000, 0, 1_000_000, 0));
    const y = matrix("u8", 1, 2, Uint8Array.of(0, 1));
    const gradient = softmaxGrad(z, y, 0);
    expect([...gradient.data]).to.deep.equal([0, 0, 127, -127]);
    const { hits, missing, correct, loss } = scoreLogits(z, gradient, y);
    expect([[...hits.data], [...missing.data], correct, loss]).to.deep.equal([[1, 0], [0, 127], 1, 127]);
  });

  it("lets the lowest index win a tie", () => {
    const z = matrix("i32", 2, 3, Int32Array.of(5, 9, 9, 9, 9, 5));
    const y = matrix("u8", 1, 2, Uint8Array.of(2, 0));
    expect([...scoreLogits(z, softmaxGrad(z, y, 4), y).hits.data]).to.deep.equal([0, 1]);
  });
});
