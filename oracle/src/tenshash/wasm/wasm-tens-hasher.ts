import { checkInput, concatInputs, splitOutputs } from "../check.ts";
import { type LuckyTicket, type SearchOptions, searchTickets, type TicketRange } from "../search.ts";
import { HASH_BYTES } from "../shape.ts";
import type { TensHasher } from "../tens-hasher.ts";
import { BATCH, MAX_BATCHES } from "./layout.ts";
import { MatrixStore } from "./matrix-store.ts";

/**
 * TensHash on worker threads, 128 nonces at once in the 128-bit vectors of WebAssembly (layer.ts). A seed takes 69 MB,
 * twice that once it has been changed; a call with one input takes as long as one with 128 a thread.
 */
export class WasmTensHasher implements TensHasher {
  readonly name = "wasm";
  readonly #store: MatrixStore;

  /** @param threads at least 1 */
  constructor(threads: number) {
    this.#store = new MatrixStore(threads);
  }

  get device(): string {
    return this.#store.threads === 1 ? "1 thread" : `${String(this.#store.threads)} threads`;
  }

  get batchSize(): number {
    return this.#store.threads * MAX_BATCHES * BATCH;
  }

  async setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#store.setSeed(seed, signal);
  }

  async hash(inputs: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const bytes = concatInputs(inputs);
    // As few batches a job as keep every thread busy, and no more than pass a layer together.
    const batches = Math.min(MAX_BATCHES, Math.ceil(inputs.length / BATCH / this.#store.threads));
    const share = Math.max(1, batches) * BATCH * HASH_BYTES;
    const jobs: Promise<Uint8Array>[] = [];
    // No inputs are a job too, so that they fail as others do where there is no seed.
    for (let start = 0; start === 0 || start < bytes.length; start += share)
      jobs.push(this.#store.compute("hash", bytes.slice(start, start + share), signal));
    return (await Promise.all(jobs)).flatMap(splitOutputs);
  }

  async search(range: TicketRange, target: bigint, options?: SearchOptions): Promise<LuckyTicket[]> {
    return searchTickets(this, range, target, options);
  }

  async trace(input: Uint8Array): Promise<Uint8Array> {
    checkInput(input);
    return this.#store.compute("trace", input);
  }

  async dispose(): Promise<void> {
    await this.#store.dispose();
  }
}
