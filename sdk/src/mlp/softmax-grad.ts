import type { Matrix } from "../tensor/matrix.ts";
import { matrix } from "../tensor/matrix.ts";

/** T[k] = round(65536 * 2^(-k/32)), DESIGN section 3; literal, so that no host's `pow` decides a bit. */
export const exp2Table: readonly number[] = [
  65536, 64132, 62757, 61413, 60097, 58809, 57549, 56316, 55109, 53928, 52773, 51642, 50535, 49452, 48393, 47356, 46341,
  45348, 44376, 43425, 42495, 41584, 40693, 39821, 38968, 38133, 37316, 36516, 35734, 34968, 34219, 33486,
];

/**
 * The gradient of the cross entropy by the logits, in 1/127, in integers (DESIGN section 3).
 *
 * @param z logits, i32 [B][n_L]
 * @param y classes below n_L, u8 [1][B]
 * @param shift shift_L, which scales the logits to 1/32 of a factor of two
 * @returns E_L, i8 [B][n_L], from -127 to 127
 */
export function softmaxGrad(z: Matrix<"i32">, y: Matrix<"u8">, shift: number): Matrix<"i8"> {
  const classes = z.cols;
  const gradient = matrix("i8", z.rows, classes);
  const p = new Array<number>(classes);
  for (let row = 0; row < z.rows; row++) {
    const logits = z.data.subarray(row * classes, (row + 1) * classes);
    const max = logits.reduce((a, b) => Math.max(a, b));
    let sum = 0;
    for (let j = 0; j < classes; j++) {
      const d = Math.min(Math.floor((max - logits[j]!) / 2 ** shift), 511);
      sum += p[j] = exp2Table[d % 32]! >> (d >> 5);
    }
    for (let j = 0; j < classes; j++) {
      const share = Math.floor((254 * p[j]! + sum) / (2 * sum));
      gradient.data[row * classes + j] = share - (j === y.data[row] ? 127 : 0);
    }
  }
  return gradient;
}

/**
 * C, M and their sums of a batch.
 *
 * @param z logits, i32 [B][n_L]
 * @param gradient `softmaxGrad` of them, i8 [B][n_L]
 * @param y classes below n_L, u8 [1][B]
 */
export function scoreLogits(z: Matrix<"i32">, gradient: Matrix<"i8">, y: Matrix<"u8">): LogitsScore {
  const hits = matrix("u8", 1, z.rows);
  const missing = matrix("u8", 1, z.rows);
  let correct = 0;
  let loss = 0;
  for (let row = 0; row < z.rows; row++) {
    const logits = z.data.subarray(row * z.cols, (row + 1) * z.cols);
    const best = logits.indexOf(logits.reduce((a, b) => Math.max(a, b))); // the lowest index wins ties
    const label = y.data[row]!;
    correct += hits.data[row] = best === label ? 1 : 0;
    loss += missing.data[row] = -gradient.data[row * z.cols + label]!;
  }
  return { hits, missing, correct, loss };
}

/** How a batch did. */
export interface LogitsScore {
  /** C: 1 where the right class has the largest logit, u8 [1][B]. */
  readonly hits: Matrix<"u8">;
  /** M: the probability mass missing from the right class in 1/127, u8 [1][B]. */
  readonly missing: Matrix<"u8">;
  /** Sum of C. */
  readonly correct: number;
  /** Sum of M. */
  readonly loss: number;
}
