import {
  type Batch,
  encodeProgram,
  evaluationProgram,
  evaluationTrace,
  type Instruction,
  iterationProgram,
  layerMatrices,
  type ListRange,
  type Matrix,
  type MlpParameters,
  type Operand,
  OPS,
  type ProgramIteration,
  referenceIteration,
  SOURCES,
  type TakenList,
  tensorId,
  updateTensor,
  type Witness,
  witnessFor,
} from "@gristmill/sdk";
import type { Hex } from "viem";

import { type AbiValue, abiValue } from "../helpers/abi-value.ts";
import { type Random, randomBatch, randomLayers, randomList } from "../../sdk/fixtures/programs.ts";

/** A computation with its program and all tensors around it: what a dispute is about. */
export interface TracedRun {
  readonly parameters: MlpParameters;
  /** abi.encode of the parameters. */
  readonly program: Hex;
  /** Of an iteration; an evaluation has none. */
  readonly iteration: ProgramIteration;
  readonly instructions: readonly Instruction[];
  readonly trace: readonly Matrix[];
  /** The tensor that an operand names. */
  tensorOf(operand: Operand): Matrix;
  readonly lists: readonly TakenList[];
}

/** What an iteration of the reference computes, given all that it depends on. */
export function traceIteration(
  parameters: MlpParameters,
  seed: Hex,
  index: number,
  batch: Batch,
  weights: readonly Int32Array[],
  residuals: readonly Int32Array[],
  ranges: readonly ListRange[],
  lists: readonly TakenList[],
): TracedRun {
  const iteration = { seed, index, lists: ranges };
  const { trace } = referenceIteration({ parameters, index, batch, weights, residuals, lists });
  const { instructions } = iterationProgram(parameters, iteration);
  const external = { weights, residuals, batch, lists };
  return tracedRun(
    parameters,
    iteration,
    instructions,
    trace.map(({ tensor }) => tensor),
    external,
  );
}

/** What the evaluation of one test batch computes. */
export function traceEvaluation(parameters: MlpParameters, weights: readonly Int32Array[], batch: Batch): TracedRun {
  const { instructions } = evaluationProgram(parameters, batch.x.rows);
  const trace = evaluationTrace(parameters, weights, batch).map(({ tensor }) => tensor);
  const iteration = { seed: `0x${"00".repeat(32)}` as const, index: 0, lists: [] };
  return tracedRun(parameters, iteration, instructions, trace, { weights, residuals: [], batch, lists: [] });
}

/** An iteration of random weights, residuals and lists; the first one of a slot begins as the task does. */
export function randomIteration(
  parameters: MlpParameters,
  random: Random,
  index: number,
  start: Int32Array[],
): TracedRun {
  const seed = `0x${"5e".repeat(32)}` as const;
  const ranges = randomRanges(random);
  const lists = ranges.flatMap(({ first, count, givenBack }, slot) =>
    Array.from({ length: count }, (_, i): TakenList => {
      return { slot, index: first + i, list: randomList(parameters, random), sign: givenBack ? -1 : 1 };
    }),
  );
  const zeros = start.map(({ length }) => new Int32Array(length));
  const weights = index === 0 ? start : randomLayers(parameters, random, 40_000);
  const residuals = index === 0 ? zeros : randomLayers(parameters, random, 5_000);
  const batch = randomBatch(parameters, random);
  return traceIteration(parameters, seed, index, batch, weights, residuals, ranges, lists);
}

/** Up to 24 lists of up to four slots, those given back first. */
export function randomRanges(random: Random): ListRange[] {
  const ranges = Array.from({ length: random(0, 4) }, (): ListRange => {
    return { first: random(0, 9), count: random(1, 6), givenBack: random(0, 2) === 0 };
  });
  return ranges.toSorted((a, b) => Number(b.givenBack) - Number(a.givenBack));
}

/** The leaves that show an element of tensor `k`. */
export function witnessOf(run: TracedRun, k: number, row: number, col: number): AbiValue<Witness> {
  const instruction = run.instructions[k]!;
  const { operands } = instruction;
  const lists = operands.filter(({ source }) => source === "List").map(({ index }) => run.lists[index]!.list);
  const read = (operand: number) => run.tensorOf(operands[operand]!);
  return abiValue(witnessFor(instruction, row, col, read, lists));
}

/** tensorId of each operand of tensor `k`. */
export function operandIds(run: TracedRun, k: number): Hex[] {
  return run.instructions[k]!.operands.map((operand) => tensorId(run.tensorOf(operand)));
}

/** An instruction as the contract takes it. */
export function instructionStruct(instruction: Instruction) {
  const { op, elementType, operands, seed, steps, ...figures } = instruction;
  return {
    op: OPS.indexOf(op),
    elementType: tags[elementType],
    ...figures,
    seed,
    steps: [...steps],
    operands: operands.map(({ source, elementType: type, ...rest }) => {
      return { source: SOURCES.indexOf(source), elementType: tags[type], ...rest };
    }),
  };
}

/** The tags of DESIGN section 2. */
const tags = { i8: 1, u8: 2, i32: 3, u32: 4 } as const;

function tracedRun(
  parameters: MlpParameters,
  iteration: ProgramIteration,
  instructions: readonly Instruction[],
  trace: readonly Matrix[],
  external: {
    readonly weights: readonly Int32Array[];
    readonly residuals: readonly Int32Array[];
    readonly batch: Batch;
    readonly lists: readonly TakenList[];
  },
): TracedRun {
  const { weights, residuals, batch, lists } = external;
  const sources = {
    Trace: trace,
    Weights: layerMatrices(parameters, weights),
    Residuals: residuals.length === 0 ? [] : layerMatrices(parameters, residuals),
    Inputs: [batch.x],
    Labels: [batch.y],
    List: lists.map(({ list }) => updateTensor(list)),
  };
  const program = encodeProgram(parameters);
  const tensorOf = ({ source, index }: Operand) => sources[source][index]!;
  return { parameters, program, iteration, instructions, trace, tensorOf, lists };
}
