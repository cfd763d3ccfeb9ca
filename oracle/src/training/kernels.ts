/**
 * The elementwise half of an iteration, over integers in float32 containers as the engines take and give them. Each
 * function is one line of DESIGN section 3; `sdk/src/mlp/reference-iteration.ts` is the same, written to be read.
 *
 * Shifts: sums stay below 2^31 - 2^11 in absolute value (65,536 terms of at most 127^2), so int32 arithmetic does not
 * wrap, and (x + 2^(s-1)) >> s is rs(x, s). `| 0` tells the compiler that a float is an integer. Signs of sums are as
 * good as random, and a branch on them is mispredicted half the time: `v >> 31`, which is -1 for a negative v and else
 * 0, selects without one and makes these loops twice as fast.
 */
import type { Integers } from "./exact-product.ts";

/** Largest accumulated gradient. */
const ACC_LIMIT = 2 ** 30;

/** 2^(s-1), and 0 for s = 0. */
function half(shift: number): number {
  return (1 << shift) >> 1;
}

/** clip(rs(w, 8), -127, 127) of a master weight, for which w + 128 could wrap. */
export function quantizeWeight(weight: number): number {
  const rounded = (weight >> 8) + ((weight >> 7) & 1);
  return rounded > 127 ? 127 : rounded < -127 ? -127 : rounded;
}

/** A_0 of a committed X [rows][cols]: elements at least -127, last column 127. */
export function readInputs(x: Int8Array, cols: number): Float32Array {
  const a = new Float32Array(x);
  for (let i = x.indexOf(-128); i >= 0; i = x.indexOf(-128, i + 1)) a[i] = -127;
  for (let i = cols - 1; i < a.length; i += cols) a[i] = 127;
  return a;
}

/** A_l [rows][cols + 1] of the sums [rows][cols]: rectified, with the bias column 127. */
export function activate(sums: Integers, rows: number, cols: number, shift: number): Float32Array {
  const a = new Float32Array(rows * (cols + 1));
  const rounding = half(shift);
  let out = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      const value = ((sums[i]! | 0) + rounding) >> shift;
      const rectified = value & ~(value >> 31); // max(value, 0)
      a[out++] = rectified > 127 ? 127 : rectified;
    }
    a[out++] = 127;
  }
  return a;
}

/** E_{l-1} [rows][cols] of the sums and A_{l-1}, both [rows][cols + 1]: zero where the activation is saturated. */
export function propagate(
  sums: Integers,
  activation: Float32Array,
  rows: number,
  cols: number,
  back: number,
): Float32Array {
  const e = new Float32Array(rows * cols);
  const rounding = half(back);
  let out = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * (cols + 1);
    for (let i = start; i < start + cols; i++, out++) {
      const active = activation[i]! | 0;
      const open = (-active & (active - 127)) >> 31; // -1 where 0 < active < 127, else 0
      const value = ((sums[i]! | 0) + rounding) >> back;
      e[out] = Math.max(-127, Math.min(value, 127)) & open;
    }
  }
  return e;
}

/** [cols][rows] of a row-major [rows][cols]. */
export function transpose(values: ArrayLike<number>, rows: number, cols: number): Float32Array {
  const out = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) out[col * rows + row] = values[row * cols + col]!;
  }
  return out;
}

/**
 * Adds a layer's gradient to its residual and moves what crosses the threshold into the update list.
 *
 * @param residual R_l, becomes R_l'
 * @param gradient ET_l . AT_{l-1}^T, of the same length
 * @param offset flat index of the layer's first weight
 * @param entries takes the layer's entries of the list, from `count` on
 * @returns the new count
 */
export function accumulate(
  residual: Int32Array,
  gradient: Integers,
  tau: number,
  offset: number,
  entries: Uint32Array,
  count: number,
): number {
  for (let i = 0; i < residual.length; i++) {
    const acc = residual[i]! + (gradient[i]! | 0); // a number, so that not even an absurd residual wraps
    if (acc <= tau && acc >= -tau) {
      residual[i] = acc; // tau is at most ACC_LIMIT: nothing to clip
      continue;
    }
    const clipped = Math.max(-ACC_LIMIT, Math.min(acc, ACC_LIMIT));
    const update = clipped > tau ? 1 : clipped < -tau ? -1 : 0;
    residual[i] = clipped - tau * update;
    if (update !== 0) entries[count++] = 2 * (offset + i) + (update < 0 ? 1 : 0);
  }
  return count;
}
