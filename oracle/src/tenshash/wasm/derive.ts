/**
 * Derives a matrix: a ChaCha20 keystream (RFC 8439) of which each byte is a weight, straight into the lists of layout.ts.
 *
 * Four blocks at a time, word i of all four in one vector, so that a quarter round is the scalar one with vector
 * operations; rotations by 16 and 8 are byte permutations. 256 bytes are a row of the expansion or a quarter of another.
 * The vectors are never transposed back to the keystream's order, since a list may name its columns in any order: byte
 * 4 b + t of vector i is column 64 b + 4 i + t.
 *
 * A weight is +1 for the low bits 10, -1 for 11, else 0. Shifted to the bytes' highest bits, `bitmask` turns a vector
 * into 16 bits of positive and 16 of negative weights, and each 8 bits select a row of the compaction table, their
 * entries counted from 0; adding the first column's entry and storing all eight lanes appends them, and the next store
 * covers the lanes that were too many. That is 2.5 instructions a weight, next to 5 for its byte of keystream.
 */
import type { Code, FunctionDefinition, Local, Locals } from "./assembler.ts";
import { copyMemory, defineFunction, i16x8, i32, i32x4, i8x16, repeatWhile, v128 } from "./assembler.ts";
import { COMPACTION_TABLE, HEADER_BYTES, PLANE_BYTES, type Scratch, ZERO_PLANE } from "./layout.ts";

/** "expand 32-byte k" (RFC 8439, section 2.3). */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

const ROUND_PAIRS = 10;

/** Four blocks are 256 columns, whose entries lie 2^12 apart from the next four's. */
const CHUNK_SHIFT = Math.log2(256 * PLANE_BYTES);

/** Words 0 to 11 of the initial state, each four times over: what `derive` expects at `scratch.key`. */
export function keyVectors(seed: Uint8Array): Uint32Array {
  const key = seed.toReversed();
  const view = new DataView(key.buffer, key.byteOffset);
  const words = [...CONSTANTS, ...Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true))];
  return Uint32Array.from(words.flatMap((word) => [word, word, word, word]));
}

/**
 * `derive(k, list, limit, table, origin, rows, chunks, residual) -> end`
 *
 * Writes `rows` rows of `chunks` times 256 weights of matrix k from `list` on, and each row's address less `origin` to
 * `table`. `residual` is 1 where the row's own column is added as a positive weight. Stops when a row ends beyond `limit`,
 * so that the address it returns tells.
 */
export function deriveFunction(scratch: Scratch): FunctionDefinition {
  return defineFunction("derive", 8, true, (locals, k, start, limit, table, origin, rows, chunks, residual) => {
    const [list, row, chunk, counter] = [locals.i32(), locals.i32(), locals.i32(), locals.i32()];
    const [negative, positive, negatives, positives] = [locals.i32(), locals.i32(), locals.i32(), locals.i32()];
    const words = Array.from({ length: 16 }, () => locals.v128());
    const initialCounter = locals.v128();
    const initialNonce = locals.v128();
    const append = appendWeights(locals, negative, positive);

    const initial = (word: number): Code => {
      if (word < 12) return v128.load(i32.constant(scratch.key), 16 * word);
      if (word === 12) return initialCounter.get;
      return word === 15 ? initialNonce.get : ZERO;
    };
    const fourBlocks = [
      initialCounter.set(i32x4.add(i32x4.splat(counter.get), v128.constant(lanes32([0, 1, 2, 3])))),
      ...words.map((word, i) => word.set(initial(i))),
      rounds(locals, words),
      ...words.flatMap((word, i) => [
        word.set(i32x4.add(word.get, initial(i))),
        append(word, i32.add(i32.shiftLeft(chunk.get, i32.constant(CHUNK_SHIFT)), i32.constant(4 * i * PLANE_BYTES))),
      ]),
      counter.set(i32.add(counter.get, i32.constant(4))),
    ].flat();
    const count = (from: Code, to: Local) => i32.shiftRight(i32.subtract(to.get, from), i32.constant(1));
    const firstNegative = i32.add(list.get, i32.constant(HEADER_BYTES));
    const firstPositive = i32.constant(scratch.positives);

    const oneRow = [
      negative.set(firstNegative),
      positive.set(firstPositive),
      chunk.set(i32.constant(0)),
      repeatWhile([...fourBlocks, ...chunk.set(i32.add(chunk.get, i32.constant(1)))], i32.less(chunk.get, chunks.get)),
      i32.store16(positive.get, i32.shiftLeft(row.get, i32.constant(4))),
      positive.set(i32.add(positive.get, i32.shiftLeft(residual.get, i32.constant(1)))),
      negatives.set(count(firstNegative, negative)),
      positives.set(count(firstPositive, positive)),
      pad(negative),
      pad(positive),
      copyMemory(negative.get, firstPositive, i32.subtract(positive.get, firstPositive)),
      i32.store(list.get, groups(firstNegative, negative)),
      i32.store(list.get, groups(firstPositive, positive), 4),
      i32.store(
        list.get,
        i32.add(i32.constant(512), i32.shiftRightSigned(i32.subtract(positives.get, negatives.get), i32.constant(1))),
        8,
      ),
      i32.store(table.get, i32.subtract(list.get, origin.get)),
      table.set(i32.add(table.get, i32.constant(4))),
      list.set(i32.add(negative.get, i32.subtract(positive.get, firstPositive))),
      row.set(i32.add(row.get, i32.constant(1))),
    ].flat();
    return [
      list.set(start.get),
      initialNonce.set(i32x4.splat(i32.shiftLeft(k.get, i32.constant(24)))),
      repeatWhile(oneRow, i32.and(i32.less(row.get, rows.get), i32.less(list.get, limit.get))),
      list.get,
    ];
  });
}

const ZERO = v128.constant(new Array<number>(16).fill(0));

/** The 20 rounds. */
function rounds(locals: Locals, words: readonly Local[]): Code {
  const turn = locals.i32();
  const columns = [0, 1, 2, 3].flatMap((i) => quarterRound(words, i, 4 + i, 8 + i, 12 + i));
  const diagonals = [0, 1, 2, 3].flatMap((i) =>
    quarterRound(words, i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3)),
  );
  return [
    ...turn.set(i32.constant(ROUND_PAIRS)),
    ...repeatWhile([...columns, ...diagonals, ...turn.set(i32.subtract(turn.get, i32.constant(1)))], turn.get),
  ];
}

function quarterRound(words: readonly Local[], ...indices: [number, number, number, number]): Code {
  const [a, b, c, d] = indices.map((i) => words[i]!) as [Local, Local, Local, Local];
  const addAndRotate = (sum: Local, term: Local, mixed: Local, bits: number): Code => [
    ...sum.set(i32x4.add(sum.get, term.get)),
    ...mixed.set(v128.xor(mixed.get, sum.get)),
    ...mixed.set(rotateLeft(mixed, bits)),
  ];
  return [
    ...addAndRotate(a, b, d, 16),
    ...addAndRotate(c, d, b, 12),
    ...addAndRotate(a, b, d, 8),
    ...addAndRotate(c, d, b, 7),
  ];
}

function rotateLeft(vector: Local, bits: number): Code {
  if (bits % 8 === 0) {
    const order = Array.from({ length: 16 }, (_, byte) => (byte & 12) + ((byte - bits / 8) & 3));
    return i8x16.permute(vector, order);
  }
  return v128.or(
    i32x4.shiftLeft(vector.get, i32.constant(bits)),
    i32x4.shiftRight(vector.get, i32.constant(32 - bits)),
  );
}

/** Appends the weights of one vector, of which the first one's entry is `base`. */
function appendWeights(locals: Locals, negative: Local, positive: Local): (word: Local, base: Code) => Code {
  const [nonzero, sign, entries] = [locals.v128(), locals.v128(), locals.v128()];
  const [positiveMask, negativeMask, half] = [locals.i32(), locals.i32(), locals.i32()];
  const appendEight = (end: Local, mask: Code): Code => [
    ...half.set(mask),
    ...v128.store(
      end.get,
      i16x8.add(v128.load(i32.shiftLeft(half.get, i32.constant(4)), COMPACTION_TABLE), entries.get),
    ),
    ...end.set(i32.add(end.get, i32.shiftLeft(i32.popcount(half.get), i32.constant(1)))),
  ];
  const low = (mask: Local) => i32.and(mask.get, i32.constant(255));
  const high = (mask: Local) => i32.shiftRight(mask.get, i32.constant(8));
  return (word, base) => [
    ...nonzero.set(i16x8.shiftLeft(word.get, i32.constant(6))),
    ...sign.set(i16x8.shiftLeft(word.get, i32.constant(7))),
    ...positiveMask.set(i8x16.bitmask(v128.andNot(nonzero.get, sign.get))),
    ...negativeMask.set(i8x16.bitmask(v128.and(nonzero.get, sign.get))),
    ...entries.set(i16x8.splat(base)),
    ...appendEight(negative, low(negativeMask)),
    ...appendEight(positive, low(positiveMask)),
    // The upper eight bits are the blocks 2 and 3.
    ...entries.set(i16x8.add(entries.get, v128.constant(lanes16(128 * PLANE_BYTES)))),
    ...appendEight(negative, high(negativeMask)),
    ...appendEight(positive, high(positiveMask)),
  ];
}

/** Fills up to whole groups of eight entries. */
function pad(end: Local): Code {
  return [
    ...v128.store(end.get, v128.constant(lanes16(ZERO_PLANE))),
    ...end.set(i32.and(i32.add(end.get, i32.constant(15)), i32.constant(-16))),
  ];
}

function groups(from: Code, to: Local): Code {
  return i32.shiftRight(i32.subtract(to.get, from), i32.constant(4));
}

function lanes16(value: number): number[] {
  return Array.from({ length: 16 }, (_, byte) => (value >> (8 * (byte & 1))) & 255);
}

function lanes32(values: readonly number[]): number[] {
  return values.flatMap((value) => [value, 0, 0, 0]);
}
