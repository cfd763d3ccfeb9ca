import type { Batch, ExactBountySpec, MlpParameters } from "@gristmill/sdk";
import {
  batchLeaf,
  blobHash,
  checkBatch,
  datasetRoot,
  decodeBatchSet,
  decodeProgram,
  GristmillError,
  parseExactBountySpec,
  readBatchChunks,
  readWeightChunks,
  ScoringMode,
} from "@gristmill/sdk";
import type { Hex } from "viem";

import { EventFeed } from "../chain/event-feed.ts";
import {
  type BountyManifest,
  bountyUnknown,
  dataIsFalse,
  fetchBlob,
  fetchTrainingSet,
  MAX_SET_BYTES,
  MAX_SPEC_BYTES,
  readManifest,
} from "./bounty-data.ts";
import type { BountyNode } from "./bounty-node.ts";

type Reading = Pick<BountyNode, "chain" | "contracts">;

/** An exact bounty was posted. */
export type ExactPostedEvent = Awaited<
  ReturnType<BountyNode["contracts"]["exactBounties"]["getEvents"]["ExactBountyPosted"]>
>[number];

/** An exact bounty as its poster fixed it. */
export interface PostedExact {
  readonly bountyId: Hex;
  readonly poster: Hex;
  /** No event of it is older. */
  readonly postedAt: bigint;
  readonly parameters: NonNullable<ExactPostedEvent["args"]["parameters"]>;
  /** Its program, which every model runs under. */
  readonly program: MlpParameters;
}

/** An exact bounty with what it consists of. */
export interface KnownExact {
  readonly bounty: PostedExact;
  readonly spec: ExactBountySpec;
  readonly manifest: BountyManifest;
}

/** The exact bounties posted in blocks `from` to `to`, the oldest first. */
export async function exactPosted(
  { contracts }: Pick<Reading, "contracts">,
  from: bigint,
  to: bigint | "latest",
): Promise<PostedExact[]> {
  const events = await contracts.exactBounties.getEvents.ExactBountyPosted({}, { fromBlock: from, toBlock: to });
  return events.flatMap((event) => exactPostedBy(event) ?? []);
}

/** Follows the exact bounties that are posted, from the deployment on. */
export function followExact({ chain, contracts }: Reading): EventFeed<ExactPostedEvent> {
  return new EventFeed(chain, BigInt(chain.deployment.blockNumber), (fromBlock, toBlock) =>
    contracts.exactBounties.getEvents.ExactBountyPosted({}, { fromBlock, toBlock }),
  );
}

/** The bounty that an event tells of. */
export function exactPostedBy({
  args: { bountyId, poster, parameters },
  blockNumber,
}: ExactPostedEvent): PostedExact | undefined {
  if (bountyId === undefined || poster === undefined || parameters === undefined) return undefined;
  return { bountyId, poster, parameters, postedAt: blockNumber, program: decodeProgram(parameters.program) };
}

/**
 * One exact bounty by its id.
 * @throws GristmillError BOUNTY_UNKNOWN
 */
export async function exactById(node: Reading, bountyId: Hex): Promise<PostedExact> {
  const all = await exactPosted(node, BigInt(node.chain.deployment.blockNumber), "latest");
  const found = all.find((bounty) => bounty.bountyId === bountyId);
  if (found === undefined) throw bountyUnknown(bountyId);
  return found;
}

/**
 * An exact bounty's spec and manifest, checked against the chain.
 * @throws GristmillError BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE
 */
export async function fetchExactSpec(node: BountyNode, bounty: PostedExact): Promise<KnownExact> {
  const manifest = await readManifest(node, bounty.parameters.manifest);
  const bytes = await fetchBlob(node, manifest.spec, MAX_SPEC_BYTES);
  if (blobHash(bytes) !== bounty.parameters.specHash) throw dataIsFalse("spec");
  return { bounty, spec: parseExactBountySpec(new TextDecoder().decode(bytes)), manifest };
}

/**
 * What a hunter trains on.
 * @throws GristmillError BLOB_UNAVAILABLE, BATCH_SET_MALFORMED, BATCH_SHAPE
 */
export async function fetchTrainingBatches(node: BountyNode, { bounty, manifest }: KnownExact): Promise<Batch[]> {
  const { batches } = decodeBatchSet(await fetchTrainingSet(node, manifest), MAX_SET_BYTES);
  for (const batch of batches) checkBatch(bounty.program, batch);
  return [...batches];
}

/**
 * The batches that models are scored on: an open set from its blob, a sealed one from the chain, where its poster has
 * published it.
 * @throws GristmillError BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE, BATCH_SHAPE
 */
export async function fetchScoringBatches(node: BountyNode, bounty: PostedExact): Promise<Batch[]> {
  const { parameters, program } = bounty;
  const isOpen = parameters.scoring === ScoringMode.Open;
  const batches = isOpen ? await openSet(node, bounty) : await publishedSet(node, bounty);
  // An honest entry in a set whose batches the program cannot take could not be defended.
  for (const batch of batches) checkBatch(program, batch);
  const { testRoot, testBatches } = await node.contracts.exactBounties.read.bountyOf([bounty.bountyId]);
  const isIt = batches.length === testBatches && datasetRoot(batches.map(batchLeaf)) === testRoot;
  if (!isIt) throw dataIsFalse("scoring set");
  return batches;
}

/**
 * The weights that the owner of an entry has published.
 * @returns one array a layer
 * @throws GristmillError PUBLICATION_INCOMPLETE
 */
export async function fetchWeights(
  { contracts }: Pick<Reading, "contracts">,
  { bountyId, postedAt, program }: PostedExact,
  entry: number,
): Promise<Int32Array[]> {
  const range = { fromBlock: postedAt, toBlock: "latest" } as const;
  const events = await contracts.exactBounties.getEvents.WeightsPublished({ bountyId, entry }, range);
  return readWeightChunks(
    program,
    events.flatMap(({ args }) => args.chunks ?? []),
  );
}

async function openSet(node: BountyNode, { bountyId, parameters }: PostedExact): Promise<Batch[]> {
  const { scoring } = await readManifest(node, parameters.manifest);
  if (scoring === undefined)
    throw new GristmillError("BLOB_UNAVAILABLE", `the scoring set of bounty ${bountyId} was not published`);
  return [...decodeBatchSet(await fetchBlob(node, scoring, MAX_SET_BYTES), MAX_SET_BYTES).batches];
}

async function publishedSet({ contracts }: BountyNode, { bountyId, postedAt, program }: PostedExact): Promise<Batch[]> {
  const range = { fromBlock: postedAt, toBlock: "latest" } as const;
  const events = await contracts.exactBounties.getEvents.BatchesPublished({ bountyId }, range);
  return readBatchChunks(
    program,
    events.flatMap(({ args }) => args.batches ?? []),
  );
}
