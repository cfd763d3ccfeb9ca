import type { SharedModelParts } from "@gristmill/sdk";
import { collaborativeTrainer64Abi, dataHandler64Abi, ENCODERS, points64Abi, stakeable64Abi } from "@gristmill/sdk";
import type { Address, Hex } from "viem";
import { encodeAbiParameters, keccak256 } from "viem";

import { readEvents } from "./read-events.ts";
import type { Suite } from "./suite.ts";

/** A sample that somebody added, as its event tells. */
export interface Contribution {
  readonly id: string;
  readonly data: readonly bigint[];
  /** Index of its class. */
  readonly label: number;
  /** Unix seconds. */
  readonly time: bigint;
  readonly author: Address;
  /** Wei. */
  readonly deposit: bigint;
  readonly hash: Hex;
  readonly block: bigint;
}

/** Samples added to a model, the latest first. */
export async function readContributions({ client }: Suite, trainer: Address): Promise<readonly Contribution[]> {
  const events = await readEvents(client, {
    address: trainer,
    abi: collaborativeTrainer64Abi,
    eventName: "AddData",
    // Models may be older than the suite.
    since: 0n,
  });
  return events
    .map(({ args, blockNumber, logIndex, transactionHash }) => ({
      id: `${blockNumber}-${logIndex}`,
      data: args.d,
      label: Number(args.c),
      time: args.t,
      author: args.sender,
      deposit: args.cost,
      hash: transactionHash,
      block: blockNumber,
    }))
    .reverse();
}

/** How money is dealt with in a shared model, as far as an account and a moment are concerned. */
export async function readTerms({ client }: Suite, { incentiveMechanism }: SharedModelParts, account?: Address) {
  const points = { address: incentiveMechanism, abi: points64Abi } as const;
  const stakeable = { address: incentiveMechanism, abi: stakeable64Abi } as const;
  const [price, refundWait, ownerWait, anyWait, modelOwner, grace, stats] = await Promise.all([
    client.readContract({ ...stakeable, functionName: "getNextAddDataCost" }),
    client.readContract({ ...stakeable, functionName: "refundWaitTimeS" }),
    client.readContract({ ...stakeable, functionName: "ownerClaimWaitTimeS" }),
    client.readContract({ ...stakeable, functionName: "anyAddressClaimWaitTimeS" }),
    client.readContract({ ...stakeable, functionName: "modelOwner" }),
    // Points are not staked: there is nothing to report for.
    client.readContract({ ...stakeable, functionName: "reportGraceS" }).catch(() => undefined),
    account === undefined
      ? undefined
      : client.readContract({ ...points, functionName: "addressStats", args: [account] }),
  ]);
  return { price, refundWait, ownerWait, anyWait, modelOwner, grace, goodSamples: stats?.[0] };
}

/** What is left of a deposit, in wei. */
export async function readClaimable({ client }: Suite, { dataHandler }: SharedModelParts, contribution: Contribution) {
  return client.readContract({
    address: dataHandler,
    abi: dataHandler64Abi,
    functionName: "getClaimableAmount",
    args: [contribution.data, BigInt(contribution.label), contribution.time, contribution.author],
  });
}

/** Whether the encoder of a model takes text rather than numbers. */
export function takesText(encoder: string): boolean {
  const name = encoder.toLowerCase();
  return name === ENCODERS.tokenHashes.toLowerCase() || name === ENCODERS.vocabulary.toLowerCase();
}

/** Where a page keeps what a visitor typed, so that added data can be found by it again. */
const ORIGINALS = "gristmill.originals";

/** The key of an original: encoders lose the text, so it is known only where it was typed. */
function originalKey(trainer: Address, data: readonly bigint[]): string {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "int64[]" }], [trainer, data])).slice(2, 22);
}

/** Remembers, in this browser, what the visitor typed. */
export function rememberOriginal(trainer: Address, data: readonly bigint[], original: string): void {
  localStorage.setItem(`${ORIGINALS}.${originalKey(trainer, data)}`, original);
}

/** What was typed for a sample, if it was typed in this browser. */
export function originalOf(trainer: Address, data: readonly bigint[]): string | undefined {
  return localStorage.getItem(`${ORIGINALS}.${originalKey(trainer, data)}`) ?? undefined;
}
