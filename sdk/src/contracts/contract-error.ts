import type { AbiParameter, AbiParameterToPrimitiveType, Hex } from "viem";
import { BaseError, ContractFunctionRevertedError, decodeErrorResult, isHex } from "viem";

import { GristmillError } from "../errors.ts";
import { contractErrorNotices, contractErrorsAbi } from "./errors.ts";

type ContractErrorAbi = (typeof contractErrorsAbi)[number];

/** Name of a custom error that some contract of Gristmill may end a call with. */
export type ContractErrorName = ContractErrorAbi["name"];

type ParametersOf<name extends ContractErrorName> = Extract<ContractErrorAbi, { readonly name: name }>["inputs"];

/** The values of a custom error, under the names that Solidity gives them. */
export type ContractErrorArgs<name extends ContractErrorName> = {
  readonly [
    parameter in ParametersOf<name>[number] as parameter extends { readonly name: infer key extends string }
      ? key
      : never
  ]: parameter extends AbiParameter ? AbiParameterToPrimitiveType<parameter> : never;
};

/** What the OpenZeppelin contracts' errors, which carry no NatSpec of ours, mean to a caller. */
const OPEN_ZEPPELIN_HINTS: Readonly<Record<string, string>> = {
  ERC20InsufficientAllowance: "approve the spender for at least `needed` first",
  ERC20InsufficientBalance: "the account holds only `balance` GRIST wei: send it more",
  OwnableUnauthorizedAccount: "only the contract's owner may do this",
};

/** A contract refused a call: which custom error it gave, with its values. The code is CONTRACT_REFUSED. */
export class ContractError<name extends ContractErrorName = ContractErrorName> extends GristmillError {
  /** The contract that declares the error, which may be one that the called one calls. */
  readonly contract: string;
  readonly errorName: name;
  readonly args: ContractErrorArgs<name>;
  /** The function that was called. */
  readonly functionName: string;

  constructor(functionName: string, errorName: name, args: ContractErrorArgs<name>, cause: unknown) {
    const { contract = "a contract", notice } = contractErrorNotices[errorName] ?? {};
    const values = Object.entries(args).map(([key, value]) => `${key}: ${show(value)}`);
    const hint = notice ?? OPEN_ZEPPELIN_HINTS[errorName];
    super("CONTRACT_REFUSED", `${contract} refused ${functionName}: ${errorName}(${values.join(", ")}).`, {
      hints: hint === undefined ? [] : [hint],
      cause,
    });
    this.name = "ContractError";
    this.contract = contract;
    this.errorName = errorName;
    this.args = args;
    this.functionName = functionName;
  }
}

/** Whether an error is a contract's refusal; with a name, that one, whose values are typed then. */
export function isContractError(error: unknown): error is ContractError;
export function isContractError<name extends ContractErrorName>(
  error: unknown,
  name: name,
): error is ContractError<name>;
export function isContractError(error: unknown, name?: ContractErrorName): boolean {
  return error instanceof ContractError && (name === undefined || error.errorName === name);
}

/**
 * What a failed call means: {@link ContractError} where a contract gave a custom error, also one of a contract that the
 * called one calls; else CONTRACT_REVERTED if it reverted, CALL_FAILED if it did not get so far.
 */
export function contractErrorOf(functionName: string, cause: unknown): GristmillError {
  if (cause instanceof GristmillError) return cause;
  if (!(cause instanceof BaseError)) {
    return new GristmillError("CALL_FAILED", `${functionName} failed: ${String(cause)}`, { cause });
  }
  const data = revertDataOf(cause);
  const decoded = data === undefined ? undefined : decode(data);
  if (decoded !== undefined) return new ContractError(functionName, decoded.name, decoded.args, cause);
  const revert = cause.walk((error) => error instanceof ContractFunctionRevertedError);
  if (revert instanceof ContractFunctionRevertedError) {
    const reason = revert.reason ?? revert.signature ?? "no reason given";
    return new GristmillError("CONTRACT_REVERTED", `The contract reverted ${functionName}: ${reason}.`, {
      hints: ["check that the address is that of the contract, of this version"],
      cause,
    });
  }
  return new GristmillError("CALL_FAILED", `${functionName} failed: ${cause.shortMessage}`, {
    hints: ["check the endpoint, the account and its ether"],
    cause,
  });
}

/** The bytes that a contract reverted with: viem keeps them in one of two places, depending on the call. */
function revertDataOf(error: BaseError): Hex | undefined {
  const revert = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  if (revert instanceof ContractFunctionRevertedError && revert.raw !== undefined) return revert.raw;
  const holder = error.walk((inner) => "data" in (inner as object));
  const data = (holder as { readonly data?: unknown } | null)?.data;
  return isHex(data) ? data : undefined;
}

function decode(
  data: Hex,
): { readonly name: ContractErrorName; readonly args: ContractErrorArgs<ContractErrorName> } | undefined {
  let decoded: { readonly errorName: string; readonly args: readonly unknown[] | undefined };
  try {
    decoded = decodeErrorResult({ abi: contractErrorsAbi, data });
  } catch {
    return undefined;
  }
  const { errorName, args = [] } = decoded;
  const item = contractErrorsAbi.find(({ name }) => name === errorName);
  // `Error(string)` and `Panic(uint256)` are the language's, and no custom errors.
  if (item === undefined) return undefined;
  const named = Object.fromEntries(item.inputs.map(({ name }, index) => [name, args[index]]));
  return { name: item.name, args: named as ContractErrorArgs<ContractErrorName> };
}

/** A value as the sentence shows it. */
function show(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
}
