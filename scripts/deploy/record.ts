import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import type { ChainIdentity } from "./chain.ts";
import type { SuiteParameters } from "./parameters.ts";

/** Contracts of the suite, in the order in which they are deployed. */
export const CONTRACT_NAMES = [
  "GristToken",
  "EpochBeacon",
  "StakeManager",
  "VerifierPool",
  "MlpTemplate",
  "TaskRegistry",
  "WorkMint",
  "Audits",
  "Court",
  "SegmentGame",
  "EvaluationGame",
  "TensHashGame",
  "Misconduct",
  "Demands",
  "OpenMint",
  "Perjury",
  "SupervisorLog",
  "BountyBoard",
  "ExactBounties",
  "BountyCourt",
  "BountyGame",
  "FillerTasks",
] as const;

/** Contracts of the suite that are another one once more, around other contracts: what they are compiled from. */
export const TWINS = { BountyCourt: "Court", BountyGame: "EvaluationGame" } as const;

/** Libraries that are linked to the TaskRegistry: nobody else calls them, so no record holds their addresses. */
export const LIBRARY_NAMES = ["TaskFormation", "TaskLottery", "TaskBallots", "TaskConviction", "TaskPayout"] as const;

/** Libraries that are linked to the SegmentGame. */
export const GAME_LIBRARY_NAMES = ["Clocks"] as const;

export type ContractName = (typeof CONTRACT_NAMES)[number];

/** What a contract of the suite is compiled from. */
export function artifactOf(name: ContractName): string {
  return name in TWINS ? TWINS[name as keyof typeof TWINS] : name;
}

/** `deployments/<network>/addresses.json`: where the suite stands on a chain, and with which parameters. */
export interface DeploymentRecord extends ChainIdentity {
  /** Last block before the first contract: all events of the suite come later. */
  readonly blockNumber: number;
  /** {@link fingerprint} of what was deployed. */
  readonly fingerprint: string;
  readonly contracts: Readonly<Record<ContractName, string>>;
  /** Amounts of GRIST wei and other large integers as decimal strings. */
  readonly parameters: unknown;
}

/** The same for the same code with the same parameters on the same chain, and for nothing else: 16 hex digits. */
export function fingerprint(chain: ChainIdentity, parameters: SuiteParameters, bytecodes: readonly string[]): string {
  const content = JSON.stringify([chain.chainId, chain.genesisHash, plain(parameters), bytecodes]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** The record, or undefined if nothing was deployed to the network yet. */
export async function readRecord(file: string): Promise<DeploymentRecord | undefined> {
  return existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as DeploymentRecord) : undefined;
}

/** Writes a JSON file whole or not at all. */
export async function writeJson(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, `${JSON.stringify(plain(content), undefined, 2)}\n`);
  await rename(`${file}.tmp`, file);
}

/** JSON has no bigint: decimal strings stand in. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? item.toString() : item)));
}
