import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  batchChunks,
  batchLeaf,
  BountyStage,
  callsOf,
  commitTestSet,
  compileExactBounty,
  datasetRoot,
  decodeBatchSet,
  encodeProgram,
  isBountyOver,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import type { BountyNode } from "../bounties/bounty-node.ts";
import { encodeWeights } from "../bounties/enter-exact.ts";
import { scoreExact } from "../bounties/entry-dispute.ts";
import { currentExact, sendExact, withdrawExact } from "../bounties/exact-board.ts";
import { fetchWeights, type PostedExact } from "../bounties/exact-data.ts";
import { keptScoringSet, prepareBounty } from "../bounties/posting.ts";
import { ensureAllowance } from "../chain/allowance.ts";
import type { Head } from "../chain/chain.ts";
import { toldScore } from "../disputes/score-play.ts";

/**
 * Compiles an exact bounty's spec, publishes its data, escrows the bounty and posts it. A sealed scoring set stays in the
 * data folder until the deadline.
 *
 * @returns its id
 * @throws GristmillError SPEC_*, DATASET_*, CHAIN_REVERTED
 */
export async function postExact(node: BountyNode, file: string): Promise<Hex> {
  const { address } = node.contracts.exactBounties;
  const prepared = await prepareBounty(node, address, file, compileExactBounty);
  const { compiled, bountyId, salt, isOpen, scoringSalt, manifest } = prepared;
  const { specHash, terms, scoring } = compiled;
  await ensureAllowance(node, address, terms.bounty);
  const testRoot = datasetRoot(scoring.batches.map(batchLeaf));
  const testBatches = scoring.batches.length;
  const scoringCommitment = isOpen ? testRoot : commitTestSet({ testRoot, testBatches, salt: scoringSalt });
  const program = encodeProgram(compiled.parameters);
  await sendExact(node, "post", [
    { ...terms, salt, specHash, scoringCommitment, manifest, program, testBatches: isOpen ? testBatches : 0 },
  ]);
  node.log.info({ event: "bounty-posted", bounty: bountyId, amount: formatEther(terms.bounty) });
  return bountyId;
}

/** A poster's part after it has posted: publish a sealed set, write the model down, take back what returns. */
export class ExactPoster {
  readonly #node: BountyNode;
  readonly #bounty: PostedExact;

  constructor(node: BountyNode, bounty: PostedExact) {
    this.#node = node;
    this.#bounty = bounty;
  }

  /**
   * Does what is to be done at this head of the chain.
   * @returns whether the bounty is over and everything done
   */
  async look(head: Head): Promise<boolean> {
    const { bountyId } = this.#bounty;
    const view = await currentExact(this.#node, bountyId, head);
    if (view.stage === BountyStage.Unsealing) await this.#publish(view.publishedBatches);
    if (!isBountyOver(view.stage)) return false;
    if (view.stage === BountyStage.Paid) await this.#saveModel(view.candidate);
    const amount = await withdrawExact(this.#node);
    this.#node.log.info({ event: "paid", bounty: bountyId, amount: formatEther(amount) });
    return true;
  }

  /** Publishes the batches of the sealed set that are not on the chain yet. */
  async #publish(done: number): Promise<void> {
    const { bountyId, parameters } = this.#bounty;
    const { set: kept, salt } = await keptScoringSet(this.#node, bountyId);
    const { batches } = decodeBatchSet(kept);
    const testRoot = datasetRoot(batches.map(batchLeaf));
    const set = { program: parameters.program, testRoot, testBatches: batches.length, salt };
    for (const chunks of callsOf(batchChunks(batches).slice(done)))
      await sendExact(this.#node, "publishSet", [bountyId, set, chunks]);
    this.#node.log.info({ event: "bounty-unsealed", bounty: bountyId });
  }

  /** Writes down the model that was paid for, as its weights stand on the chain, with its score. */
  async #saveModel(entry: number): Promise<void> {
    const { bountyId, program } = this.#bounty;
    const { config, log } = this.#node;
    const weights = await fetchWeights(this.#node, this.#bounty, entry);
    const { correct, loss, root } = toldScore(await scoreExact(this.#node, this.#bounty, weights));
    const folder = join(config.dataDir, "models", bountyId);
    const score = { correct, loss: Number(loss), root };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "weights.i16"), encodeWeights(program, weights));
    await writeFile(join(folder, "model.json"), JSON.stringify({ bounty: bountyId, entry, program, ...score }));
    log.info({ event: "bounty-model", bounty: bountyId, entry, ...score, path: folder });
  }
}
