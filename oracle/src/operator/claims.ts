import { ClaimState } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import type { ClaimDetails } from "../chain/claim-details.ts";
import { claimStateName } from "../chain/claim-state.ts";
import type { Reader } from "./reader.ts";

/** A claim in which an account has a part. */
export interface OwnClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
  /** Whether the account made it, or attested it. */
  readonly as: "miner" | "verifier";
  /** As `ClaimState`. */
  readonly state: number;
  /** Block. */
  readonly claimedAt: number;
  readonly attestations: number;
  /** First block in which it may be minted, where it is still to be. */
  readonly mintableAt: number | undefined;
}

/** All claims that an account made or attested, of one task or of all, the oldest first. */
export async function claimsOf({ chain, contracts }: Reader, account: Hex, taskId?: Hex): Promise<OwnClaim[]> {
  const { mint } = contracts;
  const range = { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest", strict: true } as const;
  const [made, revealed] = await Promise.all([
    mint.getEvents.TicketClaimed(taskId === undefined ? {} : { taskId }, range),
    mint.getEvents.AttestationRevealed({ verifier: account }, range),
  ]);
  const attested = new Set(revealed.map(({ args }) => args.claimId));
  const own = made.flatMap(({ args: { claimId, miner, details } }): Pick<OwnClaim, "claimId" | "details" | "as">[] => {
    if (claimId === undefined || miner === undefined || details === undefined) return [];
    if (isAddressEqual(miner, account)) return [{ claimId, details, as: "miner" }];
    return attested.has(claimId) ? [{ claimId, details, as: "verifier" }] : [];
  });
  return Promise.all(own.map(async (claim) => ({ ...claim, ...(await stateOf({ chain, contracts }, claim)) })));
}

/** A claim as programs read it; times in blocks. */
export function claimSummary({ claimId, details, as, state, claimedAt, attestations, mintableAt }: OwnClaim) {
  return {
    claim: claimId,
    task: details.taskId,
    as,
    state: claimStateName(state).toLowerCase(),
    slot: details.slot,
    iteration: details.index,
    ticket: details.ticket,
    epoch: Number(details.epoch),
    claimedAt,
    attestations,
    mintableAt,
  };
}

async function stateOf(
  { contracts: { mint } }: Reader,
  { claimId, details }: Pick<OwnClaim, "claimId" | "details">,
): Promise<Pick<OwnClaim, "state" | "claimedAt" | "attestations" | "mintableAt">> {
  const { state, claimedAt, attestations } = await mint.read.claimOf([claimId]);
  const open = state === ClaimState.Claimed || state === ClaimState.Attested;
  return {
    state,
    claimedAt,
    attestations,
    mintableAt: open ? Number(await mint.read.mintableAt([details])) : undefined,
  };
}
