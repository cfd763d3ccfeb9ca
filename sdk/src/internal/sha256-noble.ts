import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Hex } from "viem";

/** SHA-256 in plain JavaScript, for hosts without `node:crypto`. */
export function sha256Hex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(sha256(bytes))}`;
}

/** Writes the 32 bytes of SHA-256 of `bytes` into `out` from `offset`. */
export function sha256Into(bytes: Uint8Array, out: Uint8Array, offset: number): void {
  out.set(sha256(bytes), offset);
}
