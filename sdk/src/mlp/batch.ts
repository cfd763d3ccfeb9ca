import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { hashFields } from "../internal/hash.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { element, fill, matrix } from "../tensor/matrix.ts";
import { tensorId } from "../tensor/tensor-id.ts";
import type { MlpParameters } from "./parameters.ts";

/** Training or test examples as they are committed to. */
export interface Batch {
  /** i8 [B][n_0 + 1], a row an example, last column 127. */
  readonly x: Matrix<"i8">;
  /** u8 [1][B], the class of each example. */
  readonly y: Matrix<"u8">;
}

/** batchLeaf = H(0x06 || tensorId(X) || tensorId(Y)), DESIGN section 2. */
export function batchLeaf(batch: Batch): Hex {
  return hashFields(0x06, [tensorId(batch.x), tensorId(batch.y)]);
}

/**
 * Whatever is committed, X reads as max(x, -127), its last column as 127, and Y as min(y, n_L - 1): no commitment can
 * take a network out of the range in which products are exact.
 *
 * @returns matrices of their own; `x` is A_0
 * @throws GristmillError BATCH_SHAPE if the shapes do not fit the parameters or each other
 */
export function readBatch(p: MlpParameters, batch: Batch): Batch {
  checkBatch(p, batch);
  const { rows, cols } = batch.x;
  return {
    x: fill(matrix("i8", rows, cols), (row, col) =>
      col === cols - 1 ? 127 : Math.max(element(batch.x, row, col), -127),
    ),
    y: readLabels(p, batch.y),
  };
}

/** Y as it reads: min(y, n_L - 1). */
export function readLabels(p: MlpParameters, y: Matrix<"u8">): Matrix<"u8"> {
  const lastClass = p.sizes.at(-1)! - 1;
  return fill(matrix("u8", 1, y.cols), (_, col) => Math.min(element(y, 0, col), lastClass));
}

/**
 * @throws GristmillError BATCH_SHAPE if X is not [1..B][n_0 + 1], or Y not one row of as many classes
 */
export function checkBatch(p: MlpParameters, { x, y }: Batch): void {
  const inputs = p.sizes[0]! + 1;
  if (x.cols !== inputs || x.rows > p.batch || y.rows !== 1 || y.cols !== x.rows) {
    throw new GristmillError(
      "BATCH_SHAPE",
      `A batch of X [${x.rows}][${x.cols}] and Y [${y.rows}][${y.cols}] does not fit ` +
        `B = ${p.batch} and n_0 + 1 = ${inputs}.`,
    );
  }
}
