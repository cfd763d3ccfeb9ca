import { randomBytes } from "node:crypto";

import type { BountySpec } from "@gristmill/sdk";
import { blobHash, commitModel, GristmillError, ScoringMode } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, formatEther } from "viem";

import { send } from "./board.ts";
import { type BountyManifest, fetchScoringSet, type PostedBounty } from "./bounty-data.ts";
import type { BountyNode } from "./bounty-node.ts";
import type { EntryStore } from "./entry-store.ts";
import { scoreInThread } from "./model-thread.ts";

/** A bounty with what it consists of. */
export interface KnownBounty {
  readonly bounty: PostedBounty;
  readonly spec: BountySpec;
  readonly manifest: BountyManifest;
}

/**
 * Commits this node to a model: scored first if the scoring set is open, kept durably, then entered with the stake.
 *
 * @param announce the loss to announce for the true one
 * @throws GristmillError MODEL_*, BLOB_*, STAKE_MISSING, CHAIN_REVERTED
 */
export async function enterBounty(
  node: BountyNode,
  store: EntryStore,
  known: KnownBounty,
  model: Uint8Array,
  announce: (loss: number) => number,
): Promise<void> {
  const { bounty, spec } = known;
  const { bountyId, parameters } = bounty;
  const limit = spec.scoring["max-model-bytes"];
  if (model.length > limit)
    throw new GristmillError("MODEL_TOO_LARGE", `the model has ${model.length} bytes, the bounty takes ${limit}`);
  const isOpen = parameters.scoring === ScoringMode.Open;
  const loss = isOpen ? announce((await scoreEntry(node, known, model)).loss) : undefined;
  const modelHash = blobHash(model);
  const salt = bytesToHex(randomBytes(32));
  const commitment = commitModel(bountyId, node.chain.account.address, modelHash, salt);
  await store.keep({ bountyId, salt, modelHash, commitment, ...(loss === undefined ? {} : { loss }) }, model);
  await node.ensureStake(parameters.entryStake);
  await send(node, "enter", [bountyId, commitment]);
  node.log.info({ event: "bounty-entered", bounty: bountyId, stake: formatEther(parameters.entryStake), loss });
}

/** Loss and accuracy of a model on a bounty's scoring set. */
export async function scoreEntry(node: BountyNode, { bounty, spec, manifest }: KnownBounty, model: Uint8Array) {
  const set = await fetchScoringSet(node, bounty, manifest);
  return scoreInThread({ spec, set, model }, { seconds: spec.scoring["max-seconds"], signal: node.signal });
}

/** The number of the entry that this node made with a commitment; undefined if it was never mined. */
export async function entryNumber(
  { chain, contracts }: BountyNode,
  { bountyId, postedAt }: PostedBounty,
  commitment: Hex,
): Promise<number | undefined> {
  const events = await contracts.bounties.getEvents.ModelCommitted(
    { bountyId, owner: chain.account.address },
    { fromBlock: postedAt, toBlock: "latest" },
  );
  return events.find(({ args }) => args.commitment === commitment)?.args.entry;
}
