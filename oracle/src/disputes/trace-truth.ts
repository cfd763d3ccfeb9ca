import type { Batch, Instruction, ListRange, Matrix, MlpParameters, Operand, TakenList } from "@gristmill/sdk";
import { GristmillError, merkleRoot, tensorId, tensorLeaves, updateTensor } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

/** A trace with everything it reads, as one side of a dispute holds it to be: honest players recomputed it. */
export interface TraceTruth {
  readonly parameters: MlpParameters;
  readonly instructions: readonly Instruction[];
  /** One for each instruction. */
  readonly tensors: readonly Matrix[];
  /** W_l before the iteration, or of the model evaluated; none in a slot's first iteration. */
  readonly weights: readonly Matrix[];
  /** R_l before the iteration; none in a slot's first iteration and for evaluations. */
  readonly residuals: readonly Matrix[];
  readonly batch: Batch;
  /** batchLeaf in the root of the training or test set. */
  readonly batchProof: readonly Hex[];
  /** In taking order. */
  readonly lists: readonly TakenList[];
  readonly correct: number;
  readonly loss: number;
}

/** `TraceIds` of contracts/types/GameTypes.sol. */
export interface TraceIds {
  readonly tensors: readonly Hex[];
  readonly weights: readonly Hex[];
  readonly residuals: readonly Hex[];
  readonly lists: readonly Hex[];
  readonly inputsTreeRoot: Hex;
  readonly labelsTreeRoot: Hex;
  readonly rows: number;
  readonly batchProof: readonly Hex[];
}

/** What a defender reveals of a trace. */
export function traceIdsOf(truth: TraceTruth): TraceIds {
  const { batch } = truth;
  return {
    tensors: truth.tensors.map(tensorId),
    weights: truth.weights.map(tensorId),
    residuals: truth.residuals.map(tensorId),
    lists: truth.lists.map(({ list }) => tensorId(updateTensor(list))),
    inputsTreeRoot: merkleRoot(tensorLeaves(batch.x)),
    labelsTreeRoot: merkleRoot(tensorLeaves(batch.y)),
    rows: batch.x.rows,
    batchProof: truth.batchProof,
  };
}

/** Leaves of `inputsRoot`: W_1..W_L, R_1..R_L, X, Y, and the lists in taking order; 0 for what is not read. */
export function inputIds(truth: TraceTruth, ids: TraceIds): Hex[] {
  const layers = truth.parameters.sizes.length - 1;
  const padded = (given: readonly Hex[]) => Array.from({ length: layers }, (_, layer) => given[layer] ?? zeroHash);
  return [
    ...padded(ids.weights),
    ...padded(ids.residuals),
    tensorId(truth.batch.x),
    tensorId(truth.batch.y),
    ...ids.lists,
  ];
}

/** Place of an operand among the leaves of `inputsRoot`; that of a tensor of the trace is its index. */
export function inputPlace({ source, index }: Operand, layers: number): number {
  switch (source) {
    case "Weights":
      return index;
    case "Residuals":
      return layers + index;
    case "Inputs":
      return 2 * layers;
    case "Labels":
      return 2 * layers + 1;
    case "List":
      return 2 * layers + 2 + index;
    case "Trace":
      throw new GristmillError("OPERAND_NOT_AN_INPUT", `Tensor ${index} of the trace is not among its inputs.`);
  }
}

/** The tensor of an operand. */
export function operandTensor(truth: TraceTruth, { source, index }: Operand): Matrix {
  const found = {
    Trace: () => truth.tensors[index],
    Weights: () => truth.weights[index],
    Residuals: () => truth.residuals[index],
    Inputs: () => truth.batch.x,
    Labels: () => truth.batch.y,
    List: () => {
      const taken = truth.lists[index];
      return taken === undefined ? undefined : updateTensor(taken.list);
    },
  }[source]();
  if (found === undefined) {
    throw new GristmillError("OPERAND_MISSING", `There is no ${source} number ${index} in the trace.`);
  }
  return found;
}

/** The lists in taking order as the ranges from which a template derives their steps. */
export function listRanges(lists: readonly TakenList[]): ListRange[] {
  const ranges: { slot: number; first: number; count: number; givenBack: boolean }[] = [];
  for (const { slot, index, sign } of lists) {
    const last = ranges.at(-1);
    const givenBack = sign < 0;
    const goesOn = last?.slot === slot && last.givenBack === givenBack && last.first + last.count === index;
    if (goesOn) last.count += 1;
    else ranges.push({ slot, first: index, count: 1, givenBack });
  }
  return ranges.map(({ first, count, givenBack }) => ({ first, count, givenBack }));
}
