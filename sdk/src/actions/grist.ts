import type { Address } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { send, senderOf, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { gristTokenAbi } from "../contracts/abis/grist-token.ts";
import { requirePositive } from "./amount.ts";

/**
 * GRIST wei that an account holds, without its stake.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getBalance(
  client: SuiteClient,
  { account, ...options }: SuiteOptions & { readonly account: Address },
): Promise<bigint> {
  const token = await contractOf(client, options, "GristToken", gristTokenAbi);
  return read(client, { ...token, functionName: "balanceOf", args: [account] });
}

/**
 * Sends GRIST to an account.
 * @throws ContractError `ERC20InsufficientBalance`; GristmillError AMOUNT_RANGE and those of every sending action
 */
export async function transferGrist(
  client: SuiteClient,
  { to, amount, ...options }: SuiteSendOptions & { readonly to: Address; /** GRIST wei. */ readonly amount: bigint },
): Promise<Sent> {
  requirePositive("amount", amount);
  const token = await contractOf(client, options, "GristToken", gristTokenAbi);
  return { receipt: await send(client, { ...token, functionName: "transfer", args: [to, amount] }, options) };
}

/** Lets a contract of the suite take so much of the account's GRIST, unless it may already: no transaction then. */
export async function ensureAllowance(
  client: SuiteClient,
  { spender, amount, ...options }: SuiteSendOptions & { readonly spender: Address; readonly amount: bigint },
): Promise<void> {
  const token = await contractOf(client, options, "GristToken", gristTokenAbi);
  const owner = senderOf(client, options).address;
  const allowed = await read(client, { ...token, functionName: "allowance", args: [owner, spender] });
  if (allowed >= amount) return;
  await send(client, { ...token, functionName: "approve", args: [spender, amount] }, options);
}
