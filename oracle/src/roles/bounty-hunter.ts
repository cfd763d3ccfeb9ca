import { BountyStage, encodeLoss, EntryStatus, isBountyOver, ScoringMode } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { type BountyView, currentView, send, withdrawCredit } from "../bounties/board.ts";
import { fetchSpec, fetchTrainingSet, followBounties, postedBy } from "../bounties/bounty-data.ts";
import type { PostedBounty, PostedEvent } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { enterBounty, entryNumber, type KnownBounty, scoreEntry } from "../bounties/enter-bounty.ts";
import { EntryStore, type StoredEntry } from "../bounties/entry-store.ts";
import { honestWork, type HunterWork, runnerFor } from "../bounties/hunter-work.ts";
import { JobQueue } from "../bounties/job-queue.ts";
import { BountyJobs } from "../bounties/jobs.ts";
import type { Head } from "../chain/chain.ts";
import type { EventFeed } from "../chain/event-feed.ts";

/**
 * Looks for bounties that its operator's policy accepts, trains for them, enters, announces, reveals when it is called, and
 * collects. What it does next follows from the chain and its database alone, so it can be stopped at any point.
 */
export class BountyHunter {
  readonly jobs: BountyJobs;
  readonly #node: BountyNode;
  readonly #work: HunterWork;
  readonly #entries: EntryStore;
  readonly #queue: JobQueue<KnownBounty>;
  readonly #entered = new Map<Hex, PostedBounty>();
  readonly #only: readonly Hex[] | undefined;
  readonly #posted: EventFeed<PostedEvent>;

  /** @param only these bounties; all that the policy accepts if left out */
  constructor(node: BountyNode, work: HunterWork = honestWork(), only?: readonly Hex[]) {
    this.#node = node;
    this.#only = only;
    this.#work = work;
    this.#entries = new EntryStore(node);
    this.#posted = followBounties(node);
    this.jobs = new BountyJobs(node.database);
    this.jobs.recover();
    this.#queue = new JobQueue(node, this.jobs, (known, seconds) => this.#train(known, seconds));
  }

  /** Does what is to be done at this head of the chain; training goes on beside it. */
  async look(head: Head): Promise<void> {
    const { undone, added } = await this.#posted.take(head.number);
    for (const { args } of undone)
      if (args.bountyId !== undefined) for (const known of [this.#queue, this.#entered]) known.delete(args.bountyId);
    for (const bounty of added.flatMap((event) => postedBy(event) ?? [])) {
      const { bountyId } = bounty;
      if (this.#only?.includes(bountyId) === false) continue;
      if (this.#entries.get(bountyId) !== undefined) this.#entered.set(bountyId, bounty);
      else
        this.#queue.add(bountyId, {
          amount: bounty.parameters.bounty,
          view: () => this.#node.contracts.bounties.read.bountyOf([bountyId]),
          fetch: async () => ({ bounty, ...(await fetchSpec(this.#node, bounty)) }),
        });
    }
    await this.#queue.look(head);
    for (const bounty of this.#entered.values()) await this.#attend(bounty, head);
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  async #train(known: KnownBounty, seconds: number): Promise<void> {
    const { config, log, signal } = this.#node;
    const { bounty, spec, manifest } = known;
    const runner = runnerFor(spec, config.bountyRunners);
    log.info({ event: "bounty-job", bounty: bounty.bountyId, runner, seconds });
    const model = await this.jobs.run(bounty.bountyId, { runner, seconds, signal }, async (jobSignal) => {
      const train = await fetchTrainingSet(this.#node, manifest);
      return this.#work.make({ spec, train, runner, seconds }, jobSignal);
    });
    await enterBounty(this.#node, this.#entries, known, model, (loss) => this.#work.announce(loss));
    this.#entered.set(bounty.bountyId, bounty);
  }

  async #attend(bounty: PostedBounty, head: Head): Promise<void> {
    const { bountyId } = bounty;
    const stored = this.#entries.get(bountyId);
    const entry = stored === undefined ? undefined : await entryNumber(this.#node, bounty, stored.commitment);
    const view = await currentView(this.#node, bountyId, head);
    if (stored === undefined || entry === undefined) return this.#finishIfOver(bountyId, view);
    const { status } = await this.#node.contracts.bounties.read.entryOf([bountyId, entry]);
    if (isBountyOver(view.stage)) {
      if (status === EntryStatus.Committed || status === EntryStatus.Announced)
        await send(this.#node, "release", [bountyId, entry]);
      await this.#finishIfOver(bountyId, view);
    } else if (status === EntryStatus.Struck) {
      this.#entered.delete(bountyId);
      this.#node.log.warn({ event: "bounty-struck", bounty: bountyId, entry });
    } else if (status === EntryStatus.Committed && isAnnouncing(bounty, view)) {
      await this.#announce(bounty, entry, stored);
    } else if (view.stage === BountyStage.Reveal && view.candidate === entry) {
      await this.#reveal(stored);
    }
  }

  async #announce(bounty: PostedBounty, entry: number, stored: StoredEntry): Promise<void> {
    const { bountyId } = bounty;
    let { loss } = stored;
    if (loss === undefined) {
      const known = { bounty, ...(await fetchSpec(this.#node, bounty)) };
      loss = this.#work.announce((await scoreEntry(this.#node, known, this.#entries.model(bountyId))).loss);
      this.#entries.update({ ...stored, loss });
    }
    await send(this.#node, "announce", [bountyId, entry, encodeLoss(loss)]);
    this.#node.log.info({ event: "bounty-announced", bounty: bountyId, entry, loss });
  }

  async #reveal({ bountyId, modelHash, salt }: StoredEntry): Promise<void> {
    const address = await this.#node.blobs.put(this.#entries.model(bountyId));
    await send(this.#node, "reveal", [bountyId, modelHash, salt, address]);
    this.#node.log.info({ event: "bounty-revealed", bounty: bountyId, modelHash });
  }

  async #finishIfOver(bountyId: Hex, { stage }: BountyView): Promise<void> {
    if (!isBountyOver(stage)) return;
    this.#entered.delete(bountyId);
    const amount = await withdrawCredit(this.#node);
    this.#node.log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
  }
}

function isAnnouncing({ parameters }: PostedBounty, { stage }: BountyView): boolean {
  return stage === (parameters.scoring === ScoringMode.Open ? BountyStage.Entry : BountyStage.Announcing);
}
