import { HASH_BYTES } from "../shape.ts";
import { BATCH, PLANE_BYTES } from "./layout.ts";

/** Planes of an input or output: its bits. */
const EDGE_PLANES = 8 * HASH_BYTES;

/**
 * Inputs as bit planes: bit j of byte 31 - i, the highest bit first, of nonce n is bit n of plane 8 i + j.
 *
 * @param inputs [n][32], n at most 128
 * @param planes [256][16], overwritten
 */
export function planesOf(inputs: Uint8Array, planes: Uint8Array): void {
  planes.fill(0, 0, EDGE_PLANES * PLANE_BYTES);
  const count = Math.min(BATCH, inputs.length / HASH_BYTES);
  for (let n = 0; n < count; n++) {
    const bit = 1 << (n & 7);
    for (let plane = 0; plane < EDGE_PLANES; plane++) {
      const byte = inputs[n * HASH_BYTES + HASH_BYTES - 1 - (plane >> 3)]!;
      if ((byte >> (7 - (plane & 7))) & 1) planes[plane * PLANE_BYTES + (n >> 3)]! |= bit;
    }
  }
}

/**
 * The reverse of `planesOf`.
 *
 * @param planes [256][16]
 * @param outputs [n][32] zeros, n at most 128, written
 */
export function bytesOf(planes: Uint8Array, outputs: Uint8Array): void {
  const count = outputs.length / HASH_BYTES;
  for (let n = 0; n < count; n++) {
    for (let plane = 0; plane < EDGE_PLANES; plane++) {
      const bit = (planes[plane * PLANE_BYTES + (n >> 3)]! >> (n & 7)) & 1;
      outputs[n * HASH_BYTES + HASH_BYTES - 1 - (plane >> 3)]! |= bit << (7 - (plane & 7));
    }
  }
}

/** The state of nonce 0 as a row of a trace: neuron j is bit 7 - (j & 7) of byte j >> 3. */
export function firstState(planes: Uint8Array, row: Uint8Array): void {
  for (let j = 0; j < 8 * row.length; j++) row[j >> 3]! |= (planes[j * PLANE_BYTES]! & 1) << (7 - (j & 7));
}
