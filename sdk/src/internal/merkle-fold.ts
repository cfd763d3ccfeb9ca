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
 * Folds `count` hashes that lie one after the other in `nodes` into their Merkle root, level by level and in place: the
 * root is what `nodes` then begins with. Instead of padding the leaves, an odd level is completed with the root of an
 * all-zero subtree of its height.
 *
 * @param onLevel called before each level is folded with its height, its number of nodes and the zero subtree's root
 * @throws GristmillError MERKLE_EMPTY
 */
export function foldToRoot(
  nodes: Uint8Array,
  count: number,
  onLevel?: (level: number, count: number, zero: Uint8Array) => void,
): void {
  if (count === 0) throw new GristmillError("MERKLE_EMPTY", "A Merkle tree needs at least one leaf.");
  if (count === 1) return;
  for (let level = 0; count > 1; level++) {
    const zero = zeroRoot(level);
    onLevel?.(level, count, zero);
    const parents = Math.ceil(count / 2);
    for (let parent = 0; parent < parents; parent++) {
      const left = 2 * parent * ID_BYTES;
      children.set(nodes.subarray(left, left + 2 * ID_BYTES), 1);
      if (2 * parent + 1 === count) children.set(zero, 1 + ID_BYTES);
      sha256Into(children, nodes, parent * ID_BYTES);
    }
    count = parents;
  }
}

/** Two nodes as they are hashed. */
const children = Uint8Array.of(NODE_DOMAIN, ...new Uint8Array(2 * ID_BYTES));

/** As {@link foldToRoot}, the root as an id. */
export function rootOf(nodes: Uint8Array, count: number): Hex {
  foldToRoot(nodes, count);
  return bytesToId(nodes.subarray(0, ID_BYTES));
}

/** Roots of all-zero subtrees by height, as far as they were asked for. */
const zeroRoots = [new Uint8Array(ID_BYTES)];

function zeroRoot(height: number): Uint8Array {
  for (let level = zeroRoots.length; level <= height; level++) {
    const pair = Uint8Array.of(NODE_DOMAIN, ...zeroRoots[level - 1]!, ...zeroRoots[level - 1]!);
    const root = new Uint8Array(ID_BYTES);
    sha256Into(pair, root, 0);
    zeroRoots.push(root);
  }
  return zeroRoots[height]!;
}
