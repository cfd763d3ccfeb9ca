import type { Address } from "viem";
import { parseSignature } from "viem";
import { getBlock, getChainId, signTypedData } from "viem/actions";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, senderOf, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { gristTokenAbi } from "../contracts/abis/grist-token.ts";
import { stakeManagerAbi } from "../contracts/abis/stake-manager.ts";
import { requirePositive } from "./amount.ts";
import { ensureAllowance } from "./grist.ts";

/** Seconds for which a permit is good. */
const PERMIT_SECONDS = 3_600n;

/** What of an account's GRIST backs what it says; amounts in GRIST wei. */
export interface Stake {
  /** May be locked by a task, or requested out. */
  readonly free: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
  /** Unix seconds from which the unbonding stake can be withdrawn, 0 if there is none. */
  readonly withdrawableAt: bigint;
}

/**
 * An account's stake.
 * @throws ContractError; GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getStake(
  client: SuiteClient,
  { account, ...options }: SuiteOptions & { readonly account: Address },
): Promise<Stake> {
  const manager = await contractOf(client, options, "StakeManager", stakeManagerAbi);
  const [free, locked, [unbonding, withdrawableAt]] = await Promise.all([
    read(client, { ...manager, functionName: "freeOf", args: [account] }),
    read(client, { ...manager, functionName: "lockedOf", args: [account] }),
    read(client, { ...manager, functionName: "unbondingOf", args: [account] }),
  ]);
  return { free, locked, unbonding, withdrawableAt };
}

/**
 * Stakes GRIST from the account's balance. Approves it first where the allowance is short, in a transaction of its own:
 * {@link stakeWithPermit} needs one only.
 * @throws ContractError `ERC20InsufficientBalance`; GristmillError AMOUNT_RANGE and those of every sending action
 */
export async function stake(
  client: SuiteClient,
  { amount, ...options }: SuiteSendOptions & { /** GRIST wei. */ readonly amount: bigint },
): Promise<Sent> {
  requirePositive("amount", amount);
  const manager = await contractOf(client, options, "StakeManager", stakeManagerAbi);
  await ensureAllowance(client, { ...options, spender: manager.address, amount });
  return { receipt: await send(client, { ...manager, functionName: "stake", args: [amount] }, options) };
}

/**
 * Stakes GRIST with a signed permit (EIP-2612) in the place of an approval: one transaction.
 * @throws as {@link stake}; GristmillError SIGNING_FAILED if the account does not sign
 */
export async function stakeWithPermit(
  client: SuiteClient,
  { amount, ...options }: SuiteSendOptions & { /** GRIST wei. */ readonly amount: bigint },
): Promise<Sent> {
  requirePositive("amount", amount);
  const manager = await contractOf(client, options, "StakeManager", stakeManagerAbi);
  const token = await contractOf(client, options, "GristToken", gristTokenAbi);
  const owner = senderOf(client, options);
  const [name, nonce, chainId, { timestamp }] = await Promise.all([
    read(client, { ...token, functionName: "name", args: [] }),
    read(client, { ...token, functionName: "nonces", args: [owner.address] }),
    getChainId(client),
    getBlock(client),
  ]);
  const deadline = timestamp + PERMIT_SECONDS;
  const signature = await signTypedData(client, {
    account: owner,
    domain: { name, version: "1", chainId, verifyingContract: token.address },
    types: permitTypes,
    primaryType: "Permit",
    message: { owner: owner.address, spender: manager.address, value: amount, nonce, deadline },
  });
  const { r, s, yParity } = parseSignature(signature);
  const args = [amount, deadline, 27 + yParity, r, s] as const;
  return { receipt: await send(client, { ...manager, functionName: "stakeWithPermit", args }, options) };
}

/** EIP-712 types of EIP-2612. */
export const permitTypes = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

/**
 * Asks for free stake back. A further request adds to the amount and starts the delay anew for all of it.
 * @returns when all that is unbonding can be withdrawn, unix seconds
 * @throws ContractError `StakeManager_NotEnoughFree`; GristmillError AMOUNT_RANGE and those of every sending action
 */
export async function requestUnstake(
  client: SuiteClient,
  { amount, ...options }: SuiteSendOptions & { /** GRIST wei. */ readonly amount: bigint },
): Promise<Sent & { readonly withdrawableAt: bigint }> {
  requirePositive("amount", amount);
  const manager = await contractOf(client, options, "StakeManager", stakeManagerAbi);
  const receipt = await send(client, { ...manager, functionName: "requestUnstake", args: [amount] }, options);
  return { receipt, withdrawableAt: eventIn(receipt, stakeManagerAbi, "UnstakeRequested").args.availableAt };
}

/**
 * Takes out all stake that has unbonded.
 * @returns the GRIST wei that the account got
 * @throws ContractError `StakeManager_NothingUnbonding`, `StakeManager_StillUnbonding`; GristmillError as every sending action
 */
export async function withdrawStake(
  client: SuiteClient,
  options: SuiteSendOptions = {},
): Promise<Sent & { readonly amount: bigint }> {
  const manager = await contractOf(client, options, "StakeManager", stakeManagerAbi);
  const receipt = await send(client, { ...manager, functionName: "withdraw", args: [] }, options);
  return { receipt, amount: eventIn(receipt, stakeManagerAbi, "Withdrawn").args.amount };
}
