import { sha256Into } from "#sha256";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { ID_BYTES, idBytes, writeId } from "../internal/hash.ts";
import { bytesToId, foldToRoot, NODE_DOMAIN, rootOf } from "../internal/merkle-fold.ts";

/**
 * Root of the Merkle tree over `leaves`, which are padded with zeros to a power of two; a single leaf is the root
 * (DESIGN section 2).
 *
 * @throws GristmillError MERKLE_EMPTY, ID_MALFORMED
 */
export function merkleRoot(leaves: readonly Hex[]): Hex {
  return rootOf(packed(leaves), leaves.length);
}

/** Root over the `batchLeaf` of every batch of a data set, in order. */
export const datasetRoot = merkleRoot;

/** Root over the `tensorId` of every tensor of a trace, in program order. */
export const traceRoot = merkleRoot;

/**
 * The siblings on the way from leaf `index` to the root, lowest first.
 *
 * @throws GristmillError MERKLE_EMPTY, MERKLE_INDEX, ID_MALFORMED
 */
export function merkleProof(leaves: readonly Hex[], index: number): Hex[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new GristmillError("MERKLE_INDEX", `Leaf ${index} is not among ${leaves.length} leaves.`);
  }
  const proof: Hex[] = [];
  const nodes = packed(leaves);
  foldToRoot(nodes, leaves.length, (level, count, zero) => {
    const sibling = (index >>> level) ^ 1;
    proof.push(bytesToId(sibling < count ? nodes.subarray(sibling * ID_BYTES, (sibling + 1) * ID_BYTES) : zero));
  });
  return proof;
}

/** Whether `proof` leads from `leaf` at `index` to `root`. The length of the proof is the depth of the tree. */
export function verifyMerkleProof(root: Hex, leaf: Hex, index: number, proof: readonly Hex[]): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** proof.length) return false;
  const pair = new Uint8Array(1 + 2 * ID_BYTES);
  pair[0] = NODE_DOMAIN;
  const node = idBytes(leaf);
  proof.forEach((sibling, level) => {
    const right = Math.floor(index / 2 ** level) % 2;
    pair.set(node, 1 + right * ID_BYTES);
    writeId(sibling, pair, 1 + (1 - right) * ID_BYTES);
    sha256Into(pair, node, 0);
  });
  return bytesToId(node) === root.toLowerCase();
}

/**
 * All nodes of one level of the tree, 0 being the leaves: as many as a tree of its height has, padding included.
 * @throws GristmillError MERKLE_EMPTY, MERKLE_LEVEL if the tree is not so high
 */
export function merkleLevel(leaves: readonly Hex[], level: number): Hex[] {
  const height = merkleHeight(leaves.length);
  if (!Number.isInteger(level) || level < 0 || level > height) {
    throw new GristmillError("MERKLE_LEVEL", `A tree over ${leaves.length} leaves has no level ${level}.`);
  }
  const nodes = packed(leaves);
  const read = (count: number, zero: Uint8Array) =>
    Array.from({ length: 2 ** (height - level) }, (_, i) =>
      bytesToId(i < count ? nodes.subarray(i * ID_BYTES, (i + 1) * ID_BYTES) : zero),
    );
  let found: Hex[] | undefined;
  foldToRoot(nodes, leaves.length, (at, count, zero) => {
    if (at === level) found = read(count, zero);
  });
  return found ?? [bytesToId(nodes.subarray(0, ID_BYTES))];
}

/** Levels above the leaves: the least h with 2^h >= leaves. */
export function merkleHeight(leaves: number): number {
  return Math.ceil(Math.log2(leaves));
}

/** node(l, r) of DESIGN section 2. */
export function merkleNode(left: Hex, right: Hex): Hex {
  return merkleRoot([left, right]);
}

function packed(leaves: readonly Hex[]): Uint8Array {
  const nodes = new Uint8Array(leaves.length * ID_BYTES);
  leaves.forEach((leaf, index) => {
    writeId(leaf, nodes, index * ID_BYTES);
  });
  return nodes;
}
