import { expect } from "chai";
import { network } from "hardhat";

const { ethers } = await network.create();

const TYPE =
  "tuple(uint32[] sizes,uint32[] shift,uint32[] back,uint32[] tau,uint32[] initBound,uint32 batch,uint32 batches,uint32 q0,uint32 halveEvery)";

/** 784-128-64-10, the MNIST task. */
const MNIST = {
  sizes: [784, 128, 64, 10],
  shift: [10, 8, 6],
  back: [0, 7, 7],
  tau: [16_384, 16_384, 16_384],
  initBound: [4_096, 4_096, 4_096],
  batch: 32,
  batches: 250,
  q0: 512,
  halveEvery: 2_500,
};

function encode(mlp: object): string {
  return ethers.AbiCoder.defaultAbiCoder().encode([TYPE], [mlp]);
}

describe("MlpTemplate", () => {
  const template = ethers.deployContract("MlpTemplate");

  it("counts the multiply-accumulates of DESIGN section 4", async () => {
    const macs = 32n * (128n * 785n * 2n + 64n * 129n * 3n + 10n * 65n * 3n);
    expect(await (await template).check(encode(MNIST))).to.deep.equal([macs, 250n]);
  });

  it("accepts every bound itself", async () => {
    const contract = await template;
    const most = {
      sizes: [65_535, 32_766, 2],
      shift: [12, 0],
      back: [0, 12],
      tau: [2 ** 30, 1],
      initBound: [0, 2 ** 20],
      batch: 1_024,
      batches: 2 ** 32 - 1,
      q0: 2 ** 20,
      halveEvery: 2 ** 32 - 1,
    };
    const macs = 1_024n * (32_766n * 65_536n * 2n + 2n * 32_767n * 3n);
    expect(await contract.check(encode(most))).to.deep.equal([macs, 2n ** 32n - 1n]);
    const single = { ...MNIST, sizes: [1, 256], shift: [0], back: [0], tau: [1], initBound: [0], batch: 1, batches: 1 };
    expect(await contract.check(encode({ ...single, q0: 1 }))).to.deep.equal([1_024n, 1n]);
  });

  const OUT_OF_RANGE: readonly [name: string, overrides: object, args: readonly (string | number)[]][] = [
    ["a network without layers", { sizes: [784] }, ["sizes.length", 0, 1, 2, 2 ** 32 - 1]],
    ["no inputs", { sizes: [0, 128, 64, 10] }, ["sizes", 0, 0, 1, 65_535]],
    ["too many inputs", { sizes: [65_536, 128, 64, 10] }, ["sizes", 0, 65_536, 1, 65_535]],
    ["an empty layer", { sizes: [784, 0, 64, 10] }, ["sizes", 1, 0, 1, 65_535]],
    ["a layer too wide", { sizes: [784, 128, 65_536, 10] }, ["sizes", 2, 65_536, 1, 65_535]],
    ["a single class", { sizes: [784, 128, 64, 1] }, ["sizes", 3, 1, 2, 256]],
    ["too many classes", { sizes: [784, 128, 64, 257] }, ["sizes", 3, 257, 2, 256]],
    [
      "2^31 weights",
      { sizes: [65_535, 32_768, 64, 10] },
      ["weights", 0, 32_768 * 65_536 + 64 * 32_769 + 650, 1, 2 ** 31 - 1],
    ],
    ["a shift too far", { shift: [10, 13, 6] }, ["shift", 2, 13, 0, 12]],
    ["a back shift too far", { back: [0, 7, 13] }, ["back", 3, 13, 0, 12]],
    ["a back shift where there is none", { back: [1, 7, 7] }, ["back", 1, 1, 0, 0]],
    ["a threshold of zero", { tau: [1, 1, 0] }, ["tau", 3, 0, 1, 2 ** 30]],
    ["a threshold too high", { tau: [2 ** 30 + 1, 1, 1] }, ["tau", 1, 2 ** 30 + 1, 1, 2 ** 30]],
    ["initial weights too large", { initBound: [0, 2 ** 20 + 1, 0] }, ["initBound", 2, 2 ** 20 + 1, 0, 2 ** 20]],
    ["an empty batch", { batch: 0 }, ["batch", 0, 0, 1, 1_024]],
    ["a batch too large", { batch: 1_025 }, ["batch", 0, 1_025, 1, 1_024]],
    ["no batches", { batches: 0 }, ["batches", 0, 0, 1, 2 ** 32 - 1]],
    ["a q of zero", { q0: 0 }, ["q0", 0, 0, 1, 2 ** 20]],
    ["a q too large", { q0: 2 ** 20 + 1 }, ["q0", 0, 2 ** 20 + 1, 1, 2 ** 20]],
  ];
  for (const [name, overrides, args] of OUT_OF_RANGE) {
    it(`refuses ${name} by the field's name`, async () => {
      const contract = await template;
      await expect(contract.check(encode({ ...MNIST, ...overrides })))
        .to.be.revertedWithCustomError(contract, "Template_OutOfRange")
        .withArgs(...args);
    });
  }

  for (const field of ["shift", "back", "tau", "initBound"] as const) {
    it(`refuses a ${field} that has not one entry for each layer`, async () => {
      const contract = await template;
      for (const values of [[0, 1], [0, 1, 1, 1], []]) {
        await expect(contract.check(encode({ ...MNIST, [field]: values })))
          .to.be.revertedWithCustomError(contract, "Template_WrongLength")
          .withArgs(field, values.length, 3);
      }
    });
  }

  it("refuses bytes that are no parameters at all", async () => {
    const contract = await template;
    for (const bytes of ["0x", "0x00", encode(MNIST).slice(0, -64)]) {
      await expect(contract.check(bytes)).to.be.revertedWithoutReason(ethers);
    }
  });
});
