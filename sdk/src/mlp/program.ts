import type { Hex } from "viem";
import { zeroHash } from "viem";

import type { ElementType } from "../tensor/matrix.ts";
import type { LayerShape } from "./layers.ts";
import { layerShapes } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";
import { LISTS_PER_GROUP } from "./reference-iteration.ts";
import { stepSize } from "./schedule.ts";
import { UPDATE_ROW } from "./update-list.ts";

/** The operations of DESIGN section 3 in the order of `Op` in contracts/types/ProgramTypes.sol. */
export const OPS = [
  "InitialWeights",
  "Zeros",
  "Apply",
  "Quantize",
  "Activate",
  "Logits",
  "Hits",
  "SoftmaxGrad",
  "Missing",
  "Transpose",
  "Update",
  "Residual",
  "Backward",
  "Sparse",
  "Step",
] as const;

export type Op = (typeof OPS)[number];

/** Where an operand comes from, in the order of `Source` in contracts/types/ProgramTypes.sol. */
export const SOURCES = ["Trace", "Weights", "Residuals", "Inputs", "Labels", "List"] as const;

export type Source = (typeof SOURCES)[number];

/** One operand of an instruction: `index` counts tensors of the trace, layers from 0, or lists in taking order. */
export interface Operand {
  readonly source: Source;
  readonly index: number;
  readonly elementType: ElementType;
  /** 0 for a list, which brings its own count. */
  readonly rows: number;
  readonly cols: number;
}

/** How one tensor of a trace is computed (DESIGN section 4). */
export interface Instruction {
  readonly op: Op;
  readonly elementType: ElementType;
  /** 0 for S, which brings its own count. */
  readonly rows: number;
  readonly cols: number;
  /** l, from 1; L for Z, C, M and S. */
  readonly layer: number;
  /** initBound, shift, back, tau or q, whichever the operation takes; else 0. */
  readonly parameter: number;
  /** Apply: flat index of the layer's first weight. */
  readonly offset: number;
  /** InitialWeights: key of the keystream. */
  readonly seed: Hex;
  /** Apply: s_p q_p of each list. */
  readonly steps: readonly number[];
  readonly operands: readonly Operand[];
}

/** Consecutive iterations of one slot whose lists an iteration takes in or gives back. */
export interface ListRange {
  /** Iteration. */
  readonly first: number;
  readonly count: number;
  readonly givenBack: boolean;
}

/** What an iteration's program depends on besides the task's parameters. */
export interface ProgramIteration {
  /** The task's training seed. */
  readonly seed: Hex;
  /** Of the slot, from 0. */
  readonly index: number;
  /** In taking order: given back first, then taken in, each by ascending slot and iteration. */
  readonly lists: readonly ListRange[];
}

/** Places in an iteration's trace of what leaves it. */
export interface ProgramOutputs {
  /** C, whose sum is `correct`. */
  readonly hits: number;
  /** M, whose sum is `loss`. */
  readonly missing: number;
  /** S, whose id is `updateId`. */
  readonly update: number;
  readonly weights: readonly number[];
  readonly residuals: readonly number[];
}

/** An iteration's instructions, one for each tensor of its trace, with the places of its outputs. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly outputs: ProgramOutputs;
}

/** The template of DESIGN section 4 for one iteration, equal to contracts/.../MlpTemplate.sol instruction by instruction. */
export function iterationProgram(p: MlpParameters, iteration: ProgramIteration): Program {
  const builder = new ProgramBuilder(p, p.batch);
  const { shapes } = builder;
  let weights = shapes.map((shape, l) => layerOperand("Weights", l, shape));
  let residuals = shapes.map((shape, l) => layerOperand("Residuals", l, shape));
  if (iteration.index === 0) {
    const { seed } = iteration;
    weights = shapes.map((shape, l) =>
      builder.add("InitialWeights", "i32", shape, { layer: l + 1, parameter: p.initBound[l]!, seed }),
    );
    residuals = shapes.map((shape, l) => builder.add("Zeros", "i32", shape, { layer: l + 1 }));
  }
  const steps = iteration.lists.flatMap(({ first, count, givenBack }) =>
    Array.from({ length: count }, (_, i) => (givenBack ? -1 : 1) * stepSize(p, first + i)),
  );
  for (let start = 0; start < steps.length; start += LISTS_PER_GROUP) {
    const group = steps.slice(start, start + LISTS_PER_GROUP);
    const lists = group.map((_, i): Operand => listOperand(start + i));
    weights = shapes.map((shape, l) =>
      builder.add("Apply", "i32", shape, {
        layer: l + 1,
        offset: shape.offset,
        steps: group,
        operands: [weights[l]!, ...lists],
      }),
    );
  }

  const forward = builder.forward(weights);
  const updates: Operand[] = [];
  const nextResiduals: number[] = [];
  let error = forward.error;
  for (let l = shapes.length - 1; l >= 0; l--) {
    const { rows, cols } = shapes[l]!;
    const layer = l + 1;
    const below = forward.activations[l]!;
    const et = builder.add("Transpose", "i8", { rows, cols: p.batch }, { layer, operands: [error] });
    const at = builder.add("Transpose", "i8", { rows: cols, cols: p.batch }, { layer, operands: [below] });
    const accumulate = { layer, parameter: p.tau[l]!, operands: [residuals[l]!, et, at] };
    updates[l] = builder.add("Update", "i8", shapes[l]!, accumulate);
    nextResiduals[l] = builder.add("Residual", "i32", shapes[l]!, accumulate).index;
    if (l > 0) {
      const qt = builder.add(
        "Transpose",
        "i8",
        { rows: cols, cols: rows },
        { layer, operands: [forward.quantized[l]!] },
      );
      const shape = { rows: p.batch, cols: cols - 1 };
      error = builder.add("Backward", "i8", shape, { layer, parameter: p.back[l]!, operands: [below, error, qt] });
    }
  }
  const update = builder.add(
    "Sparse",
    "u32",
    { rows: 0, cols: UPDATE_ROW },
    { layer: shapes.length, operands: updates },
  ).index;
  const q = stepSize(p, iteration.index);
  const nextWeights = shapes.map(
    (shape, l) =>
      builder.add("Step", "i32", shape, { layer: l + 1, parameter: q, operands: [weights[l]!, updates[l]!] }).index,
  );
  const { hits, missing } = forward;
  const outputs = { hits, missing, update, weights: nextWeights, residuals: nextResiduals };
  return { instructions: builder.instructions, outputs };
}

/** The template for one test batch: Q_1..Q_L, A_1..A_{L-1}, Z, C, E_L, M. */
export function evaluationProgram(
  p: MlpParameters,
  rows: number,
): { readonly instructions: readonly Instruction[]; readonly outputs: Pick<ProgramOutputs, "hits" | "missing"> } {
  const builder = new ProgramBuilder(p, rows);
  const { hits, missing } = builder.forward(builder.shapes.map((shape, l) => layerOperand("Weights", l, shape)));
  return { instructions: builder.instructions, outputs: { hits, missing } };
}

interface Forward {
  readonly quantized: readonly Operand[];
  /** A_0 = X, A_1..A_{L-1}. */
  readonly activations: readonly Operand[];
  /** E_L */
  readonly error: Operand;
  readonly hits: number;
  readonly missing: number;
}

class ProgramBuilder {
  readonly instructions: Instruction[] = [];
  readonly shapes: readonly LayerShape[];
  readonly #p: MlpParameters;
  readonly #batch: number;

  constructor(p: MlpParameters, batch: number) {
    this.#p = p;
    this.#batch = batch;
    this.shapes = layerShapes(p);
  }

  /** Appends an instruction and returns its tensor as an operand of later ones. */
  add(
    op: Op,
    elementType: ElementType,
    { rows, cols }: { readonly rows: number; readonly cols: number },
    rest: Partial<Instruction> & { readonly layer: number },
  ): Operand {
    const index = this.instructions.length;
    const defaults = { parameter: 0, offset: 0, seed: zeroHash, steps: [], operands: [] };
    this.instructions.push({ op, elementType, rows, cols, ...defaults, ...rest });
    return { source: "Trace", index, elementType, rows, cols };
  }

  forward(weights: readonly Operand[]): Forward {
    const batch = this.#batch;
    const depth = this.shapes.length;
    const shift = this.#p.shift;
    const classes = this.shapes[depth - 1]!.rows;
    const labels: Operand = { source: "Labels", index: 0, elementType: "u8", rows: 1, cols: batch };
    const quantized = this.shapes.map((shape, l) =>
      this.add("Quantize", "i8", shape, { layer: l + 1, operands: [weights[l]!] }),
    );
    const inputs: Operand = { source: "Inputs", index: 0, elementType: "i8", rows: batch, cols: this.shapes[0]!.cols };
    const activations = [inputs];
    for (let l = 0; l < depth - 1; l++) {
      const operands = [activations[l]!, quantized[l]!];
      const shape = { rows: batch, cols: this.shapes[l]!.rows + 1 };
      activations.push(this.add("Activate", "i8", shape, { layer: l + 1, parameter: shift[l]!, operands }));
    }
    const top = { layer: depth };
    const z = this.add(
      "Logits",
      "i32",
      { rows: batch, cols: classes },
      { ...top, operands: [activations[depth - 1]!, quantized[depth - 1]!] },
    );
    const row = { rows: 1, cols: batch };
    const hits = this.add("Hits", "u8", row, { ...top, operands: [z, labels] }).index;
    const error = this.add(
      "SoftmaxGrad",
      "i8",
      { rows: batch, cols: classes },
      { ...top, parameter: shift[depth - 1]!, operands: [z, labels] },
    );
    const missing = this.add("Missing", "u8", row, { ...top, operands: [error, labels] }).index;
    return { quantized, activations, error, hits, missing };
  }
}

function layerOperand(source: "Weights" | "Residuals", index: number, { rows, cols }: LayerShape): Operand {
  return { source, index, elementType: "i32", rows, cols };
}

function listOperand(index: number): Operand {
  return { source: "List", index, elementType: "u32", rows: 0, cols: UPDATE_ROW };
}
