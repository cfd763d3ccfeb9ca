import type {
  Abi,
  Account,
  Address,
  ContractEventName,
  ContractFunctionArgs,
  ContractFunctionName,
  ParseEventLogsReturnType,
  SimulateContractParameters,
  TransactionReceipt,
  WriteContractParameters,
} from "viem";
import { parseEventLogs } from "viem";
import { parseAccount } from "viem/accounts";
import { estimateContractGas, simulateContract, waitForTransactionReceipt, writeContract } from "viem/actions";

import { contractErrorOf } from "../contracts/contract-error.ts";
import { GristmillError } from "../errors.ts";
import type { SuiteClient, SuiteOptions } from "./suite.ts";

/** Milliseconds that an action waits for its transaction, unless it is told otherwise. */
const RECEIPT_TIMEOUT = 180_000;

/** Head room over the estimate: a transaction that happens to end a phase pays for the transition as well. */
const GAS_MARGIN = { numerator: 3n, denominator: 2n, constant: 150_000n };

/** EIP-7825 (Osaka): no transaction may use more gas. */
const TRANSACTION_GAS_CAP = 16_777_216n;

/** What every action that sends a transaction may be told. */
export interface SendOptions {
  /** Who sends; the client's account if left out. */
  readonly account?: Account | Address | undefined;
  /** Blocks that the transaction must have on it, its own included; 1 if left out. */
  readonly confirmations?: number | undefined;
  /** Milliseconds to wait for that; three minutes if left out. */
  readonly timeout?: number | undefined;
}

/** What every action may be told that sends a transaction to the suite. */
export interface SuiteSendOptions extends SendOptions, SuiteOptions {}

/** What every action that sends a transaction returns, mostly with more. */
export interface Sent {
  /** Of the mined transaction, which succeeded. */
  readonly receipt: TransactionReceipt;
}

type WriteFunction<abi extends Abi> = ContractFunctionName<abi, "nonpayable" | "payable">;

/** A call that changes something. */
export interface WriteCall<abi extends Abi, name extends WriteFunction<abi>> {
  readonly address: Address;
  readonly abi: abi;
  readonly functionName: name;
  readonly args: ContractFunctionArgs<abi, "nonpayable" | "payable", name>;
  /** Wei that go along. */
  readonly value?: bigint;
}

/** The account that an action sends from.
 * @throws GristmillError ACCOUNT_MISSING */
export function senderOf(client: SuiteClient, { account }: SendOptions): Account {
  const sender = account ?? client.account;
  if (sender === undefined) {
    throw new GristmillError("ACCOUNT_MISSING", "This action sends a transaction, and the client has no account.", {
      hints: ["create the wallet client with an account, or pass { account }"],
    });
  }
  return parseAccount(sender);
}

/**
 * Simulates a call, so that a refusal costs nothing and says why, sends it, and waits until it is mined.
 * @throws ContractError if the contract refuses; GristmillError ACCOUNT_MISSING, CONTRACT_REVERTED, CALL_FAILED,
 *   TRANSACTION_NOT_MINED, TRANSACTION_REVERTED
 */
export async function send<const abi extends Abi, name extends WriteFunction<abi>>(
  client: SuiteClient,
  call: WriteCall<abi, name>,
  options: SendOptions,
): Promise<TransactionReceipt> {
  const account = senderOf(client, options);
  const request = { ...call, account };
  const hash = await submit(client, request as unknown as SimulateContractParameters, call.functionName);
  const { confirmations = 1, timeout = RECEIPT_TIMEOUT } = options;
  const receipt = await waitForTransactionReceipt(client, { hash, confirmations, timeout }).catch((cause: unknown) => {
    throw new GristmillError(
      "TRANSACTION_NOT_MINED",
      `${call.functionName} (${hash}) did not get ${confirmations} confirmations in ${timeout} ms.`,
      { hints: ["it may still be mined: look the transaction up before you repeat it"], cause },
    );
  });
  if (receipt.status !== "success") {
    throw new GristmillError("TRANSACTION_REVERTED", `${call.functionName} (${hash}) was mined, but reverted.`, {
      hints: ["the state changed after the simulation: look at it and try again"],
    });
  }
  return receipt;
}

async function submit(client: SuiteClient, request: SimulateContractParameters, functionName: string) {
  try {
    await simulateContract(client, request);
    const estimate = await estimateContractGas(client, request as Parameters<typeof estimateContractGas>[1]);
    const wanted = (estimate * GAS_MARGIN.numerator) / GAS_MARGIN.denominator + GAS_MARGIN.constant;
    const gas = wanted < TRANSACTION_GAS_CAP ? wanted : TRANSACTION_GAS_CAP;
    return await writeContract(client, { ...request, chain: client.chain ?? null, gas } as WriteContractParameters);
  } catch (cause) {
    throw contractErrorOf(functionName, cause);
  }
}

/**
 * The first event of a name in a receipt, decoded.
 * @throws GristmillError EVENT_MISSING
 */
export function eventIn<const abi extends Abi, name extends ContractEventName<abi>>(
  receipt: TransactionReceipt,
  abi: abi,
  eventName: name,
): ParseEventLogsReturnType<abi, name, true>[number] {
  const [event] = parseEventLogs<abi, true, name>({ abi, eventName, logs: receipt.logs });
  if (event === undefined) {
    throw new GristmillError("EVENT_MISSING", `Transaction ${receipt.transactionHash} has no event ${eventName}.`, {
      hints: ["check that the address is that of the contract, of this version"],
    });
  }
  return event;
}
