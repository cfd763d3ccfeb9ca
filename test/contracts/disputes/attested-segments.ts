import {
  auditIdOf,
  merkleProof,
  merkleRoot,
  recordHash,
  sealAttestationRoot,
  segmentId,
  type SegmentMessage,
  tracesRoot,
} from "@gristmill/sdk";
import { type Hex, zeroHash } from "viem";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { traceCaseHash, traceCaseOf } from "../../../oracle/src/disputes/trace-case.ts";
import { listRanges, type TraceTruth } from "../../../oracle/src/disputes/trace-truth.ts";
import { type ClaimDetails, claimIdOf, detailsOf } from "../helpers/committed-work.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, GRIST, networkHelpers, provider } from "../tasks/scenario.ts";
import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { type Arena, arenaFor, honestChain, logOf, PROGRAM, sign } from "./arena.ts";

export const SLOT = 0;
export const WEIGHT = 40n * GRIST;
const SALT = `0x${"5a".repeat(32)}` as const;

/** A claim of slot 0 with the one attestation that it got. */
export interface AttestedClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
}

/** The arena with one verifier in the pool, who is drawn for everything, and attestations for all of its segments. */
async function arenaWithVerifier(): Promise<Arena> {
  const where = await arenaFor(PROGRAM, "salt", { attestations: 12 });
  await where.pool.connect(where.verifier).enlist(WEIGHT, where.verifier);
  return where;
}

/** What a verifier attests that holds this to be the trace of iteration `index`. */
function attested({ parameters, seed }: Pick<Arena, "parameters" | "seed">, trace: TraceTruth, index: number): Hex {
  const iteration = { seed, index, lists: listRanges(trace.lists) };
  return traceCaseHash(traceCaseOf(trace, parameters.program as Hex, iteration));
}

/** What a verifier attests that holds a segment for true. */
export function attestedOf(where: Pick<Arena, "parameters" | "seed">, truth: SegmentTruth, index: number): Hex {
  return attested(where, truth.trace(index - truth.message.segment.first), index);
}

/** What a verifier attests of every iteration of a segment that it holds for true. */
export function allAttestedOf(where: Pick<Arena, "parameters" | "seed">, truth: SegmentTruth): Hex[] {
  const { first } = truth.message.segment;
  return truth.message.records.map((_, i) => attestedOf(where, truth, first + i));
}

/** Slot 0 commits these segments at the beginning of an epoch, whose seed is then proven. */
export async function commitSegments(
  { beacon, registry, miners, taskId }: Arena,
  messages: readonly SegmentMessage[],
): Promise<{ readonly epoch: bigint; readonly ids: readonly Hex[] }> {
  const { operator } = miners[SLOT]!;
  await networkHelpers.mineUpTo((await beacon.lastBlockOf(await beacon.currentEpoch())) + 1n);
  const epoch = await beacon.currentEpoch();
  const ids = messages.map(({ segment }) => segmentId(segment));
  const { last } = messages.at(-1)!.segment;
  await registry.connect(operator).commit(taskId, SLOT, last, ids.at(-1)!, merkleRoot(ids));
  const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(seedBlock);
  await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));
  return { epoch, ids };
}

/** An audit of a segment of slot 0 with the one attestation that it got. */
export interface AttestedAudit {
  readonly auditId: Hex;
  readonly audited: { taskId: Hex; slot: number; epoch: bigint; first: number; segmentId: Hex };
  readonly traces: readonly Hex[];
}

/** Slot 0 commits these segments, of which number `place` is drawn as all are; the verifier attests `traces`. */
export async function auditAttested(
  where: Arena,
  messages: readonly SegmentMessage[],
  place: number,
  traces: Hex[],
): Promise<AttestedAudit> {
  const { audits, beacon, verifier, taskId } = where;
  const { epoch, ids } = await commitSegments(where, messages);
  const { first } = messages[place]!.segment;
  const audited = { taskId: taskId as Hex, slot: SLOT, epoch, first, segmentId: ids[place]! };
  const auditId = auditIdOf(audited);
  const own = audits.connect(verifier);
  const start = await audits.startsAt(epoch);
  await networkHelpers.mineUpTo(start - 1n);
  await own.sealAttestation(sealAttestationRoot(auditId, verifier.address as Hex, tracesRoot(traces), SALT));
  await networkHelpers.mineUpTo(start + (await beacon.attestationBlocks()) - 1n);
  await own.revealAttestation(audited, merkleProof(ids, place), 0, traces, SALT);
  return { auditId, audited, traces };
}

/**
 * Slot 0 commits these segments and claims the first ticket of iteration `index`; the verifier attests `root`.
 */
export async function claimAttested(
  where: Arena,
  messages: readonly SegmentMessage[],
  index: number,
  root: Hex,
): Promise<AttestedClaim> {
  const { registry, workMint, miners } = where;
  const { owner, operator } = miners[SLOT]!;
  const { epoch, ids } = await commitSegments(where, messages);

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
  const own = workMint.connect(verifier);
  await own.sealAttestation(sealAttestationRoot(claimId, verifier.address as Hex, root, SALT));
  await own.revealAttestation(details, 0, root, SALT);
}

/** The last iteration of the slot's second segment, in which the lying slot lies. */
export const LAST = 5;

export interface Trial {
  readonly where: Arena;
  /** What slot 1 published before: the second segment of slot 0 takes it in. */
  readonly peer: SegmentMessage;
  /** The slot's honest segments. */
  readonly truths: readonly SegmentTruth[];
  readonly messages: readonly SegmentMessage[];
  /** The second segment with one residual off by one, and as the slot signed it. */
  readonly lie: SegmentTruth;
  readonly signedLie: SegmentMessage;
}

export async function trial(): Promise<Trial> {
  const where = await arenaWithVerifier();
  const peers = await honestChain(where, 1, 1, logOf(where, []));
  const { truths, messages } = await honestChain(where, SLOT, 2, logOf(where, [peers.messages]));
  const lie = new WrongGradient().lie(truths[1]!);
  return { where, peer: peers.messages[0]!, truths, messages, lie, signedLie: await sign(where, lie.message) };
}

/** Slot 0 claims a ticket of its false segment, and the verifier attests what the slot says. */
export async function perjured(): Promise<Trial & AttestedClaim> {
  const setting = await trial();
  const { where, messages, lie, signedLie } = setting;
  const made = await claimAttested(where, [messages[0]!, signedLie], LAST, attestedOf(where, lie, LAST));
  return { ...setting, ...made };
}

/** Slot 0's second segment is false and drawn, and the verifier attests what the slot says. */
export async function perjuredAudit(): Promise<Trial & AttestedAudit> {
  const setting = await trial();
  const { where, messages, lie, signedLie } = setting;
  return { ...setting, ...(await auditAttested(where, [messages[0]!, signedLie], 1, allAttestedOf(where, lie))) };
}
