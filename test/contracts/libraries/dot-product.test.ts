import { expect } from "chai";
import { network } from "hardhat";

import { seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

describe("DotProduct", () => {
  const libraries = ethers.deployContract("TensorLibraries");

  /** Term by term, in plain integers. */
  function plainDot(a: Int8Array, b: Int8Array, terms: number, clamped: boolean): number {
    let sum = 0;
    for (let i = 0; i < terms; i++) sum += (clamped ? Math.max(a[i]!, -127) : a[i]!) * b[i]!;
    return sum;
  }

  async function expectSame(a: Int8Array, b: Int8Array, terms: number): Promise<void> {
    const contract = await libraries;
    const [x, y] = [new Uint8Array(a.buffer), new Uint8Array(b.buffer)];
    for (const clamped of [false, true]) {
      expect(await contract.dot(x, y, terms, clamped)).to.equal(plainDot(a, b, terms, clamped));
    }
  }

  it("equals the sum term by term over random rows of every kind of length", async () => {
    const random = seededRandom(32);
    for (const length of [1, 2, 31, 32, 33, 63, 64, 65, 500, 1_023, 1_024]) {
      const row = () => Int8Array.from({ length }, () => random(-128, 127));
      await expectSame(row(), row(), length);
      await expectSame(row(), row(), random(0, length));
    }
  });

  it("equals it at the extremes, where every lane is as full as it gets", async () => {
    for (const [x, y] of [
      [-128, -128],
      [-128, 127],
      [127, -128],
      [127, 127],
      [0, -128],
    ] as const) {
      await expectSame(new Int8Array(1_024).fill(x), new Int8Array(1_024).fill(y), 1_024);
    }
  });

  it("refuses terms that the rows do not have, and more than lanes can hold", async () => {
    const contract = await libraries;
    const [short, long] = [new Uint8Array(31), new Uint8Array(1_025)];
    for (const [a, b, terms] of [
      [short, long, 32],
      [long, short, 32],
      [long, long, 1_025],
    ] as const) {
      await expect(contract.dot(a, b, terms, false))
        .to.be.revertedWithCustomError(contract, "DotProduct_OutOfRange")
        .withArgs(terms, a.length, b.length);
    }
  });
});
