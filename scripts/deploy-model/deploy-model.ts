import { GristmillError, type Incentive, type ModelFile, planModel, readSharedModel } from "@gristmill/sdk";
import type { Artifact } from "hardhat/types/artifacts";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { EthereumProvider } from "hardhat/types/providers";
import { type Abi, type Address, size } from "viem";

import { type ChainIdentity, identify, isDevelopmentChain } from "../deploy/chain.ts";
import { writeJson } from "../deploy/record.ts";
import { ChainWriter } from "./chain-writer.ts";
import { modelFingerprint, type ModelRecord, type PartName, readModelRecord } from "./record.ts";

/** What {@link deployModel} deploys, and where. */
export interface DeployModelOptions {
  readonly artifacts: HardhatRuntimeEnvironment["artifacts"];
  readonly connection: { readonly provider: Pick<EthereumProvider, "request">; readonly networkName: string };
  readonly name: string;
  readonly file: ModelFile;
  /** The file as it was read: another text is another model. */
  readonly fileText: string;
  /** Record to read and write; undefined for a chain that ends with the process. */
  readonly recordFile: string | undefined;
  /** Takes one line on what is being done. */
  readonly say: (line: string) => void;
}

/** The addresses of a shared model. */
export type ModelContracts = Readonly<Record<PartName, Address>>;

/**
 * Deploys a shared model and hands its parts over to its trainer, in as many transactions as it takes, or finishes what an
 * earlier run began: contracts count by their code at the place written down before they were sent, calls that append by
 * what the model has by now, and calls that set values may be made twice without harm.
 * @throws GristmillError DEPLOY_MODEL_*, DEPLOY_NO_ACCOUNT, DEPLOY_TRANSACTIONS_PENDING, DEPLOY_REVERTED
 */
export async function deployModel(options: DeployModelOptions): Promise<ModelContracts> {
  const { artifacts, connection, file, say } = options;
  const plan = planModel(file.model, file.featureIndices);
  const artifactOf = {
    dataHandler: await artifacts.readArtifact("DataHandler64"),
    incentiveMechanism: await artifacts.readArtifact(file.incentive.contract),
    classifier: await artifacts.readArtifact(plan.contract),
    trainer: await artifacts.readArtifact("CollaborativeTrainer64"),
  };
  const chain = await identify(connection.provider);
  const writer = await ChainWriter.of(connection.provider, connection.networkName);
  const bytecodes = Object.values(artifactOf).map(({ bytecode }) => bytecode);
  const journal = await Journal.open(options, chain, modelFingerprint(chain, options.fileText, bytecodes), writer);
  if (!journal.record.isComplete) await writer.settle(say);

  const ensure = async (part: PartName, args: readonly unknown[]) =>
    ensureContract(part, artifactOf[part], args, journal, writer, say);
  const dataHandler = await ensure("dataHandler", []);
  const incentiveMechanism = await ensure("incentiveMechanism", incentiveArgs(file.incentive));
  const classifier = await ensure("classifier", plan.constructorArgs);
  const abi = artifactOf.classifier.abi as Abi;
  const read = (functionName: string, args: readonly unknown[] = []) =>
    writer.client.readContract({ address: classifier, abi, functionName, args });

  if ((await read("isSealed")) === false) {
    for (const [index, { functionName, args, what, progress }] of plan.calls.entries()) {
      const reached = progress === undefined ? undefined : await read(progress.functionName, progress.args);
      const isDone =
        progress === undefined ? index < journal.record.callsDone : (reached as bigint) >= progress.atLeast;
      if (isDone) continue;
      say(`${index + 1} of ${plan.calls.length}: ${what}`);
      await writer.call(classifier, abi, functionName, args);
      await journal.note({ callsDone: index + 1 });
    }
  }

  const { name } = options;
  const parts = { dataHandler, incentiveMechanism, classifier };
  const trainer = await ensure("trainer", [name, file.description, file.encoder, ...Object.values(parts)]);
  for (const [part, address] of Object.entries(parts)) {
    const owner = await writer.client.readContract({ address, abi, functionName: "owner" });
    if (owner === trainer) continue;
    say(`handing the ${part} over to the trainer`);
    await writer.call(address, abi, "transferOwnership", [trainer]);
  }
  await verify(options, writer, { ...parts, trainer }, artifactOf.incentiveMechanism.abi as Abi);
  if (journal.record.isComplete) say(`${name} is deployed already, nothing to do`);
  else await journal.note({ isComplete: true });
  return { ...parts, trainer };
}

/** A record that is written with every step. */
class Journal {
  record: ModelRecord;
  readonly #file: string | undefined;

  private constructor(record: ModelRecord, file: string | undefined) {
    this.record = record;
    this.#file = file;
  }

  /** The record of this very deployment, or a new one. */
  static async open(
    { recordFile, name, connection, say }: DeployModelOptions,
    chain: ChainIdentity,
    fingerprint: string,
    { client }: ChainWriter,
  ): Promise<Journal> {
    const record: ModelRecord = { ...chain, name, fingerprint, isComplete: false, contracts: {}, callsDone: 0 };
    const earlier = recordFile === undefined ? undefined : await readModelRecord(recordFile);
    if (earlier === undefined) return new Journal(record, recordFile);

    const addresses = earlier.isComplete ? Object.values(earlier.contracts) : [];
    const codes = await Promise.all(addresses.map((address) => client.getCode({ address })));
    if (earlier.fingerprint === fingerprint && !codes.includes(undefined)) {
      if (!earlier.isComplete) say("going on with a deployment that was interrupted");
      return new Journal(earlier, recordFile);
    }
    if (!isDevelopmentChain(chain.chainId)) {
      throw new GristmillError(
        "DEPLOY_MODEL_WOULD_REPLACE",
        `${name} is recorded on ${connection.networkName}, but file, contracts or chain are others now.`,
        { hints: ["give the model another name", `to deploy it a second time, move ${recordFile} away first`] },
      );
    }
    say("file, contracts or chain changed since the last deployment: deploying anew");
    return new Journal(record, recordFile);
  }

  async note(change: Partial<ModelRecord>): Promise<void> {
    this.record = { ...this.record, ...change };
    if (this.#file !== undefined) await writeJson(this.#file, this.record);
  }
}

async function ensureContract(
  part: PartName,
  artifact: Artifact,
  args: readonly unknown[],
  journal: Journal,
  writer: ChainWriter,
  say: (line: string) => void,
): Promise<Address> {
  const planned = journal.record.contracts[part];
  if (planned !== undefined) {
    const code = await writer.client.getCode({ address: planned });
    // Immutables change bytes of the code, not how many there are.
    if (code !== undefined && size(code) === size(artifact.deployedBytecode as `0x${string}`)) return planned;
  }
  const address = await writer.nextAddress();
  await journal.note({ contracts: { ...journal.record.contracts, [part]: address } });
  say(`deploying ${artifact.contractName} at ${address}`);
  await writer.deploy(artifact, args);
  return address;
}

function incentiveArgs(incentive: Incentive): readonly unknown[] {
  const { refundWaitTimeS, ownerClaimWaitTimeS, anyAddressClaimWaitTimeS } = incentive;
  const waits = [refundWaitTimeS, ownerClaimWaitTimeS, anyAddressClaimWaitTimeS];
  return incentive.contract === "Stakeable64" ? [...waits, incentive.costWeight] : waits;
}

/** Reads back what people will rely on. */
async function verify(
  { name, file }: DeployModelOptions,
  { client }: ChainWriter,
  { trainer, incentiveMechanism }: ModelContracts,
  incentiveAbi: Abi,
): Promise<void> {
  const found = await readSharedModel(client, trainer);
  const { model } = file;
  const wanted = {
    name,
    description: file.description,
    encoder: file.encoder,
    classes: model.classes.map((item) => (typeof item === "string" ? item : item.name)),
    featureIndices: file.featureIndices,
  };
  const { contract, ...terms } = file.incentive;
  const values = await Promise.all(
    Object.keys(terms).map((functionName) =>
      client.readContract({ address: incentiveMechanism, abi: incentiveAbi, functionName }),
    ),
  );
  const same =
    Object.entries(wanted).every(
      ([key, value]) => JSON.stringify(found[key as keyof typeof wanted]) === JSON.stringify(value),
    ) && Object.values(terms).every((value, index) => String(value) === String(values[index]));
  if (same) return;
  throw new GristmillError("DEPLOY_MODEL_MISMATCH", `What stands at ${trainer} is not ${name} with its ${contract}.`, {
    hints: ["move the model's record away and deploy it again"],
  });
}
