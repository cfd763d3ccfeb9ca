import { GristmillError } from "../errors.ts";
import type { UpdateList } from "../segment/types.ts";
import { checkUpdateList } from "./update-list.ts";

/**
 * Update lists on the wire: each entry as 2 * (gap to the preceding flat index) + (1 if negative), in LEB128 varints of
 * at most five bytes, until the bytes end. Gaps count the weights skipped, so every sequence of varints ascends, and the
 * shortest varint is the only one allowed, so a list has exactly one encoding.
 */
const MAX_VARINT_BYTES = 5;

/**
 * @throws GristmillError UPDATE_LIST_MALFORMED if flat indices do not strictly ascend
 */
export function encodeUpdateList(list: UpdateList): Uint8Array {
  checkUpdateList(list, 2 ** 31);
  const bytes = new Uint8Array(list.length * MAX_VARINT_BYTES);
  let length = 0;
  let next = 0;
  for (const entry of list) {
    let value = entry - 2 * next;
    while (value >= 0x80) {
      bytes[length++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 0x80);
    }
    bytes[length++] = value;
    next = (entry >>> 1) + 1;
  }
  return bytes.slice(0, length);
}

/**
 * @param weights number of weights of the network, which bounds both the entries and the size accepted
 * @throws GristmillError UPDATE_LIST_MALFORMED if the bytes are cut short, not the shortest encoding, or name a weight
 * out of range
 */
export function decodeUpdateList(bytes: Uint8Array, weights: number): UpdateList {
  // Every entry ends in its only byte below 0x80, so this is the exact count, and a hostile one allocates nothing.
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  if (count > weights) throw malformed(`${count} entries for ${weights} weights`);
  const list = new Uint32Array(count);
  let at = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const start = at;
    let byte = bytes[at++]!;
    let value = byte & 0x7f;
    // Two bytes reach over 8,191 weights; what takes more may exceed the 32 bits of integer operators.
    if (byte >= 0x80) {
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << 7;
      for (let scale = 2 ** 14; byte >= 0x80 && at - start < MAX_VARINT_BYTES; scale *= 0x80) {
        byte = bytes[at++]!;
        value += (byte & 0x7f) * scale;
      }
      if (byte >= 0x80 || byte === 0) throw malformed(`no shortest varint at byte ${start}`);
    }
    const flat = next + Math.floor(value / 2);
    if (flat >= weights) throw malformed(`entry ${i} names weight ${flat} of ${weights}`);
    list[i] = 2 * flat + (value % 2);
    next = flat + 1;
  }
  if (at !== bytes.length) throw malformed(`cut short after byte ${at}`);
  return list;
}

function malformed(what: string): GristmillError {
  return new GristmillError("UPDATE_LIST_MALFORMED", `The encoded update list is malformed: ${what}.`);
}
