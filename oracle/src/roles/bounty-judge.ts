import { blobHash, BountyStage, decodeLoss, encodeLoss, GristmillError, isBountyOver, Verdict } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { type BountyView, currentView, send, withdrawCredit } from "../bounties/board.ts";
import { fetchBlob, fetchScoringSet, fetchSpec, followBounties, postedBy } from "../bounties/bounty-data.ts";
import type { PostedBounty, PostedEvent } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { scoreInThread } from "../bounties/model-thread.ts";
import type { Head } from "../chain/chain.ts";
import type { EventFeed } from "../chain/event-feed.ts";
import { isRevert } from "../chain/chain.ts";

/** What a model's failing to be scored is called: the model's own fault. */
const MODEL_FAULTS = new Set([
  "MODEL_MALFORMED",
  "MODEL_INVALID",
  "MODEL_TIMEOUT",
  "BLOB_TOO_LARGE",
  "BLOB_ADDRESS_INVALID",
]);

/**
 * A staker in the verifiers' pool that votes on candidates: it computes each revealed model's loss again and compares it
 * with the announced one.
 */
export class BountyJudge {
  readonly #node: BountyNode;
  readonly #open = new Map<Hex, PostedBounty>();
  readonly #voted = new Set<string>();
  readonly #posted: EventFeed<PostedEvent>;

  constructor(node: BountyNode) {
    this.#node = node;
    this.#posted = followBounties(node);
  }

  /** Does what is to be done at this head of the chain. */
  async look(head: Head): Promise<void> {
    const { undone, added } = await this.#posted.take(head.number);
    for (const { args } of undone) if (args.bountyId !== undefined) this.#open.delete(args.bountyId);
    for (const bounty of added.flatMap((event) => postedBy(event) ?? [])) this.#open.set(bounty.bountyId, bounty);
    for (const bounty of this.#open.values()) await this.#attend(bounty, head);
  }

  async #attend(bounty: PostedBounty, head: Head): Promise<void> {
    const { bountyId } = bounty;
    const view = await currentView(this.#node, bountyId, head);
    if (view.stage === BountyStage.Vote) await this.#vote(bounty, view, head);
    if (!isBountyOver(view.stage)) return;
    this.#open.delete(bountyId);
    await this.#collect(bounty);
  }

  async #vote(bounty: PostedBounty, { candidate, snapshotEpoch, stageEndsAt }: BountyView, head: Head): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { bountyId, parameters } = bounty;
    const ballot = `${bountyId}/${candidate}`;
    if (this.#voted.has(ballot)) return;
    const weight = await contracts.pool.read.weightAt([chain.account.address, snapshotEpoch]);
    const isLate = stageEndsAt - head.timestamp < parameters.durations.vote / 2;
    const verdict = weight === 0n ? undefined : await this.#verdictOn(bounty, candidate, isLate);
    if (weight !== 0n && verdict === undefined) return;
    this.#voted.add(ballot);
    if (verdict === undefined) return;
    try {
      await send(this.#node, "vote", [bountyId, verdict]);
      log.info({ event: "bounty-vote", bounty: bountyId, entry: candidate, verdict });
    } catch (error) {
      if (!isRevert(error)) throw error;
      log.info({ event: "bounty-vote-refused", bounty: bountyId, entry: candidate, error });
    }
  }

  /**
   * What this node finds of a candidate; undefined while something cannot be had that may still come, which it waits for
   * during the first half of the vote: the fault may be its own connection's.
   */
  async #verdictOn(bounty: PostedBounty, entry: number, isLate: boolean): Promise<Verdict | undefined> {
    const { contracts, signal, log } = this.#node;
    const { bountyId, postedAt, parameters } = bounty;
    const range = { fromBlock: postedAt, toBlock: "latest" } as const;
    const [revealed] = await contracts.bounties.getEvents.ModelRevealed({ bountyId, entry }, range);
    const { loss: announced } = await contracts.bounties.read.entryOf([bountyId, entry]);
    const { modelHash, manifest: address } = revealed?.args ?? {};
    if (modelHash === undefined || address === undefined) return undefined;
    let known;
    try {
      const { spec, manifest } = await fetchSpec(this.#node, bounty);
      known = { spec, set: await fetchScoringSet(this.#node, bounty, manifest) };
    } catch (error) {
      if (signal.aborted || !(error instanceof GristmillError)) throw error;
      return isLate ? Verdict.Unavailable : undefined;
    }
    const { spec, set } = known;
    try {
      const model = await fetchBlob(this.#node, address, spec.scoring["max-model-bytes"]);
      if (blobHash(model) !== modelHash) return Verdict.False;
      const { loss } = await scoreInThread({ spec, set, model }, { seconds: spec.scoring["max-seconds"], signal });
      log.info({ event: "bounty-recomputed", bounty: bountyId, entry, loss, announced: decodeLoss(announced) });
      return encodeLoss(loss) <= announced + parameters.tolerance ? Verdict.Honest : Verdict.False;
    } catch (error) {
      if (signal.aborted || !(error instanceof GristmillError)) throw error;
      if (MODEL_FAULTS.has(error.code)) return Verdict.False;
      return isLate ? Verdict.False : undefined;
    }
  }

  /** Takes this node's part of the pay of every vote that went its way. */
  async #collect({ bountyId, postedAt }: PostedBounty): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const range = { fromBlock: postedAt, toBlock: "latest" } as const;
    const votes = await contracts.bounties.getEvents.Voted({ bountyId, voter: chain.account.address }, range);
    for (const { args } of votes) {
      if (args.entry === undefined) continue;
      const { outcome } = await contracts.bounties.read.ballotOf([bountyId, args.entry]);
      if (outcome === args.verdict) await send(this.#node, "collect", [bountyId, args.entry]);
    }
    const amount = await withdrawCredit(this.#node);
    log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
  }
}
