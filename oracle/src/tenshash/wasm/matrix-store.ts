import { GristmillError } from "@gristmill/sdk";

import { checkSeed, noSeed } from "../check.ts";
import { MATRICES } from "../shape.ts";
import { COMPACTION_TABLE, compactionTable, memoryPages, NEXT_MATRIX, SLOT_BYTES, slotAddress } from "./layout.ts";
import { type SharedMemory, WebAssembly } from "./web-assembly.ts";
import { disposed, WorkerPool } from "./worker-pool.ts";

interface Running {
  readonly memory: SharedMemory;
  readonly pool: WorkerPool;
  /** The slot with the current seed's matrices; undefined before the first. */
  current: 0 | 1 | undefined;
  /** What still reads the matrices of each slot. */
  readonly readers: readonly [Set<Promise<unknown>>, Set<Promise<unknown>>];
}

/** The matrices of the current seed, in memory that worker threads share, and the threads that derive and read them. */
export class MatrixStore {
  readonly threads: number;
  #running: Running | undefined;
  /** How often the store was disposed of: what was asked before is not begun after. */
  #disposals = 0;
  /** Derivations wait for one another. */
  #derived: Promise<unknown> = Promise.resolve();

  constructor(threads: number) {
    this.threads = threads;
  }

  /** As `TensHasher.setSeed`. */
  async setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkSeed(seed);
    const copy = seed.slice();
    const asked = this.#disposals;
    const derivation = this.#derived.then(() => {
      if (asked !== this.#disposals) throw disposed();
      return this.#derive(copy, signal);
    });
    this.#derived = derivation.catch(() => undefined);
    await derivation;
  }

  /**
   * Has a worker compute with the current matrices, which stay in place until it has.
   *
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_WORKER_DIED, TENSHASH_DISPOSED; the signal's reason when aborted
   */
  async compute(kind: "hash" | "trace", bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const running = this.#running;
    if (running?.current === undefined) throw noSeed();
    const slot = running.current;
    const work = running.pool.run({ kind, slot, bytes }, signal);
    // The job keeps the slot, not the caller's interest in it: a worker goes on with what was aborted.
    const readers = running.readers[slot];
    readers.add(work);
    const done = () => readers.delete(work);
    work.then(done, done);
    return (await unlessAborted(work, signal)) as Uint8Array;
  }

  /**
   * The current seed's slot as layout.ts describes it, to be copied at once.
   *
   * @throws GristmillError TENSHASH_NO_SEED
   */
  slotBytes(): Uint8Array {
    const running = this.#running;
    if (running?.current === undefined) throw noSeed();
    return new Uint8Array(running.memory.buffer, slotAddress(running.current), SLOT_BYTES);
  }

  async dispose(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#disposals += 1;
    await running?.pool.dispose();
    await this.#derived;
  }

  async #derive(seed: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const running = (this.#running ??= start(this.threads));
    const slot = running.current === 0 ? 1 : 0;
    await Promise.allSettled(running.readers[slot]);
    const next = new Int32Array(running.memory.buffer, NEXT_MATRIX, 1);
    Atomics.store(next, 0, 0);
    const stop = () => Atomics.store(next, 0, MATRICES);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const shares = Array.from({ length: this.threads }, () =>
        running.pool.run({ kind: "derive", slot, bytes: seed }),
      );
      const hadRoom = await Promise.all(shares);
      signal?.throwIfAborted();
      if (hadRoom.includes(false)) {
        throw new GristmillError("TENSHASH_NO_ROOM", "A TensHash matrix has more weights than there is room for.", {
          hints: ["Chance alone does not do this: report the seed."],
        });
      }
      running.current = slot;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** What the promise gives, or the signal's reason as soon as it is aborted. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function start(threads: number): Running {
  const pages = memoryPages(threads);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const table = compactionTable();
  new Uint16Array(memory.buffer, COMPACTION_TABLE, table.length).set(table);
  return { memory, pool: new WorkerPool(memory, threads), current: undefined, readers: [new Set(), new Set()] };
}
