import { GristmillError } from "@gristmill/sdk";

import { HASH_BYTES } from "./shape.ts";

/** @throws GristmillError TENSHASH_SEED_SIZE */
export function checkSeed(seed: Uint8Array): void {
  if (seed.length === HASH_BYTES) return;
  throw new GristmillError("TENSHASH_SEED_SIZE", `A TensHash seed has 32 bytes, not ${seed.length}.`);
}

/** @throws GristmillError TENSHASH_INPUT_SIZE */
export function checkInput(input: Uint8Array): void {
  if (input.length === HASH_BYTES) return;
  throw new GristmillError("TENSHASH_INPUT_SIZE", `A TensHash input has 32 bytes, not ${input.length}.`);
}

/** What a hasher without matrices answers. */
export function noSeed(): GristmillError {
  return new GristmillError("TENSHASH_NO_SEED", "TensHash has no seed yet.", { hints: ["Await setSeed first."] });
}

/** Inputs one after the other, [n][32]. */
export function concatInputs(inputs: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(inputs.length * HASH_BYTES);
  for (const [i, input] of inputs.entries()) {
    checkInput(input);
    bytes.set(input, i * HASH_BYTES);
  }
  return bytes;
}

/** The rows of [n][32], as views: at a million outputs a second their copies would take longer than a card. */
export function splitOutputs(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}
