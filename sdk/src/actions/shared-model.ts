import type { Address, Hex, TransactionReceipt } from "viem";
import { encodeAbiParameters, encodePacked, keccak256, parseEventLogs } from "viem";

import { read } from "../client/read.ts";
import { eventIn, send, type SendOptions, type Sent } from "../client/send.ts";
import type { SuiteClient } from "../client/suite.ts";
import { collaborativeTrainer64Abi } from "../contracts/abis/collaborative-trainer64.ts";
import { dataHandler64Abi } from "../contracts/abis/data-handler64.ts";
import { stakeable64Abi } from "../contracts/abis/stakeable64.ts";
import type { SharedModelParts } from "../shared-models/shared-model.ts";

/** A sample with its label, encoded for the model (see `encode`). */
export interface Sample {
  readonly data: readonly bigint[];
  /** Index of the class. */
  readonly classification: bigint;
}

/** A sample that was added, as its `AddData` event names it. */
export interface Contribution extends Sample {
  /** Unix seconds. */
  readonly addedTime: bigint;
  readonly author: Address;
}

/** What of a contribution's deposit is left, in wei. */
export interface ContributionState {
  readonly initialDeposit: bigint;
  readonly claimable: bigint;
  /** Refunds and reports that were paid. */
  readonly claims: bigint;
}

/** What a report came to: wei that it was paid, or when it is decided, for which the reporter calls again. */
export type ReportOutcome =
  { readonly kind: "paid"; readonly amount: bigint } | { readonly kind: "announced"; readonly payableFrom: bigint };

/**
 * Wei that adding a sample would take now. It falls with the time since the last sample.
 * @throws ContractError; GristmillError CALL_FAILED
 */
export async function quoteAddData(
  client: SuiteClient,
  { incentiveMechanism }: Pick<SharedModelParts, "incentiveMechanism">,
): Promise<bigint> {
  const mechanism = { address: incentiveMechanism, abi: stakeable64Abi } as const;
  return read(client, { ...mechanism, functionName: "getNextAddDataCost", args: [] });
}

/**
 * Trains a shared model with a sample, for a deposit.
 *
 * @param offer wei, at most to be taken; what {@link quoteAddData} says if left out. Offer more in case others come
 *   first: what is not needed returns
 * @returns the deposit in wei, and the time that names the sample in {@link refundData} and {@link reportData}
 * @throws ContractError `Stakeable64_DepositTooLow`, `CollaborativeTrainer64_NotOwned`, `DataHandler64_Duplicate`;
 *   GristmillError as every sending action
 */
export async function addData(
  client: SuiteClient,
  {
    model,
    data,
    classification,
    offer,
    ...options
  }: SendOptions & Sample & { readonly model: SharedModelParts; readonly offer?: bigint | undefined },
): Promise<Sent & { readonly deposit: bigint; readonly addedTime: bigint }> {
  const trainer = { address: model.trainer, abi: collaborativeTrainer64Abi } as const;
  const value = offer ?? (await quoteAddData(client, model));
  const call = { ...trainer, functionName: "addData", args: [data, classification], value } as const;
  const receipt = await send(client, call, options);
  const { t, cost } = eventIn(receipt, collaborativeTrainer64Abi, "AddData").args;
  return { receipt, deposit: cost, addedTime: t };
}

/**
 * Takes the deposit of a sample of the sender's back: possible when the model agrees with it, some time later.
 * @returns wei; 0 where the model pays in points
 * @throws ContractError `Stakeable64_TooEarly`, `Stakeable64_ModelDisagrees`, `Stakeable64_AlreadyClaimed`,
 *   `DataHandler64_NotFound` and others; GristmillError as every sending action
 */
export async function refundData(
  client: SuiteClient,
  {
    model,
    data,
    classification,
    addedTime,
    ...options
  }: SendOptions & Omit<Contribution, "author"> & { readonly model: Pick<SharedModelParts, "trainer"> },
): Promise<Sent & { readonly amount: bigint }> {
  const trainer = { address: model.trainer, abi: collaborativeTrainer64Abi } as const;
  const args = [data, classification, addedTime] as const;
  const receipt = await send(client, { ...trainer, functionName: "refund", args }, options);
  return { receipt, amount: paidIn(receipt, "Refund") };
}

/**
 * Reports another's sample as bad: part of its deposit is the sender's if the model disagrees with it.
 *
 * @param salt opens a commitment of the sender's (see {@link commitReport}); left out, the first call announces the
 *   report and a second one is paid
 * @throws ContractError `Stakeable64_TooEarly`, `Stakeable64_ModelAgrees`, `Stakeable64_NoGoodData`,
 *   `Stakeable64_ReportPending`, `Stakeable64_NotCommitted`, `DataHandler64_NotFound` and others; GristmillError as every
 *   sending action
 */
export async function reportData(
  client: SuiteClient,
  {
    model,
    data,
    classification,
    addedTime,
    author,
    salt,
    ...options
  }: SendOptions &
    Contribution & { readonly model: Pick<SharedModelParts, "trainer">; readonly salt?: Hex | undefined },
): Promise<Sent & { readonly outcome: ReportOutcome }> {
  const trainer = { address: model.trainer, abi: collaborativeTrainer64Abi } as const;
  const args = [data, classification, addedTime, author] as const;
  const receipt = await (salt === undefined
    ? send(client, { ...trainer, functionName: "report", args }, options)
    : send(client, { ...trainer, functionName: "reportCommitted", args: [...args, salt] }, options));
  const [announced] = parseEventLogs({ abi: stakeable64Abi, eventName: "ReportAnnounced", logs: receipt.logs });
  const outcome: ReportOutcome =
    announced === undefined
      ? { kind: "paid", amount: paidIn(receipt, "Report") }
      : { kind: "announced", payableFrom: announced.args.payableFrom };
  return { receipt, outcome };
}

/** The key of a contribution: keccak256 of values, label, time and author, packed. */
export function contributionKey({ data, classification, addedTime, author }: Contribution): Hex {
  return keccak256(
    encodePacked(["int64[]", "uint64", "uint256", "address"], [data, classification, addedTime, author]),
  );
}

/**
 * Commits to a report without showing it, where reports are contested.
 * @returns when the report can be made with the same salt, unix seconds
 * @throws GristmillError as every sending action
 */
export async function commitReport(
  client: SuiteClient,
  {
    model,
    reporter,
    salt,
    data,
    classification,
    addedTime,
    author,
    ...options
  }: SendOptions &
    Contribution & {
      readonly model: Pick<SharedModelParts, "incentiveMechanism">;
      /** The sender, who will report. */
      readonly reporter: Address;
      readonly salt: Hex;
    },
): Promise<Sent & { readonly payableFrom: bigint }> {
  const key = contributionKey({ data, classification, addedTime, author });
  const types = [{ type: "bytes32" }, { type: "address" }, { type: "bytes32" }] as const;
  const commitment = keccak256(encodeAbiParameters(types, [key, reporter, salt]));
  const mechanism = { address: model.incentiveMechanism, abi: stakeable64Abi } as const;
  const receipt = await send(client, { ...mechanism, functionName: "commitReport", args: [commitment] }, options);
  return { receipt, payableFrom: eventIn(receipt, stakeable64Abi, "ReportCommitted").args.payableFrom };
}

/**
 * Takes out what the sender is owed after payments that failed.
 * @param recipient of the ether, any account
 * @throws ContractError `CollaborativeTrainer64_NothingOwed`, `CollaborativeTrainer64_PaymentRefused`; GristmillError as
 *   every sending action
 */
export async function withdrawOwed(
  client: SuiteClient,
  {
    model,
    recipient,
    ...options
  }: SendOptions & { readonly model: Pick<SharedModelParts, "trainer">; readonly recipient: Address },
): Promise<Sent & { readonly amount: bigint }> {
  const trainer = { address: model.trainer, abi: collaborativeTrainer64Abi } as const;
  const receipt = await send(client, { ...trainer, functionName: "withdraw", args: [recipient] }, options);
  return { receipt, amount: eventIn(receipt, collaborativeTrainer64Abi, "Withdrawn").args.amount };
}

/**
 * What of a contribution's deposit is left.
 * @throws ContractError `DataHandler64_NotFound`; GristmillError CALL_FAILED
 */
export async function getContribution(
  client: SuiteClient,
  {
    model,
    data,
    classification,
    addedTime,
    author,
  }: Contribution & { readonly model: Pick<SharedModelParts, "dataHandler"> },
): Promise<ContributionState> {
  const book = { address: model.dataHandler, abi: dataHandler64Abi } as const;
  const args = [data, classification, addedTime, author] as const;
  const [initialDeposit, claimable, claims] = await Promise.all([
    read(client, { ...book, functionName: "getInitialDeposit", args }),
    read(client, { ...book, functionName: "getClaimableAmount", args }),
    read(client, { ...book, functionName: "getNumClaims", args }),
  ]);
  return { initialDeposit, claimable, claims };
}

/** What the incentive mechanism paid; where it gives points its event has no amount, and another topic. */
function paidIn({ logs }: TransactionReceipt, eventName: "Refund" | "Report"): bigint {
  const [paid] = parseEventLogs({ abi: stakeable64Abi, eventName, logs });
  return paid?.args.amount ?? 0n;
}
