import {
  element,
  type ElementType,
  matrix,
  type Matrix,
  merkleRoot,
  openElement,
  tensorId,
  tensorLeaves,
} from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import { abiValue } from "../helpers/abi-value.ts";
import { type Random, seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

const TAGS = { i8: 1, u8: 2, i32: 3, u32: 4 } as const;

describe("TensorMerkle", () => {
  const libraries = ethers.deployContract("TensorLibraries");

  function randomTensor(random: Random, type: ElementType, rows: number, cols: number): Matrix {
    const m = matrix(type, rows, cols);
    for (let i = 0; i < m.data.length; i++) m.data[i] = random(-(2 ** 31), 2 ** 31 - 1);
    return m;
  }

  const SHAPES = [
    [1, 1],
    [3, 5],
    [5, 1_024],
    [2, 1_025],
    [3, 2_100],
  ] as const;

  for (const type of ["i8", "u8", "i32", "u32"] as const) {
    it(`opens the leaf of any element of ${type} tensors, and reads the element from it`, async () => {
      const contract = await libraries;
      const random = seededRandom(TAGS[type]);
      for (const [rows, cols] of SHAPES) {
        const m = randomTensor(random, type, rows, cols);
        for (const [row, col] of [
          [0, 0],
          [rows - 1, cols - 1],
          [random(0, rows - 1), random(0, cols - 1)],
        ] as const) {
          const opening = abiValue(openElement(m, row, col));
          expect(await contract.isLeaf(tensorId(m), TAGS[type], rows, cols, row, col, opening)).to.equal(true);
          const read = await contract.element(opening.leaf, TAGS[type], col % 1_024);
          expect(read).to.equal(element(m, row, col));
        }
      }
    });
  }

  it("refuses the leaf for another place, type or shape, and an altered leaf or proof", async () => {
    const contract = await libraries;
    const m = randomTensor(seededRandom(5), "i8", 3, 1_030);
    const id = tensorId(m);
    const opening = abiValue(openElement(m, 1, 1_024));
    const { leaf, proof } = opening;
    const isLeaf = (tag: number, rows: number, cols: number, row: number, col: number, given = opening, of: Hex = id) =>
      contract.isLeaf(of, tag, rows, cols, row, col, given);
    expect(await isLeaf(1, 3, 1_030, 1, 1_029)).to.equal(true);
    for (const refused of [
      isLeaf(1, 3, 1_030, 1, 1_023),
      isLeaf(1, 3, 1_030, 0, 1_024),
      isLeaf(1, 3, 1_030, 1, 1_030),
      isLeaf(1, 3, 1_030, 3, 0),
      isLeaf(2, 3, 1_030, 1, 1_024),
      isLeaf(1, 4, 1_030, 1, 1_024),
      isLeaf(1, 3, 1_031, 1, 1_024),
      isLeaf(1, 3, 1_030, 1, 1_024, opening, tensorId(randomTensor(seededRandom(6), "i8", 3, 1_030))),
      isLeaf(1, 3, 1_030, 1, 1_024, { leaf: `0xff${leaf.slice(4)}`, proof }),
      isLeaf(1, 3, 1_030, 1, 1_024, { leaf, proof: proof.slice(1) }),
      isLeaf(1, 3, 1_030, 1, 1_024, { leaf, proof: [...proof, zeroHash] }),
      isLeaf(1, 3, 1_030, 1, 1_024, { leaf, proof: [zeroHash, ...proof.slice(1)] }),
    ]) {
      expect(await refused).to.equal(false);
    }
  });

  it("knows the hashes below a node: all of them, padding included, and no others", async () => {
    const contract = await libraries;
    const leaves = tensorLeaves(randomTensor(seededRandom(7), "u8", 21, 3));
    const padded = [...leaves, ...Array.from({ length: 11 }, () => zeroHash)];
    const root = merkleRoot(leaves);
    expect(await contract.isBelow(root, 5, padded)).to.equal(true);
    expect(await contract.isBelow(root, 0, [root])).to.equal(true);
    expect(await contract.isBelow(root, 5, leaves)).to.equal(false);
    expect(await contract.isBelow(root, 4, padded)).to.equal(false);
    expect(await contract.isBelow(root, 5, [...padded.slice(0, 31), leaves[0]!])).to.equal(false);
  });

  it("adds up the bytes of C and M", async () => {
    const random = seededRandom(8);
    const bytes = Uint8Array.from({ length: 1_024 }, () => random(0, 255));
    const total = bytes.reduce((sum, byte) => sum + byte, 0);
    expect(await (await libraries).sum(bytes)).to.equal(total);
  });

  it("widens int16 to int32, in any number", async () => {
    const contract = await libraries;
    const random = seededRandom(9);
    for (const length of [1, 7, 8, 9, 16, 1_023, 1_024]) {
      const narrow = Int16Array.from({ length }, (_, i) => [-(2 ** 15), 2 ** 15 - 1, -1][i] ?? random(-20_000, 20_000));
      const wide = Int32Array.from(narrow);
      const got = await contract.widened(new Uint8Array(narrow.buffer));
      expect(got).to.equal(ethers.hexlify(new Uint8Array(wide.buffer)));
    }
  });
});
