import { chacha20 } from "@noble/ciphers/chacha.js";
import type { Hex } from "viem";

import { idBytes } from "../internal/hash.ts";
import { layerShapes } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";

/** Keystream words drawn at once: 1,024 ChaCha20 blocks. */
const CHUNK_WORDS = 16_384;
const BLOCK_WORDS = 16;

/**
 * The weights of iteration 0 (DESIGN section 3): for layer l the ChaCha20 keystream (RFC 8439) of the task's seed,
 * nonce u32 BE 1 and u64 BE l, each word w becoming (w mod (2m + 1)) - m with m = initBound_l.
 *
 * @param seed the task's training seed, 32 bytes
 * @returns one array a layer, [n_l][n_{l-1} + 1]
 * @throws GristmillError ID_MALFORMED if the seed is not 32 bytes
 */
export function initialWeights(p: MlpParameters, seed: Hex): Int32Array[] {
  const key = idBytes(seed);
  return layerShapes(p).map(({ rows, cols }, index) => {
    const nonce = new Uint8Array(12);
    const view = new DataView(nonce.buffer);
    view.setUint32(0, 1);
    view.setBigUint64(4, BigInt(index + 1));
    return draw(key, nonce, rows * cols, p.initBound[index]!);
  });
}

function draw(key: Uint8Array, nonce: Uint8Array, count: number, bound: number): Int32Array {
  const weights = new Int32Array(count);
  for (let start = 0; start < count; start += CHUNK_WORDS) {
    const words = Math.min(CHUNK_WORDS, count - start);
    const stream = chacha20(key, nonce, new Uint8Array(4 * words), undefined, start / BLOCK_WORDS);
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
    for (let i = 0; i < words; i++) weights[start + i] = (view.getUint32(4 * i, true) % (2 * bound + 1)) - bound;
  }
  return weights;
}
