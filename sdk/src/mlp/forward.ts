import { clip, roundShift } from "../internal/integer.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { element, fill, matrix } from "../tensor/matrix.ts";
import type { MlpParameters } from "./parameters.ts";
import type { Product } from "./product.ts";

/** The tensors of a forward pass. */
export interface ForwardPass {
  /** A_0..A_{L-1}, i8 [B][n_l + 1]. */
  readonly activations: readonly Matrix<"i8">[];
  /** Z, i32 [B][n_L]. */
  readonly z: Matrix<"i32">;
}

/** Q_l: the weights without their 8 fractional bits, i8 of the same shape (DESIGN section 3). */
export function quantize(weights: Matrix<"i32">): Matrix<"i8"> {
  return fill(matrix("i8", weights.rows, weights.cols), (row, col) =>
    clip(roundShift(element(weights, row, col), 8), -127, 127),
  );
}

/**
 * A_1..A_{L-1} and Z of DESIGN section 3.
 *
 * @param quantized Q_1..Q_L
 * @param x A_0, as `readBatch` gives it
 */
export function forward(
  p: MlpParameters,
  quantized: readonly Matrix<"i8">[],
  x: Matrix<"i8">,
  product: Product,
): ForwardPass {
  const activations = [x];
  let a = x;
  quantized.slice(0, -1).forEach((q, index) => {
    a = activate(product(a, q), p.shift[index]!);
    activations.push(a);
  });
  return { activations, z: product(a, quantized.at(-1)!) };
}

/** A_l: the rectified sums with the bias column 127. */
function activate(sums: Matrix<"i32">, shift: number): Matrix<"i8"> {
  return fill(matrix("i8", sums.rows, sums.cols + 1), (row, col) =>
    col === sums.cols ? 127 : clip(roundShift(element(sums, row, col), shift), 0, 127),
  );
}
