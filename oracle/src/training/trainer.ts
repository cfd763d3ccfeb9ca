import {
  type Batch,
  batchLeaf,
  checkBatch,
  checkUpdateList,
  initialWeights,
  type IterationOutput,
  layerMatrices,
  layerShapes,
  type LayerShape,
  type Matrix,
  matrix,
  type MlpParameters,
  readLabels,
  referenceIteration,
  residualId,
  scoreLogits,
  softmaxGrad,
  stateId,
  stepSize,
  type TakenList,
  type TestScore,
  totalScore,
  type UpdateList,
  validateParameters,
  weightCount,
  zeroResiduals,
} from "@gristmill/sdk";
import type { Hex } from "viem";

import { engineProduct, exactProduct, type Integers } from "./exact-product.ts";
import { accumulate, activate, propagate, quantizeWeight, readInputs, transpose } from "./kernels.ts";
import type { MatrixEngine } from "./matrix-engine.ts";

/** W_l and R_l of a slot, one array a layer. */
export interface TrainerState {
  readonly weights: readonly Int32Array[];
  readonly residuals: readonly Int32Array[];
}

/** What a trainer is made of. */
export interface TrainerOptions {
  readonly parameters: MlpParameters;
  /** The task's training seed, 32 bytes. */
  readonly seed: Hex;
  readonly engine: MatrixEngine;
  /** Copied; the state before iteration 0 if left out. */
  readonly state?: TrainerState;
}

/** What an iteration gives its slot. */
export interface IterationResult {
  /** Belongs to the caller. */
  readonly list: UpdateList;
  /** Right answers in the batch. */
  readonly correct: number;
  /** Missing probability mass of the batch, in 1/127. */
  readonly loss: number;
}

/** The products of a batch, before they touch the state. */
export interface BatchGradients {
  /** ET_l . AT_{l-1}^T, one array a layer, [n_l][n_{l-1} + 1]. */
  readonly gradients: readonly Integers[];
  readonly correct: number;
  readonly loss: number;
}

interface ForwardResult {
  /** A_0..A_{L-1}. */
  readonly activations: readonly Float32Array[];
  readonly z: Matrix<"i32">;
  readonly y: Matrix<"u8">;
}

/** A layer with its quantized weights as the products take them. */
interface Layer extends LayerShape {
  readonly weights: Int32Array;
  readonly residuals: Int32Array;
  /** Q_l, [n_l][n_{l-1} + 1]; absent in the first layer, whose input needs no error. */
  readonly q: Float32Array | undefined;
  /** Q_l transposed, [n_{l-1} + 1][n_l]. */
  readonly qt: Float32Array;
  readonly shift: number;
  readonly back: number;
  readonly tau: number;
}

/**
 * One slot's training at full speed: the iteration of DESIGN section 3 with its products on an engine, bit for bit the
 * SDK's `referenceIteration`. The quantized weights are kept as float32 beside the master weights, and only what an
 * update list touches is quantized again.
 *
 * An iteration is `differentiate`, `accumulate` and `apply` in this order; they are public so that each can be timed.
 */
export class Trainer {
  readonly parameters: MlpParameters;
  readonly #engine: MatrixEngine;
  readonly #layers: readonly Layer[];
  readonly #weightCount: number;
  readonly #entries: Uint32Array;

  private constructor(parameters: MlpParameters, engine: MatrixEngine, state: TrainerState) {
    this.parameters = parameters;
    this.#engine = engine;
    this.#weightCount = weightCount(parameters);
    this.#entries = new Uint32Array(this.#weightCount);
    this.#layers = layerShapes(parameters).map((shape, index) => ({
      ...shape,
      weights: state.weights[index]!,
      residuals: state.residuals[index]!,
      q: index === 0 ? undefined : new Float32Array(shape.rows * shape.cols),
      qt: new Float32Array(shape.rows * shape.cols),
      shift: parameters.shift[index]!,
      back: parameters.back[index]!,
      tau: parameters.tau[index]!,
    }));
    this.#quantizeAll();
  }

  /**
   * @throws GristmillError PARAMETER_RANGE, ID_MALFORMED, MATRIX_SHAPE if the state does not fit the parameters
   */
  static create({ parameters, seed, engine, state }: TrainerOptions): Trainer {
    validateParameters(parameters);
    if (state === undefined) {
      const initial = { weights: initialWeights(parameters, seed), residuals: zeroResiduals(parameters) };
      return new Trainer(parameters, engine, initial);
    }
    checkState(parameters, state);
    return new Trainer(parameters, engine, copyState(state));
  }

  /** W_l, one array a layer: live, to be read only. */
  get weights(): readonly Int32Array[] {
    return this.#layers.map(({ weights }) => weights);
  }

  /** R_l, one array a layer: live, to be read only. */
  get residuals(): readonly Int32Array[] {
    return this.#layers.map(({ residuals }) => residuals);
  }

  stateId(): Hex {
    return stateId(this.parameters, this.weights);
  }

  residualId(): Hex {
    return residualId(this.parameters, this.residuals);
  }

  /** A copy of the state. */
  snapshot(): TrainerState {
    return copyState(this);
  }

  /**
   * Goes back to a state, which is copied.
   *
   * @throws GristmillError MATRIX_SHAPE if it does not fit the parameters
   */
  restore(state: TrainerState): void {
    checkState(this.parameters, state);
    this.#layers.forEach(({ weights, residuals }, index) => {
      weights.set(state.weights[index]!);
      residuals.set(state.residuals[index]!);
    });
    this.#quantizeAll();
  }

  /**
   * Takes lists of other slots in (sign +1) or gives them back (sign -1), in any order: updates add up.
   *
   * @throws GristmillError UPDATE_LIST_MALFORMED, with nothing taken in
   */
  takeIn(lists: readonly TakenList[]): void {
    for (const { list } of lists) checkUpdateList(list, this.#weightCount);
    for (const { index, list, sign } of lists) this.apply(list, sign * stepSize(this.parameters, index));
  }

  /**
   * Runs the slot's iteration `index` on a batch.
   *
   * @throws GristmillError BATCH_SHAPE, with nothing changed
   */
  iterate(index: number, batch: Batch): IterationResult {
    const { gradients, correct, loss } = this.differentiate(batch);
    const list = this.accumulate(gradients);
    this.apply(list, stepSize(this.parameters, index));
    return { list, correct, loss };
  }

  /**
   * The forward and the backward pass; changes nothing.
   *
   * @throws GristmillError BATCH_SHAPE
   */
  differentiate(batch: Batch): BatchGradients {
    const rows = batch.x.rows;
    const { activations, z, y } = this.#forward(batch);
    const errors = softmaxGrad(z, y, this.#layers.at(-1)!.shift);
    const { correct, loss } = scoreLogits(z, errors, y);
    const gradients = new Array<Integers>(this.#layers.length);
    let e: Float32Array = new Float32Array(errors.data);
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const layer = this.#layers[l]!;
      const below = activations[l]!;
      gradients[l] = this.#product(transpose(e, rows, layer.rows), layer.rows, rows, below, layer.cols);
      if (layer.q !== undefined) {
        const sums = this.#product(e, rows, layer.rows, layer.q, layer.cols);
        e = propagate(sums, below, rows, layer.cols - 1, layer.back);
      }
    }
    return { gradients, correct, loss };
  }

  /** Adds gradients to the residuals; what crosses the threshold leaves them as the update list. */
  accumulate(gradients: readonly Integers[]): UpdateList {
    let count = 0;
    this.#layers.forEach(({ residuals, tau, offset }, index) => {
      count = accumulate(residuals, gradients[index]!, tau, offset, this.#entries, count);
    });
    return this.#entries.slice(0, count);
  }

  /**
   * Subtracts step * U from the weights and quantizes anew what changed.
   *
   * @param list well-formed, as `checkUpdateList` has it
   * @param step q, negative to give back
   */
  apply(list: UpdateList, step: number): void {
    let i = 0;
    for (const { weights, q, qt, rows, cols, offset } of this.#layers) {
      const end = offset + weights.length;
      let row = 0;
      for (; i < list.length; i++) {
        const entry = list[i]!;
        const flat = entry >>> 1;
        if (flat >= end) break;
        const at = flat - offset;
        while (at >= (row + 1) * cols) row++;
        weights[at] = weights[at]! - ((entry & 1) === 1 ? -step : step); // storing into an Int32Array wraps
        const value = quantizeWeight(weights[at]);
        qt[(at - row * cols) * rows + row] = value;
        if (q !== undefined) q[at] = value;
      }
    }
  }

  /**
   * The whole trace of iteration `index` from the present state, by the SDK's definition over this engine's products.
   * It is the iteration that `takeIn(lists)` and `iterate(index, batch)` would run; the state is left as it is.
   *
   * @throws GristmillError BATCH_SHAPE, UPDATE_LIST_MALFORMED
   */
  trace(index: number, batch: Batch, lists: readonly TakenList[]): IterationOutput {
    const { parameters, weights, residuals } = this;
    return referenceIteration({
      parameters,
      index,
      batch,
      weights,
      residuals,
      lists,
      product: engineProduct(this.#engine),
    });
  }

  /**
   * The exact score of the present weights, equal to the SDK's `evaluate`.
   *
   * @throws GristmillError SCORE_EMPTY, BATCH_SHAPE
   */
  evaluate(batches: readonly Batch[]): TestScore {
    return totalScore(
      batches.map((batch) => {
        const { z, y } = this.#forward(batch);
        const { correct, loss } = scoreLogits(z, softmaxGrad(z, y, this.#layers.at(-1)!.shift), y);
        return { leaf: batchLeaf(batch), correct, loss };
      }),
    );
  }

  #forward(batch: Batch): ForwardResult {
    checkBatch(this.parameters, batch);
    const rows = batch.x.rows;
    const classes = this.#layers.at(-1)!.rows;
    let a: Float32Array = readInputs(batch.x.data, batch.x.cols);
    const activations = [a];
    for (const { rows: width, cols, qt, shift } of this.#layers.slice(0, -1)) {
      a = activate(this.#product(a, rows, cols, qt, width), rows, width, shift);
      activations.push(a);
    }
    const { cols, qt } = this.#layers.at(-1)!;
    const z = matrix("i32", rows, classes, new Int32Array(this.#product(a, rows, cols, qt, classes)));
    return { activations, z, y: readLabels(this.parameters, batch.y) };
  }

  #product(a: Float32Array, rows: number, inner: number, b: Float32Array, cols: number): Integers {
    return exactProduct(this.#engine, a, rows, inner, b, cols);
  }

  #quantizeAll(): void {
    for (const { weights, q, qt, rows, cols } of this.#layers) {
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
          const value = quantizeWeight(weights[row * cols + col]!);
          qt[col * rows + row] = value;
          if (q !== undefined) q[row * cols + col] = value;
        }
      }
    }
  }
}

/** Checks by making matrices of them. */
function checkState(p: MlpParameters, { weights, residuals }: TrainerState): void {
  layerMatrices(p, weights);
  layerMatrices(p, residuals);
}

function copyState({ weights, residuals }: TrainerState): TrainerState {
  return { weights: weights.map((layer) => layer.slice()), residuals: residuals.map((layer) => layer.slice()) };
}
