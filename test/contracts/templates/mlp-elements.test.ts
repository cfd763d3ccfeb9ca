import { element, initialWeights, openElement, openList, UPDATE_PADDING, updateId } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import {
  program,
  type Random,
  randomBatch,
  randomLayers,
  randomProgram,
  seededRandom,
} from "../../sdk/fixtures/programs.ts";
import {
  instructionStruct,
  operandIds,
  randomIteration,
  traceEvaluation,
  traceIteration,
  type TracedRun,
  witnessOf,
} from "./traced-iteration.ts";
import { abiValue } from "../helpers/abi-value.ts";

const { ethers } = await network.create();

const SEED = `0x${"5e".repeat(32)}` as const;

describe("MlpTemplate's elements", () => {
  const template = ethers.deployContract("MlpTemplate");

  /** What the contract makes of an element of tensor `k`. */
  async function recomputed(run: TracedRun, k: number, row: number, col: number): Promise<bigint> {
    const instruction = instructionStruct(run.instructions[k]!);
    return (await template).elementAt(instruction, operandIds(run, k), row, col, witnessOf(run, k, row, col));
  }

  /** Compares random elements of every tensor but S, and those at the corners. */
  async function compare(run: TracedRun, random: Random): Promise<void> {
    for (const [k, { op }] of run.instructions.entries()) {
      if (op === "Sparse") continue;
      const tensor = run.trace[k]!;
      const cells = [
        [tensor.rows - 1, tensor.cols - 1],
        [random(0, tensor.rows - 1), random(0, tensor.cols - 1)],
      ] as const;
      for (const [row, col] of cells) {
        expect(await recomputed(run, k, row, col), `${op} ${k} (${row}, ${col})`).to.equal(
          BigInt(element(tensor, row, col)),
        );
      }
    }
  }

  /** Compares every element of one tensor. */
  async function compareAll(run: TracedRun, k: number): Promise<void> {
    const tensor = run.trace[k]!;
    for (let row = 0; row < tensor.rows; row++) {
      for (let col = 0; col < tensor.cols; col++) {
        const expected = BigInt(element(tensor, row, col));
        expect(await recomputed(run, k, row, col), `${run.instructions[k]!.op} ${k} (${row}, ${col})`).to.equal(
          expected,
        );
      }
    }
  }

  for (const round of [0, 1, 2, 3, 4, 5]) {
    it(`equal the reference's over random programs, states and lists (${round})`, async () => {
      const random = seededRandom(700 + round);
      const p = randomProgram(random);
      await compare(randomIteration(p, random, round % 3, initialWeights(p, SEED)), random);
    });
  }

  it("equal the reference's where rows are longer than a leaf", async () => {
    const random = seededRandom(1_024);
    const p = program({ sizes: [2_100, 3, 2], shift: [12, 6], back: [0, 3], initBound: [9_000, 9_000], batch: 3 });
    await compare(randomIteration(p, random, 1, []), random);
  });

  it("equal the reference's in an evaluation, of a batch with fewer rows too", async () => {
    const random = seededRandom(2_048);
    const p = program({ sizes: [9, 4, 3], shift: [6, 4], batch: 5 });
    const weights = randomLayers(p, random, 40_000);
    for (const rows of [5, 2]) await compare(traceEvaluation(p, weights, randomBatch(p, random, rows)), random);
  });

  it("follow the text where random programs hardly lead: clips, wraps, saturated and dead units, q at its floor", async () => {
    const random = seededRandom(4_096);
    const limit = 2 ** 30;
    const p = program({
      sizes: [4, 3, 2],
      shift: [0, 0],
      back: [0, 0],
      tau: [limit, limit - 1],
      batch: 4,
      q0: 4,
      halveEvery: 1,
    });
    const shapes = [15, 8];
    const fill = (values: readonly number[]) =>
      shapes.map((length) => Int32Array.from({ length }, () => values[random(0, values.length - 1)]!));
    const weights = fill([2 ** 31 - 1, -(2 ** 31), 32_767, -32_767, 128, 127, -128, 0]);
    const residuals = fill([limit, -limit, 2 ** 31 - 1, -(2 ** 31), 0]);
    const lists = [0, 1].map((slot) => {
      // Every weight moves, so that those at the ends of the range wrap.
      const list = Uint32Array.from({ length: 23 }, (_, flat) => 2 * flat + random(0, 1));
      return { slot, index: 20 + slot, list, sign: slot === 0 ? (-1 as const) : (1 as const) };
    });
    const ranges = [
      { first: 20, count: 1, givenBack: true },
      { first: 21, count: 1, givenBack: false },
    ];
    const run = traceIteration(p, SEED, 30, randomBatch(p, random), weights, residuals, ranges, lists);
    for (const [k, { op }] of run.instructions.entries()) {
      if (op !== "Sparse") await compareAll(run, k);
    }
  });

  describe("of a list", () => {
    const random = seededRandom(16_384);
    const p = program({
      sizes: [30, 20, 3],
      shift: [8, 6],
      back: [0, 5],
      tau: [60, 60],
      initBound: [9_000, 9_000],
      batch: 4,
    });
    const run = randomIteration(p, random, 0, initialWeights(p, SEED));
    const k = run.instructions.findIndex(({ op }) => op === "Sparse");
    const updates = run.instructions[k]!.operands.map((operand) => run.tensorOf(operand));
    const honest = [...run.trace[k]!.data].filter((entry) => entry !== UPDATE_PADDING);

    /** Whether the contract sees the list contradict U at a weight. */
    async function contradicts(entries: readonly number[], flat: number): Promise<boolean> {
      const list = Uint32Array.from(entries);
      const first = updates[0]!.data.length;
      const update = flat < first ? updates[0]! : updates[1]!;
      const place = flat < first ? flat : flat - first;
      const opening = openElement(update, Math.floor(place / update.cols), place % update.cols);
      const ids = operandIds(run, k);
      const instruction = instructionStruct(run.instructions[k]!);
      return (await template).listContradicts(
        instruction,
        ids,
        updateId(list),
        flat,
        abiValue(openList(list, flat)),
        abiValue(opening),
      );
    }

    it("agree with U at every weight tried, of both layers", async () => {
      expect(honest.length).to.be.above(256);
      for (const flat of [
        0,
        619,
        620,
        682,
        ...honest.slice(250, 260).flatMap((entry) => [entry >>> 1, (entry >>> 1) + 1]),
      ]) {
        expect(await contradicts(honest, flat), `weight ${flat}`).to.equal(false);
      }
    });

    it("contradict U where an entry was left out, invented or turned round", async () => {
      for (const at of [0, 255, 256, honest.length - 1]) {
        const flat = honest[at]! >>> 1;
        expect(await contradicts(honest.toSpliced(at, 1), flat), `entry ${at} left out`).to.equal(true);
        expect(await contradicts(honest.with(at, honest[at]! ^ 1), flat), `entry ${at} turned`).to.equal(true);
      }
      const named = new Set(honest.map((entry) => entry >>> 1));
      const free = Array.from({ length: 683 }, (_, flat) => flat).filter((flat) => !named.has(flat));
      for (const flat of [free[0]!, free.at(-1)!]) {
        const invented = [...honest, 2 * flat].sort((a, b) => a - b);
        expect(await contradicts(invented, flat), `weight ${flat} invented`).to.equal(true);
      }
    });

    it("are refused as elements, and a weight that the network has not as well", async () => {
      const contract = await template;
      const instruction = { ...instructionStruct(run.instructions[k]!), rows: 1 };
      const ids = operandIds(run, k);
      const leaves = [abiValue(openElement(updates[0]!, 0, 0))];
      await expect(contract.elementAt(instruction, ids, 0, 0, { leaves, lists: [] })).to.be.revertedWithCustomError(
        contract,
        "Template_WrongOp",
      );
      const list = Uint32Array.from(honest);
      const opening = abiValue(openList(list, 683));
      await expect(contract.listContradicts(instruction, ids, updateId(list), 683, opening, leaves[0]!))
        .to.be.revertedWithCustomError(contract, "Template_NoElement")
        .withArgs(0, 683, 1, 683);
      const other = instructionStruct(run.instructions[0]!);
      await expect(
        contract.listContradicts(other, [], updateId(list), 0, opening, leaves[0]!),
      ).to.be.revertedWithCustomError(contract, "Template_WrongOp");
    });
  });

  describe("refuse", () => {
    const random = seededRandom(8_192);
    const p = program({ sizes: [5, 4, 3], shift: [6, 4], back: [0, 2], batch: 3, initBound: [9_000, 9_000] });
    const run = randomIteration(p, random, 1, []);
    const ops = run.instructions.map(({ op }) => op);

    it("an element beyond the tensor's shape", async () => {
      const contract = await template;
      const k = ops.indexOf("Logits");
      const instruction = instructionStruct(run.instructions[k]!);
      for (const [row, col] of [
        [3, 0],
        [0, 3],
      ] as const) {
        await expect(contract.elementAt(instruction, operandIds(run, k), row, col, { leaves: [], lists: [] }))
          .to.be.revertedWithCustomError(contract, "Template_NoElement")
          .withArgs(row, col, 3, 3);
      }
    });

    it("leaves too few or too many, of every operation", async () => {
      const contract = await template;
      for (const [k, op] of ops.entries()) {
        if (op === "Sparse") continue;
        const witness = witnessOf(run, k, 0, 0);
        const more = [...witness.leaves, { leaf: "0x00" as const, proof: [] }];
        for (const leaves of [more, ...(witness.leaves.length === 0 ? [] : [witness.leaves.slice(1)])]) {
          const instruction = instructionStruct(run.instructions[k]!);
          const calling = contract.elementAt(instruction, operandIds(run, k), 0, 0, { ...witness, leaves });
          await expect(calling, `${op} ${k}`).to.revert(ethers);
        }
      }
    });

    it("an operand's id with the leaf of another tensor, of every operation", async () => {
      const contract = await template;
      for (const [k, op] of ops.entries()) {
        const ids = operandIds(run, k);
        if (op === "Sparse" || ids.length === 0) continue;
        const instruction = instructionStruct(run.instructions[k]!);
        const swapped = [ethers.id("another tensor"), ...ids.slice(1)];
        await expect(
          contract.elementAt(instruction, swapped, 0, 0, witnessOf(run, k, 0, 0)),
          `${op} ${k}`,
        ).to.be.revertedWithCustomError(contract, "TensorMerkle_WrongOpening");
        await expect(contract.elementAt(instruction, ids.slice(1), 0, 0, witnessOf(run, k, 0, 0)), `${op} ${k}`)
          .to.be.revertedWithCustomError(contract, "Template_WrongOperands")
          .withArgs(ids.length - 1, ids.length);
      }
    });
  });
});
