import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  encodeProgram,
  type Instruction,
  iterationProgram,
  type Matrix,
  matrix,
  type MlpParameters,
  openElement,
  tensHashTraceId,
  tensorId,
  witnessFor,
} from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { abiValue } from "../helpers/abi-value.ts";
import { program, type Random, seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

/** Gas of the deciding moves, calldata included, to the unit: what changes it shows here. */
const snapshot = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../gas/snapshots/deciding-moves.json"), "utf8"),
) as Readonly<Record<string, number>>;

/** What issue and design ask for. */
const CEILINGS = { tensHash: 160_000, dense: 150_000, accumulate: 260_000 } as const;

const ITERATION = { seed: `0x${"5e".repeat(32)}`, index: 1, lists: [] } as const;

describe("gas of deciding moves", () => {
  /** Random elements of a tensor's type, i8 up to `bound`: no byte is 0, which would be cheaper. */
  function randomMatrix(random: Random, type: "i8" | "i32", rows: number, cols: number, bound: number): Matrix {
    const m = matrix(type, rows, cols);
    for (let i = 0; i < m.data.length; i++) m.data[i] = (random(0, 1) === 0 ? -1 : 1) * random(1, bound);
    return m;
  }

  /** Gas of a move about the last element of a tensor with random operands. */
  async function decide(p: MlpParameters, op: Instruction["op"], bounds: readonly number[]): Promise<number> {
    const template = await ethers.deployContract("MlpTemplate");
    const game = await ethers.deployContract("TemplateDecisions", [template]);
    const random = seededRandom(1_024);
    const { instructions } = iterationProgram(p, ITERATION);
    const k = instructions.findLastIndex((instruction) => instruction.op === op);
    const instruction = instructions[k]!;
    const operands = instruction.operands.map(({ elementType, rows, cols }, i) =>
      randomMatrix(random, elementType === "i32" ? "i32" : "i8", rows, cols, bounds[i]!),
    );
    const [row, col] = [instruction.rows - 1, 5];
    const witness = abiValue(witnessFor(instruction, row, col, (operand) => operands[operand]!));
    const ids = operands.map(tensorId);
    const sent = await game.decide(encodeProgram(p), abiValue(ITERATION), k, ids, row, col, witness, 0);
    return Number((await sent.wait())!.gasUsed);
  }

  it("stays at the snapshot and below the ceilings", async () => {
    const libraries = await ethers.deployContract("TensHashLibrary");
    const hasher = new ReferenceTensHasher();
    const [seed, x] = [ethers.getBytes(ethers.id("seed")), ethers.getBytes(ethers.id("input"))];
    await hasher.setSeed(seed);
    const bytes = await hasher.trace(x);
    const trace = matrix("u8", 65, 128, bytes);
    const [y] = await hasher.hash([x]);
    const neuron = {
      layer: 40,
      index: 1_023,
      before: abiValue(openElement(trace, 39, 0)),
      claimed: abiValue(openElement(trace, 40, 0)),
    };
    const tensHash = await libraries.decide(seed, x, y!, tensHashTraceId(bytes), neuron);

    const measured = {
      tensHash: Number((await tensHash.wait())!.gasUsed),
      dense: await decide(program({ sizes: [1_023, 128, 10], batch: 32 }), "Activate", [127, 127]),
      accumulate: await decide(program({ sizes: [1_023, 16, 10], batch: 1_024 }), "Residual", [16_384, 127, 127]),
    };
    for (const [move, ceiling] of Object.entries(CEILINGS)) {
      expect(measured[move as keyof typeof measured], move).to.be.at.most(ceiling);
    }
    expect(measured).to.deep.equal(snapshot);
  });
});
