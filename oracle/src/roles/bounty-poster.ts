import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  blobHash,
  BountyStage,
  bountyIdOf,
  commitScoringSet,
  compileBounty,
  encodeBatchSet,
  GristmillError,
  isBountyOver,
  ScoringMode,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, formatEther, isHex } from "viem";

import { currentView, send, withdrawCredit } from "../bounties/board.ts";
import { encodeBountyManifest, fetchBlob, fetchSpec, type PostedBounty } from "../bounties/bounty-data.ts";
import type { BountyNode } from "../bounties/bounty-node.ts";
import { scoreEntry } from "../bounties/enter-bounty.ts";
import { ensureAllowance } from "../chain/allowance.ts";
import type { Head } from "../chain/chain.ts";
import { KeyValueStore } from "../storage/key-value-store.ts";

/** Where a poster keeps the salts of its sealed scoring sets. */
const SCOPE = "bounty-scoring-salts";

/**
 * Compiles a bounty's spec, publishes its data, escrows the bounty and posts it. A sealed scoring set stays in the data
 * folder until the deadline.
 *
 * @returns its id
 * @throws GristmillError SPEC_*, DATASET_*, CHAIN_REVERTED
 */
export async function postBounty(node: BountyNode, file: string): Promise<Hex> {
  const { chain, contracts, blobs, log } = node;
  const compiled = await compileBounty(await readFile(file, "utf8"), {
    baseDir: dirname(file),
    readFile: async (path: string) => new Uint8Array(await readFile(path)),
  });
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const { specBytes, specHash, terms } = compiled;
  const scoringSet = encodeBatchSet(compiled.scoring);
  const isOpen = terms.scoring === ScoringMode.Open;
  const [spec, train] = [await blobs.put(specBytes), await blobs.put(encodeBatchSet(compiled.train))];
  const published = isOpen ? { scoring: await blobs.put(scoringSet) } : {};
  const manifest = await blobs.put(encodeBountyManifest({ version: 1, spec, train, ...published }));
  const salt = bytesToHex(randomBytes(32));
  const scoringSalt = bytesToHex(randomBytes(32));
  const scoringHash = blobHash(scoringSet);
  const { address, read } = contracts.bounties;
  const bountyId = bountyIdOf(chain.deployment.chainId, address, chain.account.address, specHash, salt);
  // Kept before the bounty exists: a poster that forgets its scoring set pays for nothing.
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(scoringPath(node, bountyId), scoringSet, { mode: 0o600, flush: true });
  new KeyValueStore(node.database, SCOPE).setDurably(bountyId, new TextEncoder().encode(scoringSalt));

  const escrow = terms.bounty + (await read.voterPayFor([terms.bounty]));
  await ensureAllowance(node, address, escrow);
  const scoringCommitment = isOpen ? scoringHash : commitScoringSet(scoringHash, scoringSalt);
  await send(node, "post", [{ ...terms, salt, specHash, scoringCommitment, manifest }]);
  log.info({ event: "bounty-posted", bounty: bountyId, amount: formatEther(terms.bounty) });
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
    const salt = new KeyValueStore(this.#node.database, SCOPE).getText(bountyId);
    if (salt === undefined || !isHex(salt))
      throw new GristmillError("SCORING_SET_LOST", `this data folder does not hold the scoring set of ${bountyId}`, {
        hints: ["run the poster with the --data-dir that it posted the bounty from"],
      });
    const set = new Uint8Array(await readFile(scoringPath(this.#node, bountyId)));
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

function scoringPath({ config }: BountyNode, bountyId: Hex): string {
  return join(config.dataDir, `scoring-set-${bountyId}.bin`);
}
