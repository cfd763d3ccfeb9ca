import { BountyStage } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { Head } from "../chain/chain.ts";
import type { BountyNode } from "./bounty-node.ts";
import type { BountyJobs } from "./jobs.ts";
import { PolicyStore, refusalOf, runSeconds } from "./policy.ts";

/** What a queue has to know of a bounty's contents. */
interface Contents {
  readonly spec: { readonly topics: readonly string[] };
}

/** A bounty that is not worked for, or not yet. */
interface Waiting<Known extends Contents> {
  /** GRIST wei. */
  readonly amount: bigint;
  readonly view: () => Promise<{ readonly stage: number; readonly stageEndsAt: bigint }>;
  readonly fetch: () => Promise<Known>;
  /** Once it was fetched. */
  known?: Known;
  /** Why the policy refused it last. */
  refusal?: string;
}

/**
 * Bounties whose entries are open, until the operator's policy accepts them and a job begins. What it refuses stays among
 * those that wait: the policy may change while the entries are open.
 */
export class JobQueue<Known extends Contents> {
  readonly #node: BountyNode;
  readonly #jobs: BountyJobs;
  readonly #policy: PolicyStore;
  readonly #train: (known: Known, seconds: number) => Promise<void>;
  readonly #waiting = new Map<Hex, Waiting<Known>>();
  readonly #underWay = new Set<Promise<void>>();

  /** @param train trains for a bounty, for so many seconds at most, and enters the model */
  constructor(node: BountyNode, jobs: BountyJobs, train: (known: Known, seconds: number) => Promise<void>) {
    this.#node = node;
    this.#jobs = jobs;
    this.#policy = new PolicyStore(node.database, node.config);
    this.#train = train;
  }

  /** Takes a bounty in, unless the operator quit it once. */
  add(bountyId: Hex, bounty: Omit<Waiting<Known>, "known" | "refusal">): void {
    if (!this.#jobs.wasQuit(bountyId)) this.#waiting.set(bountyId, bounty);
  }

  /** Forgets a bounty, which a reorganisation took back. */
  delete(bountyId: Hex): void {
    this.#waiting.delete(bountyId);
  }

  /** Begins what the policy accepts at this head of the chain; training goes on beside it. */
  async look(head: Head): Promise<void> {
    for (const [bountyId, bounty] of this.#waiting) await this.#consider(bountyId, bounty, head);
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #consider(bountyId: Hex, bounty: Waiting<Known>, head: Head): Promise<void> {
    const { log } = this.#node;
    const view = await bounty.view();
    const secondsLeft = Number(view.stageEndsAt - head.timestamp);
    if (view.stage !== BountyStage.Entry || secondsLeft <= 0) {
      this.#waiting.delete(bountyId);
      return;
    }
    try {
      bounty.known ??= await bounty.fetch();
    } catch (error) {
      this.#waiting.delete(bountyId);
      log.info({ event: "bounty-left", bounty: bountyId, reason: error });
      return;
    }
    const { known } = bounty;
    const facts = { bounty: bounty.amount, secondsLeft, topics: known.spec.topics, running: this.#jobs.running };
    const policy = this.#policy.get();
    const refusal = refusalOf(policy, facts);
    if (refusal !== undefined) {
      if (!refusal.isBusy && refusal.reason !== bounty.refusal)
        log.info({ event: "bounty-left", bounty: bountyId, reason: refusal.reason });
      bounty.refusal = refusal.reason;
      return;
    }
    this.#waiting.delete(bountyId);
    const job = this.#train(known, runSeconds(policy, secondsLeft)).catch((error: unknown) => {
      log.warn({ event: "bounty-job-failed", bounty: bountyId, error });
    });
    this.#underWay.add(job);
    void job.then(() => this.#underWay.delete(job));
  }
}
