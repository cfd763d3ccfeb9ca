import { parseEther } from "viem";

import type { NodeConfig } from "../config/config.ts";

/** Which bounties a hunter works for: its operator's settings. */
export type BountyPolicy = Pick<
  NodeConfig,
  "bountyMinimum" | "bountyTimeLeft" | "bountyRunTime" | "bountyJobs" | "bountyTopics"
>;

/** What a policy looks at. */
export interface BountyFacts {
  /** GRIST wei. */
  readonly bounty: bigint;
  /** Seconds until the deadline for entries. */
  readonly secondsLeft: number;
  readonly topics: readonly string[];
  /** Jobs that run already. */
  readonly running: number;
}

/** Why a bounty is left alone, for now (`isFinal` false) or for good; undefined if it is worked for. */
export function refusalOf(
  policy: BountyPolicy,
  { bounty, secondsLeft, topics, running }: BountyFacts,
): { readonly reason: string; readonly isFinal: boolean } | undefined {
  const forGood = (reason: string) => ({ reason, isFinal: true });
  if (bounty < parseEther(String(policy.bountyMinimum)))
    return forGood(`it pays less than ${policy.bountyMinimum} GRIST`);
  if (secondsLeft < policy.bountyTimeLeft) return forGood(`it closes in less than ${policy.bountyTimeLeft} s`);
  const wanted = policy.bountyTopics;
  if (wanted.length > 0 && !topics.some((topic) => wanted.includes(topic)))
    return forGood(`none of its topics is ${wanted.join(" or ")}`);
  if (running >= policy.bountyJobs) return { reason: `${running} jobs are running`, isFinal: false };
  return undefined;
}

/** Seconds that a job may take: what the policy grants, and no longer than the deadline allows. */
export function runSeconds(policy: BountyPolicy, secondsLeft: number): number {
  return Math.max(1, Math.min(policy.bountyRunTime, secondsLeft - Math.min(policy.bountyTimeLeft, secondsLeft / 2)));
}
