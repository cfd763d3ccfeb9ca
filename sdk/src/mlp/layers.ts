import type { Hex } from "viem";

import { hashFields } from "../internal/hash.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { matrix } from "../tensor/matrix.ts";
import { tensorId } from "../tensor/tensor-id.ts";
import type { MlpParameters } from "./parameters.ts";

/** Shape of W_l and R_l, and where the layer starts in the flat index over the concatenated layers. */
export interface LayerShape {
  /** n_l */
  readonly rows: number;
  /** n_{l-1} + 1; the last column is the bias. */
  readonly cols: number;
  /** Flat index of the layer's first weight. */
  readonly offset: number;
}

/** Shapes of layers 1..L, at index l - 1. */
export function layerShapes(p: MlpParameters): LayerShape[] {
  let offset = 0;
  return p.sizes.slice(1).map((rows, index) => {
    const shape = { rows, cols: p.sizes[index]! + 1, offset };
    offset += shape.rows * shape.cols;
    return shape;
  });
}

/** Weights of all layers together, biases included. */
export function weightCount(p: MlpParameters): number {
  return layerShapes(p).reduce((sum, { rows, cols }) => sum + rows * cols, 0);
}

/** Multiply-accumulates of one iteration, bias columns counted (DESIGN section 4). */
export function macsPerIteration(p: MlpParameters): bigint {
  // At most 1,024 * 2^31 * 3, so the sum is exact in a number.
  return BigInt(
    layerShapes(p).reduce((sum, { rows, cols }, index) => sum + p.batch * rows * cols * (index === 0 ? 2 : 3), 0),
  );
}

/**
 * The arrays of the layers as matrices i32 [n_l][n_{l-1} + 1] over the same memory.
 *
 * @throws GristmillError MATRIX_SHAPE if an array's length is not its layer's
 */
export function layerMatrices(p: MlpParameters, layers: readonly Int32Array[]): Matrix<"i32">[] {
  return layerShapes(p).map(({ rows, cols }, index) => matrix("i32", rows, cols, layers[index] ?? new Int32Array(0)));
}

/** stateId = H(0x03 || tensorId(W_1) || ... || tensorId(W_L)), DESIGN section 2. */
export function stateId(p: MlpParameters, weights: readonly Int32Array[]): Hex {
  return hashFields(0x03, layerMatrices(p, weights).map(tensorId));
}

/** residualId = H(0x04 || tensorId(R_1) || ... || tensorId(R_L)), DESIGN section 2. */
export function residualId(p: MlpParameters, residuals: readonly Int32Array[]): Hex {
  return hashFields(0x04, layerMatrices(p, residuals).map(tensorId));
}

/** The residuals before iteration 0: zeros, one array a layer. */
export function zeroResiduals(p: MlpParameters): Int32Array[] {
  return layerShapes(p).map(({ rows, cols }) => new Int32Array(rows * cols));
}
