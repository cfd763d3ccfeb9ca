import { GristmillError } from "@gristmill/sdk";
import type { Chain, PublicClient, TransactionSerializable, Transport } from "viem";
import { formatEther } from "viem";

/** Pools take a replacement that pays a tenth more, geth's `--txpool.pricebump`; this is an eighth more. */
const FEE_STEP = 8n;

/** What an operator lets a node pay. */
export interface GasPolicy {
  /** Wei a gas above which nothing is sent. */
  readonly maxPrice?: bigint;
  /** Whether to wait until the price is right, as a node does, or to refuse, as a command does. */
  readonly waits: boolean;
}

/** What a call would use, and what it would earn. */
export interface Bill {
  /** The function it calls, for people. */
  readonly what: string;
  readonly gas: bigint;
  /** Wei that it earns; undefined for a call that is not made to earn. */
  readonly worth: bigint | undefined;
}

/**
 * @param price wei a gas
 * @throws GristmillError GAS_UNPROFITABLE if the call costs more than it earns
 */
export function refuseLoss({ what, gas, worth }: Bill, price: bigint): void {
  if (worth === undefined || gas * price <= worth) return;
  throw new GristmillError(
    "GAS_UNPROFITABLE",
    `${what} is not sent: its gas would cost ${formatEther(gas * price)} ether, and it earns about ${formatEther(worth)}`,
    { hints: ["wait for cheaper gas, or say with --grist-price what a GRIST is worth to you"] },
  );
}

/** Wei a gas above which a call earns nothing or the operator does not allow it; undefined for no limit. */
export function highestPrice({ gas, worth }: Bill, { maxPrice }: GasPolicy): bigint | undefined {
  if (worth === undefined) return maxPrice;
  const worthwhile = worth / gas;
  return maxPrice === undefined || worthwhile < maxPrice ? worthwhile : maxPrice;
}

/** Wei a gas that a transaction may come to cost. */
export function priceOf({ gasPrice, maxFeePerGas }: TransactionSerializable): bigint {
  return maxFeePerGas ?? gasPrice ?? 0n;
}

/**
 * A transaction with fees that no pool may refuse as a replacement, and no lower than the chain asks now.
 * @param client to ask
 */
export async function raiseFees(
  transaction: TransactionSerializable,
  client: PublicClient<Transport, Chain>,
): Promise<TransactionSerializable> {
  const atLeast = (fee = 0n, asked = 0n) => {
    const raised = fee + fee / FEE_STEP + 1n;
    return raised > asked ? raised : asked;
  };
  if (transaction.maxFeePerGas === undefined) {
    const asked = await client.estimateFeesPerGas({ type: "legacy" });
    return { ...transaction, gasPrice: atLeast(transaction.gasPrice, asked.gasPrice) } as TransactionSerializable;
  }
  const asked = await client.estimateFeesPerGas();
  return {
    ...transaction,
    maxFeePerGas: atLeast(transaction.maxFeePerGas, asked.maxFeePerGas),
    maxPriorityFeePerGas: atLeast(transaction.maxPriorityFeePerGas, asked.maxPriorityFeePerGas),
  };
}

/** A transaction that pays no more than `maxPrice` a gas, whatever the base fee becomes. */
export function capFees(transaction: TransactionSerializable, maxPrice: bigint | undefined): TransactionSerializable {
  if (maxPrice === undefined) return transaction;
  const capped = (fee: bigint) => (fee < maxPrice ? fee : maxPrice);
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  return {
    ...transaction,
    ...(gasPrice === undefined ? {} : { gasPrice: capped(gasPrice) }),
    ...(maxFeePerGas === undefined ? {} : { maxFeePerGas: capped(maxFeePerGas) }),
    ...(maxPriorityFeePerGas === undefined ? {} : { maxPriorityFeePerGas: capped(maxPriorityFeePerGas) }),
  } as TransactionSerializable;
}
