/**
 * Where things lie in the memory that all workers of one hasher share.
 *
 *     control | compaction table | slot 0 | slot 1 | scratch of worker 0 | scratch of worker 1 | ...
 *
 * A slot holds the matrices of one seed; there are two, so that the old seed serves until the new one is complete.
 * Within a slot: the address of every row, relative to the slot, and then the matrices as lists.
 *
 * A row's list is in units of 16 bytes. A header of three u32: groups of eight negative weights, groups of eight
 * positive ones, the counter's `bias`. Then u16 entries, the negative weights' and the positive ones', each kind padded
 * to whole groups: 16 i for column i, the place of its bit plane among planes of 16 bytes, and 16 * 1024 for padding, the
 * place of a plane of zeros. In a hidden layer the residual is one more positive weight, of the row's own column.
 *
 * bias: let P and N be the numbers of set bits under positive and negative weights, p and n the numbers of weights. The
 * sum is (2P - p) - (2N - n), positive exactly if P - N > floor((p - n) / 2) =: t. Counting from bias = 512 + t, adding
 * N, complementing all ten planes and adding P leaves 511 - t + P - N: its plane 9 is the neuron. Nothing overflows as
 * long as p + n <= 1022, which a row of 1,024 weights, each 0 with probability 1/2, misses with probability 2^-1000.
 */
import { HIDDEN_LAYERS, MATRICES, WIDTH } from "../shape.ts";

const PAGE_BYTES = 65_536;

/** Bytes of a bit plane: 128 nonces. */
export const PLANE_BYTES = 16;

/** Nonces that share a walk through the matrices. */
export const BATCH = 8 * PLANE_BYTES;

/** Batches that pass a layer one after the other while its lists are in a core's second-level cache. */
export const MAX_BATCHES = 4;

/** The entry that pads a list. */
export const ZERO_PLANE = WIDTH * PLANE_BYTES;

/** Bytes of a row's header. */
export const HEADER_BYTES = 16;

/** Address of the i32 that counts the matrices taken for derivation. */
export const NEXT_MATRIX = 0;

/** Address of the table [256][8] of u16 that `compactionTable` fills. */
export const COMPACTION_TABLE = 4096;

const SLOTS_START = PAGE_BYTES;
const ROW_TABLE_BYTES = 4 * MATRICES * WIDTH;

/**
 * A hidden matrix takes 524,288 +- 512 entries, 1,024 residuals, 7 entries of padding and 8 of header a row on average:
 * 1,081,344 +- 1,100 bytes. 18 pages leave 80 standard deviations; `derive` checks all the same.
 */
const HIDDEN_BYTES = 18 * PAGE_BYTES;

/** Likewise, for a quarter of the weights: 297,000 bytes for the expansion, 271,000 for the compression. */
const EDGE_BYTES = 6 * PAGE_BYTES;

/** Bytes of one seed's row table and matrices. */
export const SLOT_BYTES =
  Math.ceil(ROW_TABLE_BYTES / PAGE_BYTES) * PAGE_BYTES + HIDDEN_LAYERS * HIDDEN_BYTES + 2 * EDGE_BYTES;

/** Address of a slot. */
export function slotAddress(slot: number): number {
  return SLOTS_START + slot * SLOT_BYTES;
}

/** Bytes that a matrix's lists may take. */
export function matrixBytes(k: number): number {
  return k === 0 || k === MATRICES - 1 ? EDGE_BYTES : HIDDEN_BYTES;
}

/** Address of matrix k, relative to its slot. */
export function matrixOffset(k: number): number {
  const first = Math.ceil(ROW_TABLE_BYTES / PAGE_BYTES) * PAGE_BYTES;
  return k === 0 ? first : first + EDGE_BYTES + (k - 1) * HIDDEN_BYTES;
}

/** Address of the row table of matrix k, relative to its slot. */
export function rowTableOffset(k: number): number {
  return 4 * WIDTH * k;
}

/** A worker's own memory. */
export interface Scratch {
  /** [12] v128: ChaCha20's constants and key, each word four times over. */
  readonly key: number;
  /** One row's positive entries until the negative ones are complete. */
  readonly positives: number;
  /** [1025] planes: the state that a layer reads, and the plane of zeros. */
  readonly planes: number;
  /** [MAX_BATCHES][1024] planes: the states that layers write. */
  readonly states: number;
}

const STATE_BYTES = WIDTH * PLANE_BYTES;
const SCRATCH_BYTES = 2 * PAGE_BYTES;

/** The memory of worker `index`. */
export function scratchOf(index: number): Scratch {
  const start = slotAddress(2) + index * SCRATCH_BYTES;
  return { key: start, positives: start + 1024, planes: start + 8192, states: start + 32_768 };
}

/** 64 KiB pages that a hasher of so many workers needs; only what is touched costs memory. */
export function memoryPages(workers: number): number {
  return (slotAddress(2) + workers * SCRATCH_BYTES) / PAGE_BYTES;
}

/** The planes of one batch among a worker's states. */
export function stateAddress(scratch: Scratch, batch: number): number {
  return scratch.states + batch * STATE_BYTES;
}

/**
 * For every mask of eight weights the entries of those set, packed to the front. The eight are four consecutive weights
 * of one ChaCha20 block and the same four of the next block, 64 columns on (derive.ts says why).
 */
export function compactionTable(): Uint16Array {
  const table = new Uint16Array(256 * 8);
  for (let mask = 0; mask < 256; mask++) {
    const set = [0, 1, 2, 3, 64, 65, 66, 67].filter((_, bit) => (mask >> bit) & 1);
    table.set(
      set.map((column) => column * PLANE_BYTES),
      mask * 8,
    );
  }
  return table;
}
