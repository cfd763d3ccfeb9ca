import { GristmillError } from "@gristmill/sdk";
import type { SegmentMessage } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import { firstDifference } from "../training/slot-replica.ts";
import { challengersEther } from "./deposits.ts";
import type { SegmentTruth } from "./segment-truth.ts";

/** Seconds by which the head may lag behind the clock on the wall: some slots of a slow public chain. */
const STALE_AFTER = 120;

/** What of the chain and the node a bond depends on, besides the segment itself. */
export interface Surroundings {
  readonly chain: Chain;
  readonly contracts: Pick<Contracts, "court" | "segmentGame" | "stake">;
  readonly head: Head;
  /** Height of the highest head seen before. */
  readonly highest: bigint;
  /** Connected peers that take part in the task. */
  readonly peers: number;
  /** Unix seconds. */
  readonly now: number;
}

/**
 * Why a challenger must not bond now, from what is cheap to know; empty if nothing speaks against it. A wrong challenge
 * costs its bond, so a node that does not see everything keeps still.
 *
 * @param bond GRIST wei of free stake that the court asks for
 */
export async function reasonsToWait(around: Surroundings, bond: bigint): Promise<string[]> {
  const { chain, contracts, head, highest, peers, now } = around;
  const account = chain.account.address;
  const [free, ether, needed, syncing] = await Promise.all([
    contracts.stake.read.freeOf([account]),
    chain.public.getBalance({ address: account }),
    challengersEther(chain, contracts),
    chain.isSyncing(),
  ]);
  const lag = now - Number(head.timestamp);
  const reasons: [boolean, string][] = [
    [peers === 0, "no peer of the task is connected"],
    [syncing, "the chain's endpoint is still syncing"],
    [lag > STALE_AFTER, `the chain's head is more than ${String(STALE_AFTER)} s old`],
    [head.number < highest, `the chain's head went back from block ${String(highest)} to ${String(head.number)}`],
    [free < bond, `the bond is ${formatEther(bond)} GRIST of free stake, and ${formatEther(free)} are there`],
    [ether < needed, `a dispute may take ${formatEther(needed)} ether, and ${formatEther(ether)} are there`],
  ];
  return reasons.filter(([applies]) => applies).map(([, reason]) => reason);
}

/**
 * Whether two runs of one segment, on engines of different kinds, came to the same and to something else than was signed.
 * @throws GristmillError RERUNS_DIFFER, SEGMENT_AGREES
 */
export function requireRefuted(signed: SegmentMessage, one: SegmentTruth, other: SegmentTruth): void {
  const doubt = firstDifference(one.message.segment, other.message.segment) ?? outcomesDiffer(one, other);
  if (doubt !== undefined)
    throw new GristmillError("RERUNS_DIFFER", `two runs of the segment on this node differ: ${doubt}`, {
      hints: ["check this machine's memory and its matrix engine: `oracle-miner check`, or another --backend"],
    });
  if (firstDifference(signed.segment, one.message.segment) === undefined)
    throw new GristmillError("SEGMENT_AGREES", "the segment comes out as it was signed", {
      hints: ["there is nothing to challenge"],
    });
}

function outcomesDiffer(one: SegmentTruth, other: SegmentTruth): string | undefined {
  const ids = ({ outcomes }: SegmentTruth): Hex[] =>
    outcomes.flatMap(({ stateId, residualId }) => [stateId, residualId]);
  const others = ids(other);
  const at = ids(one).findIndex((id, i) => id !== others[i]);
  return at < 0 ? undefined : `iteration ${String(Math.floor(at / 2))} of it ends in another state`;
}
