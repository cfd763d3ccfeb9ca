import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

import type { Address } from "viem";

import type { ChainIdentity } from "../deploy/chain.ts";

/** A shared model's contracts, in the order in which they are deployed. */
export type PartName = "dataHandler" | "incentiveMechanism" | "classifier" | "trainer";

/**
 * `deployments/<network>/models/<model>.json`: where a shared model stands, and, while it is being deployed, how far it
 * has come.
 */
export interface ModelRecord extends ChainIdentity {
  readonly name: string;
  /** {@link modelFingerprint} of what is deployed. */
  readonly fingerprint: string;
  readonly isComplete: boolean;
  /** Written before the transaction is sent: where it will stand, once it is mined. */
  readonly contracts: Readonly<Partial<Record<PartName, Address>>>;
  /** Calls of the set-up that are known to be mined. */
  readonly callsDone: number;
}

/** The same for the same file and code on the same chain, and for nothing else: 16 hex digits. */
export function modelFingerprint(chain: ChainIdentity, fileText: string, bytecodes: readonly string[]): string {
  const content = JSON.stringify([chain.chainId, chain.genesisHash, fileText, bytecodes]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** The record, or undefined if there is none yet. */
export async function readModelRecord(file: string): Promise<ModelRecord | undefined> {
  return existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as ModelRecord) : undefined;
}

/** A model's name as a file name: `Sentiment of film reviews` is `sentiment-of-film-reviews`. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
