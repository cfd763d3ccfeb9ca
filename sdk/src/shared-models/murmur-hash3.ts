/**
 * MurmurHash3 in its x86 variant of 32 bits (Austin Appleby, public domain,
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp): four bytes at a time are multiplied, rotated and
 * mixed into the state; then the one to three bytes left, then the length; then the bits are spread. Not a cryptographic
 * hash: whoever wants two tokens of the same index finds them.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * @param data text is hashed as UTF-8
 * @param seed u32
 * @returns u32
 */
export function murmurHash3(data: string | Uint8Array, seed = 0): number {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let hash = seed;
  for (let offset = 0; offset < whole; offset += 4) {
    hash ^= scramble(view.getUint32(offset, true));
    hash = Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let offset = bytes.length - 1; offset >= whole; offset--) tail = (tail << 8) | bytes[offset]!;
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 0 stays 0, so that an empty tail changes nothing. */
function scramble(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, C1), 15), C2);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
