import type { Logger } from "pino";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { NodeConfig } from "../config/config.ts";
import type { BlobExchange } from "../network/blob-exchange.ts";
import type { Node } from "../roles/node.ts";
import type { Database } from "../storage/database.ts";
import type { PolicySettings } from "./policy.ts";

/** What bounties need of a node: anything that fetches and serves blobs will do for its network. */
export interface BountyNode {
  readonly config: Pick<NodeConfig, "dataDir" | "bountyRunners" | "disputes"> & PolicySettings;
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly database: Database;
  readonly blobs: Pick<BlobExchange, "put" | "get">;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Makes sure of so much free stake. */
  readonly ensureStake: (wanted: bigint) => Promise<void>;
}

/** A whole node as bounties see it. */
export function bountyNode(node: Node, ensureStake: BountyNode["ensureStake"]): BountyNode {
  const { config, chain, contracts, database, network, log, signal } = node;
  return { config, chain, contracts, database, blobs: network.blobs, log, signal, ensureStake };
}
