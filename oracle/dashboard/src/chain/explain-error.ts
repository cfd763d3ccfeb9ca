import {
  collaborativeTrainer64Abi,
  courtAbi,
  dataHandler64Abi,
  evaluationGameAbi,
  GristmillError,
  gristTokenAbi,
  predictionMarket64Abi,
  segmentGameAbi,
  stakeable64Abi,
  stakeManagerAbi,
  taskRegistryAbi,
  tensHashGameAbi,
} from "@gristmill/sdk";
import type { Abi, Hex } from "viem";
import { BaseError, decodeErrorResult, formatEther, isHex, UserRejectedRequestError } from "viem";

import { formatTime } from "../components/format.ts";

/** An error for people: a sentence, and what the contract said word by word. */
export interface Explanation {
  readonly sentence: string;
  /** The custom error with its arguments, where a contract refused. */
  readonly detail?: string;
  readonly hints: readonly string[];
}

/** Contracts call each other, so whichever was called may pass on the error of another. */
const ERRORS: Abi = [
  ...stakeManagerAbi,
  ...gristTokenAbi,
  ...taskRegistryAbi,
  ...collaborativeTrainer64Abi,
  ...stakeable64Abi,
  ...dataHandler64Abi,
  ...predictionMarket64Abi,
  ...courtAbi,
  ...segmentGameAbi,
  ...evaluationGameAbi,
  ...tensHashGameAbi,
].filter(({ type }) => type === "error");

type Arguments = Readonly<Record<string, unknown>>;

/** Refusals that a visitor meets, in words; the others show as the contract says them. */
const SENTENCES: Readonly<Record<string, (values: Arguments) => string>> = {
  StakeManager_ZeroAmount: () => "The amount must be more than nothing.",
  StakeManager_NotEnoughFree: ({ free, amount }) =>
    `Only ${grist(free)} GRIST are free, ${grist(amount)} were asked for. Locked stake is free when its task is settled.`,
  StakeManager_NothingUnbonding: () => "Nothing is on its way out: unstake first.",
  StakeManager_StillUnbonding: ({ availableAt }) => `The stake can be withdrawn from ${time(availableAt)} on.`,
  ERC20InsufficientBalance: ({ balance, needed }) =>
    `The account has ${grist(balance)} GRIST, ${grist(needed)} are needed.`,
  ERC20InsufficientAllowance: ({ allowance, needed }) =>
    `${grist(allowance)} GRIST are approved, ${grist(needed)} are needed: approve first.`,
  ERC2612ExpiredSignature: () => "The permit ran out before it was used: sign anew.",
  Stakeable64_TooEarly: ({ claimableFrom }) =>
    `It is too early: the deposit can be claimed from ${time(claimableFrom)} on.`,
  Stakeable64_DepositTooLow: ({ offered, cost }) =>
    `The price rose to ${grist(cost)} ETH, ${grist(offered)} were offered.`,
  Stakeable64_AlreadyClaimed: () => "This account has claimed its part already.",
  Stakeable64_NothingLeft: () => "Nothing of the deposit is left.",
  Stakeable64_ModelDisagrees: () => "The model does not agree with this sample now, so there is no refund.",
  Stakeable64_ModelAgrees: () => "The model agrees with this sample now, so there is nothing to report.",
  Stakeable64_OwnDeposit: () => "Authors cannot report their own samples.",
  Stakeable64_NoGoodData: () => "Only accounts that had a sample of their own refunded may report.",
  Stakeable64_ReportPending: ({ payableFrom }) =>
    `The report is announced; make it again from ${time(payableFrom)} on.`,
  DataHandler64_NotFound: () => "The book has no such contribution.",
  DataHandler64_Duplicate: () => "This account added the same sample in this block already.",
  Registry_NothingToWithdraw: () => "The account has no credit.",
  Court_NothingToWithdraw: () => "The account has no deposits to take back.",
};

/** What went wrong, for somebody who does not read stack traces. */
export function explainError(error: unknown): Explanation {
  if (error instanceof GristmillError) return { sentence: error.message, hints: error.hints };
  if (!(error instanceof BaseError)) {
    return { sentence: error instanceof Error ? error.message : String(error), hints: [] };
  }
  if (error.walk((cause) => cause instanceof UserRejectedRequestError || codeOf(cause) === 4001) !== null) {
    return { sentence: "You rejected the request in the wallet. Nothing was sent.", hints: [] };
  }
  const data = revertData(error);
  const refusal = data === undefined ? undefined : explainRevert(data);
  if (refusal !== undefined) return refusal;
  return { sentence: error.shortMessage, ...(error.details === "" ? {} : { detail: error.details }), hints: [] };
}

function explainRevert(data: Hex): Explanation | undefined {
  try {
    const { errorName, args = [], abiItem } = decodeErrorResult({ abi: ERRORS, data });
    const names = "inputs" in abiItem ? abiItem.inputs.map(({ name }) => name ?? "") : [];
    const values = Object.fromEntries(names.map((name, index) => [name, args[index]]));
    const listed = names.map((name, index) => `${name}: ${shown(args[index])}`).join(", ");
    const sentence = SENTENCES[errorName]?.(values) ?? `The contract refuses: ${inWords(errorName)}.`;
    return { sentence, detail: `${errorName}(${listed})`, hints: [] };
  } catch {
    return undefined;
  }
}

/** The data of the innermost revert: nodes put it at different depths, some inside an object. */
function revertData(error: BaseError): Hex | undefined {
  let found: Hex | undefined;
  error.walk((cause) => {
    const data = (cause as { readonly data?: unknown; readonly raw?: unknown } | null) ?? {};
    for (const value of [data.raw, data.data, (data.data as { readonly data?: unknown } | undefined)?.data]) {
      if (isHex(value) && value.length >= 10) found = value;
    }
    return false;
  });
  return found;
}

function codeOf(cause: unknown): unknown {
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}

/** "Registry_WrongPhase" as "wrong phase". */
function inWords(errorName: string): string {
  return errorName
    .replace(/^[A-Za-z0-9]+_/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item));
  return text.replaceAll('"', "");
}

function grist(value: unknown): string {
  return formatEther(value as bigint);
}

function time(value: unknown): string {
  return formatTime(Number(value));
}
