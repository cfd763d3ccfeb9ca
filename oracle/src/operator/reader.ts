import type { Node } from "../roles/node.ts";

/** The chain and its contracts: all that looking takes. */
export type Reader = Pick<Node, "chain" | "contracts">;
