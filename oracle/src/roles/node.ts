import type { SegmentDomain } from "@gristmill/sdk";
import type { Logger } from "pino";
import type { Hex } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { EpochSchedule } from "../chain/epochs.ts";
import type { NodeConfig } from "../config/config.ts";
import type { Network } from "../network/node.ts";
import type { Database } from "../storage/database.ts";

/** What every role stands on: one process, one key, one chain, one network, one data folder. */
export interface Node {
  readonly config: NodeConfig;
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly schedule: EpochSchedule;
  /** EIP-712 domain of the segments on this chain. */
  readonly domain: SegmentDomain;
  readonly network: Network;
  readonly database: Database;
  readonly log: Logger;
  /** Aborts when the process is asked to stop. */
  readonly signal: AbortSignal;
}

/** The node's address: owner of its stake and, in this version, operator of its slots. */
export function self(node: Node): Hex {
  return node.chain.account.address;
}
