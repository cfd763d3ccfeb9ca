import { hash } from "node:crypto";

import type { Hex } from "viem";

/** SHA-256 by Node's OpenSSL, which uses the CPU's SHA instructions; its one-shot string forms are the cheapest. */
export function sha256Hex(bytes: Uint8Array): Hex {
  return `0x${hash("sha256", bytes, "hex")}`;
}

/** Writes the 32 bytes of SHA-256 of `bytes` into `out` from `offset`. */
export function sha256Into(bytes: Uint8Array, out: Uint8Array, offset: number): void {
  const digest = hash("sha256", bytes, "binary");
  for (let i = 0; i < 32; i++) out[offset + i] = digest.charCodeAt(i);
}
