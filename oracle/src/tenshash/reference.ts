/**
 * TensHash in plain TypeScript, the slow obvious form that every other backend is compared with.
 *
 * A state is a row of bits x standing for -1 and +1. The 256 bits of the input are expanded to 1,024, pass 64 hidden
 * layers, and are compressed to the 256 bits of the output, each step a product with a ternary matrix W of the seed:
 *
 *     s_j = sum_i W[j][i] (2 x_i - 1)   + (2 x_j - 1) in the hidden layers (residual);   bit_j = s_j > 0
 *
 * With W as two bit planes (matrices.ts) the sum is a count of agreements: a weight agrees with its bit where both are
 * positive or both negative, each agreement is worth +1, and each of the other nonzero weights -1, hence
 *
 *     s_j = 2 popcount((x ^ negative_j) & nonzero_j) - weightCount_j.
 *
 * Network bit 8 i + j is bit 7 - j of byte 31 - i, for the input as for the output: the last byte comes first.
 *
 * Source: the robocoin reference implementation of TensHash, whose figures are test/vectors/tenshash.json; ChaCha20 is
 * RFC 8439.
 */
import { setImmediate } from "node:timers/promises";
import { checkInput, noSeed } from "./check.ts";
import { deriveMatrix, popcount, type TernaryMatrix } from "./matrices.ts";
import { type LuckyTicket, type SearchOptions, searchTickets, type TicketRange } from "./search.ts";
import { HIDDEN_LAYERS, MATRICES, STATE_BYTES, TRACE_ROWS } from "./shape.ts";
import type { TensHasher } from "./tens-hasher.ts";

/** About 0.3 s of one core and 17 MB of memory per seed, 10 ms per hash. */
export class ReferenceTensHasher implements TensHasher {
  readonly name = "reference";
  readonly device = "1 thread";
  readonly batchSize = 4;
  private matrices: readonly TernaryMatrix[] | undefined;

  async setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void> {
    const matrices: TernaryMatrix[] = [];
    for (let k = 0; k < MATRICES; k++) {
      signal?.throwIfAborted();
      matrices.push(deriveMatrix(seed, k));
      await setImmediate();
    }
    signal?.throwIfAborted();
    this.matrices = matrices;
  }

  async hash(inputs: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const matrices = this.seeded();
    for (const input of inputs) checkInput(input);
    const outputs: Uint8Array[] = [];
    for (const input of inputs) {
      signal?.throwIfAborted();
      const states = hiddenStates(matrices, input);
      outputs.push(packBytes(applyMatrix(matrices[MATRICES - 1]!, states.at(-1)!)).reverse());
      await setImmediate();
    }
    return outputs;
  }

  async search(range: TicketRange, target: bigint, options?: SearchOptions): Promise<LuckyTicket[]> {
    return searchTickets(this, range, target, options);
  }

  async trace(input: Uint8Array): Promise<Uint8Array> {
    const matrices = this.seeded();
    checkInput(input);
    const trace = new Uint8Array(TRACE_ROWS * STATE_BYTES);
    for (const [row, state] of hiddenStates(matrices, input).entries()) trace.set(packBytes(state), row * STATE_BYTES);
    return trace;
  }

  async dispose(): Promise<void> {
    this.matrices = undefined;
  }

  private seeded(): readonly TernaryMatrix[] {
    if (this.matrices !== undefined) return this.matrices;
    throw noSeed();
  }
}

/** The states after the expansion and after each hidden layer, 32 big-endian words each. */
function hiddenStates(matrices: readonly TernaryMatrix[], input: Uint8Array): Uint32Array[] {
  const states = [applyMatrix(matrices[0]!, unpackBytes(input.toReversed()))];
  for (let k = 1; k <= HIDDEN_LAYERS; k++) states.push(applyMatrix(matrices[k]!, states[k - 1]!));
  return states;
}

/** One layer; the square matrices are the hidden ones, which add the residual. */
function applyMatrix(matrix: TernaryMatrix, state: Uint32Array): Uint32Array {
  const { rows, columns, nonzero, negative, weightCount } = matrix;
  const next = new Uint32Array(rows / 32);
  let word = 0;
  for (let row = 0; row < rows; row++) {
    const bit = 0x80000000 >>> (row & 31);
    let agreements = 0;
    for (let i = 0; i < state.length; i++, word++) {
      agreements += popcount((state[i]! ^ negative[word]!) & nonzero[word]!);
    }
    let sum = 2 * agreements - weightCount[row]!;
    if (rows === columns) sum += (state[row >>> 5]! & bit) !== 0 ? 1 : -1;
    if (sum > 0) next[row >>> 5]! |= bit;
  }
  return next;
}

function unpackBytes(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, word) => view.getUint32(4 * word));
}

function packBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word);
  return bytes;
}
