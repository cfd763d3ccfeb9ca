import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { parseEther } from "viem";

import { ensureAllowance } from "../chain/allowance.ts";
import type { Reader } from "./reader.ts";

/** An account's GRIST and ether, in wei. */
export interface StakeView {
  readonly account: Hex;
  /** Staked and bound by nothing. */
  readonly free: bigint;
  /** Bound by tasks, the verifiers' pool, or disputes. */
  readonly locked: bigint;
  readonly unbonding: bigint;
  /** Unix seconds from which on `unbonding` can be withdrawn; undefined if there is none. */
  readonly unbondingUntil: number | undefined;
  /** GRIST not staked. */
  readonly wallet: bigint;
  readonly ether: bigint;
}

export async function readStake({ chain, contracts }: Reader, account: Hex): Promise<StakeView> {
  const { stake, token } = contracts;
  const [free, locked, [unbonding, availableAt], wallet, ether] = await Promise.all([
    stake.read.freeOf([account]),
    stake.read.lockedOf([account]),
    stake.read.unbondingOf([account]),
    token.read.balanceOf([account]),
    chain.public.getBalance({ address: account }),
  ]);
  const unbondingUntil = unbonding === 0n ? undefined : Number(availableAt);
  return { account, free, locked, unbonding, unbondingUntil, wallet, ether };
}

/** Stakes from the wallet: an approval and the stake. */
export async function addStake({ chain, contracts }: Reader, amount: bigint): Promise<void> {
  const { stake } = contracts;
  await ensureAllowance({ chain, contracts }, stake.address, amount);
  await chain.transact({ address: stake.address, abi: stake.abi, functionName: "stake", args: [amount] });
}

/** Begins to unbond free stake. */
export async function removeStake({ chain, contracts }: Reader, amount: bigint): Promise<void> {
  const { address, abi } = contracts.stake;
  await chain.transact({ address, abi, functionName: "requestUnstake", args: [amount] });
}

/** Takes out what has unbonded. */
export async function withdrawStake({ chain, contracts }: Reader): Promise<void> {
  const { address, abi } = contracts.stake;
  await chain.transact({ address, abi, functionName: "withdraw", args: [] });
}

/**
 * An amount of GRIST as people write it, in wei.
 * @throws GristmillError AMOUNT_INVALID
 */
export function parseAmount(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text) || parseEther(text) === 0n)
    throw new GristmillError("AMOUNT_INVALID", `${text} is not an amount of GRIST`, {
      hints: ["a positive decimal number with at most 18 decimals, such as 250 or 0.5"],
    });
  return parseEther(text);
}
