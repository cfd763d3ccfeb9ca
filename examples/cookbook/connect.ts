import { readFile } from "node:fs/promises";

import { GristmillError, parseSuite, type Suite } from "@gristmill/sdk";
import { type Account, createWalletClient, defineChain, type Hex, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/**
 * What every example needs: a client that reads and sends, and the suite it speaks to. Of the environment:
 *
 *   RPC_URL       the chain's JSON-RPC endpoint
 *   DEPLOYMENT    the record of the contracts' deployment, deployments/NAME/addresses.json
 *   PRIVATE_KEY   of the account that sends
 */
export async function connect() {
  const suite: Suite = parseSuite(JSON.parse(await readFile(variable("DEPLOYMENT"), "utf8")));
  const url = variable("RPC_URL");
  const chain = defineChain({
    id: suite.chainId,
    name: `chain ${suite.chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const account: Account = privateKeyToAccount(variable("PRIVATE_KEY") as Hex);
  const client = createWalletClient({ account, chain, transport: http(url), pollingInterval: 500 });
  return { client: client.extend(publicActions), suite };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw new GristmillError("EXAMPLE_VARIABLE_MISSING", `The environment has no ${name}.`, {
    hints: ["see examples/cookbook/connect.ts"],
  });
}
