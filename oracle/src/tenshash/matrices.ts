import { chacha20 } from "@noble/ciphers/chacha.js";
import { checkSeed } from "./check.ts";
import { matrixShape } from "./shape.ts";

/**
 * A ternary matrix as two bit planes. Column i of a row is bit 31 - (i & 31) of its word i >> 5, so that a packed state
 * read as big-endian words lines up with it.
 */
export interface TernaryMatrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows][columns / 32], bit set where the weight is not 0. */
  readonly nonzero: Uint32Array;
  /** [rows][columns / 32], bit set where the weight is -1; where the weight is 0 the bit means nothing. */
  readonly negative: Uint32Array;
  /** [rows], nonzero weights of the row. */
  readonly weightCount: Uint16Array;
}

/**
 * The matrix k of a seed. Its weights are the bytes of a ChaCha20 keystream (RFC 8439), row by row, of which the two low
 * bits count: 0 and 1 are 0, 2 is +1, 3 is -1. So bit 1 is the `nonzero` plane and bit 0 the `negative` plane.
 *
 * The key is the seed with its bytes reversed, the nonce 32 zero bits and k as u64 big-endian, the counter starts at 0.
 *
 * @param seed 32 bytes
 * @throws GristmillError TENSHASH_SEED_SIZE
 */
export function deriveMatrix(seed: Uint8Array, k: number): TernaryMatrix {
  checkSeed(seed);
  const [rows, columns] = matrixShape(k);
  const nonce = new Uint8Array(12);
  nonce[11] = k;
  const keystream = chacha20(seed.toReversed(), nonce, new Uint8Array(rows * columns));

  const words = (rows * columns) / 32;
  const nonzero = new Uint32Array(words);
  const negative = new Uint32Array(words);
  const bytes = new DataView(keystream.buffer, keystream.byteOffset, keystream.byteLength);
  for (let word = 0; word < words; word++) {
    let nonzeroBits = 0;
    let negativeBits = 0;
    for (let offset = 32 * word; offset < 32 * word + 32; offset += 4) {
      const four = bytes.getUint32(offset, true);
      nonzeroBits = (nonzeroBits << 4) | gatherLowBits(four >>> 1);
      negativeBits = (negativeBits << 4) | gatherLowBits(four);
    }
    nonzero[word] = nonzeroBits;
    negative[word] = negativeBits;
  }
  return { rows, columns, nonzero, negative, weightCount: countPerRow(nonzero, rows) };
}

/** The matrix as int8 weights, row-major: what the reference implementation's digests are taken over. */
export function weightsOf(matrix: TernaryMatrix): Int8Array {
  const weights = new Int8Array(matrix.rows * matrix.columns);
  for (let i = 0; i < weights.length; i++) {
    const bit = 0x80000000 >>> (i & 31);
    if ((matrix.nonzero[i >>> 5]! & bit) !== 0) weights[i] = (matrix.negative[i >>> 5]! & bit) !== 0 ? -1 : 1;
  }
  return weights;
}

/** Number of set bits of a 32-bit word (Warren, Hacker's Delight, section 5-1). */
export function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * The lowest bit of each of four little-endian bytes as a number of four bits, the first byte's highest. The product
 * moves byte b's bit to position 27 - b; the partial products meet nowhere, so nothing carries.
 */
function gatherLowBits(four: number): number {
  return Math.imul(four & 0x01010101, 0x08040201) >>> 24;
}

function countPerRow(plane: Uint32Array, rows: number): Uint16Array {
  const counts = new Uint16Array(rows);
  const wordsPerRow = plane.length / rows;
  for (let word = 0; word < plane.length; word++) counts[Math.floor(word / wordsPerRow)]! += popcount(plane[word]!);
  return counts;
}
