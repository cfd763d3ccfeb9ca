import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, createWalletClient, http, parseEther } from "viem";
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from "viem/accounts";

import type { Deployment } from "../../oracle/src/chain/deployment.ts";
import { Chain } from "../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../oracle/src/chain/contracts.ts";
import { LAUNCHED } from "../../oracle/src/cli/signals.ts";
import type { DemoChain } from "./local-chain.ts";
import type { Exit, Processes } from "./processes.ts";
import type { NodeEvent } from "./run-state.ts";

/** The mnemonic whose accounts every development chain funds; public, so never for real money. */
const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

/** What each node of the demo gets: ether for gas, GRIST to stake or pay. */
const ETHER = parseEther("10");
const GRIST = parseEther("10000");

const CHEATER = fileURLToPath(new URL("./cheats/cheating-node.ts", import.meta.url));
const CLI = fileURLToPath(new URL("../../oracle/bin/oracle-miner.js", import.meta.url));

/** A node of the demo that runs as a process of its own. */
export interface DemoNode {
  readonly name: string;
  readonly role: string;
  readonly account: Hex;
  readonly pid: number | undefined;
  readonly exit: Promise<Exit>;
  /** Asks it to end. */
  readonly stop: () => void;
  /** Resolves with the first event of that name. */
  seen(event: string): Promise<NodeEvent>;
}

/** Everything the nodes of one demo share. */
export interface DemoSetting {
  readonly processes: Processes;
  readonly chain: DemoChain;
  readonly deploymentFile: string;
  readonly folder: string;
  /** Settings that all nodes get, as flags. */
  readonly flags: readonly string[];
  readonly onEvent: (event: NodeEvent) => void;
}

/** The key that deploys and funds: of the environment, or the first development account. */
export function funderKey(): Hex {
  const given = process.env["GRISTMILL_DEPLOYER_KEY"];
  if (given !== undefined) {
    if (!/^0x[0-9a-fA-F]{64}$/.test(given))
      throw new GristmillError("KEY_INVALID", "GRISTMILL_DEPLOYER_KEY is not a private key", {
        hints: ["0x and 64 hexadecimal digits"],
      });
    return given as Hex;
  }
  const { privateKey } = mnemonicToAccount(DEVELOPMENT_MNEMONIC).getHdKey();
  if (privateKey === null) throw new GristmillError("KEY_INVALID", "the development mnemonic has no key");
  return bytesToHex(privateKey);
}

/** Gives accounts what they need to take part. */
export async function fund(chain: DemoChain, deployment: Deployment, accounts: readonly Hex[]): Promise<void> {
  const funder = privateKeyToAccount(funderKey());
  const connection = await Chain.connect({ rpcUrl: chain.rpcUrl, deployment, privateKey: funderKey() });
  const { token } = contractsOf(connection);
  const wallet = createWalletClient({ account: funder, transport: http(chain.rpcUrl) });
  let nonce = await chain.client.getTransactionCount({ address: funder.address, blockTag: "pending" });
  const sent: Hex[] = [];
  for (const account of accounts) {
    sent.push(await wallet.sendTransaction({ to: account, value: ETHER, nonce: nonce++, chain: null }));
    sent.push(
      await wallet.writeContract({
        address: token.address,
        abi: token.abi,
        functionName: "transfer",
        args: [account, GRIST],
        nonce: nonce++,
        chain: null,
      }),
    );
  }
  for (const hash of sent) {
    const { status } = await chain.client.waitForTransactionReceipt({ hash, timeout: 60_000, pollingInterval: 250 });
    if (status !== "success")
      throw new GristmillError("FUNDING_FAILED", `the demo's accounts could not be funded from ${funder.address}`, {
        hints: ["set GRISTMILL_DEPLOYER_KEY to a key that holds ether and GRIST on this chain"],
      });
  }
}

/** A fresh identity. */
export interface Identity {
  readonly key: Hex;
  readonly account: Hex;
}

export function createIdentity(): Identity {
  const key = generatePrivateKey();
  return { key, account: privateKeyToAccount(key).address };
}

/**
 * Starts one `oracle-miner` process. Its key travels in the environment, never on the command line.
 * @param cheat name of the cheat that this miner runs; it is honest without
 */
export async function startNode(
  setting: DemoSetting,
  name: string,
  role: string,
  identity: Identity,
  command: readonly string[],
  bootstrap: readonly string[],
  cheat?: string,
): Promise<DemoNode> {
  const dataDir = join(setting.folder, name);
  await mkdir(dataDir, { recursive: true });
  const logFile: string[] = [];
  const waiting = new Map<string, { promise: Promise<NodeEvent>; resolve: (event: NodeEvent) => void }>();
  const waitFor = (event: string) => {
    let entry = waiting.get(event);
    if (entry === undefined) {
      entry = Promise.withResolvers<NodeEvent>();
      waiting.set(event, entry);
    }
    return entry;
  };
  const { child, exit } = setting.processes.start({
    name,
    script: cheat === undefined ? CLI : CHEATER,
    args: [
      ...(cheat === undefined ? [] : [cheat]),
      ...command,
      "--name",
      name,
      "--rpc",
      setting.chain.rpcUrl,
      "--deployment",
      setting.deploymentFile,
      "--data-dir",
      dataDir,
      "--auto-stake",
      // All nodes are on one machine: waiting for the others costs nothing, and fresh updates train better.
      "--max-lead",
      "0",
      ...setting.flags,
      ...(bootstrap.length === 0 ? [] : ["--bootstrap", ...bootstrap]),
    ],
    env: { ORACLE_MINER_PRIVATE_KEY: identity.key, [LAUNCHED]: "1" },
    // Where the run was started there may be the settings of a node of the operator's own.
    cwd: dataDir,
    inSession: true,
    onLine: (line) => {
      logFile.push(line);
      const event = parseEvent(line);
      if (event === undefined) return;
      waitFor(event.event).resolve(event);
      setting.onEvent(event);
    },
  });
  const ended = exit.then(async (end) => {
    await writeFile(join(dataDir, "log.jsonl"), `${logFile.join("\n")}\n${end.stderr}`);
    return end;
  });
  return {
    name,
    role,
    account: identity.account,
    pid: child.pid,
    exit: ended,
    stop: () => void child.kill("SIGTERM"),
    seen: (event) =>
      Promise.race([
        waitFor(event).promise,
        ended.then((end) => {
          throw new GristmillError(
            "NODE_ENDED",
            `${name} ended (${String(end.code ?? end.signal)}) before "${event}"`,
            {
              hints: end.stderr.trim().split("\n").slice(-6),
            },
          );
        }),
      ]),
  };
}

function parseEvent(line: string): NodeEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === "object" && "event" in value ? (value as NodeEvent) : undefined;
  } catch {
    return undefined;
  }
}
