import { element, matrix, openElement, softmaxGrad } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import { seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

describe("Softmax", () => {
  const libraries = ethers.deployContract("TensorLibraries");

  it("equals the SDK's gradient over random logits, ties and the widest ones, of up to 256 classes", async () => {
    const contract = await libraries;
    const random = seededRandom(127);
    for (const classes of [2, 3, 10, 256]) {
      for (const bound of [0, 3, 600, 40_000, 2 ** 31 - 1]) {
        const z = matrix(
          "i32",
          1,
          classes,
          Int32Array.from({ length: classes }, () => random(-bound, bound)),
        );
        const label = random(0, classes - 1);
        const y = matrix("u8", 1, 1, Uint8Array.of(label));
        const shift = random(0, 12);
        const expected = softmaxGrad(z, y, shift);
        for (const j of new Set([label, random(0, classes - 1)])) {
          const got = await contract.gradient(openElement(z, 0, 0).leaf, j, label, shift);
          expect(got).to.equal(element(expected, 0, j));
        }
      }
    }
  });
});
