import { GristmillError } from "../errors.ts";
import type { Batch } from "../mlp/batch.ts";
import { matrix } from "../tensor/matrix.ts";

/** A training or test set, cut into the batches that are committed to. */
export interface BatchSet {
  /** n_0, the constant last column of X not counted. */
  readonly inputs: number;
  /** n_L */
  readonly classes: number;
  /** Rows of every batch but the last, which may have fewer. */
  readonly batchRows: number;
  readonly batches: readonly Batch[];
}

/** Largest blob that is decoded unless another limit is given, in bytes. */
export const MAX_BATCH_SET_BYTES = 1024 ** 3;

/** "GMBS" */
const MAGIC = 0x474d4253;
const VERSION = 1;
const HEADER_BYTES = 24;

/** What the bias reads in every row of X (DESIGN section 3). */
const BIAS_INPUT = 127;

/**
 * The blob of a batch set, by whose content address it is published:
 *
 * ```
 * "GMBS" || version 1 || inputs || classes || batchRows || rows     u32 big-endian each
 * X: i8 [rows][inputs + 1], row-major || Y: u8 [rows]
 * ```
 *
 * @throws GristmillError BATCH_SET_MALFORMED if a set could not be decoded again
 */
export function encodeBatchSet(set: BatchSet): Uint8Array {
  const rows = set.batches.reduce((sum, batch) => sum + batch.x.rows, 0);
  const columns = set.inputs + 1;
  for (const [i, { x, y }] of set.batches.entries()) {
    const full = i < set.batches.length - 1;
    if (x.cols !== columns || y.cols !== x.rows || x.rows > set.batchRows || (full && x.rows !== set.batchRows)) {
      throw malformed(`batch ${i} is not of ${set.batchRows} rows and ${columns} columns with a class for each row`);
    }
  }
  const blob = new Uint8Array(HEADER_BYTES + rows * (columns + 1));
  const header = new DataView(blob.buffer);
  for (const [i, word] of [MAGIC, VERSION, set.inputs, set.classes, set.batchRows, rows].entries()) {
    header.setUint32(4 * i, word);
  }
  let xOffset = HEADER_BYTES;
  let yOffset = HEADER_BYTES + rows * columns;
  for (const { x, y } of set.batches) {
    blob.set(new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.length), xOffset);
    blob.set(y.data, yOffset);
    xOffset += x.data.length;
    yOffset += y.data.length;
  }
  checkBlob(blob);
  return blob;
}

/**
 * The batch set of a blob from anywhere. What it returns is well-formed to the last byte, so encoding it gives the same
 * blob again; its batches share one copy of the bytes.
 *
 * @throws GristmillError BATCH_SET_TOO_LARGE, BATCH_SET_MALFORMED
 */
export function decodeBatchSet(blob: Uint8Array, maxBytes: number = MAX_BATCH_SET_BYTES): BatchSet {
  if (blob.length > maxBytes) {
    throw new GristmillError(
      "BATCH_SET_TOO_LARGE",
      `A batch set of ${blob.length} bytes is larger than the limit of ${maxBytes}.`,
      { hints: ["Take a task with less data, or raise the limit."] },
    );
  }
  const { inputs, classes, batchRows, rows } = checkBlob(blob);
  const columns = inputs + 1;
  const bytes = blob.slice(HEADER_BYTES);
  const x = new Int8Array(bytes.buffer, 0, rows * columns);
  const y = bytes.subarray(rows * columns);
  const batches: Batch[] = [];
  for (let row = 0; row < rows; row += batchRows) {
    const end = Math.min(row + batchRows, rows);
    batches.push({
      x: matrix("i8", end - row, columns, x.subarray(row * columns, end * columns)),
      y: matrix("u8", 1, end - row, y.subarray(row, end)),
    });
  }
  return { inputs, classes, batchRows, batches };
}

interface Header {
  readonly inputs: number;
  readonly classes: number;
  readonly batchRows: number;
  readonly rows: number;
}

function checkBlob(blob: Uint8Array): Header {
  if (blob.length < HEADER_BYTES) throw malformed(`${blob.length} bytes are less than its header`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const word = (i: number): number => view.getUint32(4 * i);
  if (word(0) !== MAGIC) throw malformed("it does not start with GMBS");
  if (word(1) !== VERSION) throw malformed(`version ${word(1)} is not known`);
  const header = { inputs: word(2), classes: word(3), batchRows: word(4), rows: word(5) };
  const { inputs, classes, batchRows, rows } = header;
  if (inputs < 1 || inputs > 65_535) throw malformed(`${inputs} inputs are not from 1 to 65535`);
  if (classes < 2 || classes > 256) throw malformed(`${classes} classes are not from 2 to 256`);
  if (batchRows < 1 || batchRows > 1024) throw malformed(`${batchRows} rows in a batch are not from 1 to 1024`);
  if (rows < 1) throw malformed("it has no rows");
  // At most 2^32 * 2^16, so the product is exact in a number.
  const length = HEADER_BYTES + rows * (inputs + 2);
  if (blob.length !== length)
    throw malformed(`${rows} rows of ${inputs} inputs make ${length} bytes, not ${blob.length}`);
  checkValues(blob, header);
  return header;
}

/** Everything in the range that training reads as it stands, so that data has one encoding only. */
function checkValues(blob: Uint8Array, { inputs, classes, rows }: Header): void {
  const columns = inputs + 1;
  for (let row = 0; row < rows; row++) {
    const start = HEADER_BYTES + row * columns;
    const lowest = blob.subarray(start, start + inputs).indexOf(0x80);
    if (lowest >= 0) throw malformed(`row ${row}, column ${lowest} is -128`);
    if (blob[start + inputs] !== BIAS_INPUT) throw malformed(`row ${row} does not end in ${BIAS_INPUT}`);
    const label = blob[HEADER_BYTES + rows * columns + row]!;
    if (label >= classes) throw malformed(`row ${row} is of class ${label}, but there are ${classes} classes`);
  }
}

function malformed(what: string): GristmillError {
  return new GristmillError("BATCH_SET_MALFORMED", `These bytes are not a batch set: ${what}.`, {
    hints: ["Fetch the blob again by its content address, from another peer."],
  });
}
