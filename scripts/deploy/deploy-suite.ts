import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";

import { fillerScales, GristmillError } from "@gristmill/sdk";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";

import { blockNumber, type ChainIdentity, hasCode, identify, isDevelopmentChain, requireRandomness } from "./chain.ts";
import { catalogueEntries } from "../../oracle/src/roles/filler-catalogue.ts";
import { deployedAddresses } from "./journal.ts";
import { suiteModule } from "./module.ts";
import { parametersFor, type SuiteParameters } from "./parameters.ts";
import {
  artifactOf,
  CONTRACT_NAMES,
  type DeploymentRecord,
  fingerprint,
  GAME_LIBRARY_NAMES,
  LIBRARY_NAMES,
  readRecord,
  writeJson,
} from "./record.ts";

/** Where and how {@link deploySuite} deploys. */
export interface DeployOptions {
  readonly hre: HardhatRuntimeEnvironment;
  readonly connection: NetworkConnection;
  /** Record to read and write; undefined for a chain that ends with the process. */
  readonly recordFile: string | undefined;
  /** JSON file with parameters that replace the chain's defaults. */
  readonly parametersFile: string | undefined;
  /** Takes one line on what is being done. */
  readonly say: (line: string) => void;
}

/**
 * Deploys the suite, or finishes a deployment that was interrupted, or finds that there is nothing to do: what counts
 * is the fingerprint of chain, code and parameters. A development chain whose fingerprint changed gets a new suite; on
 * any other chain that is refused, since people may be using the old one.
 * @throws GristmillError with a code DEPLOY_*
 */
export async function deploySuite(options: DeployOptions): Promise<DeploymentRecord> {
  const { hre, connection, recordFile, say } = options;
  const { provider, networkName } = connection;
  const chain = await identify(provider);
  const parameters = parametersFor(chain.chainId, options.parametersFile);
  // A library is part of what is deployed, though the bytecode of the contract that it is linked to does not tell.
  const names = [...CONTRACT_NAMES.map(artifactOf), ...LIBRARY_NAMES, ...GAME_LIBRARY_NAMES];
  const artifacts = await Promise.all(names.map((name) => hre.artifacts.readArtifact(name)));
  const mark = fingerprint(
    chain,
    parameters,
    artifacts.map((artifact) => artifact.bytecode),
  );

  const record = recordFile === undefined ? undefined : await readRecord(recordFile);
  if (record !== undefined) {
    const change = await changeSince(record, mark, chain, connection);
    if (change === undefined) {
      say(`${networkName}: the suite is deployed already, nothing to do`);
      return record;
    }
    requireDevelopmentChain(chain, networkName, change);
    say(`${networkName}: ${change}, deploying anew`);
  }

  say(`${networkName}: looking whether the prevrandao of chain ${chain.chainId} changes`);
  await requireRandomness(provider, chain);
  const journal = join(hre.config.paths.ignition, "deployments", `${networkName}-${mark}`);
  const start = await startOf(journal, connection, say);
  say(`${networkName}: deploying ${CONTRACT_NAMES.length} contracts and wiring them`);
  const contracts = await runIgnition(options, parameters, basename(journal), isDevelopmentChain(chain.chainId));

  const result: DeploymentRecord = { ...chain, blockNumber: start, fingerprint: mark, contracts, parameters };
  if (recordFile !== undefined) await writeJson(recordFile, result);
  return result;
}

/** Why a recorded deployment does not serve any more, or undefined if it does. */
async function changeSince(
  record: DeploymentRecord,
  mark: string,
  chain: ChainIdentity,
  { provider }: NetworkConnection,
): Promise<string | undefined> {
  if (record.chainId !== chain.chainId || record.genesisHash !== chain.genesisHash) return "this is another chain";
  const isThere = await Promise.all(Object.values(record.contracts).map((address) => hasCode(provider, address)));
  if (isThere.includes(false)) return "the chain was set back to before the deployment";
  if (record.fingerprint !== mark) return "contracts or parameters changed since the deployment";
  return undefined;
}

function requireDevelopmentChain({ chainId }: ChainIdentity, networkName: string, change: string): void {
  if (isDevelopmentChain(chainId)) return;
  throw new GristmillError("DEPLOY_WOULD_REPLACE", `The suite is recorded on ${networkName}, but ${change}.`, {
    hints: [
      "check the network's RPC URL and the --parameters",
      `to deploy a second suite, move deployments/${networkName} away first`,
    ],
  });
}

/**
 * The block from which the deployment counts, kept beside Ignition's journal so that an interrupted deployment keeps
 * it. A journal whose contracts are gone belongs to a chain that was set back, and is thrown away.
 */
async function startOf(journal: string, { provider, networkConfig }: NetworkConnection, say: (line: string) => void) {
  if (networkConfig.type === "edr-simulated") return blockNumber(provider);
  const addresses = await deployedAddresses(journal);
  if (addresses !== undefined) {
    const isThere = await Promise.all(Object.values(addresses).map((address) => hasCode(provider, address)));
    if (isThere.includes(false)) await rm(journal, { recursive: true });
    else say("going on with a deployment that was interrupted");
  }
  const file = join(journal, "start.json");
  if (existsSync(file)) return (JSON.parse(await readFile(file, "utf8")) as { blockNumber: number }).blockNumber;
  const start = await blockNumber(provider);
  await writeJson(file, { blockNumber: start });
  return start;
}

async function runIgnition(
  { connection }: DeployOptions,
  parameters: SuiteParameters,
  deploymentId: string,
  isDevelopment: boolean,
): Promise<DeploymentRecord["contracts"]> {
  const [deployer] = await connection.ethers.getSigners();
  if (deployer === undefined) {
    throw new GristmillError(
      "DEPLOY_NO_ACCOUNT",
      `The network ${connection.networkName} has no account to deploy with.`,
      {
        hints: ["give its `accounts` in hardhat.config.ts a key, or use a node that holds unlocked accounts"],
      },
    );
  }
  const catalogue = await catalogueEntries(isDevelopment ? fillerScales.development : fillerScales.public);
  const suite = await connection.ignition.deploy(suiteModule(parameters, deployer.address, catalogue), {
    deploymentId,
    defaultSender: deployer.address,
    // A development node does not reorganise, and has nothing to gain from patience.
    config: isDevelopment ? { requiredConfirmations: 1, blockPollingInterval: 100 } : {},
  });
  const entries = await Promise.all(
    CONTRACT_NAMES.map(async (name) => [name, await suite[name].getAddress()] as const),
  );
  return Object.fromEntries(entries) as DeploymentRecord["contracts"];
}
