import { sha256Into } from "#sha256";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { ID_BYTES, idBytes } from "../internal/hash.ts";
import type { MlpParameters } from "./parameters.ts";

/** q of the slot's iteration `index`: q0 halved every `halveEvery` iterations, at least 1 (DESIGN section 3). */
export function stepSize(p: MlpParameters, index: number): number {
  const halvings = p.halveEvery === 0 ? 0 : Math.floor(index / p.halveEvery);
  return Math.max(1, Math.floor(p.q0 / 2 ** halvings));
}

/**
 * The batch that a slot takes in its i-th iteration (DESIGN section 3). In each pass over the batches the slots
 * together take every batch once, in an order drawn from the seed.
 *
 * @param batches n, number of batches
 * @param slots N, number of slots
 * @throws GristmillError SCHEDULE_RANGE, ID_MALFORMED
 */
export function batchIndex(seed: Hex, batches: number, slots: number, slot: number, i: number): number {
  if (!(batches >= 1 && slots >= 1 && slot >= 0 && slot < slots && i >= 0)) {
    throw new GristmillError(
      "SCHEDULE_RANGE",
      `Iteration ${i} of slot ${slot} of ${slots} over ${batches} batches does not exist.`,
    );
  }
  const n = BigInt(batches);
  const k = BigInt(i) * BigInt(slots) + BigInt(slot);
  const { a, b } = recentPassOrder(seed, Number(k / n), n);
  return Number((a * (k % n) + b) % n);
}

/** Batch j of the pass is (a * j + b) mod n. */
interface PassOrder {
  readonly seed: Hex;
  readonly pass: number;
  readonly n: bigint;
  readonly a: bigint;
  readonly b: bigint;
}

let recent: PassOrder | undefined;

/** Callers go through a segment's iterations one by one, nearly always of one pass: its order is kept. */
function recentPassOrder(seed: Hex, pass: number, n: bigint): PassOrder {
  if (recent?.seed !== seed || recent.pass !== pass || recent.n !== n) recent = passOrder(seed, pass, n);
  return recent;
}

function passOrder(seed: Hex, pass: number, n: bigint): PassOrder {
  const message = new Uint8Array(1 + ID_BYTES + 4);
  message[0] = 0x08;
  message.set(idBytes(seed), 1);
  new DataView(message.buffer).setUint32(1 + ID_BYTES, pass);
  const digest = new Uint8Array(ID_BYTES);
  sha256Into(message, digest, 0);
  const words = new DataView(digest.buffer);
  let a = words.getBigUint64(0) % n;
  while (a === 0n || gcd(a, n) !== 1n) a += 1n;
  return { seed, pass, n, a, b: words.getBigUint64(8) % n };
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
