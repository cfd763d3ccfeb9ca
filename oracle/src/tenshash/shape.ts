/** Bytes of a TensHash seed, input and output. */
export const HASH_BYTES = 32;

/** Neurons of a hidden state. */
export const WIDTH = 1024;

/** 64 hidden layers between the expansion (k = 0) and the compression (k = 65). */
export const HIDDEN_LAYERS = 64;

/** Matrices of one seed: k = 0 is [1024][256], k = 1..64 are [1024][1024], k = 65 is [256][1024]. */
export const MATRICES = HIDDEN_LAYERS + 2;

/** Rows of a trace: the state after the expansion and after each of the 64 hidden layers. */
export const TRACE_ROWS = HIDDEN_LAYERS + 1;

/** Bytes of one row of a trace: 1,024 neurons, neuron j in byte j >> 3, bit 7 - (j & 7). */
export const STATE_BYTES = WIDTH / 8;

const EDGE_WIDTH = 8 * HASH_BYTES;

/** @returns [rows, columns] of matrix k */
export function matrixShape(k: number): readonly [rows: number, columns: number] {
  return [k === MATRICES - 1 ? EDGE_WIDTH : WIDTH, k === 0 ? EDGE_WIDTH : WIDTH];
}
