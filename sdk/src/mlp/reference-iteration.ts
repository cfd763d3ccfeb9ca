import type { Hex } from "viem";

import { clip, roundShift } from "../internal/integer.ts";
import type { UpdateList } from "../segment/types.ts";
import type { ElementType, Matrix } from "../tensor/matrix.ts";
import { element, fill, matrix, transpose } from "../tensor/matrix.ts";
import { tensorId } from "../tensor/tensor-id.ts";
import type { Batch } from "./batch.ts";
import { readBatch } from "./batch.ts";
import { forward, quantize } from "./forward.ts";
import { layerMatrices } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";
import type { Product } from "./product.ts";
import { referenceProduct } from "./product.ts";
import { stepSize } from "./schedule.ts";
import { scoreLogits, softmaxGrad } from "./softmax-grad.ts";
import { applyList, sparseList, updateTensor } from "./update-list.ts";

/** Lists whose effect one set of WA tensors shows. */
export const LISTS_PER_GROUP = 8;

/** A list that an iteration takes in (sign +1) or gives back (sign -1), with the slot and iteration that made it. */
export interface TakenList {
  readonly slot: number;
  readonly index: number;
  readonly list: UpdateList;
  readonly sign: 1 | -1;
}

/** All that an iteration depends on; nothing of it is changed. */
export interface IterationInput {
  readonly parameters: MlpParameters;
  /** The slot's count of iterations before this one. */
  readonly index: number;
  readonly batch: Batch;
  /** W_l before the lists are taken in, one array a layer. */
  readonly weights: readonly Int32Array[];
  /** R_l, one array a layer. */
  readonly residuals: readonly Int32Array[];
  /** In any order. */
  readonly lists: readonly TakenList[];
  /** `referenceProduct` if left out. */
  readonly product?: Product;
}

/** A named tensor of a trace. */
export interface TraceTensor {
  readonly name: string;
  readonly tensor: Matrix;
}

/** A tensor of a trace as it is committed to. */
export interface TraceRow {
  readonly name: string;
  readonly type: ElementType;
  readonly rows: number;
  readonly cols: number;
  readonly id: Hex;
}

/** What an iteration computes. */
export interface IterationOutput {
  /** All tensors in program order. */
  readonly trace: readonly TraceTensor[];
  readonly list: UpdateList;
  readonly correct: number;
  readonly loss: number;
  /** W_l', one array a layer. */
  readonly weights: readonly Int32Array[];
  /** R_l', one array a layer. */
  readonly residuals: readonly Int32Array[];
}

/** The order in which lists enter a state: given back first, then taken in, each by ascending slot and index. */
export function inTakingOrder(lists: readonly TakenList[]): TakenList[] {
  return lists.toSorted((a, b) => a.sign - b.sign || a.slot - b.slot || a.index - b.index);
}

/** The rows that commit to a trace; `traceRoot` takes their ids. */
export function traceRows(trace: readonly TraceTensor[]): TraceRow[] {
  return trace.map(({ name, tensor }) => {
    const { type, rows, cols } = tensor;
    return { name, type, rows, cols, id: tensorId(tensor) };
  });
}

/**
 * One iteration with its whole trace, line by line as DESIGN section 3 has it. This is the definition that every faster
 * way is tested against; it is written to be read, not to be fast.
 *
 * @throws GristmillError BATCH_SHAPE, MATRIX_SHAPE, UPDATE_LIST_MALFORMED
 */
export function referenceIteration(input: IterationInput): IterationOutput {
  const { parameters: p, index, product = referenceProduct } = input;
  const depth = p.sizes.length - 1;
  const trace: TraceTensor[] = [];
  const record = <T extends ElementType>(name: string, tensor: Matrix<T>): Matrix<T> => {
    trace.push({ name, tensor });
    return tensor;
  };
  // Layers are counted from 1 as in the text, arrays from 0.
  const perLayer = <T>(value: (l: number) => T): T[] => Array.from({ length: depth }, (_, i) => value(i + 1));
  const of = <T>(layers: readonly T[], l: number): T => layers[l - 1]!;

  // Copies: the trace must not change with a caller that goes on training in the same arrays.
  const initial = layerMatrices(p, input.weights.map(copy));
  const residuals = layerMatrices(p, input.residuals.map(copy));
  if (index === 0) {
    perLayer((l) => record(`I${l}`, of(initial, l)));
    perLayer((l) => record(`O${l}`, of(residuals, l)));
  }

  let wa = initial;
  const lists = inTakingOrder(input.lists);
  for (let group = 0; group * LISTS_PER_GROUP < lists.length; group++) {
    const next = wa.map(({ data }) => copy(data));
    for (const { list, index: made, sign } of lists.slice(group * LISTS_PER_GROUP, (group + 1) * LISTS_PER_GROUP)) {
      applyList(next, p, list, stepSize(p, made), sign);
    }
    wa = layerMatrices(p, next);
    perLayer((l) => record(`WA${group}.${l}`, of(wa, l)));
  }
  const q = perLayer((l) => record(`Q${l}`, quantize(of(wa, l))));

  const { x, y } = readBatch(p, input.batch);
  const { activations, z } = forward(p, q, x, product);
  activations.slice(1).forEach((a, i) => record(`A${i + 1}`, a));
  record("Z", z);
  const gradient = softmaxGrad(z, y, of(p.shift, depth));
  const { hits, missing, correct, loss } = scoreLogits(z, gradient, y);
  record("C", hits);
  let e = record(`E${depth}`, gradient);
  record("M", missing);

  const updates = new Array<Matrix<"i8">>(depth);
  const nextResiduals = new Array<Matrix<"i32">>(depth);
  for (let l = depth; l >= 1; l--) {
    const below = activations[l - 1]!;
    const et = record(`ET${l}`, transpose(e));
    const at = record(`AT${l - 1}`, transpose(below));
    const { update, residual } = accumulate(of(residuals, l), product(et, at), of(p.tau, l));
    updates[l - 1] = record(`U${l}`, update);
    nextResiduals[l - 1] = record(`R${l}`, residual);
    if (l > 1) {
      const qt = record(`QT${l}`, transpose(of(q, l)));
      e = record(`E${l - 1}`, propagate(product(e, qt), below, of(p.back, l)));
    }
  }

  const list = sparseList(updates);
  record("S", updateTensor(list));
  const weights = wa.map(({ data }) => copy(data));
  applyList(weights, p, list, stepSize(p, index), 1);
  const matrices = layerMatrices(p, weights);
  perLayer((l) => record(`W${l}`, of(matrices, l)));
  return { trace, list, correct, loss, weights, residuals: nextResiduals.map(({ data }) => data) };
}

function copy(layer: Int32Array): Int32Array {
  return layer.slice();
}

/** U_l and R_l': what of the accumulated gradient crosses the threshold, and what stays. */
function accumulate(
  residual: Matrix<"i32">,
  gradient: Matrix<"i32">,
  tau: number,
): { readonly update: Matrix<"i8">; readonly residual: Matrix<"i32"> } {
  const { rows, cols } = residual;
  const acc = fill(matrix("i32", rows, cols), (row, col) =>
    clip(element(residual, row, col) + element(gradient, row, col), -(2 ** 30), 2 ** 30),
  );
  const update = fill(matrix("i8", rows, cols), (row, col) => {
    const value = element(acc, row, col);
    return value > tau ? 1 : value < -tau ? -1 : 0;
  });
  return {
    update,
    residual: fill(matrix("i32", rows, cols), (row, col) => element(acc, row, col) - tau * element(update, row, col)),
  };
}

/** E_{l-1}: the error where the activation is not saturated, without the bias column. */
function propagate(sums: Matrix<"i32">, activation: Matrix<"i8">, back: number): Matrix<"i8"> {
  return fill(matrix("i8", sums.rows, sums.cols - 1), (row, col) => {
    const active = element(activation, row, col);
    return active > 0 && active < 127 ? clip(roundShift(element(sums, row, col), back), -127, 127) : 0;
  });
}
