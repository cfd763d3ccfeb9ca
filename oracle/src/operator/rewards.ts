import { ClaimState } from "@gristmill/sdk";
import type { Hex } from "viem";
import { parseEventLogs } from "viem";

import { isRevert } from "../chain/chain.ts";
import { expectedReward } from "../roles/claim-worth.ts";
import type { OwnClaim } from "./claims.ts";
import { claimsOf } from "./claims.ts";
import type { Reader } from "./reader.ts";

/** Claims whose verifiers are paid in one transaction: at most about two million gas. */
const CLAIMS_PER_PAYMENT = 32;

/** What an account has earned, in GRIST wei. */
export interface RewardView {
  readonly account: Hex;
  /** Pay of settled tasks, to withdraw from the registry. */
  readonly credit: bigint;
  /** Minted for the account's claims so far, its own part. */
  readonly minted: bigint;
  /** Claims that wait for attestations or the end of their window. */
  readonly pending: readonly OwnClaim[];
  /** What these may mint at most. */
  readonly expected: bigint;
}

export async function readRewards(reader: Reader, account: Hex): Promise<RewardView> {
  const { chain, contracts } = reader;
  const [credit, claims, mints] = await Promise.all([
    contracts.registry.read.creditOf([account]),
    claimsOf(reader, account),
    contracts.mint.getEvents.RewardMinted(
      { miner: account },
      { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest" },
    ),
  ]);
  const minted = mints.reduce((sum, { args }) => sum + (args.reward ?? 0n) - (args.verifiersPart ?? 0n), 0n);
  const pending = claims.filter(
    ({ as, state }) => as === "miner" && (state === ClaimState.Claimed || state === ClaimState.Attested),
  );
  const expected = await Promise.all(pending.map(({ details }) => expectedReward(contracts, details)));
  return { account, credit, minted, pending, expected: expected.reduce((sum, each) => sum + each, 0n) };
}

/** What {@link claimRewards} did. */
export interface ClaimedRewards {
  /** Claims minted. */
  readonly minted: number;
  /** Claims whose verifiers were paid. */
  readonly paid: number;
  /** GRIST wei withdrawn from the registry. */
  readonly withdrawn: bigint;
}

/** Takes everything that an account can have now: mints its claims that are due, pays its attestations, withdraws its credit. */
export async function claimRewards(reader: Reader): Promise<ClaimedRewards> {
  const { chain, contracts } = reader;
  const account = chain.account.address;
  const { address, abi } = contracts.mint;
  const { number } = await chain.head();
  let minted = 0;
  for (const { state, mintableAt, details } of await claimsOf(reader, account)) {
    if (state !== ClaimState.Attested || mintableAt === undefined || number < mintableAt) continue;
    minted += await chain.transact({ address, abi, functionName: "mint", args: [details] }).then(
      () => 1,
      (error: unknown) => {
        // Suspended, or nothing is left to mint: `explain` says so.
        if (!isRevert(error)) throw error;
        return 0;
      },
    );
  }
  const due = (await claimsOf(reader, account)).filter(
    ({ as, state }) => as === "verifier" && state === ClaimState.Minted,
  );
  let paid = 0;
  for (let first = 0; first < due.length; first += CLAIMS_PER_PAYMENT) {
    const args = [due.slice(first, first + CLAIMS_PER_PAYMENT).map(({ details }) => details)] as const;
    const { logs } = await chain.transact({ address, abi, functionName: "payVerifiers", args });
    paid += parseEventLogs({ abi, logs, eventName: "VerifiersPaid" }).length;
  }
  const withdrawn = await contracts.registry.read.creditOf([account]);
  if (withdrawn > 0n) {
    const { registry } = contracts;
    await chain.transact({ address: registry.address, abi: registry.abi, functionName: "withdraw", args: [] });
  }
  return { minted, paid, withdrawn };
}
