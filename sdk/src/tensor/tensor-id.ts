import { sha256Hex, sha256Into } from "#sha256";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { ID_BYTES } from "../internal/hash.ts";
import { bytesToId, foldToRoot } from "../internal/merkle-fold.ts";
import type { ElementType, Matrix } from "./matrix.ts";

/** Most elements of a leaf; a longer row is several leaves. */
export const LEAF_ELEMENTS = 1024;

const LEAF_DOMAIN = 0x00;
const TENSOR_DOMAIN = 0x02;

const tags: Readonly<Record<ElementType, number>> = { i8: 1, u8: 2, i32: 3, u32: 4 };

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * tensorId = H(0x02 || tag || rows || cols || Merkle root of the leaves), DESIGN section 2. This is the hot path of
 * committing to a state: rows are hashed from the typed array's memory over one scratch buffer.
 */
export function tensorId(m: Matrix): Hex {
  const count = leafCount(m);
  if (count * ID_BYTES > nodes.length) nodes = new Uint8Array(2 * count * ID_BYTES);
  hashLeaves(m, nodes);
  foldToRoot(nodes, count);
  header.setUint8(0, TENSOR_DOMAIN);
  header.setUint8(1, tags[m.type]);
  header.setUint32(2, m.rows);
  header.setUint32(6, m.cols);
  for (let i = 0; i < ID_BYTES; i++) headerBytes[10 + i] = nodes[i]!;
  return sha256Hex(headerBytes);
}

/** Where `tensorId` works: a message's lists are hundreds of tensors, and buffers for each would be garbage. */
let nodes = new Uint8Array(64 * ID_BYTES);
const headerBytes = new Uint8Array(1 + 1 + 4 + 4 + ID_BYTES);
const header = new DataView(headerBytes.buffer);

/** The leaves of a tensor's Merkle tree, row by row, as `merkleProof` takes them. */
export function tensorLeaves(m: Matrix): Hex[] {
  const hashes = new Uint8Array(leafCount(m) * ID_BYTES);
  hashLeaves(m, hashes);
  return Array.from({ length: leafCount(m) }, (_, leaf) =>
    bytesToId(hashes.subarray(leaf * ID_BYTES, (leaf + 1) * ID_BYTES)),
  );
}

/**
 * Index of the leaf that holds the element in `row` and `col`.
 *
 * @throws GristmillError MATRIX_INDEX
 */
export function leafIndex(m: Pick<Matrix, "rows" | "cols">, row: number, col: number): number {
  if (row < 0 || row >= m.rows || col < 0 || col >= m.cols) {
    throw new GristmillError("MATRIX_INDEX", `(${row}, ${col}) lies outside a matrix of ${m.rows} x ${m.cols}.`);
  }
  return row * Math.ceil(m.cols / LEAF_ELEMENTS) + Math.floor(col / LEAF_ELEMENTS);
}

/** The elements of leaf number `leaf` as they are hashed. */
export function leafBytes(m: Matrix, leaf: number): Uint8Array {
  const perRow = Math.ceil(m.cols / LEAF_ELEMENTS);
  const row = Math.floor(leaf / perRow);
  const start = (leaf % perRow) * LEAF_ELEMENTS;
  const width = m.data.BYTES_PER_ELEMENT;
  const from = (row * m.cols + start) * width;
  return littleEndianBytes(m).slice(from, from + Math.min(m.cols - start, LEAF_ELEMENTS) * width);
}

function leafCount(m: Matrix): number {
  return m.rows * Math.ceil(m.cols / LEAF_ELEMENTS);
}

/** Writes the leaves' hashes into `hashes`, one after the other. */
function hashLeaves(m: Matrix, hashes: Uint8Array): void {
  const width = m.data.BYTES_PER_ELEMENT;
  const bytes = littleEndianBytes(m);
  const rowBytes = m.cols * width;
  let out = 0;
  for (let row = 0; row < bytes.length; row += rowBytes) {
    for (let start = 0; start < rowBytes; start += LEAF_ELEMENTS * width) {
      const end = Math.min(start + LEAF_ELEMENTS * width, rowBytes);
      // Leaves are of one length, or of two in turns where a row is longer than a leaf.
      if (leaf.length !== 1 + end - start) leaf = leafScratch.subarray(0, 1 + end - start);
      leaf.set(bytes.subarray(row + start, row + end), 1);
      sha256Into(leaf, hashes, out);
      out += ID_BYTES;
    }
  }
}

/** A leaf as it is hashed, over the memory of the longest. */
const leafScratch = new Uint8Array(1 + 4 * LEAF_ELEMENTS);
leafScratch[0] = LEAF_DOMAIN;
let leaf = leafScratch;

/** The elements as they are hashed: the array's own memory, or a swapped copy where the host is big-endian. */
function littleEndianBytes(m: Matrix): Uint8Array {
  const { data } = m;
  const memory = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndian || data.BYTES_PER_ELEMENT === 1) return memory;
  const swapped = new Uint8Array(memory.length);
  const view = new DataView(swapped.buffer);
  data.forEach((value, index) => {
    view.setInt32(4 * index, value, true);
  });
  return swapped;
}
