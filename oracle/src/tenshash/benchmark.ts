import { availableParallelism, cpus } from "node:os";

import { type Figure, summarise } from "../statistics.ts";
import { createTensHasher, type TensHashBackend } from "./create.ts";
import { HASH_BYTES } from "./shape.ts";
import type { TensHasher } from "./tens-hasher.ts";

/** Seeds derived and rounds hashed, and how many of each warm compilers and caches and are left out. */
const SEEDS = 9;
const ROUNDS = 30;
const WARMING = 2;

/** Milliseconds after which no further round of a figure begins. */
const LIMIT = 20_000;

/** Batches a round, so that threads which end a batch early find another. */
const BATCHES = 2;

/** Inputs of the reference's rounds. */
const REFERENCE_INPUTS = 10;

/** What one backend did. */
export interface TensHashFigures {
  readonly backend: string;
  readonly device: string;
  readonly threads: number | undefined;
  /** Hashes a second. */
  readonly hashes: Figure;
  /** Seconds to derive the matrices of a new seed. */
  readonly matrices: Figure;
  /** Median hashes a second over the reference's, of the same run. */
  readonly ratio: number;
}

/** A benchmark's run. */
export interface TensHashBenchmark {
  readonly machine: string;
  readonly node: string;
  readonly figures: readonly TensHashFigures[];
}

/** What to measure. */
export interface BenchmarkOptions {
  /** Measured besides the reference. */
  readonly backends: readonly TensHashBackend[];
  /** For `wasm` each, for `webgpu` the last; one and all by default. */
  readonly threads?: readonly number[];
  /** Milliseconds after which no further round of a figure begins; `LIMIT` by default. */
  readonly limit?: number;
}

/**
 * Measures backends, and the reference beside them, on this machine.
 *
 * @throws GristmillError TENSHASH_WRONG, TENSHASH_UNAVAILABLE
 */
export async function benchmarkTensHash(options: BenchmarkOptions): Promise<TensHashBenchmark> {
  const limit = options.limit ?? LIMIT;
  const threads = [...new Set(options.threads ?? [1, availableParallelism()])];
  const candidates = options.backends
    .filter((backend) => backend !== "reference")
    .flatMap((backend) => (backend === "wasm" ? threads : threads.slice(-1)).map((count) => ({ backend, count })));
  const reference = await measure("reference", undefined, limit);
  const figures = [{ ...reference, ratio: 1 }];
  for (const { backend, count } of candidates) {
    const measured = await measure(backend, count, limit);
    figures.push({ ...measured, ratio: measured.hashes.median / reference.hashes.median });
  }
  return { machine: `${String(cpus().length)} x ${cpus()[0]?.model ?? "unknown"}`, node: process.version, figures };
}

async function measure(
  backend: TensHashBackend,
  threads: number | undefined,
  limit: number,
): Promise<Omit<TensHashFigures, "ratio">> {
  const hasher = await createTensHasher(backend, threads === undefined ? {} : { threads });
  try {
    const matrices = await sample(SEEDS, limit, async (i) => hasher.setSeed(new Uint8Array(HASH_BYTES).fill(i)));
    const inputs = backend === "reference" ? () => REFERENCE_INPUTS : () => BATCHES * hasher.batchSize;
    const hashes = await hashRounds(hasher, inputs, limit);
    return {
      backend,
      device: hasher.device,
      threads,
      hashes: summarise(hashes),
      matrices: summarise(matrices.map((milliseconds) => milliseconds / 1000)),
    };
  } finally {
    await hasher.dispose();
  }
}

async function hashRounds(hasher: TensHasher, count: () => number, limit: number): Promise<number[]> {
  const rates: number[] = [];
  await sample(ROUNDS, limit, async (round) => {
    const inputs = Array.from({ length: count() }, (_, i) => Uint8Array.from({ length: HASH_BYTES }, (_, j) => i + j));
    const began = performance.now();
    await hasher.hash(inputs);
    rates[round] = (1000 * inputs.length) / (performance.now() - began);
  });
  return rates.slice(Math.min(WARMING, rates.length - 1));
}

/** Milliseconds of each run but the first ones; at least one run, and no further after the limit. */
async function sample(runs: number, limit: number, run: (i: number) => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  const began = performance.now();
  for (let i = 0; i < runs && (i === 0 || performance.now() - began < limit); i++) {
    const start = performance.now();
    await run(i);
    samples.push(performance.now() - start);
  }
  return samples.slice(Math.min(WARMING, samples.length - 1));
}
