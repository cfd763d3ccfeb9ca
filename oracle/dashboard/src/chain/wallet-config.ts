import { http } from "viem";
import type { Config } from "wagmi";
import { createConfig, injected } from "wagmi";

import type { Suite } from "./suite.ts";
import { unlockedAccounts } from "./unlocked-accounts.ts";

/** Wallets that announce themselves, the one that a browser injects, and on a local chain the node's own accounts. */
export function walletConfig({ chain, config, isDevelopment }: Suite): Config {
  return createConfig({
    chains: [chain],
    connectors: [injected(), ...(isDevelopment ? [unlockedAccounts(config.rpcUrl)] : [])],
    transports: { [chain.id]: http(config.rpcUrl) },
  });
}
