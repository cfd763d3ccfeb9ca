import { sha256Hex } from "#sha256";
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
  let length = 1;
  for (const field of fields) length += typeof field === "number" ? 4 : typeof field === "bigint" ? 8 : ID_BYTES;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes[0] = domain;
  let offset = 1;
  for (const field of fields) {
    if (typeof field === "number") {
      view.setUint32(offset, checkU32(field));
      offset += 4;
    } else if (typeof field === "bigint") {
      view.setBigUint64(offset, checkU64(field));
      offset += 8;
    } else {
      writeId(field, bytes, offset);
      offset += ID_BYTES;
    }
  }
  return sha256Hex(bytes);
}

/** Writes a 32-byte id into `out` from `offset`. */
export function writeId(id: Hex, out: Uint8Array, offset: number): void {
  if (id.length !== 2 + 2 * ID_BYTES || !id.startsWith("0x")) throw malformed(id);
  for (let i = 0; i < ID_BYTES; i++) {
    const high = nibble(id.charCodeAt(2 + 2 * i));
    const low = nibble(id.charCodeAt(3 + 2 * i));
    if (high < 0 || low < 0) throw malformed(id);
    out[offset + i] = (high << 4) | low;
  }
}

/** The 32 bytes of an id. */
export function idBytes(id: Hex): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  writeId(id, bytes, 0);
  return bytes;
}

/** Value of a hex digit's character code, -1 if it is none. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
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
