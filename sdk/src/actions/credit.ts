import type { Address } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";

/**
 * GRIST wei that the settlements of tasks have credited to an account and that it has not withdrawn.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getCredit(
  client: SuiteClient,
  { account, ...options }: SuiteOptions & { readonly account: Address },
): Promise<bigint> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return read(client, { ...registry, functionName: "creditOf", args: [account] });
}

/**
 * Takes out the sender's credit of all tasks: pay, refunds, shares of forfeits.
 * @returns the GRIST wei that it got
 * @throws ContractError `Registry_NothingToWithdraw`; GristmillError as every sending action
 */
export async function withdrawCredit(
  client: SuiteClient,
  options: SuiteSendOptions = {},
): Promise<Sent & { readonly amount: bigint }> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const receipt = await send(client, { ...registry, functionName: "withdraw", args: [] }, options);
  return { receipt, amount: eventIn(receipt, taskRegistryAbi, "Withdrawn").args.amount };
}
