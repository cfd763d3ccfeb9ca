import { createHash } from "node:crypto";

import { GristmillError } from "@gristmill/sdk";
import type { Context } from "mocha";

import { createTensHasher, type TensHashBackend, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import type { Lanes } from "../../../oracle/src/tenshash/webgpu/shader.ts";
import { WebGpuTensHasher } from "../../../oracle/src/tenshash/webgpu/webgpu-tens-hasher.ts";

/** A backend on two threads, proved; without a graphics card and its emulation the test is left out. */
export async function openBackend(test: Context, backend: TensHashBackend): Promise<TensHasher> {
  return presentOrSkip(test, createTensHasher(backend, { threads: 2 }));
}

/** `webgpu` on two threads with workgroups of so many lanes, unproved; left out as above. */
export async function openWebGpu(test: Context, lanes: Lanes): Promise<TensHasher> {
  return presentOrSkip(test, WebGpuTensHasher.open(2, true, lanes));
}

async function presentOrSkip(test: Context, opened: Promise<TensHasher>): Promise<TensHasher> {
  try {
    return await opened;
  } catch (error) {
    if (!(error instanceof GristmillError && error.code === "TENSHASH_UNAVAILABLE")) throw error;
    process.stderr.write(`${[error.message, ...error.hints].join("\n  ")}\n`);
    return test.skip();
  }
}

/** The i-th of a fixed sequence of 32 random bytes. */
export function random32(name: string, i: number): Uint8Array {
  return new Uint8Array(
    createHash("sha256")
      .update(`${name} ${String(i)}`)
      .digest(),
  );
}

/** `count` random inputs. */
export function randomInputs(name: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => random32(name, i));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
