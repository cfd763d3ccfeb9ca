import { chacha20 } from "@noble/ciphers/chacha.js";

import { matrix } from "../tensor/matrix.ts";
import type { BatchSet } from "./batch-set.ts";
import { specError } from "./spec-error.ts";

/** Most rows of a test batch. */

/** The bias input, last column of every row. */
export const BIAS_INPUT = 127;

/** Labelled rows as a network reads them. */
export interface Examples {
  /** n_0 */
  readonly inputs: number;
  /** Names of the classes in order. */
  readonly classes: readonly string[];
  /** i8 [rows][n_0 + 1] in [-127, 127], last column 127. */
  readonly x: Int8Array;
  /** u8 [rows], indices of classes. */
  readonly y: Uint8Array;
}

/** How many rows of a data set to take, and in which order. */
export interface Split {
  readonly training: number;
  readonly test: number;
  /** Shuffles all rows before the first ones are taken; file order if undefined. */
  readonly seed: number | undefined;
}

/**
 * Indices of the rows to take from a data set: first those of the training set, then those of the test set.
 *
 * @throws GristmillError DATASET_TOO_SMALL
 */
export function chooseRows(rows: number, { training, test, seed }: Split): Uint32Array {
  if (training + test > rows) {
    throw specError("DATASET_TOO_SMALL", {
      field: "ml.dataset.training-set-size",
      problem: `and test-set-size ask for ${training} + ${test} rows, but the data has ${rows}`,
      mend: `Lower them to ${rows} in all, or add data.`,
    });
  }
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  if (seed !== undefined) shuffle(order, seed);
  return order.slice(0, training + test);
}

/**
 * Cuts examples into batches: the training set into full batches, whose remainder is dropped because an iteration's cost
 * and tickets are those of a full batch; the test set into batches of the same size, the last as short as it comes.
 *
 * @throws GristmillError DATASET_TOO_SMALL if the training rows do not fill one batch
 */
export function cutBatches(
  examples: Examples,
  training: number,
  batchRows: number,
): { readonly train: BatchSet; readonly test: BatchSet } {
  if (training < batchRows) {
    throw specError("DATASET_TOO_SMALL", {
      field: "ml.dataset.training-set-size",
      problem: `is ${training}, less than one batch of ${batchRows}`,
      mend: "Raise training-set-size or lower ml.optimizer.batch-size.",
    });
  }
  return {
    train: cut(examples, 0, training - (training % batchRows), batchRows),
    test: cut(examples, training, examples.y.length, batchRows),
  };
}

function cut({ inputs, classes, x, y }: Examples, first: number, end: number, batchRows: number): BatchSet {
  const columns = inputs + 1;
  const batches = Array.from({ length: Math.ceil((end - first) / batchRows) }, (_, i) => {
    const start = first + i * batchRows;
    const rows = Math.min(batchRows, end - start);
    return {
      x: matrix("i8", rows, columns, x.slice(start * columns, (start + rows) * columns)),
      y: matrix("u8", 1, rows, y.slice(start, start + rows)),
    };
  });
  return { inputs, classes: classes.length, batchRows, batches };
}

/** Fisher-Yates over words of the ChaCha20 keystream (RFC 8439) whose key holds the seed in its first 4 bytes, big-endian. */
function shuffle(order: Uint32Array, seed: number): void {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, seed);
  const keystream = chacha20(key, new Uint8Array(12), new Uint8Array(4 * order.length));
  const words = new DataView(keystream.buffer, keystream.byteOffset, keystream.byteLength);
  for (let i = order.length - 1; i > 0; i--) {
    const j = words.getUint32(4 * i, true) % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}
