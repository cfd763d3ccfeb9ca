import { encodeProgram, evaluationProgram, iterationProgram } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import { randomProgram, seededRandom } from "../../sdk/fixtures/programs.ts";
import { instructionStruct, randomRanges } from "./traced-iteration.ts";

const { ethers } = await network.create();

const SEED = `0x${"5e".repeat(32)}` as const;

/** A contract's answer as plain objects and numbers, like the structs that it is compared with. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (!Array.isArray(value)) return value;
  return value.map(plain);
}

/** The values of a struct in the order of its ABI. */
function fields(struct: ReturnType<typeof instructionStruct>): unknown {
  const { op, elementType, rows, cols, layer, parameter, offset, seed, steps, operands } = struct;
  const operandFields = operands.map((o) => [o.source, o.index, o.elementType, o.rows, o.cols]);
  return [op, elementType, rows, cols, layer, parameter, offset, seed, steps, operandFields];
}

describe("MlpTemplate's programs", () => {
  const template = ethers.deployContract("MlpTemplate");

  it("equal the SDK's instruction by instruction over random parameters, iterations and lists", async () => {
    const contract = await template;
    const random = seededRandom(41);
    for (let round = 0; round < 10; round++) {
      const p = randomProgram(random);
      const iteration = { seed: SEED, index: round % 3 === 0 ? 0 : random(1, 9), lists: randomRanges(random) };
      const { instructions, outputs } = iterationProgram(p, iteration);
      const program = encodeProgram(p);
      expect(await contract.instructionCount(program, iteration)).to.equal(instructions.length);
      const { hits, missing, update, weights, residuals } = outputs;
      expect(plain(await contract.outputs(program, iteration))).to.deep.equal([
        hits,
        missing,
        update,
        weights,
        residuals,
      ]);
      for (const [k, instruction] of instructions.entries()) {
        const derived = await contract.instructionAt(program, iteration, k);
        expect(plain(derived), `tensor ${k}`).to.deep.equal(fields(instructionStruct(instruction)));
      }
    }
  });

  it("equal the SDK's for an evaluation, of a batch with fewer rows too", async () => {
    const contract = await template;
    const random = seededRandom(43);
    for (let round = 0; round < 4; round++) {
      const p = randomProgram(random);
      const rows = random(1, p.batch);
      const { instructions, outputs } = evaluationProgram(p, rows);
      const program = encodeProgram(p);
      expect(await contract.evaluationCount(program)).to.equal(instructions.length);
      expect(plain([...(await contract.evaluationOutputs(program))])).to.deep.equal([outputs.hits, outputs.missing]);
      for (const [k, instruction] of instructions.entries()) {
        const derived = await contract.evaluationInstructionAt(program, rows, k);
        expect(plain(derived), `tensor ${k}`).to.deep.equal(fields(instructionStruct(instruction)));
      }
    }
  });

  it("tell the games their dimensions", async () => {
    const p = randomProgram(seededRandom(44));
    const dimensions = await (await template).dimensions(encodeProgram(p));
    expect(plain([...dimensions])).to.deep.equal([p.sizes.length - 1, p.sizes[0]! + 1, p.batches]);
  });

  it("have no instruction beyond their last", async () => {
    const contract = await template;
    const p = randomProgram(seededRandom(45));
    const [program, iteration] = [encodeProgram(p), { seed: SEED, index: 1, lists: [] }];
    const count = iterationProgram(p, iteration).instructions.length;
    await expect(contract.instructionAt(program, iteration, count))
      .to.be.revertedWithCustomError(contract, "Template_NoInstruction")
      .withArgs(count, count);
    const evaluated = evaluationProgram(p, 1).instructions.length;
    await expect(contract.evaluationInstructionAt(program, 1, evaluated))
      .to.be.revertedWithCustomError(contract, "Template_NoInstruction")
      .withArgs(evaluated, evaluated);
  });
});
