import {
  BountyStage,
  callsOf,
  EntryStatus,
  isBountyOver,
  ScoringMode,
  stateId,
  weightChunks,
  weightIds,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import type { BountyNode } from "../bounties/bounty-node.ts";
import { decodeWeights, enterExact } from "../bounties/enter-exact.ts";
import { EntryStore, type StoredEntry } from "../bounties/entry-store.ts";
import { entryAgent, scoreExact } from "../bounties/entry-dispute.ts";
import { currentExact, sendExact, withdrawExact } from "../bounties/exact-board.ts";
import {
  exactPostedBy,
  type ExactPostedEvent,
  fetchExactSpec,
  fetchTrainingBatches,
  followExact,
  type KnownExact,
  type PostedExact,
} from "../bounties/exact-data.ts";
import { type ExactWork, honestExactWork } from "../bounties/exact-work.ts";
import { JobQueue } from "../bounties/job-queue.ts";
import { BountyJobs } from "../bounties/jobs.ts";
import type { Head } from "../chain/chain.ts";
import type { EventFeed } from "../chain/event-feed.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import type { EvaluationTruth } from "../disputes/evaluation-truth.ts";
import { toldScore } from "../disputes/score-play.ts";

/**
 * Looks for exact bounties that its operator's policy accepts, trains a state for them, enters, announces its score,
 * publishes it when it is called, defends it, and collects. What it does next follows from the chain and its database alone,
 * so it can be stopped at any point.
 */
export class ExactHunter {
  readonly #node: BountyNode;
  readonly #work: ExactWork;
  readonly #entries: EntryStore;
  readonly #queue: JobQueue<KnownExact>;
  readonly #jobs: BountyJobs;
  readonly #entered = new Map<Hex, PostedExact>();
  readonly #agents = new Map<Hex, DisputeAgent>();
  readonly #posted: EventFeed<ExactPostedEvent>;
  readonly #only: readonly Hex[] | undefined;

  /**
   * @param jobs those of the hunter of other bounties, where one runs beside, which has recovered them
   * @param only these bounties; all that the policy accepts if left out
   */
  constructor(
    node: BountyNode,
    work: ExactWork = honestExactWork(),
    jobs: BountyJobs = new BountyJobs(node.database),
    only?: readonly Hex[],
  ) {
    this.#node = node;
    this.#only = only;
    this.#work = work;
    this.#jobs = jobs;
    this.#entries = new EntryStore(node);
    this.#queue = new JobQueue(node, jobs, (known, seconds) => this.#train(known, seconds));
    this.#posted = followExact(node);
  }

  /** Does what is to be done at this head of the chain; training goes on beside it. */
  async look(head: Head): Promise<void> {
    const { undone, added } = await this.#posted.take(head.number);
    for (const { args } of undone)
      if (args.bountyId !== undefined) for (const known of [this.#queue, this.#entered]) known.delete(args.bountyId);
    for (const bounty of added.flatMap((event) => exactPostedBy(event) ?? [])) {
      const { bountyId, parameters } = bounty;
      if (this.#only?.includes(bountyId) === false) continue;
      if (this.#entries.get(bountyId) !== undefined) this.#entered.set(bountyId, bounty);
      else
        this.#queue.add(bountyId, {
          amount: parameters.bounty,
          view: () => this.#node.contracts.exactBounties.read.bountyOf([bountyId]),
          fetch: () => fetchExactSpec(this.#node, bounty),
        });
    }
    await this.#queue.look(head);
    for (const bounty of this.#entered.values()) await this.#attend(bounty, head);
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  async #train(known: KnownExact, seconds: number): Promise<void> {
    const { log, signal } = this.#node;
    const { bounty, spec } = known;
    const { bountyId, program } = bounty;
    log.info({ event: "bounty-job", bounty: bountyId, runner: "exact", seconds });
    const weights = await this.#jobs.run(bountyId, { runner: "exact", seconds, signal }, async (jobSignal) => {
      const train = await fetchTrainingBatches(this.#node, known);
      return this.#work.make({ spec, program, train, seconds }, jobSignal);
    });
    await enterExact(this.#node, this.#entries, bounty, weights);
    this.#entered.set(bountyId, bounty);
  }

  async #attend(bounty: PostedExact, head: Head): Promise<void> {
    const { bountyId } = bounty;
    const stored = this.#entries.get(bountyId);
    const entry = stored === undefined ? undefined : await this.#entryNumber(bounty, stored.commitment);
    const view = await currentExact(this.#node, bountyId, head);
    if (stored === undefined || entry === undefined) return this.#finishIfOver(bountyId, view.stage);
    const { status, stateId: published } = await this.#node.contracts.exactBounties.read.entryOf([bountyId, entry]);
    // A dispute that is over may still owe the deposits: the agent looks once more.
    if (BigInt(published) !== 0n) await this.#agentOf(bounty, entry).look(head);
    if (isBountyOver(view.stage)) {
      if (status === EntryStatus.Committed || status === EntryStatus.Announced)
        await sendExact(this.#node, "release", [bountyId, entry]);
      await this.#finishIfOver(bountyId, view.stage);
    } else if (status === EntryStatus.Struck) {
      this.#entered.delete(bountyId);
      this.#node.log.warn({ event: "bounty-struck", bounty: bountyId, entry });
    } else if (status === EntryStatus.Committed && isAnnouncing(bounty, view.stage)) {
      await this.#announce(bounty, entry);
    } else if (view.stage === BountyStage.Reveal && view.candidate === entry) {
      await this.#publish(bounty, entry, stored);
    }
  }

  async #announce(bounty: PostedExact, entry: number): Promise<void> {
    const { bountyId } = bounty;
    const score = toldScore(await this.#told(bounty));
    await sendExact(this.#node, "announce", [bountyId, entry, score]);
    this.#node.log.info({ event: "bounty-announced", bounty: bountyId, entry, loss: Number(score.loss) });
  }

  /** Publishes what is still missing of the model, a call at a time. */
  async #publish(bounty: PostedExact, entry: number, { salt }: StoredEntry): Promise<void> {
    const { bountyId, program, parameters } = bounty;
    const weights = this.#weightsOf(bounty);
    const range = { fromBlock: bounty.postedAt, toBlock: "latest" } as const;
    const events = await this.#node.contracts.exactBounties.getEvents.WeightsPublished({ bountyId, entry }, range);
    const done = events.reduce((sum, { args }) => sum + (args.chunks?.length ?? 0), 0);
    const model = { program: parameters.program, weights: weightIds(program, weights), salt };
    for (const chunks of callsOf(weightChunks(program, weights).slice(done)))
      await sendExact(this.#node, "publishModel", [bountyId, model, chunks]);
    this.#node.log.info({ event: "bounty-revealed", bounty: bountyId, modelHash: stateId(program, weights) });
  }

  #agentOf(bounty: PostedExact, entry: number): DisputeAgent {
    const known = this.#agents.get(bounty.bountyId);
    if (known !== undefined) return known;
    const agent = entryAgent(this.#node, { bounty, entry, told: () => this.#told(bounty) });
    this.#agents.set(bounty.bountyId, agent);
    return agent;
  }

  /** What this node says, or said, of its model. */
  async #told(bounty: PostedExact): Promise<EvaluationTruth> {
    return this.#work.tell(await scoreExact(this.#node, bounty, this.#weightsOf(bounty)));
  }

  #weightsOf({ bountyId, program }: PostedExact): Int32Array[] {
    return decodeWeights(program, this.#entries.model(bountyId));
  }

  async #entryNumber({ bountyId, postedAt }: PostedExact, commitment: Hex): Promise<number | undefined> {
    const { chain, contracts } = this.#node;
    const events = await contracts.exactBounties.getEvents.ModelCommitted(
      { bountyId, owner: chain.account.address },
      { fromBlock: postedAt, toBlock: "latest" },
    );
    return events.find(({ args }) => args.commitment === commitment)?.args.entry;
  }

  async #finishIfOver(bountyId: Hex, stage: number): Promise<void> {
    if (!isBountyOver(stage)) return;
    this.#entered.delete(bountyId);
    const amount = await withdrawExact(this.#node);
    this.#node.log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
  }
}

function isAnnouncing({ parameters }: PostedExact, stage: number): boolean {
  return stage === (parameters.scoring === ScoringMode.Open ? BountyStage.Entry : BountyStage.Announcing);
}
