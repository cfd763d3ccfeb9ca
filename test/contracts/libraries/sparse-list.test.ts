import {
  encodeProgram,
  matrix,
  openElement,
  openList,
  tensorId,
  UPDATE_PADDING,
  UPDATE_ROW,
  updateId,
  type UpdateList,
} from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import { abiValue } from "../helpers/abi-value.ts";
import { program, type Random, seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

/** 700 by 3 weights and a bias column each: 2,103 in all. */
const P = program({ sizes: [700, 3] });
const WEIGHTS = 2_103;

/** A list of `length` random weights. */
function listOf(random: Random, length: number): UpdateList {
  const flats = new Set<number>();
  while (flats.size < length) flats.add(random(0, WEIGHTS - 1));
  return Uint32Array.from([...flats].sort((a, b) => a - b).map((flat) => 2 * flat + random(0, 1)));
}

/** A list as it may be committed to, well-formed or not. */
function tensorOf(entries: readonly number[], rows: number) {
  const data = new Uint32Array(rows * UPDATE_ROW).fill(UPDATE_PADDING);
  data.set(entries);
  return matrix("u32", rows, UPDATE_ROW, data);
}

describe("SparseList", () => {
  const libraries = ethers.deployContract("TensorLibraries");
  const template = ethers.deployContract("MlpTemplate");

  it("says of every weight what the list does, by its entry or by the entries around its place", async () => {
    const contract = await libraries;
    const random = seededRandom(256);
    for (const length of [0, 1, 255, 256, 257, 512, 700]) {
      const list = listOf(random, length);
      const signs = new Map([...list].map((entry) => [entry >>> 1, entry & 1 ? -1 : 1]));
      const edges = [0, 255, 256, 511, 512].flatMap((i) => (i < length ? [list[i]! >>> 1] : []));
      const around = edges.flatMap((flat) => [flat - 1, flat, flat + 1]);
      const flats = [0, WEIGHTS - 1, random(0, WEIGHTS - 1), ...around].filter((f) => f >= 0 && f < WEIGHTS);
      for (const flat of new Set(flats)) {
        const value = await contract.valueAt(updateId(list), flat, abiValue(openList(list, flat)));
        expect(value, `weight ${flat} of ${length} entries`).to.equal(signs.get(flat) ?? 0);
      }
    }
  });

  it("refuses a row that shows nothing of the weight, and a row alone where two are needed", async () => {
    const contract = await libraries;
    const entries = Array.from({ length: 600 }, (_, i) => 4 * i);
    const list = tensorOf(entries, 3);
    const id = tensorId(list);
    const open = (row: number, ...more: number[]) => ({
      rows: 3,
      row,
      leaves: [row, ...more].map((r) => abiValue(openElement(list, r, 0))),
    });
    for (const [flat, row] of [
      [5, 1],
      [511, 2],
      [1_023, 2],
    ] as const) {
      await expect(contract.valueAt(id, flat, open(row)))
        .to.be.revertedWithCustomError(contract, "SparseList_ElsewhereInList")
        .withArgs(id, flat, row);
    }
    // 511 would stand between the rows 0 and 1.
    await expect(contract.valueAt(id, 511, open(0)))
      .to.be.revertedWithCustomError(contract, "SparseList_WrongOpenings")
      .withArgs(id, 1, 2);
    expect(await contract.valueAt(id, 511, open(0, 1))).to.equal(0);
    await expect(contract.valueAt(id, 700, open(0, 1)))
      .to.be.revertedWithCustomError(contract, "SparseList_ElsewhereInList")
      .withArgs(id, 700, 0);
    await expect(contract.valueAt(id, 5, open(0, 1)))
      .to.be.revertedWithCustomError(contract, "SparseList_WrongOpenings")
      .withArgs(id, 2, 1);
    await expect(contract.valueAt(id, 5, { ...open(0), rows: 4 })).to.be.revertedWithCustomError(
      contract,
      "TensorMerkle_WrongOpening",
    );
  });

  const last = 2 * (WEIGHTS - 1);
  const full = Array.from({ length: UPDATE_ROW }, (_, i) => 2 * i);
  const MALFORMED: readonly (readonly [what: string, entries: readonly number[], rows: number, at: number])[] = [
    ["two entries out of order", [8, 6], 1, 0],
    ["the same weight twice", [8, 9], 1, 0],
    ["a weight that the network has not", [2, last + 2], 1, 1],
    ["padding before an entry", [2, UPDATE_PADDING, 6], 1, 1],
    ["padding at the end of a row before an entry", [...full.slice(1), UPDATE_PADDING, 600], 2, 255],
    ["entries out of order across rows", [...full, 510], 2, 255],
    ["a row more than it needs", full, 2, 256],
    ["an empty row more", [], 2, 256],
  ];
  for (const [what, entries, rows, at] of MALFORMED) {
    it(`finds ${what}`, async () => {
      const list = tensorOf(entries, rows);
      const [row, col] = [Math.floor(at / UPDATE_ROW), at % UPDATE_ROW];
      const opened = col === UPDATE_ROW - 1 && row + 1 < rows ? [row, row + 1] : [row];
      const opening = { rows, row, leaves: opened.map((r) => abiValue(openElement(list, r, 0))) };
      const malformed = (await template).listIsMalformed(encodeProgram(P), tensorId(list), col, opening);
      expect(await malformed).to.equal(true);
    });
  }

  it("finds nothing wrong with a well-formed list, at any of its entries", async () => {
    const contract = await template;
    for (const entries of [[], [last], full, [...full, 512, 514]]) {
      const rows = Math.max(1, Math.ceil(entries.length / UPDATE_ROW));
      const list = tensorOf(entries, rows);
      for (const at of [0, 1, 254, 255, 256, 257, 511].filter((i) => i < rows * UPDATE_ROW)) {
        const [row, col] = [Math.floor(at / UPDATE_ROW), at % UPDATE_ROW];
        const opened = col === UPDATE_ROW - 1 && row + 1 < rows ? [row, row + 1] : [row];
        const opening = { rows, row, leaves: opened.map((r) => abiValue(openElement(list, r, 0))) };
        const malformed = contract.listIsMalformed(encodeProgram(P), tensorId(list), col, opening);
        expect(await malformed, `entry ${at} of ${entries.length}`).to.equal(false);
      }
    }
  });
});
