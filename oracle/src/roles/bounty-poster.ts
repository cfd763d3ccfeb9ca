import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { blobHash, BountyStage, commitScoringSet, compileBounty, GristmillError, isBountyOver } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { currentView, send, withdrawCredit } from "../bounties/board.ts";
import { fetchBlob, fetchSpec, type PostedBounty } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { scoreEntry } from "../bounties/enter-bounty.ts";
import { keptScoringSet, prepareBounty } from "../bounties/posting.ts";
import { ensureAllowance } from "../chain/allowance.ts";
import type { Head } from "../chain/chain.ts";

/**
 * Compiles a bounty's spec, publishes its data, escrows the bounty and posts it. A sealed scoring set stays in the data
 * folder until the deadline.
 *
 * @returns its id
 * @throws GristmillError SPEC_*, DATASET_*, CHAIN_REVERTED
 */
export async function postBounty(node: BountyNode, file: string): Promise<Hex> {
  const { address, read } = node.contracts.bounties;
  const prepared = await prepareBounty(node, address, file, compileBounty);
  const { compiled, bountyId, salt, isOpen, scoringSet, scoringSalt, manifest } = prepared;
  const { specHash, terms } = compiled;
  const escrow = terms.bounty + (await read.voterPayFor([terms.bounty]));
  await ensureAllowance(node, address, escrow);
  const scoringHash = blobHash(scoringSet);
  const scoringCommitment = isOpen ? scoringHash : commitScoringSet(scoringHash, scoringSalt);
  await send(node, "post", [{ ...terms, salt, specHash, scoringCommitment, manifest }]);
  node.log.info({ event: "bounty-posted", bounty: bountyId, amount: formatEther(terms.bounty) });
  return bountyId;
}

/** A poster's part after it has posted: reveal the scoring set, fetch the model, take back what returns. */
export class BountyPoster {
  readonly #node: BountyNode;
  readonly #bounty: PostedBounty;

  constructor(node: BountyNode, bounty: PostedBounty) {
    this.#node = node;
    this.#bounty = bounty;
  }

  /**
   * Does what is to be done at this head of the chain.
   * @returns whether the bounty is over and everything done
   */
  async look(head: Head): Promise<boolean> {
    const { bountyId } = this.#bounty;
    const view = await currentView(this.#node, bountyId, head);
    if (view.stage === BountyStage.Unsealing) await this.#unseal();
    if (!isBountyOver(view.stage)) return false;
    if (view.stage === BountyStage.Paid) await this.#saveModel(view.candidate);
    const amount = await withdrawCredit(this.#node);
    this.#node.log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
    return true;
  }

  async #unseal(): Promise<void> {
    const { bountyId } = this.#bounty;
    const { set, salt } = await keptScoringSet(this.#node, bountyId);
    const address = await this.#node.blobs.put(set);
    await send(this.#node, "unseal", [bountyId, blobHash(set), salt, address]);
    this.#node.log.info({ event: "bounty-unsealed", bounty: bountyId });
  }

  /** Fetches the model that was paid for, computes its loss, and writes it down. */
  async #saveModel(entry: number): Promise<void> {
    const { bountyId, postedAt } = this.#bounty;
    const { contracts, config, log } = this.#node;
    const range = { fromBlock: postedAt, toBlock: "latest" } as const;
    const [revealed] = await contracts.bounties.getEvents.ModelRevealed({ bountyId, entry }, range);
    const { modelHash, manifest: address } = revealed?.args ?? {};
    const known = { bounty: this.#bounty, ...(await fetchSpec(this.#node, this.#bounty)) };
    const model = await fetchBlob(this.#node, address ?? "", known.spec.scoring["max-model-bytes"]);
    if (blobHash(model) !== modelHash)
      throw new GristmillError("MODEL_UNAVAILABLE", `what is served for entry ${entry} is not the model that won`);
    const score = await scoreEntry(this.#node, known, model);
    const folder = join(config.dataDir, "models", bountyId);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "model.bin"), model);
    await writeFile(join(folder, "model.json"), JSON.stringify({ bounty: bountyId, entry, modelHash, ...score }));
    log.info({ event: "bounty-model", bounty: bountyId, entry, ...score, path: folder });
  }
}
