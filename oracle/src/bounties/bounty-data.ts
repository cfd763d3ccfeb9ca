import type { BountySpec } from "@gristmill/sdk";
import { blobHash, GristmillError, parseBountySpec, ScoringMode } from "@gristmill/sdk";
import type { Hex } from "viem";
import { z } from "zod";

import { EventFeed } from "../chain/event-feed.ts";
import type { BountyNode } from "./bounty-node.ts";

/** Milliseconds to fetch a blob of a bounty. */
const FETCH_TIMEOUT = 30_000;
const MAX_MANIFEST_BYTES = 65_536;
export const MAX_SPEC_BYTES = 2 ** 21;
export const MAX_SET_BYTES = 2 ** 30;

const manifestSchema = z.strictObject({
  version: z.literal(1),
  spec: z.string(),
  train: z.string(),
  scoring: z.string().optional(),
});

/** The blob that a bounty's `manifest` address names: where its parts are, by content address. */
export type BountyManifest = z.output<typeof manifestSchema>;

/** A bounty was posted. */
export type PostedEvent = Awaited<ReturnType<BountyNode["contracts"]["bounties"]["getEvents"]["BountyPosted"]>>[number];

/** A bounty as its poster fixed it. */
export interface PostedBounty {
  readonly bountyId: Hex;
  readonly poster: Hex;
  /** No event of it is older. */
  readonly postedAt: bigint;
  readonly parameters: NonNullable<PostedEvent["args"]["parameters"]>;
}

export function encodeBountyManifest(manifest: BountyManifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** Bounties posted in blocks `from` to `to`, the oldest first. */
export async function bountiesPosted(
  node: Pick<BountyNode, "contracts">,
  from: bigint,
  to: bigint | "latest",
): Promise<PostedBounty[]> {
  const events = await node.contracts.bounties.getEvents.BountyPosted({}, { fromBlock: from, toBlock: to });
  return events.flatMap((event) => postedBy(event) ?? []);
}

/** Follows what is posted on the board, from its deployment on. */
export function followBounties({ chain, contracts }: Pick<BountyNode, "chain" | "contracts">): EventFeed<PostedEvent> {
  return new EventFeed(chain, BigInt(chain.deployment.blockNumber), (fromBlock, toBlock) =>
    contracts.bounties.getEvents.BountyPosted({}, { fromBlock, toBlock }),
  );
}

/** The bounty that an event tells of. */
export function postedBy({
  args: { bountyId, poster, parameters },
  blockNumber,
}: PostedEvent): PostedBounty | undefined {
  if (bountyId === undefined || poster === undefined || parameters === undefined) return undefined;
  return { bountyId, poster, parameters, postedAt: blockNumber };
}

/**
 * One bounty by its id.
 * @throws GristmillError BOUNTY_UNKNOWN
 */
export async function bountyById(node: Pick<BountyNode, "chain" | "contracts">, bountyId: Hex): Promise<PostedBounty> {
  const { number } = await node.chain.head();
  const all = await bountiesPosted(node, BigInt(node.chain.deployment.blockNumber), number);
  const found = all.find((bounty) => bounty.bountyId === bountyId);
  if (found !== undefined) return found;
  throw bountyUnknown(bountyId);
}

export function bountyUnknown(bountyId: Hex): GristmillError {
  return new GristmillError("BOUNTY_UNKNOWN", `the board knows no bounty ${bountyId}`, {
    hints: ["check the id with `oracle-miner bounty list`, and that --rpc names the chain it was posted on"],
  });
}

/**
 * A bounty's spec and manifest, checked against the chain.
 * @throws GristmillError BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE
 */
export async function fetchSpec(
  node: BountyNode,
  { parameters }: PostedBounty,
): Promise<{ readonly spec: BountySpec; readonly manifest: BountyManifest }> {
  const manifest = await readManifest(node, parameters.manifest);
  const bytes = await fetchBlob(node, manifest.spec, MAX_SPEC_BYTES);
  if (blobHash(bytes) !== parameters.specHash) throw dataIsFalse("spec");
  return { spec: parseBountySpec(new TextDecoder().decode(bytes)), manifest };
}

/** A bounty's training set: a blob that only its poster vouches for. */
export function fetchTrainingSet(node: BountyNode, manifest: BountyManifest): Promise<Uint8Array> {
  return fetchBlob(node, manifest.train, MAX_SET_BYTES);
}

/**
 * A bounty's scoring set: published with it, or unsealed since.
 * @throws GristmillError BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE
 */
export async function fetchScoringSet(
  node: BountyNode,
  bounty: PostedBounty,
  manifest: BountyManifest,
): Promise<Uint8Array> {
  const { bounties } = node.contracts;
  const isOpen = bounty.parameters.scoring === ScoringMode.Open;
  const range = { fromBlock: bounty.postedAt, toBlock: "latest" } as const;
  const unsealed = isOpen ? [] : await bounties.getEvents.ScoringUnsealed({ bountyId: bounty.bountyId }, range);
  const address = isOpen ? manifest.scoring : unsealed.at(-1)?.args.manifest;
  if (address === undefined)
    throw new GristmillError("BLOB_UNAVAILABLE", `the scoring set of bounty ${bounty.bountyId} was not published`);
  const bytes = await fetchBlob(node, address, MAX_SET_BYTES);
  const { scoringCommitment } = await bounties.read.bountyOf([bounty.bountyId]);
  if (blobHash(bytes) !== scoringCommitment) throw dataIsFalse("scoring set");
  return bytes;
}

/** @throws GristmillError BLOB_UNAVAILABLE, BLOB_TOO_LARGE, BLOB_ADDRESS_INVALID */
export async function fetchBlob(node: BountyNode, address: string, maxBytes: number): Promise<Uint8Array> {
  const signal = AbortSignal.any([node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]);
  return node.blobs.get(address, { signal, maxBytes });
}

/** @throws GristmillError BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE */
export async function readManifest(node: BountyNode, address: string): Promise<BountyManifest> {
  const bytes = await fetchBlob(node, address, MAX_MANIFEST_BYTES);
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw dataIsFalse("manifest", cause);
  }
}

/** What is served is not what the poster committed to. */
export function dataIsFalse(what: string, cause?: unknown): GristmillError {
  return new GristmillError("BOUNTY_DATA_FALSE", `the ${what} of this bounty is not the one that it committed to`, {
    cause,
    hints: ["its poster published something else: leave this bounty alone"],
  });
}
