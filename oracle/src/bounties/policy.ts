import { parseEther } from "viem";
import { z } from "zod";

import type { NodeConfig } from "../config/config.ts";
import type { Database } from "../storage/database.ts";
import { KeyValueStore } from "../storage/key-value-store.ts";

const SCOPE = "bounty-policy";
const KEY = "kept";

/** Which bounties a hunter works for: what its operator wants. */
export const policySchema = z.strictObject({
  enabled: z.boolean().describe("whether new jobs are begun; those that run go on"),
  minimumBounty: z
    .string()
    .regex(/^\d+(\.\d{1,18})?$/, "a decimal number with at most 18 decimals expected, such as 12.5")
    .describe("GRIST, decimal"),
  minimumTimeLeft: z.number().int().min(0).describe("seconds until the deadline"),
  maximumExecutionTime: z.number().int().min(1).describe("seconds of training for one bounty"),
  maximumJobs: z.number().int().min(1).max(64).describe("at a time"),
  topics: z
    .array(z.string().regex(/^[a-z0-9-]{1,32}$/, "a topic has 1 to 32 of a-z, 0-9 and -"))
    .max(64)
    .describe("of interest; any if there are none"),
});
export type BountyPolicy = z.output<typeof policySchema>;

/** The settings from which a policy follows. */
export type PolicySettings = Pick<
  NodeConfig,
  "bountyEnabled" | "bountyMinimum" | "bountyTimeLeft" | "bountyRunTime" | "bountyJobs" | "bountyTopics"
>;

/** The policy that a node is configured with. */
export function configuredPolicy(config: PolicySettings): BountyPolicy {
  return {
    enabled: config.bountyEnabled,
    minimumBounty: String(config.bountyMinimum),
    minimumTimeLeft: config.bountyTimeLeft,
    maximumExecutionTime: config.bountyRunTime,
    maximumJobs: config.bountyJobs,
    topics: config.bountyTopics,
  };
}

/**
 * The policy of a node, in its database: whoever changes it, through the API or in another process, the running node goes
 * by it from the next head of the chain on, and after restarts.
 */
export class PolicyStore {
  readonly #values: KeyValueStore;
  readonly #configured: BountyPolicy;

  constructor(database: Database, config: PolicySettings) {
    this.#values = new KeyValueStore(database, SCOPE);
    this.#configured = configuredPolicy(config);
  }

  /** The policy that was set, or else the configured one. */
  get(): BountyPolicy {
    const text = this.#values.getText(KEY);
    return text === undefined ? this.#configured : policySchema.parse(JSON.parse(text));
  }

  /** Whether the policy was set, so that the configuration does not count. */
  get isSet(): boolean {
    return this.#values.get(KEY) !== undefined;
  }

  set(policy: BountyPolicy): void {
    this.#values.setText(KEY, JSON.stringify(policy));
  }

  /** Goes back to the configuration. */
  reset(): void {
    this.#values.delete(KEY);
  }
}

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

/** Why a bounty is left alone; undefined if it is worked for. `isBusy`: only until a job ends. */
export function refusalOf(
  policy: BountyPolicy,
  { bounty, secondsLeft, topics, running }: BountyFacts,
): { readonly reason: string; readonly isBusy: boolean } | undefined {
  const refuse = (reason: string) => ({ reason, isBusy: false });
  if (!policy.enabled) return refuse("no new jobs are wanted");
  if (bounty < parseEther(policy.minimumBounty)) return refuse(`it pays less than ${policy.minimumBounty} GRIST`);
  if (secondsLeft < policy.minimumTimeLeft) return refuse(`it closes in less than ${policy.minimumTimeLeft} s`);
  const wanted = policy.topics;
  if (wanted.length > 0 && !topics.some((topic) => wanted.includes(topic)))
    return refuse(`none of its topics is ${wanted.join(" or ")}`);
  if (running >= policy.maximumJobs) return { reason: `${running} jobs are running`, isBusy: true };
  return undefined;
}

/** Seconds that a job may take: what the policy grants, and no longer than the deadline allows. */
export function runSeconds(policy: BountyPolicy, secondsLeft: number): number {
  const spare = Math.min(policy.minimumTimeLeft, secondsLeft / 2);
  return Math.max(1, Math.min(policy.maximumExecutionTime, secondsLeft - spare));
}
