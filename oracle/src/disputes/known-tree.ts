import type { Matrix } from "@gristmill/sdk";
import { GristmillError, merkleHeight, merkleLevel, merkleNode, tensorLeaves } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import { GROUP_HEIGHT } from "./stage.ts";

/** Hashes revealed below one node, and which of them the challenger followed. */
export interface RevealedGroup {
  readonly nodes: readonly Hex[];
  readonly child?: number;
}

/** Leaf hashes of a tensor read with another number of rows: cut off, or padded with zeros. */
export function leavesWithRows(m: Matrix, rows: number): Hex[] {
  const perRow = Math.ceil(m.cols / 1024);
  const leaves = tensorLeaves(m);
  return Array.from({ length: rows * perRow }, (_, leaf) => leaves[leaf] ?? zeroHash);
}

/** The hashes that a defender reveals at one step of the descent, from the left. */
export function nodesBelow(leaves: readonly Hex[], groups: readonly RevealedGroup[]): Hex[] {
  const height = merkleHeight(leaves.length);
  const above = groups.length * GROUP_HEIGHT;
  const group = Math.min(height - above, GROUP_HEIGHT);
  const position = positionAfter(groups);
  return merkleLevel(leaves, height - above - group).slice(position << group, (position + 1) << group);
}

/** Place, on its level, of the node that the challenger followed last. */
export function positionAfter(groups: readonly RevealedGroup[]): number {
  return groups.reduce((position, { nodes, child }) => {
    if (child === undefined) throw new GristmillError("NODE_NOT_CHOSEN", "The challenger has not chosen a node yet.");
    return position * nodes.length + child;
  }, 0);
}

/**
 * What is known of a tree of which somebody else revealed a path: the hashes beside it, and all leaves before the one
 * at its end, which agree with one's own.
 */
export class KnownTree {
  readonly #height: number;
  readonly #own: readonly Hex[];
  readonly #target: number;
  readonly #known = new Map<string, Hex>();

  /**
   * @param own leaf hashes on one's own side, as many as the tree has
   * @param groups revealed, each with the child that was followed
   */
  constructor(own: readonly Hex[], groups: readonly RevealedGroup[]) {
    this.#own = own;
    this.#height = merkleHeight(own.length);
    this.#target = positionAfter(groups);
    let level = this.#height;
    let position = 0;
    for (const { nodes, child = 0 } of groups) {
      const depth = Math.log2(nodes.length);
      let row = [...nodes];
      for (let up = 0; up <= depth; up++) {
        row.forEach((hash, i) => this.#known.set(key(level - depth + up, position * row.length + i), hash));
        row = Array.from({ length: row.length / 2 }, (_, i) => merkleNode(row[2 * i]!, row[2 * i + 1]!));
      }
      level -= depth;
      position = position * nodes.length + child;
    }
  }

  /**
   * Siblings of a leaf, lowest first.
   * @throws GristmillError TREE_UNKNOWN if the leaf lies behind the revealed one
   */
  proof(leaf: number): Hex[] {
    return Array.from({ length: this.#height }, (_, level) => this.#node(level, (leaf >> level) ^ 1));
  }

  #node(level: number, position: number): Hex {
    const known = this.#known.get(key(level, position));
    if (known !== undefined) return known;
    const end = (position + 1) * 2 ** level;
    if (end > this.#target) {
      throw new GristmillError("TREE_UNKNOWN", `Node ${position} of level ${level} was not revealed.`);
    }
    if (level === 0) return this.#own[position]!;
    return merkleNode(this.#node(level - 1, 2 * position), this.#node(level - 1, 2 * position + 1));
  }
}

function key(level: number, position: number): string {
  return `${level}:${position}`;
}
