import type { workMintAbi } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { ContractFunctionArgs, Hex } from "viem";

import type { Contracts } from "./contracts.ts";

/**
 * All that a claim states, `ClaimDetails` of the contracts: the mint keeps a digest only, so whoever acts on a claim passes
 * this along.
 */
export type ClaimDetails = ContractFunctionArgs<typeof workMintAbi, "nonpayable", "mint">[0];

/** The details as JSON can hold them. */
export type StoredDetails = Omit<ClaimDetails, "epoch"> & { readonly epoch: string };

/** What {@link restoreDetails} reads. */
export function storeDetails(details: ClaimDetails): StoredDetails {
  return { ...details, epoch: String(details.epoch) };
}

export function restoreDetails(stored: StoredDetails): ClaimDetails {
  return { ...stored, epoch: BigInt(stored.epoch) };
}

/**
 * The details of a claim that was made, from its event.
 * @param since block before which it was not made
 * @throws GristmillError CLAIM_UNKNOWN if the chain's logs do not show it
 */
export async function fetchDetails(contracts: Contracts, claimId: Hex, since: bigint): Promise<ClaimDetails> {
  const [event] = await contracts.mint.getEvents.TicketClaimed({ claimId }, { fromBlock: since });
  if (event?.args.details !== undefined) return event.args.details;
  throw new GristmillError("CLAIM_UNKNOWN", `the chain's logs do not show claim ${claimId}`, {
    hints: [`the RPC node must serve logs from block ${String(since)} on`],
  });
}
