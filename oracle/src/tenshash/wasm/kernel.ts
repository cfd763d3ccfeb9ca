import { HASH_BYTES, HIDDEN_LAYERS, MATRICES, matrixShape, STATE_BYTES, TRACE_ROWS } from "../shape.ts";
import { assembleModule } from "./assembler.ts";
import { bytesOf, firstState, planesOf } from "./bit-planes.ts";
import { deriveFunction, keyVectors } from "./derive.ts";
import { layerFunction } from "./layer.ts";
import {
  BATCH,
  matrixBytes,
  matrixOffset,
  memoryPages,
  NEXT_MATRIX,
  rowTableOffset,
  type Scratch,
  scratchOf,
  slotAddress,
  stateAddress,
  ZERO_PLANE,
} from "./layout.ts";
import { type SharedMemory, WebAssembly } from "./web-assembly.ts";

type Derive = (
  ...parameters: [
    k: number,
    list: number,
    limit: number,
    table: number,
    origin: number,
    rows: number,
    chunks: number,
    residual: number,
  ]
) => number;
type Layer = (list: number, state: number, rows: number) => void;

/** What one worker computes, in its own part of the memory that all workers of a hasher share. */
export class Kernel {
  readonly #scratch: Scratch;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #next: Int32Array;
  readonly #derive: Derive;
  readonly #layer: Layer;

  /**
   * @param memory of `memoryPages(workers)` pages
   * @param index of this worker among `workers`
   */
  constructor(memory: SharedMemory, index: number, workers: number) {
    this.#scratch = scratchOf(index);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#next = new Int32Array(memory.buffer, NEXT_MATRIX, 1);
    // Addresses are part of the code, which saves an addition a weight, so every worker has a module of its own.
    const functions = [deriveFunction(this.#scratch), layerFunction(this.#scratch)];
    const module = new WebAssembly.Module(assembleModule(memoryPages(workers), functions));
    const { derive, layer } = new WebAssembly.Instance(module, { env: { memory } }).exports;
    this.#derive = derive as Derive;
    this.#layer = layer as Layer;
  }

  /**
   * Derives matrices of a seed until none is left that no other worker has taken: `NEXT_MATRIX` counts them.
   *
   * @returns whether all of them had room
   */
  derive(seed: Uint8Array, slot: number): boolean {
    this.#words.set(keyVectors(seed), this.#scratch.key / 4);
    const origin = slotAddress(slot);
    for (let k = Atomics.add(this.#next, 0, 1); k < MATRICES; k = Atomics.add(this.#next, 0, 1)) {
      const [rows, columns] = matrixShape(k);
      const list = origin + matrixOffset(k);
      // A row is at most 2.1 KB long, so that one which starts before the limit ends within the matrix's memory.
      const limit = list + matrixBytes(k) - 4096;
      const residual = rows === columns ? 1 : 0;
      const end = this.#derive(k, list, limit, origin + rowTableOffset(k), origin, rows, columns / 256, residual);
      if (end >= limit) return false;
    }
    return true;
  }

  /**
   * @param inputs [n][32], n at most MAX_BATCHES * 128
   * @returns [n][32]
   */
  hash(inputs: Uint8Array, slot: number): Uint8Array {
    const batches = this.#load(inputs);
    for (let k = 0; k < MATRICES; k++) this.#apply(k, slot, batches);
    const outputs = new Uint8Array(inputs.length);
    for (let batch = 0; batch < batches; batch++) {
      const part = outputs.subarray(batch * BATCH * HASH_BYTES, (batch + 1) * BATCH * HASH_BYTES);
      bytesOf(this.#planes(batch), part);
    }
    return outputs;
  }

  /**
   * @param input [32]
   * @returns [65][128], the states as a claim commits to them
   */
  trace(input: Uint8Array, slot: number): Uint8Array {
    this.#load(input);
    const trace = new Uint8Array(TRACE_ROWS * STATE_BYTES);
    for (let k = 0; k <= HIDDEN_LAYERS; k++) {
      this.#apply(k, slot, 1);
      firstState(this.#planes(0), trace.subarray(k * STATE_BYTES, (k + 1) * STATE_BYTES));
    }
    return trace;
  }

  /** Puts inputs into the planes of as many batches as they fill, and returns how many. */
  #load(inputs: Uint8Array): number {
    const batches = Math.ceil(inputs.length / (BATCH * HASH_BYTES));
    for (let batch = 0; batch < batches; batch++) {
      const part = inputs.subarray(batch * BATCH * HASH_BYTES, (batch + 1) * BATCH * HASH_BYTES);
      planesOf(part, this.#planes(batch));
    }
    return batches;
  }

  #apply(k: number, slot: number, batches: number): void {
    const list = slotAddress(slot) + matrixOffset(k);
    const [rows] = matrixShape(k);
    for (let batch = 0; batch < batches; batch++) this.#layer(list, stateAddress(this.#scratch, batch), rows);
  }

  #planes(batch: number): Uint8Array {
    const start = stateAddress(this.#scratch, batch);
    return this.#bytes.subarray(start, start + ZERO_PLANE);
  }
}
