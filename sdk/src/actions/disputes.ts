import type { Address, ContractFunctionReturnType, Hex } from "viem";
import { getContractEvents } from "viem/actions";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import { type SuiteClient, suiteFor, type SuiteOptions } from "../client/suite.ts";
import { courtAbi } from "../contracts/abis/court.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import type { PlaceRef } from "./places.ts";

/** What names a dispute in an action. */
export interface DisputeRef {
  readonly disputeId: Hex;
}

/** What the court says of a dispute, `DisputeView` of `ICourt`. */
export type DisputeView = ContractFunctionReturnType<typeof courtAbi, "view", "disputeOf">;

/** What the event of its opening says of a dispute. */
export interface OpenedDispute {
  readonly disputeId: Hex;
  readonly taskId: Hex;
  readonly challenger: Address;
  readonly place: { readonly taskId: Hex; readonly role: number; readonly index: number };
  /** The contract that it is played in. */
  readonly game: Address;
  /** Hash of what is disputed. */
  readonly claim: Hex;
  /** GRIST wei. */
  readonly bond: bigint;
  readonly blockNumber: bigint;
}

/** The place of a dispute and what stands against it. */
export interface Docket {
  /** The dispute that is open on the place, undefined if there is none. */
  readonly current: Hex | undefined;
  /** Those that wait behind it, in order. */
  readonly waiting: readonly Hex[];
  /** GRIST wei of free stake that the next challenger needs. */
  readonly bond: bigint;
}

/**
 * Where a dispute stands; its `state` is `DisputeState.None` if there is no such dispute.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getDispute(
  client: SuiteClient,
  { disputeId, ...options }: SuiteOptions & DisputeRef,
): Promise<DisputeView> {
  const court = await contractOf(client, options, "Court", courtAbi);
  return read(client, { ...court, functionName: "disputeOf", args: [disputeId] });
}

/**
 * The disputes over a place.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getDocket(
  client: SuiteClient,
  { taskId, role, index, ...options }: SuiteOptions & PlaceRef,
): Promise<Docket> {
  const court = await contractOf(client, options, "Court", courtAbi);
  const args = [{ taskId, role, index }] as const;
  const [current, waiting, bond] = await Promise.all([
    read(client, { ...court, functionName: "currentOf", args }),
    read(client, { ...court, functionName: "waitingOn", args }),
    read(client, { ...court, functionName: "bondFor", args }),
  ]);
  return { current: BigInt(current) === 0n ? undefined : current, waiting, bond };
}

/** Which disputes {@link listDisputes} lists. */
export interface DisputeFilter {
  readonly taskId?: Hex | undefined;
  readonly challenger?: Address | undefined;
}

/**
 * The disputes that were opened, the newest last, from the chain's logs.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function listDisputes(
  client: SuiteClient,
  { taskId, challenger, ...options }: SuiteOptions & DisputeFilter = {},
): Promise<OpenedDispute[]> {
  const { contracts, blockNumber } = await suiteFor(client, options);
  const events = await getContractEvents(client, {
    address: contracts.Court,
    abi: courtAbi,
    eventName: "DisputeOpened",
    args: { ...(taskId !== undefined && { taskId }), ...(challenger !== undefined && { challenger }) },
    fromBlock: BigInt(blockNumber),
    toBlock: "latest",
    strict: true,
  }).catch((cause: unknown) => {
    throw contractErrorOf("getLogs of DisputeOpened", cause);
  });
  return events.map((event) => ({ ...event.args, blockNumber: event.blockNumber }));
}

/**
 * Ends a dispute in which the side to move ran out of time. Anyone may.
 * @throws ContractError `Court_NotExpired`, `Court_WrongState`; GristmillError as every sending action
 */
export async function expireDispute(
  client: SuiteClient,
  { disputeId, ...options }: SuiteSendOptions & DisputeRef,
): Promise<Sent> {
  const court = await contractOf(client, options, "Court", courtAbi);
  return { receipt: await send(client, { ...court, functionName: "expire", args: [disputeId] }, options) };
}

/**
 * Carries out a decision: convicts or settles the bond, credits the deposits. Anyone may.
 * @throws ContractError `Court_WrongState`; GristmillError as every sending action
 */
export async function closeDispute(
  client: SuiteClient,
  { disputeId, ...options }: SuiteSendOptions & DisputeRef,
): Promise<Sent> {
  const court = await contractOf(client, options, "Court", courtAbi);
  return { receipt: await send(client, { ...court, functionName: "close", args: [disputeId] }, options) };
}

/**
 * Takes a waiting dispute of the sender's back; bond and deposit return in full.
 * @throws ContractError `Court_NotTheChallenger`, `Court_WrongState`; GristmillError as every sending action
 */
export async function retractDispute(
  client: SuiteClient,
  { disputeId, ...options }: SuiteSendOptions & DisputeRef,
): Promise<Sent> {
  const court = await contractOf(client, options, "Court", courtAbi);
  return { receipt: await send(client, { ...court, functionName: "retract", args: [disputeId] }, options) };
}

/**
 * Takes out the ether that disputes have credited to the sender.
 * @returns wei
 * @throws ContractError `Court_NothingToWithdraw`; GristmillError as every sending action
 */
export async function withdrawDeposits(
  client: SuiteClient,
  options: SuiteSendOptions = {},
): Promise<Sent & { readonly amount: bigint }> {
  const court = await contractOf(client, options, "Court", courtAbi);
  const receipt = await send(client, { ...court, functionName: "withdraw", args: [] }, options);
  return { receipt, amount: eventIn(receipt, courtAbi, "EtherWithdrawn").args.amount };
}
