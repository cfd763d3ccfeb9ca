import { createServer } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { GristmillError } from "@gristmill/sdk";
import { createPublicClient, http } from "viem";
import type { PublicClient } from "viem";

import type { Processes } from "./processes.ts";

/** Milliseconds a started chain has to answer. */
const START_TIMEOUT = 60_000;

/** A chain that the demo may use. */
export interface DemoChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly client: PublicClient;
}

/** A TCP port that is free right now on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string")
    throw new GristmillError("PORT_UNKNOWN", "no free port was found");
  return address.port;
}

/** The script behind `npx hardhat`. */
export function hardhatScript(): string {
  return join(dirname(createRequire(import.meta.url).resolve("hardhat/package.json")), "dist/src/cli.js");
}

/** Starts Hardhat's node as a process of its own. */
export async function startLocalChain(processes: Processes): Promise<DemoChain> {
  const port = await freePort();
  const { exit } = processes.start({
    name: "chain",
    script: hardhatScript(),
    args: ["node", "--hostname", "127.0.0.1", "--port", String(port)],
  });
  const ended = exit.then((end) => {
    throw new GristmillError("CHAIN_ENDED", `the local chain ended early (${String(end.code ?? end.signal)})`, {
      hints: end.stderr.split("\n").slice(-5),
    });
  });
  ended.catch(() => undefined);
  return Promise.race([connectChain(`http://127.0.0.1:${String(port)}`, START_TIMEOUT), ended]);
}

/**
 * Connects to a chain.
 * @throws GristmillError CHAIN_UNREACHABLE
 */
export async function connectChain(rpcUrl: string, timeout: number): Promise<DemoChain> {
  const client = createPublicClient({ transport: http(rpcUrl, { retryCount: 0, timeout: 5_000 }), cacheTime: 0 });
  const deadline = Date.now() + timeout;
  let chainId: number | undefined;
  for (;;) {
    try {
      chainId = await client.getChainId();
      break;
    } catch (cause) {
      if (Date.now() > deadline)
        throw new GristmillError("CHAIN_UNREACHABLE", `no JSON-RPC endpoint answers at ${rpcUrl}`, {
          cause,
          hints: ["start the chain first, for example: npm run chain"],
        });
      await delay(200);
    }
  }
  return { rpcUrl, chainId, client };
}

/**
 * Makes sure that a chain's blocks advance by themselves: a development chain, which mines on demand, is set to a block
 * every so many seconds (Hardhat takes milliseconds, anvil seconds).
 * @throws GristmillError CHAIN_STANDS_STILL
 */
export async function keepMining({ client, rpcUrl }: DemoChain, seconds: number): Promise<void> {
  const version = await client.request({ method: "web3_clientVersion" }).catch(() => "");
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  if (/anvil/i.test(version)) {
    await request({ method: "evm_setAutomine", params: [false] });
    await request({ method: "evm_setIntervalMining", params: [seconds] });
  } else if (/hardhat/i.test(version)) {
    await request({ method: "evm_setAutomine", params: [false] });
    await request({ method: "evm_setIntervalMining", params: [1_000 * seconds] });
  } else {
    const before = await client.getBlockNumber();
    const deadline = Date.now() + START_TIMEOUT;
    while ((await client.getBlockNumber()) === before) {
      if (Date.now() > deadline)
        throw new GristmillError("CHAIN_STANDS_STILL", `the chain at ${rpcUrl} has produced no block for a minute`, {
          hints: ["the demo needs a chain that produces blocks by itself"],
        });
      await delay(500);
    }
  }
}
