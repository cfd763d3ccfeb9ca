import { segmentDomain } from "@gristmill/sdk";

import { contractsOf } from "../chain/contracts.ts";
import { Chain } from "../chain/chain.ts";
import { readDeployment } from "../chain/deployment.ts";
import { readSchedule } from "../chain/epochs.ts";
import type { NodeConfig } from "../config/config.ts";
import { createLog } from "../log.ts";
import { createNetwork } from "../network/node.ts";
import { openDatabase } from "../storage/database.ts";
import { lockDataFolder } from "../storage/data-folder.ts";
import type { Node } from "./node.ts";

/** A started node and what stops it. */
export interface StartedNode {
  readonly node: Node;
  readonly stop: () => Promise<void>;
}

/** Connects to the chain only: for commands that look and, with a key, send single transactions. */
export async function startReader(config: NodeConfig): Promise<Pick<Node, "chain" | "contracts">> {
  const deployment = await readDeployment(config.deployment);
  const chain = await Chain.connect({
    rpcUrl: config.rpc,
    deployment,
    ...(config.privateKey === undefined ? {} : { privateKey: config.privateKey }),
  });
  return { chain, contracts: contractsOf(chain) };
}

/**
 * Connects to the chain, takes the data folder, opens the database and joins the network.
 *
 * @param role what the log calls this node
 * @param signal aborts every wait of the node
 */
export async function startNode(config: NodeConfig, role: string, signal: AbortSignal): Promise<StartedNode> {
  const { chain, contracts } = await startReader(config);
  const schedule = await readSchedule(contracts);
  const domain = segmentDomain(chain.deployment.chainId, chain.deployment.contracts.TaskRegistry);
  const folder = lockDataFolder(config.dataDir);
  const database = openDatabase(folder.databasePath);
  const log = createLog({ role, name: config.name }, config.logLevel);
  const network = await createNetwork({
    dataDir: config.dataDir,
    listen: config.listen,
    bootstrap: config.bootstrap,
  });
  log.info({
    event: "started",
    account: config.privateKey === undefined ? undefined : chain.account.address,
    chainId: chain.deployment.chainId,
    peer: network.peerId,
    addresses: network.addresses,
  });
  return {
    node: { config, chain, contracts, schedule, domain, network, database, log, signal },
    stop: async () => {
      await network.stop();
      database.close();
      folder.release();
    },
  };
}
