import type { SuiteDeployment } from "@gristmill/sdk";
import { deployments, GristmillError } from "@gristmill/sdk";
import type { Chain, PublicClient } from "viem";
import { createPublicClient, defineChain, http } from "viem";

import type { DashboardConfig } from "../config.ts";

/** Chain ids of Hardhat, anvil and Ganache: chains of one's own, with unlocked accounts. */
const DEVELOPMENT_CHAINS: ReadonlySet<number> = new Set([31_337, 1_337]);

/** Milliseconds after which an endpoint counts as silent. */
const RPC_TIMEOUT = 10_000;

/** Everything the page reads: the suite on its chain. */
export interface Suite {
  readonly config: DashboardConfig;
  readonly chain: Chain;
  readonly client: PublicClient;
  readonly contracts: SuiteDeployment["contracts"];
  /** All events of the suite come later than this block. */
  readonly since: bigint;
  readonly isDevelopment: boolean;
}

/**
 * Connects to the chain of the configuration and makes sure that the suite is on it.
 * @throws GristmillError RPC_UNREACHABLE, SUITE_UNKNOWN, SUITE_MISSING, WRONG_CHAIN
 */
export async function connectSuite(config: DashboardConfig): Promise<Suite> {
  const transport = http(config.rpcUrl, { batch: true, retryCount: 1, timeout: RPC_TIMEOUT });
  const probe = createPublicClient({ transport });
  const chainId = await probe.getChainId().catch((cause: unknown) => {
    throw new GristmillError("RPC_UNREACHABLE", `No JSON-RPC endpoint answers at ${config.rpcUrl}.`, {
      hints: ["check that the chain runs, and that its endpoint lets web pages read it (CORS)"],
      cause,
    });
  });
  const deployment = deploymentOn(chainId, config);
  const code = await probe.getCode({ address: deployment.contracts.TaskRegistry });
  if (code === undefined) {
    throw new GristmillError(
      "SUITE_MISSING",
      `Chain ${chainId} has no TaskRegistry at ${deployment.contracts.TaskRegistry}.`,
      { hints: ["deploy with npm run deploy", "or give config.json the addresses of this chain's deployment"] },
    );
  }
  const isDevelopment = DEVELOPMENT_CHAINS.has(chainId);
  const chain = defineChain({
    id: chainId,
    name: isDevelopment ? "Local chain" : `Chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [config.rpcUrl] } },
    testnet: isDevelopment,
  });
  return {
    config,
    chain,
    // Every block is asked for anew; between two the queries themselves are the cache.
    client: createPublicClient({ chain, transport, cacheTime: 0 }),
    contracts: deployment.contracts,
    since: BigInt(deployment.blockNumber),
    isDevelopment,
  };
}

function deploymentOn(chainId: number, { deployment, rpcUrl }: DashboardConfig): SuiteDeployment {
  if (deployment !== undefined && deployment.chainId !== chainId) {
    throw new GristmillError(
      "WRONG_CHAIN",
      `${rpcUrl} is chain ${chainId}, but config.json has the addresses of chain ${deployment.chainId}.`,
      { hints: ["use an endpoint of that chain, or the addresses of this one"] },
    );
  }
  const found = deployment ?? deployments[chainId];
  if (found !== undefined) return found;
  throw new GristmillError("SUITE_UNKNOWN", `Nothing says where Gristmill stands on chain ${chainId}.`, {
    hints: ['give config.json its "deployment": the content of deployments/NETWORK/addresses.json'],
  });
}
