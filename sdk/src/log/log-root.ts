import type { Address, Hex } from "viem";
import { hashTypedData, zeroHash } from "viem";

import { GristmillError } from "../errors.ts";
import { merkleHeight, merkleProof, merkleRoot, verifyMerkleProof } from "../tensor/merkle.ts";

/** What is logged of an epoch: for each slot the ids of the segments that it committed, in order; none if nothing is. */
export type LoggedSegments = readonly (readonly Hex[])[];

/** Where a logged message stands, and the way from its segment's id up to the root. */
export interface LogProof {
  readonly slot: number;
  /** Number of the segment among those that the slot committed in the epoch. */
  readonly leaf: number;
  /** Siblings: within the slot's segments, then among the slots. */
  readonly proof: readonly Hex[];
}

/** How many leaves each of the two trees of a {@link LogProof} has. */
export interface LogShape {
  /** Segments that the slot committed in the epoch. */
  readonly segments: number;
  /** Slots of the task. */
  readonly slots: number;
}

/** EIP-712 types of what supervisors sign (contracts/interfaces/ISupervisorLog.sol). */
export const logRootTypes = {
  LogRoot: [
    { name: "taskId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "root", type: "bytes32" },
  ],
} as const;

/** EIP-712 domain in which logs are co-signed. */
export interface LogDomain {
  readonly name: "Gristmill";
  readonly version: "1";
  readonly chainId: number;
  /** The SupervisorLog. */
  readonly verifyingContract: Address;
}

export function logDomain(chainId: number, supervisorLog: Address): LogDomain {
  return { name: "Gristmill", version: "1", chainId, verifyingContract: supervisorLog };
}

/** The 32 bytes that a supervisor signs. */
export function logDigest(domain: LogDomain, taskId: Hex, epoch: bigint, root: Hex): Hex {
  return hashTypedData({ domain, types: logRootTypes, primaryType: "LogRoot", message: { taskId, epoch, root } });
}

/**
 * The root of an epoch's log: a leaf for each slot, its segments' root, or zero.
 * @throws GristmillError LOG_EMPTY if no slot has any
 */
export function logRoot(logged: LoggedSegments): Hex {
  if (logged.every((ids) => ids.length === 0))
    throw new GristmillError("LOG_EMPTY", "A log holds the messages of one slot at least.", {
      hints: ["an epoch in which nobody committed has no log"],
    });
  return merkleRoot(slotRoots(logged));
}

/**
 * Proves that a slot's segment was logged.
 * @throws GristmillError LOG_NO_SUCH_SEGMENT
 */
export function proveLogged(logged: LoggedSegments, slot: number, segmentId: Hex): LogProof {
  const ids = logged[slot] ?? [];
  const leaf = ids.indexOf(segmentId);
  if (leaf < 0)
    throw new GristmillError("LOG_NO_SUCH_SEGMENT", `segment ${segmentId} of slot ${slot} is not in this log`, {
      hints: ["each epoch has a log of its own: take the one in which the segment was committed"],
    });
  return { slot, leaf, proof: [...merkleProof(ids, leaf), ...merkleProof(slotRoots(logged), slot)] };
}

/** Whether the proof shows that the segment was logged under this root. */
export function verifyLogged(root: Hex, segmentId: Hex, { slot, leaf, proof }: LogProof, shape: LogShape): boolean {
  const height = merkleHeight(shape.segments);
  const isPlace = leaf < shape.segments && slot < shape.slots && slot >= 0;
  if (!isPlace || proof.length !== height + merkleHeight(shape.slots)) return false;
  // One path: below the slot's root the leaf says which way it goes, above it the slot.
  return verifyMerkleProof(root, segmentId, slot * 2 ** height + leaf, proof);
}

function slotRoots(logged: LoggedSegments): Hex[] {
  return logged.map((ids) => (ids.length === 0 ? zeroHash : merkleRoot(ids)));
}
