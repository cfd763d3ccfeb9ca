import { element, initialWeights } from "@gristmill/sdk";
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
  type TracedRun,
  witnessOf,
} from "./traced-iteration.ts";

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
});
