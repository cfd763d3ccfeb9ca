import { BountyStage, isBountyOver } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import type { BountyNode } from "../bounties/bounty-node.ts";
import { entryAgent, scoreExact } from "../bounties/entry-dispute.ts";
import { currentExact } from "../bounties/exact-board.ts";
import {
  exactPostedBy,
  type ExactPostedEvent,
  fetchWeights,
  followExact,
  type PostedExact,
} from "../bounties/exact-data.ts";
import type { Head } from "../chain/chain.ts";
import type { EventFeed } from "../chain/event-feed.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import { scoreHash, toldScore } from "../disputes/score-play.ts";

/**
 * Scores every candidate's published model again and challenges an announcement that is false: half of the liar's stake is
 * its own then. What it does next follows from the chain and its database alone, so it can be stopped at any point.
 */
export class ExactWatcher {
  readonly #node: BountyNode;
  readonly #open = new Map<Hex, PostedExact>();
  /** By place: the disputes that this node may have a part in. */
  readonly #agents = new Map<string, DisputeAgent>();
  readonly #judged = new Set<string>();
  readonly #posted: EventFeed<ExactPostedEvent>;

  constructor(node: BountyNode) {
    this.#node = node;
    this.#posted = followExact(node);
  }

  /** Does what is to be done at this head of the chain. */
  async look(head: Head): Promise<void> {
    const { undone, added } = await this.#posted.take(head.number);
    for (const { args } of undone) if (args.bountyId !== undefined) this.#open.delete(args.bountyId);
    for (const bounty of added.flatMap((event) => exactPostedBy(event) ?? [])) {
      this.#open.set(bounty.bountyId, bounty);
      await this.#resume(bounty);
    }
    for (const bounty of this.#open.values()) await this.#attend(bounty, head);
    for (const [place, agent] of this.#agents) {
      await agent.look(head);
      const isBusy = agent.store.going().length > 0 || agent.store.accusations().length > 0;
      if (!isBusy && !this.#open.has(place.slice(0, place.indexOf("/")) as Hex)) this.#agents.delete(place);
    }
  }

  /** Goes on with what this node was about before it was stopped: deposits may still be owed. */
  async #resume(bounty: PostedExact): Promise<void> {
    const { bountyId, postedAt } = bounty;
    const range = { fromBlock: postedAt, toBlock: "latest" } as const;
    const events = await this.#node.contracts.exactBounties.getEvents.StatePublished({ bountyId }, range);
    for (const { args } of events) {
      if (args.entry === undefined) continue;
      const agent = entryAgent(this.#node, { bounty, entry: args.entry });
      if (agent.store.going().length > 0) this.#agents.set(`${bountyId}/${args.entry}`, agent);
    }
  }

  async #attend(bounty: PostedExact, head: Head): Promise<void> {
    const { bountyId } = bounty;
    const { stage, candidate } = await currentExact(this.#node, bountyId, head);
    if (isBountyOver(stage)) this.#open.delete(bountyId);
    if (stage !== BountyStage.Challenge) return;
    const place = `${bountyId}/${candidate}`;
    if (this.#judged.has(place)) return;
    const { contracts, chain, log } = this.#node;
    const { owner, score: announced } = await contracts.exactBounties.read.entryOf([bountyId, candidate]);
    if (isAddressEqual(owner, chain.account.address)) return;
    try {
      const agent = this.#agents.get(place) ?? entryAgent(this.#node, { bounty, entry: candidate });
      this.#agents.set(place, agent);
      const weights = await fetchWeights(this.#node, bounty, candidate);
      const { correct, loss, root } = toldScore(await scoreExact(this.#node, bounty, weights));
      log.info({ event: "bounty-recomputed", bounty: bountyId, entry: candidate, loss, announced: announced.loss });
      this.#judged.add(place);
      const id = scoreHash(announced);
      if (id === scoreHash({ correct, loss, root })) return;
      const reason = `its owner announced a loss of ${announced.loss}, and it is ${loss}`;
      agent.accuse({ kind: "score", id, slot: 0, reason });
    } catch (error) {
      if (this.#node.signal.aborted) throw error;
      log.warn({ event: "bounty-unscored", bounty: bountyId, entry: candidate, error });
    }
  }
}
