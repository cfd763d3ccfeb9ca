import { blobHash, BountyStage, decodeLoss, encodeLoss, GristmillError, isBountyOver, Verdict } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { type BountyView, currentView, send, withdrawCredit } from "../bounties/board.ts";
import { fetchBlob, fetchScoringSet, fetchSpec, followBounties, postedBy } from "../bounties/bounty-data.ts";
import type { PostedBounty, PostedEvent } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { scoreInThread } from "../bounties/model-thread.ts";
import { VoteStore } from "../bounties/vote-store.ts";
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
 * A staker in the verifiers' pool that votes on candidates: it computes each revealed model's loss again, compares it with
 * the announced one, seals its verdict and opens it when no more can be sealed. What it does next follows from the chain and
 * its database alone, so it can be stopped at any point.
 */
export class BountyJudge {
  readonly #node: BountyNode;
  readonly #votes: VoteStore;
  readonly #open = new Map<Hex, PostedBounty>();
  readonly #done = new Set<string>();
  readonly #posted: EventFeed<PostedEvent>;

  constructor(node: BountyNode) {
    this.#node = node;
    this.#votes = new VoteStore(node);
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
    if (view.stage === BountyStage.Vote) await this.#seal(bounty, view, head);
    if (view.stage === BountyStage.Opening) await this.#openSeal(bountyId, view.candidate);
    if (!isBountyOver(view.stage)) return;
    this.#open.delete(bountyId);
    await this.#collect(bounty);
  }

  async #seal(bounty: PostedBounty, { candidate, snapshotEpoch, stageEndsAt }: BountyView, head: Head): Promise<void> {
    const { chain, contracts } = this.#node;
    const { bountyId, parameters } = bounty;
    const voter = chain.account.address;
    await this.#once(`seal ${bountyId}/${candidate}`, async () => {
      const { weight: sealed } = await contracts.bounties.read.voteOf([bountyId, candidate, voter]);
      const weight = await contracts.pool.read.weightAt([voter, snapshotEpoch]);
      if (sealed !== 0n || weight === 0n) return true;
      const isLate = stageEndsAt - head.timestamp < parameters.durations.vote / 2;
      const kept = this.#votes.get(bountyId, candidate);
      const verdict = kept?.verdict ?? (await this.#verdictOn(bounty, candidate, isLate));
      if (verdict === undefined) return false;
      const { seal } = this.#votes.keep(bountyId, candidate, verdict);
      await this.#allowBond(await contracts.bounties.read.voteBondOf([bountyId, voter]));
      await send(this.#node, "sealVote", [bountyId, seal]);
      this.#node.log.info({ event: "bounty-vote-sealed", bounty: bountyId, entry: candidate });
      return true;
    });
  }

  async #openSeal(bountyId: Hex, entry: number): Promise<void> {
    const { chain, contracts, log } = this.#node;
    await this.#once(`open ${bountyId}/${entry}`, async () => {
      const kept = this.#votes.get(bountyId, entry);
      const { sealedVerdict, verdict } = await contracts.bounties.read.voteOf([bountyId, entry, chain.account.address]);
      if (kept?.seal !== sealedVerdict || verdict !== Verdict.None) return true;
      await send(this.#node, "openVote", [bountyId, kept.verdict, kept.salt]);
      log.info({ event: "bounty-vote", bounty: bountyId, entry, verdict: kept.verdict });
      return true;
    });
  }

  /** Tries a part of a vote at each head until it is done, or the chain refuses it. */
  async #once(part: string, attempt: () => Promise<boolean>): Promise<void> {
    if (this.#done.has(part)) return;
    try {
      if (await attempt()) this.#done.add(part);
    } catch (error) {
      if (!isRevert(error)) throw error;
      this.#done.add(part);
      this.#node.log.warn({ event: "bounty-vote-refused", part, error });
    }
  }

  /** @throws GristmillError BOND_MISSING */
  async #allowBond(bond: bigint): Promise<void> {
    const { chain, contracts } = this.#node;
    const { token, bounties } = contracts;
    const account = chain.account.address;
    const balance = await token.read.balanceOf([account]);
    if (balance < bond)
      throw new GristmillError(
        "BOND_MISSING",
        `a vote's bond is ${formatEther(bond)} GRIST, of which ${formatEther(balance)} are there`,
        {
          hints: [
            `send at least ${formatEther(bond - balance)} GRIST to ${account}: it comes back when the vote is opened`,
          ],
        },
      );
    if ((await token.read.allowance([account, bounties.address])) >= bond) return;
    const { address, abi } = token;
    await chain.transact({ address, abi, functionName: "approve", args: [bounties.address, bond] });
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
      const { verdict, weight } = await contracts.bounties.read.voteOf([bountyId, args.entry, chain.account.address]);
      if (outcome === verdict && weight !== 0n) await send(this.#node, "collect", [bountyId, args.entry]);
    }
    const amount = await withdrawCredit(this.#node);
    log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
  }
}
