import type { ContractFunctionArgs, ContractFunctionReturnType, Hex } from "viem";
import { encodeAbiParameters, hexToBigInt, keccak256 } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { auditsAbi } from "../contracts/abis/audits.ts";

/** A segment that is drawn for an audit, `AuditDetails` of the contracts. */
export type AuditDetails = ContractFunctionArgs<typeof auditsAbi, "view", "isAttested">[0];

/** What became of an audit, `AuditView` of `IAudits`. */
export type AuditView = ContractFunctionReturnType<typeof auditsAbi, "view", "auditOf">;

/** The id of the audit of the segment that begins with an iteration. */
export function auditIdOf({ taskId, slot, first }: Pick<AuditDetails, "taskId" | "slot" | "first">): Hex {
  const types = [{ type: "string" }, { type: "bytes32" }, { type: "uint32" }, { type: "uint32" }] as const;
  return keccak256(encodeAbiParameters(types, ["gristmill.Audit", taskId, slot, first]));
}

/**
 * Whether an epoch's seed draws a segment that was committed in it (DESIGN section 6).
 * @param chance `Audits.chanceOf` the task
 */
export function isAuditDrawn(seed: Hex, auditId: Hex, chance: bigint): boolean {
  const types = [{ type: "bytes32" }, { type: "bytes32" }] as const;
  return hexToBigInt(keccak256(encodeAbiParameters(types, [seed, auditId]))) < chance;
}

/**
 * What a verifier seals for a segment, with {@link sealAttestationRoot} of its audit's id.
 * @param traces for each iteration, in order, the hash of its trace with all that it reads
 */
export function tracesRoot(traces: readonly Hex[]): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32[]" }], [traces]));
}

/**
 * First iterations of the segments of a slot's commit that the seed of its epoch draws.
 * @throws ContractError `Audits_SeedNotProven`; GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function listDrawnAudits(
  client: SuiteClient,
  {
    taskId,
    slot,
    epoch,
    ...options
  }: SuiteOptions & { readonly taskId: Hex; readonly slot: number; readonly epoch: bigint },
): Promise<readonly number[]> {
  const audits = await contractOf(client, options, "Audits", auditsAbi);
  return read(client, { ...audits, functionName: "drawnIn", args: [taskId, slot, epoch] });
}

/**
 * What became of an audit; without attestations its `digest` is zero.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getAudit(
  client: SuiteClient,
  { auditId, ...options }: SuiteOptions & { readonly auditId: Hex },
): Promise<AuditView> {
  const audits = await contractOf(client, options, "Audits", auditsAbi);
  return read(client, { ...audits, functionName: "auditOf", args: [auditId] });
}

/**
 * Fixes an attestation of a drawn segment without showing it, in the first half of a round.
 * @throws GristmillError as every sending action
 */
export async function sealAudit(
  client: SuiteClient,
  { sealedRoot, ...options }: SuiteSendOptions & { /** See {@link tracesRoot}. */ readonly sealedRoot: Hex },
): Promise<Sent> {
  const audits = await contractOf(client, options, "Audits", auditsAbi);
  return { receipt: await send(client, { ...audits, functionName: "sealAttestation", args: [sealedRoot] }, options) };
}

/**
 * Opens a sealed attestation of a drawn segment, in the second half of the round. For the operator of the verifier that
 * the seat draws.
 * @throws ContractError `Audits_NotSealed`, `Audits_NotRevealing`, `Audits_NotDrawn`, `Audits_NotTheVerifiersOperator` and
 *   others; GristmillError as every sending action
 */
export async function revealAudit(
  client: SuiteClient,
  {
    details,
    proof,
    seat,
    traces,
    salt,
    ...options
  }: SuiteSendOptions & {
    readonly details: AuditDetails;
    /** Of the segment's id in the commit's segmentsRoot. */
    readonly proof: readonly Hex[];
    readonly seat: number;
    /** See {@link tracesRoot}. */
    readonly traces: readonly Hex[];
    readonly salt: Hex;
  },
): Promise<Sent> {
  const audits = await contractOf(client, options, "Audits", auditsAbi);
  const args = [details, proof, seat, traces, salt] as const;
  return { receipt: await send(client, { ...audits, functionName: "revealAttestation", args }, options) };
}
