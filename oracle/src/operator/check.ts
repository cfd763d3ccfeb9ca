import { existsSync, statSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { createConnection, createServer } from "node:net";

import { GristmillError } from "@gristmill/sdk";
import { multiaddr } from "@multiformats/multiaddr";
import type { Hex } from "viem";
import { createPublicClient, formatEther, http, parseEther } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { Chain } from "../chain/chain.ts";
import { contractsOf } from "../chain/contracts.ts";
import type { Deployment } from "../chain/deployment.ts";
import { readDeployment } from "../chain/deployment.ts";
import type { NodeConfig } from "../config/config.ts";
import { unlockKey } from "../config/keystore.ts";
import { createTensHasher } from "../tenshash/index.ts";
import { createEngine } from "../training/create-engine.ts";
import { readStake } from "./stake.ts";

/** Something that was looked at before a node runs. */
export interface Finding {
  readonly what: string;
  readonly state: "ok" | "warning" | "failed";
  /** What was found. */
  readonly detail: string;
  /** What to do about it. */
  readonly mend?: string;
}

type Outcome = Omit<Finding, "what">;

/** Milliseconds that a single look may take. */
const TIMEOUT = 10_000;

/** Seconds that the head of a chain may be old, and that this clock may differ from it. */
const OLD_HEAD = 120;
const CLOCK_SKEW = 15;

/** Bytes that should be free: a task's data, checkpoints of a few epochs, and the log of segments. */
const FREE_BYTES = 2 * 2 ** 30;

const LITTLE_ETHER = parseEther("0.01");

/** Looks at everything that a node needs, at once, and says of each problem how to mend it. Changes nothing. */
export async function checkNode(config: NodeConfig): Promise<Finding[]> {
  // Opened once: on a terminal its password is asked for.
  const key = unlockKey(config);
  const chain = openChain(config, key);
  // Whoever uses them sees the failure; if nobody does it must not count as unhandled.
  for (const each of [key, chain]) each.catch(() => undefined);
  const looks: readonly (readonly [string, () => Promise<Outcome> | Outcome])[] = [
    ["data folder", () => checkFolder(config)],
    ...config.rpc.map((url) => [`endpoint ${new URL(url).host}`, () => checkEndpoint(url, config)] as const),
    ["contracts", async () => checkContracts(await chain)],
    ["key", async () => checkKey(config, await key)],
    ["ether", async () => checkEther(await chain)],
    ["stake", async () => checkStake(await chain, config)],
    ...config.listen.map((address) => [`port ${address}`, () => checkListen(address)] as const),
    ["API", () => checkApi(config)],
    ...config.bootstrap.map((address) => [`peer ${address}`, () => checkPeer(address)] as const),
    [`products by ${config.backend}`, () => checkEngine(config)],
    [`TensHash by ${config.hasher}`, () => checkHasher(config)],
  ];
  return Promise.all(
    looks.map(async ([what, look]) => {
      try {
        return { what, ...(await look()) };
      } catch (error) {
        return { what, ...failureOf(error) };
      }
    }),
  );
}

function failureOf(error: unknown): Outcome {
  if (!(error instanceof GristmillError))
    return {
      state: "failed",
      detail: (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "",
    };
  const [mend] = error.hints;
  return { state: "failed", detail: error.message, ...(mend === undefined ? {} : { mend }) };
}

async function openChain(config: NodeConfig, key: Promise<Hex | undefined>): Promise<Chain> {
  const deployment = await readDeployment(config.deployment);
  const privateKey = await key.catch(() => undefined);
  return Chain.connect({ rpcUrl: config.rpc, deployment, ...(privateKey === undefined ? {} : { privateKey }) });
}

async function checkFolder({ dataDir }: NodeConfig): Promise<Outcome> {
  await mkdir(dataDir, { recursive: true }).catch((cause: unknown) => {
    throw new GristmillError("DATA_FOLDER_UNUSABLE", `${dataDir} cannot be written`, {
      cause,
      hints: ["choose another folder with --data-dir"],
    });
  });
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const detail = `${dataDir}, ${(free / 2 ** 30).toFixed(1)} GiB free`;
  return free < FREE_BYTES
    ? { state: "warning", detail, mend: "make room: a task may need 2 GiB" }
    : { state: "ok", detail };
}

async function checkEndpoint(url: string, config: NodeConfig): Promise<Outcome> {
  const client = createPublicClient({ transport: http(url, { timeout: TIMEOUT, retryCount: 0 }) });
  const { chainId }: Pick<Deployment, "chainId"> = await readDeployment(config.deployment);
  const block = await client.getBlock({ includeTransactions: false }).catch(() => undefined);
  if (block === undefined)
    return { state: "failed", detail: "does not answer", mend: "start the chain, or name another endpoint with --rpc" };
  const id = await client.getChainId();
  if (id !== chainId)
    return {
      state: "failed",
      detail: `is chain ${String(id)}; the deployment is for chain ${String(chainId)}`,
      mend: "name an endpoint of the right chain with --rpc, or its deployment with --deployment",
    };
  const age = Math.floor(Date.now() / 1000) - Number(block.timestamp);
  const detail = `chain ${String(id)}, block ${String(block.number)}`;
  if (age < -CLOCK_SKEW)
    return {
      state: "failed",
      detail: `${detail}, from ${String(-age)} s in the future`,
      mend: "set this machine's clock",
    };
  if (age > OLD_HEAD)
    return {
      state: "warning",
      detail: `${detail}, ${String(age)} s old`,
      mend: "see whether the endpoint has caught up, whether the chain goes on, and this machine's clock",
    };
  return { state: "ok", detail };
}

async function checkContracts(chain: Chain): Promise<Outcome> {
  const { contracts } = chain.deployment;
  const codes = await Promise.all(Object.values(contracts).map((address) => chain.public.getCode({ address })));
  const missing = Object.keys(contracts).filter((_, index) => codes[index] === undefined);
  if (missing.length > 0)
    return {
      state: "failed",
      detail: `no code at the addresses of ${missing.join(", ")}`,
      mend: "name the deployment record of this chain with --deployment, or deploy anew",
    };
  const { registry, mint, beacon, pool, court, stake } = contractsOf(chain);
  const zero = `0x${"00".repeat(32)}` as const;
  // Each answers by this version's interface, or not at all.
  await Promise.all([
    registry.read.taskOf([zero]),
    mint.read.claimOf([zero]),
    beacon.read.genesisBlock(),
    pool.read.weightOf([registry.address]),
    court.read.disputeOf([zero]),
    stake.read.freeOf([registry.address]),
  ]).catch((cause: unknown) => {
    throw new GristmillError("CONTRACTS_OTHER_VERSION", "the contracts do not answer as this version's do", {
      cause,
      hints: ["install the oracle-miner that belongs to the deployment, or name another deployment"],
    });
  });
  return { state: "ok", detail: `${String(codes.length)} contracts of this version's interfaces` };
}

function checkKey(config: NodeConfig, key: Hex | undefined): Outcome {
  if (key === undefined)
    return {
      state: "failed",
      detail: "none",
      mend: "make one with `oracle-miner init`, or name a keystore with --keystore",
    };
  const file = config.keystore ?? config.keyFile;
  const detail = privateKeyToAddress(key);
  if (file !== undefined && existsSync(file) && (statSync(file).mode & 0o077) !== 0)
    return { state: "warning", detail: `${detail}; others may read ${file}`, mend: `chmod 600 ${file}` };
  return { state: "ok", detail };
}

async function checkEther(chain: Chain): Promise<Outcome> {
  const { address } = chain;
  if (address === undefined) return { state: "warning", detail: "not looked at: there is no key" };
  const balance = await chain.public.getBalance({ address });
  const detail = `${formatEther(balance)} ether`;
  if (balance === 0n) return { state: "failed", detail, mend: `send ether for gas to ${address}` };
  return balance < LITTLE_ETHER
    ? { state: "warning", detail, mend: `send some to ${address} before it runs out` }
    : { state: "ok", detail };
}

async function checkStake(chain: Chain, { autoStake }: NodeConfig): Promise<Outcome> {
  const account: Hex | undefined = chain.address;
  if (account === undefined) return { state: "warning", detail: "not looked at: there is no key" };
  const { free, locked, wallet } = await readStake({ chain, contracts: contractsOf(chain) }, account);
  const detail = `${formatEther(free)} GRIST free, ${formatEther(locked)} locked, ${formatEther(wallet)} in the wallet`;
  if (free + locked > 0n || (autoStake && wallet > 0n)) return { state: "ok", detail };
  const mend = wallet > 0n ? "stake some: oracle-miner stake add AMOUNT" : `send GRIST to ${account}, then stake it`;
  return { state: "warning", detail, mend };
}

async function checkListen(address: string): Promise<Outcome> {
  const { host, port } = endOf(address);
  return canListen(host, port);
}

async function checkApi({ api }: NodeConfig): Promise<Outcome> {
  if (api === "off") return { state: "ok", detail: "off" };
  const colon = api.lastIndexOf(":");
  return canListen(api.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), Number(api.slice(colon + 1)));
}

async function canListen(host: string, port: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const server = createServer();
  server.once("error", ({ message }) => {
    resolve({ state: "failed", detail: message, mend: "choose a free port of an address of this machine" });
  });
  server.listen(port, host, () => {
    server.close(() => {
      resolve({ state: "ok", detail: `${host}, ${port === 0 ? "any port" : `port ${String(port)}`}` });
    });
  });
  return promise;
}

async function checkPeer(address: string): Promise<Outcome> {
  const { host, port } = endOf(address);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = createConnection({ host, port, timeout: TIMEOUT });
  const fail = (detail: string) => () => {
    resolve({ state: "failed", detail, mend: "ask its operator, or name another peer with --bootstrap" });
    socket.destroy();
  };
  socket.once("connect", () => {
    socket.destroy();
    resolve({ state: "ok", detail: "answers" });
  });
  socket.once("timeout", fail("does not answer"));
  socket.once("error", fail("refuses the connection"));
  return promise;
}

/** @throws GristmillError ADDRESS_INVALID */
function endOf(address: string): { readonly host: string; readonly port: number } {
  try {
    const parts = multiaddr(address).getComponents();
    const host = parts.find(({ name }) => /^(ip|dns)/.test(name))?.value;
    const port = parts.find(({ name }) => name === "tcp")?.value;
    if (host !== undefined && port !== undefined) return { host, port: Number(port) };
  } catch {
    // Said below.
  }
  throw new GristmillError("ADDRESS_INVALID", `${address} is not a libp2p address over TCP`, {
    hints: ["such as /ip4/192.0.2.1/tcp/4001"],
  });
}

async function checkEngine({ backend }: NodeConfig): Promise<Outcome> {
  await createEngine(backend);
  return { state: "ok", detail: "passed its self-test" };
}

async function checkHasher({ hasher, hasherThreads }: NodeConfig): Promise<Outcome> {
  const opened = await createTensHasher(hasher, { threads: hasherThreads });
  await opened.dispose();
  return { state: "ok", detail: `${opened.name}, ${opened.device}, passed its self-test` };
}
