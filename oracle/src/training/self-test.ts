import { GristmillError } from "@gristmill/sdk";

import { MAX_INNER } from "./exact-product.ts";
import type { MatrixEngine } from "./matrix-engine.ts";

/** [rows, inner, cols] that take different paths in libraries: scalars, odd edges, full tiles, the longest sums. */
const shapes = [
  [1, 1, 1],
  [3, 1, 5],
  [7, 33, 13],
  [32, 785, 32],
  [40, 32, 129],
  [5, MAX_INNER, 17],
] as const;

/**
 * Compares the engine's products with the same sums in integers: at the extremes, where a sum just fits float32, and
 * over pseudo-random elements, where rounding at any partial sum shows. An engine that stores in half precision or
 * transforms products (Winograd, Strassen) fails here, before it can cost its user a stake.
 *
 * @throws GristmillError ENGINE_INEXACT naming the first wrong element
 */
export function selfTest(engine: MatrixEngine): void {
  for (const extreme of [127, -127]) {
    const [rows, cols] = [2, 3];
    const a = new Float32Array(rows * MAX_INNER).fill(extreme);
    compare(engine, a, rows, MAX_INNER, new Float32Array(MAX_INNER * cols).fill(127), cols);
  }
  const random = elements(1);
  for (const [rows, inner, cols] of shapes) {
    compare(engine, filled(rows * inner, random), rows, inner, filled(inner * cols, random), cols);
  }
}

function filled(length: number, value: () => number): Float32Array {
  return new Float32Array(length).map(value);
}

function compare(engine: MatrixEngine, a: Float32Array, rows: number, inner: number, b: Float32Array, cols: number) {
  const product = engine.multiply(a, rows, inner, b, cols);
  if (product.length !== rows * cols) {
    throw inexact(engine, rows, inner, cols, `has ${product.length} elements instead of ${rows * cols}`);
  }
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[row * inner + k]! * b[k * cols + col]!;
      const got = product[row * cols + col]!;
      if (got !== sum) {
        throw inexact(engine, rows, inner, cols, `has ${got} at (${row}, ${col}), where ${sum} is right`);
      }
    }
  }
}

/** Pseudo-random integers from -127 to 127: the high bits of a linear congruential generator (Numerical Recipes). */
function elements(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) % 255) - 127;
  };
}

function inexact(engine: MatrixEngine, rows: number, inner: number, cols: number, what: string): GristmillError {
  return new GristmillError(
    "ENGINE_INEXACT",
    `The product [${rows}][${inner}] . [${inner}][${cols}] of engine ${engine.name} ${what}.`,
    {
      hints: [
        "Switch off what changes float32 products: half precision, Winograd, Strassen.",
        "Or choose another engine; cpu is the plainest.",
      ],
    },
  );
}
