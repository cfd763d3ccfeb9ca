import { collaborativeTrainer64Abi, GristmillError, parseModelFile, stakeable64Abi } from "@gristmill/sdk";
import { artifacts, network } from "hardhat";
import type { EthereumProvider } from "hardhat/types/providers";
import {
  type Abi,
  type Address,
  decodeFunctionResult,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  parseEther,
  toHex,
} from "viem";

import { deployModel, type ModelContracts } from "../deploy-model/deploy-model.ts";
import type { Scenario } from "./scenario.ts";

/** A sample that somebody contributed. */
export interface Contribution {
  readonly data: readonly bigint[];
  readonly label: number;
  /** Seconds of the chain's clock, part of its identity on-chain. */
  readonly time: number;
  readonly author: Address;
}

const TRAINER: Abi = collaborativeTrainer64Abi;
const GAS = toHex(16_000_000);
/** Samples that the probe is asked about at once, so that a call stays below the cap of a transaction. */
const PROBED = 100;

/**
 * A chain in this process with the real contracts of one shared model on it. Its clock is set with each transaction; gas
 * costs nothing, so that balances show deposits alone.
 */
export class SimulatedChain {
  readonly accounts: readonly Address[];
  readonly #provider: EthereumProvider;
  readonly #contracts: ModelContracts;
  readonly #probe: { readonly address: Address; readonly abi: Abi };
  readonly #close: () => Promise<void>;
  #time: number;
  gasUsed = 0n;
  transactions = 0;

  private constructor(
    provider: EthereumProvider,
    close: () => Promise<void>,
    accounts: readonly Address[],
    contracts: ModelContracts,
    probe: { readonly address: Address; readonly abi: Abi },
    time: number,
  ) {
    this.#provider = provider;
    this.#close = close;
    this.accounts = accounts;
    this.#contracts = contracts;
    this.#probe = probe;
    this.#time = time;
  }

  /**
   * @param start the chain's clock at first, unix seconds
   * @param model a model file
   */
  static async create(scenario: Scenario, model: object, start: number): Promise<SimulatedChain> {
    const connection = await network.create({
      override: {
        initialBaseFeePerGas: 0,
        initialDate: new Date(start * 1_000),
        accounts: { count: scenario.agents.length + 1 },
        allowBlocksWithSameTimestamp: true,
      },
    });
    const { provider } = connection;
    const { costWeight, refundWait, ownerClaimWait, anyAddressClaimWait } = scenario.incentive;
    const fileText = JSON.stringify({
      ...model,
      incentive: {
        type: "stakeable",
        refundWaitTimeS: refundWait,
        ownerClaimWaitTimeS: ownerClaimWait,
        anyAddressClaimWaitTimeS: anyAddressClaimWait,
        costWeight: parseEther(String(costWeight)).toString(),
      },
    });
    const contracts = await deployModel({
      artifacts,
      connection: { provider, networkName: "the simulated chain" },
      name: scenario.title,
      file: parseModelFile(fileText),
      fileText,
      recordFile: undefined,
      say: () => undefined,
    });
    const [deployer, ...accounts] = (await provider.request({ method: "eth_accounts" })) as readonly Address[];
    const probe = await artifacts.readArtifact("PredictionProbe");
    const nonce = BigInt((await provider.request({ method: "eth_getTransactionCount", params: [deployer] })) as string);
    const transaction: unknown = { from: deployer, data: probe.bytecode, gas: GAS, gasPrice: "0x0" };
    await provider.request({ method: "eth_sendTransaction", params: [transaction] });
    const address = getContractAddress({ from: deployer!, nonce });
    const chain = new SimulatedChain(
      provider,
      () => connection.close(),
      accounts,
      contracts,
      { address, abi: probe.abi as Abi },
      start,
    );
    chain.#time = await chain.#now();
    for (const [index, { balance }] of scenario.agents.entries()) {
      const params = [accounts[index], toHex(parseEther(String(balance)))];
      await provider.request({ method: "hardhat_setBalance", params });
    }
    return chain;
  }

  async close(): Promise<void> {
    await this.#close();
  }

  /** Moves the clock on; it never goes back. Returns the time of the next transaction. */
  advanceTo(time: number): number {
    this.#time = Math.max(this.#time + 1, time);
    return this.#time;
  }

  async balanceOf(account: Address): Promise<bigint> {
    return BigInt((await this.#provider.request({ method: "eth_getBalance", params: [account, "latest"] })) as string);
  }

  /** What a sample costs at the clock's time, in wei. */
  async quote(): Promise<bigint> {
    const { incentiveMechanism } = this.#contracts;
    return this.#read<bigint>(incentiveMechanism, stakeable64Abi, "getNextAddDataCost", [BigInt(this.#time)]);
  }

  /** What the model says of each sample. */
  async predict(samples: readonly (readonly bigint[])[]): Promise<number[]> {
    const labels: bigint[] = [];
    for (let first = 0; first < samples.length; first += PROBED) {
      const part = samples.slice(first, first + PROBED);
      const { address, abi } = this.#probe;
      labels.push(...(await this.#read<bigint[]>(address, abi, "predictAll", [this.#contracts.classifier, part])));
    }
    return labels.map(Number);
  }

  /** Samples of the account that were found good. */
  async goodSamplesOf(account: Address): Promise<bigint> {
    return this.#read<bigint>(this.#contracts.incentiveMechanism, stakeable64Abi, "numValidForAddress", [account]);
  }

  /** Contributes at the clock's time, offering `value` wei. */
  async addData(author: Address, data: readonly bigint[], label: number, value: bigint): Promise<Contribution> {
    await this.#send(author, "addData", [data, BigInt(label)], value);
    return { data, label, time: this.#time, author };
  }

  async refund({ data, label, time, author }: Contribution): Promise<void> {
    await this.#send(author, "refund", [data, BigInt(label), BigInt(time)], 0n);
  }

  async report(reporter: Address, { data, label, time, author }: Contribution): Promise<void> {
    await this.#send(reporter, "report", [data, BigInt(label), BigInt(time), author], 0n);
  }

  async #send(from: Address, functionName: string, args: readonly unknown[], value: bigint): Promise<void> {
    const data = encodeFunctionData({ abi: TRAINER, functionName, args });
    await this.#provider.request({ method: "evm_setNextBlockTimestamp", params: [toHex(this.#time)] });
    const transaction = { from, to: this.#contracts.trainer, data, value: toHex(value), gas: GAS, gasPrice: "0x0" };
    const hash: unknown = await this.#provider.request({ method: "eth_sendTransaction", params: [transaction] });
    const receipt = (await this.#provider.request({ method: "eth_getTransactionReceipt", params: [hash] })) as {
      readonly status: Hex;
      readonly gasUsed: Hex;
    };
    if (receipt.status !== "0x1") {
      throw new GristmillError("SIMULATION_REVERTED", `The transaction ${functionName} of ${from} failed.`);
    }
    this.gasUsed += BigInt(receipt.gasUsed);
    this.transactions += 1;
  }

  async #read<T>(to: Address, abi: readonly unknown[], functionName: string, args: readonly unknown[]): Promise<T> {
    const call = { to, data: encodeFunctionData({ abi: abi as Abi, functionName, args }), gas: GAS };
    const data = (await this.#provider.request({ method: "eth_call", params: [call, "latest"] })) as Hex;
    return decodeFunctionResult({ abi: abi as Abi, functionName, data }) as T;
  }

  async #now(): Promise<number> {
    const block: unknown = await this.#provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] });
    return Number((block as { readonly timestamp: Hex }).timestamp);
  }
}
