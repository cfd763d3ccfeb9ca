import { type Matrix, matrix, type Product } from "@gristmill/sdk";

import type { MatrixEngine } from "./matrix-engine.ts";

/** Longest dot product given to an engine; longer ones are cut into blocks (DESIGN section 3). */
export const MAX_INNER = 1024;

/** Elements of an exact product: integers, in whichever array they came. */
export type Integers = Float32Array | Int32Array;

/**
 * a . b for any inner dimension: blocks of at most 1,024 terms by the engine, added as integers.
 *
 * @param a row-major [rows][inner], integers in [-127, 127]
 * @param b row-major [inner][cols], integers in [-127, 127]
 * @returns row-major [rows][cols], a fresh array
 */
export function exactProduct(
  engine: MatrixEngine,
  a: Float32Array,
  rows: number,
  inner: number,
  b: Float32Array,
  cols: number,
): Integers {
  if (inner <= MAX_INNER) return engine.multiply(a, rows, inner, b, cols);
  const sum = new Int32Array(rows * cols);
  for (let start = 0; start < inner; start += MAX_INNER) {
    const end = Math.min(start + MAX_INNER, inner);
    const block = new Float32Array(rows * (end - start));
    for (let row = 0; row < rows; row++) {
      block.set(a.subarray(row * inner + start, row * inner + end), row * (end - start));
    }
    const part = engine.multiply(block, rows, end - start, b.subarray(start * cols, end * cols), cols);
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
  }
  return sum;
}

/** The engine as the product of the SDK's reference iteration and evaluation. */
export function engineProduct(engine: MatrixEngine): Product {
  return (a, b) => {
    const product = exactProduct(engine, new Float32Array(a.data), a.rows, a.cols, transposed(b), b.rows);
    return matrix("i32", a.rows, b.rows, new Int32Array(product));
  };
}

function transposed(m: Matrix<"i8">): Float32Array {
  const out = new Float32Array(m.data.length);
  for (let row = 0; row < m.rows; row++) {
    for (let col = 0; col < m.cols; col++) out[col * m.rows + row] = m.data[row * m.cols + col]!;
  }
  return out;
}
