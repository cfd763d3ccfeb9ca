import { segmentDomain } from "@gristmill/sdk";

import { contractsOf } from "../chain/contracts.ts";
import type { ChainOptions } from "../chain/chain.ts";
import { Chain } from "../chain/chain.ts";
import { readDeployment } from "../chain/deployment.ts";
import { readSchedule } from "../chain/epochs.ts";
import type { NodeConfig } from "../config/config.ts";
import { unlockKey } from "../config/keystore.ts";
import type { JournalReader } from "../journal.ts";
import { Journal } from "../journal.ts";
import { createLog } from "../log.ts";
import { createNetwork } from "../network/node.ts";
import { openDatabase } from "../storage/database.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { lockDataFolder } from "../storage/data-folder.ts";
import { TransactionStore } from "../storage/transaction-store.ts";
import type { Node } from "./node.ts";

const WEI_PER_GWEI = 1e9;

/** A started node and what stops it. */
export interface StartedNode {
  readonly node: Node;
  /** Its log so far, and as it goes on. */
  readonly journal: Journal;
  readonly stop: () => Promise<void>;
}

/** Connects to the chain only: for commands that look and, with a key, send single transactions. */
export async function startReader(
  config: NodeConfig,
  more: Pick<ChainOptions, "outboxOf" | "notify" | "signal"> & { readonly waits?: boolean } = {},
): Promise<Pick<Node, "chain" | "contracts">> {
  const { waits = false, ...options } = more;
  const deployment = await readDeployment(config.deployment);
  const privateKey = await unlockKey(config);
  const chain = await Chain.connect({
    rpcUrl: config.rpc,
    deployment,
    gas: {
      waits,
      ...(config.maxGasPrice === undefined ? {} : { maxPrice: BigInt(Math.round(config.maxGasPrice * WEI_PER_GWEI)) }),
    },
    ...(config.confirmations === undefined ? {} : { confirmations: config.confirmations }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...options,
  });
  return { chain, contracts: contractsOf(chain) };
}

/**
 * Takes the data folder, opens the database, connects to the chain, sees through what an earlier process sent, and joins
 * the network.
 *
 * @param role what the log calls this node
 * @param signal aborts every wait of the node
 * @param reader shows the log to a person, who then gets no JSON lines
 */
export async function startNode(
  config: NodeConfig,
  role: string,
  signal: AbortSignal,
  reader?: JournalReader,
): Promise<StartedNode> {
  const folder = lockDataFolder(config.dataDir);
  const started = await startIn(folder, config, role, signal, reader).catch((error: unknown) => {
    folder.release();
    throw error;
  });
  return {
    ...started,
    stop: async () => {
      await started.stop();
      folder.release();
    },
  };
}

async function startIn(
  folder: DataFolder,
  settings: NodeConfig,
  role: string,
  signal: AbortSignal,
  reader: JournalReader | undefined,
): Promise<StartedNode> {
  const database = openDatabase(folder.databasePath);
  const journal = new Journal();
  if (reader !== undefined) journal.follow(reader);
  const log = createLog({ role, name: settings.name }, settings.logLevel, journal, reader !== undefined);
  // Opened once: it signs segments as well as transactions.
  const privateKey = await unlockKey(settings);
  const config = privateKey === undefined ? settings : { ...settings, privateKey };
  const { chain, contracts } = await startReader(config, {
    waits: true,
    signal,
    outboxOf: (account) => new TransactionStore(database, account),
    notify: (notice) => {
      log.warn(notice);
    },
  });
  await chain.settleOutbox();
  const schedule = await readSchedule(contracts);
  const domain = segmentDomain(chain.deployment.chainId, chain.deployment.contracts.TaskRegistry);
  const network = await createNetwork({
    dataDir: config.dataDir,
    listen: config.listen,
    bootstrap: config.bootstrap,
  });
  const node = { config, chain, contracts, schedule, domain, network, database, log, signal };
  log.info({
    event: "started",
    account: chain.address,
    chainId: chain.deployment.chainId,
    peer: network.peerId,
    addresses: network.addresses,
  });
  return {
    node,
    journal,
    stop: async () => {
      await network.stop();
      database.close();
    },
  };
}
