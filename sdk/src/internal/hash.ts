import { sha256Hex, sha256Into } from "#sha256";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";

/** Bytes of an id. */
export const ID_BYTES = 32;

const U32_LIMIT = 2 ** 32;

/** A field of a hashed structure: a u32 (number), a u64 (bigint) or a 32-byte id, all big-endian. */
export type HashField = number | bigint | Hex;

/**
 * H(domain || fields): how every small structure of the protocol is hashed (DESIGN sections 2 and 5).
 *
 * @param domain the first byte hashed, which separates the kinds of structures
 * @throws GristmillError ID_MALFORMED, INTEGER_RANGE
 */
export function hashFields(domain: number, fields: readonly HashField[]): Hex {
  return sha256Hex(packFields(domain, fields));
}

/** As {@link hashFields}, the 32 bytes written into `out` from `offset`. */
export function hashFieldsInto(domain: number, fields: readonly HashField[], out: Uint8Array, offset: number): void {
  sha256Into(packFields(domain, fields), out, offset);
}

/** Where fields are gathered: every message takes hundreds of these hashes, and a buffer for each would be garbage. */
let scratch = new DataView(new ArrayBuffer(1024));

/** The bytes hashed, valid until the next call. */
function packFields(domain: number, fields: readonly HashField[]): Uint8Array {
  let length = 1;
  for (const field of fields) length += typeof field === "number" ? 4 : typeof field === "bigint" ? 8 : ID_BYTES;
  if (length > scratch.byteLength) scratch = new DataView(new ArrayBuffer(2 * length));
  const bytes = new Uint8Array(scratch.buffer, 0, length);
  bytes[0] = domain;
  let offset = 1;
  for (const field of fields) {
    if (typeof field === "number") {
      scratch.setUint32(offset, checkU32(field));
      offset += 4;
    } else if (typeof field === "bigint") {
      scratch.setBigUint64(offset, checkU64(field));
      offset += 8;
    } else {
      writeId(field, bytes, offset);
      offset += ID_BYTES;
    }
  }
  return bytes;
}

/** Values of hex digits by character code, 255 for what is none. */
const NIBBLES = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  NIBBLES[digit.charCodeAt(0)] = value;
  NIBBLES[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Writes a 32-byte id into `out` from `offset`. */
export function writeId(id: Hex, out: Uint8Array, offset: number): void {
  if (id.length !== 2 + 2 * ID_BYTES || !id.startsWith("0x")) throw malformed(id);
  for (let i = 0; i < ID_BYTES; i++) {
    const high = NIBBLES[id.charCodeAt(2 + 2 * i)] ?? 255;
    const low = NIBBLES[id.charCodeAt(3 + 2 * i)] ?? 255;
    if ((high | low) > 15) throw malformed(id);
    out[offset + i] = (high << 4) | low;
  }
}

/** The 32 bytes of an id. */
export function idBytes(id: Hex): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  writeId(id, bytes, 0);
  return bytes;
}

function malformed(id: string): GristmillError {
  return new GristmillError("ID_MALFORMED", `"${id.slice(0, 80)}" is not an id.`, {
    hints: ["Ids are 32 bytes in hex: 0x and 64 hex digits."],
  });
}

/**
 * @throws GristmillError INTEGER_RANGE unless `value` is an unsigned integer of 32 bits
 */
export function checkU32(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= U32_LIMIT) throw outOfRange(value, 32);
  return value;
}

function checkU64(value: bigint): bigint {
  if (value < 0n || BigInt.asUintN(64, value) !== value) throw outOfRange(value, 64);
  return value;
}

function outOfRange(value: number | bigint, bits: number): GristmillError {
  return new GristmillError("INTEGER_RANGE", `${value} is not an unsigned integer of ${bits} bits.`);
}
