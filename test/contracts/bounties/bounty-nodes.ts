import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { blobHash, GristmillError } from "@gristmill/sdk";
import { pino } from "pino";
import { bytesToHex, custom, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import type { BountyNode } from "../../../oracle/src/bounties/bounty-node.ts";
import { Chain } from "../../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { suiteOf } from "../helpers/deployment.ts";
import { connection, ethers, type Suite } from "./bounty-scene.ts";

const MNEMONIC = "test test test test test test test test test test test junk";

/** A line of a node's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

export interface TestNode extends BountyNode {
  readonly lines: Line[];
  readonly account: Hex;
  readonly database: Database;
}

/** What all nodes serve each other. */
export class SharedBlobs {
  readonly #blobs = new Map<string, Uint8Array>();

  put(bytes: Uint8Array): Promise<string> {
    const address = blobHash(bytes);
    this.#blobs.set(address, bytes);
    return Promise.resolve(address);
  }

  get(address: string): Promise<Uint8Array> {
    const found = this.#blobs.get(address);
    return found === undefined
      ? Promise.reject(new GristmillError("BLOB_UNAVAILABLE", `nobody serves ${address}`))
      : Promise.resolve(found);
  }

  forget(address: string): void {
    this.#blobs.delete(address);
  }
}

interface Deployed {
  getAddress(): Promise<string>;
}

/** A node with one of Hardhat's accounts, by its number. */
export async function nodeOf(
  suite: Suite & { readonly openMint?: Deployed; readonly court?: Deployed },
  signer: number,
  folder: string,
  blobs: SharedBlobs,
  policy: Partial<BountyNode["config"]> = {},
): Promise<TestNode> {
  const at = async (contract: Deployed) => (await contract.getAddress()) as Hex;
  const { openMint, court } = suite;
  const contracts = {
    GristToken: await at(suite.token),
    StakeManager: await at(suite.stakes),
    VerifierPool: await at(suite.pool),
    EpochBeacon: await at(suite.beacon),
    BountyBoard: await at(suite.board),
    ...(openMint === undefined ? {} : { OpenMint: await at(openMint) }),
    ...(court === undefined ? {} : { Court: await at(court) }),
  };
  return nodeAt(contracts, signer, folder, blobs, policy);
}

/** The same where only these contracts are needed, on any chain in this process. */
export async function nodeAt(
  contracts: Parameters<typeof suiteOf>[0],
  signer: number,
  folder: string,
  blobs: SharedBlobs,
  policy: Partial<BountyNode["config"]> = {},
  provider: Parameters<typeof custom>[0] = connection.provider,
): Promise<TestNode> {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: signer }).getHdKey();
  const dataDir = join(folder, `node-${signer}`);
  mkdirSync(dataDir, { recursive: true });
  const chain = await Chain.connect({
    rpcUrl: "in this process",
    privateKey: bytesToHex(privateKey!),
    transport: custom(provider),
    deployment: {
      chainId: Number((await ethers.provider.getNetwork()).chainId),
      blockNumber: 0,
      contracts: suiteOf(contracts),
    },
  });
  const lines: Line[] = [];
  const serializers = { error: ({ message }: Error) => message };
  const log = pino({ level: "debug", serializers }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  return {
    config: {
      dataDir,
      bountyEnabled: true,
      bountyMinimum: 0,
      bountyTimeLeft: 60,
      bountyRunTime: 600,
      bountyJobs: 1,
      bountyTopics: [],
      bountyRunners: ["builtin"],
      ...policy,
    },
    chain,
    contracts: contractsOf(chain),
    database: openDatabase(join(dataDir, "node.sqlite")),
    blobs,
    log,
    signal: new AbortController().signal,
    ensureStake: () => Promise.resolve(),
    lines,
    account: chain.account.address,
  };
}

export async function headNow(): Promise<{ readonly number: bigint; readonly timestamp: bigint }> {
  const { number, timestamp } = (await ethers.provider.getBlock("latest"))!;
  return { number: BigInt(number), timestamp: BigInt(timestamp) };
}
