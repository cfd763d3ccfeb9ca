import type { LoggedSegments } from "@gristmill/sdk";
import { logRoot, merkleRoot } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import type { Network } from "../network/node.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";

/** What of a node co-signing takes. */
export interface LogNode extends Pick<Node, "chain" | "contracts" | "schedule" | "config" | "log" | "signal"> {
  readonly network: Pick<Network, "serveCosigning" | "askToCosign">;
}

/** What of a session co-signing takes. */
export interface LogSession extends Pick<TaskSession, "members" | "log" | "gather"> {
  readonly terms: Pick<TaskSession["terms"], "taskId" | "createdAt">;
}

/** Milliseconds in which segments that gossip missed are fetched before a slot counts as not held. */
const FETCH_TIMEOUT = 5_000;

/** The messages of one epoch that a node holds. */
export interface EpochLog {
  readonly epoch: bigint;
  /** Slots that committed something in the epoch. */
  readonly committed: readonly number[];
  /** Those of which this node holds every message. */
  readonly held: readonly number[];
  /** Ids of the segments held, by slot. */
  readonly segments: LoggedSegments;
}

/**
 * What a node holds of an epoch that is over, after it has asked its peers for the rest. The order is the chain's: a slot's
 * segments as it committed them; so it does not matter when and in which order they came.
 */
export async function gatherEpoch(node: LogNode, session: LogSession, epoch: bigint): Promise<EpochLog> {
  const { registry } = node.contracts;
  const signal = AbortSignal.any([node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]);
  const committed: number[] = [];
  const segments = await Promise.all(
    session.members.map(async (_, slot): Promise<readonly Hex[]> => {
      const commit = await registry.read.commitOf([session.terms.taskId, slot, epoch]);
      if (commit.segmentsRoot === zeroHash) return [];
      committed.push(slot);
      await session.gather(slot, { count: commit.last + 1, segmentId: commit.segmentId }, signal);
      const ids = session.log
        .chain(slot)
        .filter(({ message: { segment } }) => segment.first >= commit.first && segment.last <= commit.last)
        .map(({ id }) => id);
      // A slot that committed something else than it published has no log.
      return ids.length > 0 && merkleRoot(ids) === commit.segmentsRoot ? ids : [];
    }),
  );
  const held = segments.flatMap((ids, slot) => (ids.length > 0 ? [slot] : []));
  return { epoch, committed, held, segments };
}

/** The root over the messages held. @throws GristmillError LOG_EMPTY */
export function rootOfEpoch({ segments }: EpochLog): Hex {
  return logRoot(segments);
}
