import type { Address, Hex } from "viem";
import { encodeAbiParameters, keccak256 } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { send, senderOf, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { verifierPoolAbi } from "../contracts/abis/verifier-pool.ts";
import { workMintAbi } from "../contracts/abis/work-mint.ts";
import { requirePositive } from "./amount.ts";
import type { ClaimDetails } from "./claims.ts";

/** A verifier's place in the pool. */
export interface Verifier {
  /** GRIST wei that count from the next epoch on; 0 for who is not in the pool or has resigned. */
  readonly weight: bigint;
  readonly operator: Address;
  /** First block in which a resigned verifier's stake may be released, 0 for others. */
  readonly releasableAt: bigint;
}

/**
 * Locks free stake in the verifiers' pool, so that the sender is drawn in proportion to it; again: adds to it.
 * @throws ContractError `VerifierPool_BelowMinimum`, `VerifierPool_Full`, `StakeManager_NotEnoughFree`; GristmillError
 *   AMOUNT_RANGE and those of every sending action
 */
export async function enlistVerifier(
  client: SuiteClient,
  {
    amount,
    operator,
    ...options
  }: SuiteSendOptions & {
    /** GRIST wei. */ readonly amount: bigint;
    /** Signs; the sender if left out. */ readonly operator?: Address | undefined;
  },
): Promise<Sent> {
  requirePositive("amount", amount);
  const pool = await contractOf(client, options, "VerifierPool", verifierPoolAbi);
  const args = [amount, operator ?? senderOf(client, options).address] as const;
  return { receipt: await send(client, { ...pool, functionName: "enlist", args }, options) };
}

/**
 * Leaves the pool from the next epoch on.
 * @throws ContractError `VerifierPool_NotEnlisted`; GristmillError as every sending action
 */
export async function resignVerifier(client: SuiteClient, options: SuiteSendOptions = {}): Promise<Sent> {
  const pool = await contractOf(client, options, "VerifierPool", verifierPoolAbi);
  return { receipt: await send(client, { ...pool, functionName: "resign", args: [] }, options) };
}

/**
 * Unlocks a resigned verifier's stake.
 * @throws ContractError `VerifierPool_StillBonded`, `VerifierPool_NotResigned`; GristmillError as every sending action
 */
export async function releaseVerifier(client: SuiteClient, options: SuiteSendOptions = {}): Promise<Sent> {
  const pool = await contractOf(client, options, "VerifierPool", verifierPoolAbi);
  return { receipt: await send(client, { ...pool, functionName: "release", args: [] }, options) };
}

/**
 * A verifier's place in the pool.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getVerifier(
  client: SuiteClient,
  { account, ...options }: SuiteOptions & { readonly account: Address },
): Promise<Verifier> {
  const pool = await contractOf(client, options, "VerifierPool", verifierPoolAbi);
  const [weight, operator, releasableAt] = await Promise.all([
    read(client, { ...pool, functionName: "weightOf", args: [account] }),
    read(client, { ...pool, functionName: "operatorOf", args: [account] }),
    read(client, { ...pool, functionName: "releasableAt", args: [account] }),
  ]);
  return { weight, operator, releasableAt };
}

/** keccak256(abi.encode(claimId, verifier, traceRoot, salt)): what a verifier seals. */
export function sealAttestationRoot(claimId: Hex, verifier: Address, traceRoot: Hex, salt: Hex): Hex {
  const types = [{ type: "bytes32" }, { type: "address" }, { type: "bytes32" }, { type: "bytes32" }] as const;
  return keccak256(encodeAbiParameters(types, [claimId, verifier, traceRoot, salt]));
}

/**
 * Fixes an attestation without showing it, in the first half of a round.
 * @throws GristmillError as every sending action
 */
export async function sealAttestation(
  client: SuiteClient,
  { sealedRoot, ...options }: SuiteSendOptions & { /** See {@link sealAttestationRoot}. */ readonly sealedRoot: Hex },
): Promise<Sent> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  return { receipt: await send(client, { ...mint, functionName: "sealAttestation", args: [sealedRoot] }, options) };
}

/**
 * Opens a sealed attestation, in the second half of the round. For the operator of the verifier that the seat draws.
 * @throws ContractError `WorkMint_NotSealed`, `WorkMint_NotRevealing`, `WorkMint_NotTheVerifiersOperator` and others;
 *   GristmillError as every sending action
 */
export async function revealAttestation(
  client: SuiteClient,
  {
    details,
    seat,
    traceRoot,
    salt,
    ...options
  }: SuiteSendOptions & {
    readonly details: ClaimDetails;
    readonly seat: number;
    /** Of the claimed iteration. */
    readonly traceRoot: Hex;
    readonly salt: Hex;
  },
): Promise<Sent> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  const args = [details, seat, traceRoot, salt] as const;
  return { receipt: await send(client, { ...mint, functionName: "revealAttestation", args }, options) };
}
