import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  batchChunks,
  batchLeaf,
  BountyStage,
  bountyIdOf,
  callsOf,
  commitTestSet,
  compileExactBounty,
  datasetRoot,
  decodeBatchSet,
  encodeBatchSet,
  encodeProgram,
  GristmillError,
  isBountyOver,
  ScoringMode,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, formatEther, isHex } from "viem";

import { encodeBountyManifest } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { encodeWeights } from "../bounties/enter-exact.ts";
import { scoreExact } from "../bounties/entry-dispute.ts";
import { currentExact, sendExact, withdrawExact } from "../bounties/exact-board.ts";
import { fetchWeights, type PostedExact } from "../bounties/exact-data.ts";
import { ensureAllowance } from "../chain/allowance.ts";
import type { Head } from "../chain/chain.ts";
import { toldScore } from "../disputes/score-play.ts";
import { KeyValueStore } from "../storage/key-value-store.ts";

/** Where a poster keeps the salts of its sealed scoring sets. */
const SCOPE = "exact-scoring-salts";

/**
 * Compiles an exact bounty's spec, publishes its data, escrows the bounty and posts it. A sealed scoring set stays in the
 * data folder until the deadline.
 *
 * @returns its id
 * @throws GristmillError SPEC_*, DATASET_*, CHAIN_REVERTED
 */
export async function postExact(node: BountyNode, file: string): Promise<Hex> {
  const { chain, contracts, blobs, log } = node;
  const compiled = await compileExactBounty(await readFile(file, "utf8"), {
    baseDir: dirname(file),
    readFile: async (path: string) => new Uint8Array(await readFile(path)),
  });
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const { specBytes, specHash, terms, scoring } = compiled;
  const scoringSet = encodeBatchSet(scoring);
  const isOpen = terms.scoring === ScoringMode.Open;
  const [spec, train] = [await blobs.put(specBytes), await blobs.put(encodeBatchSet(compiled.train))];
  const published = isOpen ? { scoring: await blobs.put(scoringSet) } : {};
  const manifest = await blobs.put(encodeBountyManifest({ version: 1, spec, train, ...published }));
  const salt = bytesToHex(randomBytes(32));
  const scoringSalt = bytesToHex(randomBytes(32));
  const { address } = contracts.exactBounties;
  const bountyId = bountyIdOf(chain.deployment.chainId, address, chain.account.address, specHash, salt);
  // Kept before the bounty exists: a poster that forgets its scoring set pays for nothing.
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(scoringPath(node, bountyId), scoringSet, { mode: 0o600, flush: true });
  new KeyValueStore(node.database, SCOPE).setDurably(bountyId, new TextEncoder().encode(scoringSalt));

  await ensureAllowance(node, address, terms.bounty);
  const testRoot = datasetRoot(scoring.batches.map(batchLeaf));
  const testBatches = scoring.batches.length;
  const scoringCommitment = isOpen ? testRoot : commitTestSet({ testRoot, testBatches, salt: scoringSalt });
  const program = encodeProgram(compiled.parameters);
  await sendExact(node, "post", [
    { ...terms, salt, specHash, scoringCommitment, manifest, program, testBatches: isOpen ? testBatches : 0 },
  ]);
  log.info({ event: "bounty-posted", bounty: bountyId, amount: formatEther(terms.bounty) });
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
    const salt = new KeyValueStore(this.#node.database, SCOPE).getText(bountyId);
    if (salt === undefined || !isHex(salt))
      throw new GristmillError("SCORING_SET_LOST", `this data folder does not hold the scoring set of ${bountyId}`, {
        hints: ["run the poster with the --data-dir that it posted the bounty from"],
      });
    const { batches } = decodeBatchSet(new Uint8Array(await readFile(scoringPath(this.#node, bountyId))));
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

function scoringPath({ config }: BountyNode, bountyId: Hex): string {
  return join(config.dataDir, `scoring-set-${bountyId}.bin`);
}
