import { sha256Into } from "#sha256";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { ID_BYTES } from "./hash.ts";

/** First byte hashed of an inner node. */
export const NODE_DOMAIN = 0x01;

/** An id from its 32 bytes. */
export function bytesToId(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/**
 * Folds `count` hashes that lie one after the other in `nodes` into their Merkle root, level by level and in place.
 * Instead of padding the leaves, an odd level is completed with the root of an all-zero subtree of its height.
 *
 * @param onLevel called before each level is folded with its height, its number of nodes and the zero subtree's root
 * @throws GristmillError MERKLE_EMPTY
 */
export function foldToRoot(
  nodes: Uint8Array,
  count: number,
  onLevel?: (level: number, count: number, zero: Uint8Array) => void,
): Hex {
  if (count === 0) throw new GristmillError("MERKLE_EMPTY", "A Merkle tree needs at least one leaf.");
  const pair = new Uint8Array(1 + 2 * ID_BYTES);
  pair[0] = NODE_DOMAIN;
  const zero = new Uint8Array(ID_BYTES);
  for (let level = 0; count > 1; level++) {
    onLevel?.(level, count, zero);
    const parents = Math.ceil(count / 2);
    for (let parent = 0; parent < parents; parent++) {
      const left = 2 * parent * ID_BYTES;
      pair.set(nodes.subarray(left, left + 2 * ID_BYTES), 1);
      if (2 * parent + 1 === count) pair.set(zero, 1 + ID_BYTES);
      sha256Into(pair, nodes, parent * ID_BYTES);
    }
    pair.set(zero, 1);
    pair.set(zero, 1 + ID_BYTES);
    sha256Into(pair, zero, 0);
    count = parents;
  }
  return bytesToId(nodes.subarray(0, ID_BYTES));
}
