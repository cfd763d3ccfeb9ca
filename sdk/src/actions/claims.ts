import type { Address, ContractFunctionArgs, ContractFunctionReturnType, Hex } from "viem";
import { encodeAbiParameters, keccak256 } from "viem";
import { getContractEvents } from "viem/actions";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import { type SuiteClient, suiteFor, type SuiteOptions } from "../client/suite.ts";
import { workMintAbi } from "../contracts/abis/work-mint.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import { GristmillError } from "../errors.ts";

/** What a slot's operator claims a lucky ticket with, `Claim` of `IWorkMint`. */
export type TicketClaim = ContractFunctionArgs<typeof workMintAbi, "nonpayable", "claim">[0];

/** All that a claim states: whoever acts on one passes this along, because the mint keeps a digest only. */
export type ClaimDetails = ContractFunctionArgs<typeof workMintAbi, "nonpayable", "mint">[0];

/** What the mint says of a claim, `ClaimView` of `IWorkMint`. */
export type ClaimView = ContractFunctionReturnType<typeof workMintAbi, "view", "claimOf">;

/** A claim that was made. */
export interface MadeClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
  readonly blockNumber: bigint;
}

/** The id of the claim of a ticket: keccak256(abi.encode(taskId, slot, index, ticket)). */
export function claimIdOf({
  taskId,
  slot,
  index,
  ticket,
}: Pick<ClaimDetails, "taskId" | "slot" | "index" | "ticket">): Hex {
  const types = [{ type: "bytes32" }, { type: "uint32" }, { type: "uint32" }, { type: "uint32" }] as const;
  return keccak256(encodeAbiParameters(types, [taskId, slot, index, ticket]));
}

/**
 * Claims a lucky ticket. For the slot's operator: it alone vouches for y and traceId, which the contract does not compute.
 * @throws ContractError `WorkMint_NotLucky`, `WorkMint_ClaimsClosed`, `WorkMint_StakeTooLow`, `WorkMint_AlreadyClaimed` and
 *   others; GristmillError as every sending action
 */
export async function claimTicket(
  client: SuiteClient,
  { claim, ...options }: SuiteSendOptions & { readonly claim: TicketClaim },
): Promise<Sent & MadeClaim> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  const receipt = await send(client, { ...mint, functionName: "claim", args: [claim] }, options);
  const { claimId, details } = eventIn(receipt, workMintAbi, "TicketClaimed").args;
  return { receipt, claimId, details, blockNumber: receipt.blockNumber };
}

/**
 * Mints an attested claim's reward when its window has passed. Anyone may: the miner gets it.
 * @returns the reward in GRIST wei, the verifiers' part included
 * @throws ContractError `WorkMint_NotSettled`, `WorkMint_WrongState`, `WorkMint_SlotSuspended`, `WorkMint_NothingToMint`;
 *   GristmillError as every sending action
 */
export async function mintClaim(
  client: SuiteClient,
  { details, ...options }: SuiteSendOptions & { readonly details: ClaimDetails },
): Promise<Sent & { readonly reward: bigint }> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  const receipt = await send(client, { ...mint, functionName: "mint", args: [details] }, options);
  return { receipt, reward: eventIn(receipt, workMintAbi, "RewardMinted").args.reward };
}

/**
 * Mints the verifiers' part of minted claims. Anyone may; claims that are paid already are passed over.
 * @throws ContractError `WorkMint_WrongState`; GristmillError as every sending action
 */
export async function payVerifiers(
  client: SuiteClient,
  { claims, ...options }: SuiteSendOptions & { readonly claims: readonly ClaimDetails[] },
): Promise<Sent> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  return { receipt: await send(client, { ...mint, functionName: "payVerifiers", args: [claims] }, options) };
}

/**
 * Where a claim stands; its `state` is `ClaimState.None` if nobody made it.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getClaim(
  client: SuiteClient,
  { claimId, ...options }: SuiteOptions & { readonly claimId: Hex },
): Promise<ClaimView> {
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  return read(client, { ...mint, functionName: "claimOf", args: [claimId] });
}

/**
 * What a claim states, from the event that made it.
 * @throws GristmillError CLAIM_UNKNOWN, SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getClaimDetails(
  client: SuiteClient,
  { claimId, ...options }: SuiteOptions & { readonly claimId: Hex },
): Promise<ClaimDetails> {
  const [claim] = await madeClaims(client, { claimId }, options);
  if (claim !== undefined) return claim.details;
  throw new GristmillError("CLAIM_UNKNOWN", `The chain's logs do not show claim ${claimId}.`, {
    hints: ["check the id; the endpoint must serve logs from the suite's deployment on"],
  });
}

/** Which claims {@link listClaims} lists. */
export interface ClaimFilter {
  readonly taskId?: Hex | undefined;
  /** Owner of the slot. */
  readonly miner?: Address | undefined;
}

/**
 * The claims that were made, the newest last, from the chain's logs.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function listClaims(
  client: SuiteClient,
  { taskId, miner, ...options }: SuiteOptions & ClaimFilter = {},
): Promise<MadeClaim[]> {
  const args = { ...(taskId !== undefined && { taskId }), ...(miner !== undefined && { miner }) };
  return madeClaims(client, args, options);
}

async function madeClaims(
  client: SuiteClient,
  args: { readonly claimId?: Hex; readonly taskId?: Hex; readonly miner?: Address },
  options: SuiteOptions,
): Promise<MadeClaim[]> {
  const { contracts, blockNumber } = await suiteFor(client, options);
  const events = await getContractEvents(client, {
    address: contracts.WorkMint,
    abi: workMintAbi,
    eventName: "TicketClaimed",
    args,
    fromBlock: BigInt(blockNumber),
    toBlock: "latest",
    strict: true,
  }).catch((cause: unknown) => {
    throw contractErrorOf("getLogs of TicketClaimed", cause);
  });
  return events.map((event) => ({
    claimId: event.args.claimId,
    details: event.args.details,
    blockNumber: event.blockNumber,
  }));
}
