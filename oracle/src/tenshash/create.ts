import { availableParallelism } from "node:os";

import { GristmillError } from "@gristmill/sdk";

import { ReferenceTensHasher } from "./reference.ts";
import { selfTest } from "./self-test.ts";
import type { TensHasher } from "./tens-hasher.ts";
import { WasmTensHasher } from "./wasm/wasm-tens-hasher.ts";
import { WebGpuTensHasher } from "./webgpu/webgpu-tens-hasher.ts";

/** Name of a way to compute TensHash. */
export type TensHashBackend = "reference" | "wasm" | "webgpu";

/** A backend, or `auto`: the fastest that is present and right. */
export type TensHashChoice = TensHashBackend | "auto";

/** All backends, the slowest and plainest first. */
export const tensHashBackends = ["reference", "wasm", "webgpu"] as const satisfies readonly TensHashBackend[];

/** All choices, the default first. */
export const tensHashChoices = ["auto", ...tensHashBackends] as const satisfies readonly TensHashChoice[];

/** Settings of a hasher. */
export interface TensHasherOptions {
  /** Threads that `wasm` computes with, and that derive matrices for `webgpu`; `defaultThreads()` by default. */
  readonly threads?: number;
  /** Takes notice of a backend that `auto` passes over although it is there: it failed its self-test. */
  readonly onRefused?: (reason: GristmillError) => void;
}

/** All cores but one, which is the training's and the network's. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/**
 * A hasher that has proved itself in `selfTest`. It has a seed of no use; the caller sets one and disposes of it.
 *
 * @throws GristmillError TENSHASH_WRONG, TENSHASH_UNAVAILABLE
 */
export async function createTensHasher(
  choice: TensHashChoice = "auto",
  options: TensHasherOptions = {},
): Promise<TensHasher> {
  if (choice !== "auto") return proved(await open(choice, options.threads ?? defaultThreads(), true));
  for (const backend of tensHashBackends.toReversed()) {
    try {
      return await proved(await open(backend, options.threads ?? defaultThreads(), false));
    } catch (error) {
      if (!(error instanceof GristmillError) || backend === "reference") throw error;
      if (error.code === "TENSHASH_WRONG") options.onRefused?.(error);
      else if (error.code !== "TENSHASH_UNAVAILABLE") throw error;
    }
  }
  throw new GristmillError("TENSHASH_UNAVAILABLE", "There is no way to compute TensHash.");
}

/** Every backend that this host can run, proved; `webgpu` is left out where there is no adapter. */
export async function presentTensHashers(options: TensHasherOptions = {}): Promise<TensHasher[]> {
  const hashers: TensHasher[] = [];
  for (const backend of tensHashBackends) {
    try {
      hashers.push(await createTensHasher(backend, options));
    } catch (error) {
      if (!(error instanceof GristmillError && error.code === "TENSHASH_UNAVAILABLE")) throw error;
    }
  }
  return hashers;
}

/** @param emulated whether a graphics card that is a program will do */
async function open(backend: TensHashBackend, threads: number, emulated: boolean): Promise<TensHasher> {
  switch (backend) {
    case "reference":
      return new ReferenceTensHasher();
    case "wasm":
      return new WasmTensHasher(threads);
    case "webgpu":
      return WebGpuTensHasher.open(threads, emulated);
  }
}

async function proved(hasher: TensHasher): Promise<TensHasher> {
  try {
    await selfTest(hasher);
    return hasher;
  } catch (error) {
    await hasher.dispose();
    throw error;
  }
}
