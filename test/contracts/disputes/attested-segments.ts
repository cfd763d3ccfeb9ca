import { merkleProof, merkleRoot, recordHash, segmentId, type SegmentMessage } from "@gristmill/sdk";
import { type Hex, zeroHash } from "viem";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { traceCaseHash, traceCaseOf } from "../../../oracle/src/disputes/trace-case.ts";
import { listRanges, type TraceTruth } from "../../../oracle/src/disputes/trace-truth.ts";
import { type ClaimDetails, claimIdOf, detailsOf } from "../helpers/committed-work.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, GRIST, networkHelpers, provider } from "../tasks/scenario.ts";
import { type Arena, arena } from "./arena.ts";

export const SLOT = 0;
export const WEIGHT = 40n * GRIST;
const SALT = `0x${"5a".repeat(32)}` as const;

/** A claim of slot 0 with the one attestation that it got. */
export interface AttestedClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
}

/** The arena with one verifier in the pool, who is drawn for everything. */
export async function arenaWithVerifier(): Promise<Arena> {
  const where = await arena();
  await where.pool.connect(where.verifier).enlist(WEIGHT, where.verifier);
  return where;
}

/** What a verifier attests that holds this to be the trace of iteration `index`. */
export function attested({ parameters, seed }: Arena, trace: TraceTruth, index: number): Hex {
  const iteration = { seed, index, lists: listRanges(trace.lists) };
  return traceCaseHash(traceCaseOf(trace, parameters.program as Hex, iteration));
}

/** What a verifier attests that holds a segment for true. */
export function attestedOf(where: Arena, truth: SegmentTruth, index: number): Hex {
  return attested(where, truth.trace(index - truth.message.segment.first), index);
}

/**
 * Slot 0 commits these segments and claims the first ticket of iteration `index`; the verifier attests `root`.
 * @param y of the claim: every ticket is lucky, whatever it hashes to
 */
export async function claimAttested(
  where: Arena,
  messages: readonly SegmentMessage[],
  index: number,
  root: Hex,
): Promise<AttestedClaim> {
  const { beacon, registry, workMint, miners, taskId, verifier } = where;
  const { owner, operator } = miners[SLOT]!;
  // The commit has to fall into the epoch whose seed draws.
  await networkHelpers.mineUpTo((await beacon.lastBlockOf(await beacon.currentEpoch())) + 1n);
  const epoch = await beacon.currentEpoch();
  const ids = messages.map(({ segment }) => segmentId(segment));
  const { last } = messages.at(-1)!.segment;
  await registry.connect(operator).commit(taskId, SLOT, last, ids.at(-1)!, merkleRoot(ids));
  const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(seedBlock);
  await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));

  const place = messages.findIndex(({ segment }) => segment.first <= index && index <= segment.last);
  const { segment, signature, records } = messages[place]!;
  const claim = {
    segment,
    signature,
    segmentProof: merkleProof(ids, place),
    record: records[index - segment.first]!,
    recordProof: merkleProof(records.map(recordHash), index - segment.first),
    epoch,
    ticket: 0,
    y: zeroHash,
    traceId: ethers.id("TensHash trace") as Hex,
  };
  await workMint.connect(operator).claim(claim);
  const claimId = claimIdOf({ ethers }, claim) as Hex;
  const details = detailsOf({ ethers, owner, operator, registry }, claim);
  await attest(where, { claimId, details }, root);
  return { claimId, details };
}

/** Seals and opens the verifier's attestation right after the claim: a half of a round has two blocks. */
export async function attest(
  { workMint, verifier }: Pick<Arena, "workMint" | "verifier">,
  { claimId, details }: AttestedClaim,
  root: Hex,
): Promise<void> {
  const sealed = ethers.AbiCoder.defaultAbiCoder().encode(
    ["bytes32", "address", "bytes32", "bytes32"],
    [claimId, verifier.address, root, SALT],
  );
  const own = workMint.connect(verifier);
  await own.sealAttestation(ethers.keccak256(sealed));
  await own.revealAttestation(details, 0, root, SALT);
}
