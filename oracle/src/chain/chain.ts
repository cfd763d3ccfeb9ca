import type { RpcBlockHeader } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type {
  Abi,
  Account,
  Chain as ViemChain,
  ContractFunctionArgs,
  ContractFunctionName,
  Hash,
  Hex,
  PublicClient,
  TransactionReceipt,
  Transport,
  WalletClient,
  WriteContractParameters,
} from "viem";
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { Deployment } from "./deployment.ts";

/** Milliseconds; the first is how often a local chain is asked for news, the second bounds the wait for a receipt. */
const POLLING_INTERVAL = 250;
const RECEIPT_TIMEOUT = 120_000;
const REQUEST_TIMEOUT = 20_000;

/** Head room over the estimate: a transaction that happens to end a phase pays for the transition as well. */
const GAS_MARGIN = { numerator: 3n, denominator: 2n, constant: 150_000n };

/** EIP-7825 (Osaka): no transaction may use more gas. */
const TRANSACTION_GAS_CAP = 16_777_216n;

export interface ChainOptions {
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** Signs transactions and segments; a chain without it only reads. */
  readonly privateKey?: Hex;
  /** How requests travel, over HTTP to `rpcUrl` if left out. */
  readonly transport?: Transport;
}

/** A head of the chain as the roles need it. */
export interface Head {
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

type WriteFunction<abi extends Abi> = ContractFunctionName<abi, "nonpayable" | "payable">;

/**
 * One JSON-RPC chain with the suite deployed on it and, mostly, the key of the node. Every wait is bounded: requests
 * by 20 s, receipts by 120 s.
 */
export class Chain {
  readonly public: PublicClient<Transport, ViemChain>;
  readonly deployment: Deployment;
  readonly #wallet: WalletClient<Transport, ViemChain, Account> | undefined;
  readonly #account: ReturnType<typeof privateKeyToAccount> | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  private constructor(options: ChainOptions) {
    const chain = defineChain({
      id: options.deployment.chainId,
      name: `chain ${String(options.deployment.chainId)}`,
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: [options.rpcUrl] } },
    });
    const transport = options.transport ?? http(options.rpcUrl, { timeout: REQUEST_TIMEOUT, retryCount: 3 });
    this.deployment = options.deployment;
    this.public = createPublicClient({ chain, transport, pollingInterval: POLLING_INTERVAL, cacheTime: 0 });
    if (options.privateKey !== undefined) {
      this.#account = privateKeyToAccount(options.privateKey);
      this.#wallet = createWalletClient({ account: this.#account, chain, transport });
    }
  }

  /**
   * Connects and checks that this is the chain of the deployment and that the contracts are there.
   * @throws GristmillError CHAIN_UNREACHABLE, CHAIN_MISMATCH, CHAIN_NO_CONTRACTS
   */
  static async connect(options: ChainOptions): Promise<Chain> {
    const chain = new Chain(options);
    const id = await chain.public.getChainId().catch((cause: unknown) => {
      throw new GristmillError("CHAIN_UNREACHABLE", `no JSON-RPC endpoint answers at ${options.rpcUrl}`, {
        cause,
        hints: ["start the chain, or name its endpoint with --rpc"],
      });
    });
    if (id !== options.deployment.chainId)
      throw new GristmillError(
        "CHAIN_MISMATCH",
        `${options.rpcUrl} is chain ${String(id)}, the deployment is for chain ${String(options.deployment.chainId)}`,
        { hints: ["name the endpoint of the right chain with --rpc, or its deployment with --deployment"] },
      );
    const registry = options.deployment.contracts.TaskRegistry;
    const code = await chain.public.getCode({ address: registry });
    if (code === undefined)
      throw new GristmillError("CHAIN_NO_CONTRACTS", `there is no TaskRegistry at ${registry} on chain ${String(id)}`, {
        hints: ["deploy the contracts: npx hardhat deploy --network NAME"],
      });
    return chain;
  }

  /** The node's account; throws if the chain was opened without a key. */
  get account(): ReturnType<typeof privateKeyToAccount> {
    if (this.#account === undefined)
      throw new GristmillError("KEY_MISSING", "this action signs, and no key was given", {
        hints: ["set ORACLE_MINER_PRIVATE_KEY"],
      });
    return this.#account;
  }

  async head(): Promise<Head> {
    const block = await this.public.getBlock({ includeTransactions: false });
    return { number: block.number, timestamp: block.timestamp };
  }

  /** Wei a gas of the latest block, 0 on chains without a base fee. */
  async baseFee(): Promise<bigint> {
    return (await this.public.getBlock({ includeTransactions: false })).baseFeePerGas ?? 0n;
  }

  /** Whether the endpoint says itself that it has not caught up with its chain. */
  async isSyncing(): Promise<boolean> {
    const answer: unknown = await this.public.request({ method: "eth_syncing" } as never);
    return answer !== false;
  }

  /** Whether a transaction of the node's account is sent and not mined. */
  async hasPending(): Promise<boolean> {
    const { address } = this.account;
    const [mined, known] = await Promise.all([
      this.public.getTransactionCount({ address, blockTag: "latest" }),
      this.public.getTransactionCount({ address, blockTag: "pending" }),
    ]);
    return known > mined;
  }

  /** The raw header fields of a block as the endpoint gives them. */
  async rawBlock(number: bigint): Promise<RpcBlockHeader> {
    const block: unknown = await this.public.request({
      method: "eth_getBlockByNumber",
      params: [`0x${number.toString(16)}`, false],
    });
    if (block === null || typeof block !== "object")
      throw new GristmillError("CHAIN_NO_BLOCK", `the endpoint does not know block ${String(number)}`, {
        hints: ["use an endpoint that serves recent history"],
      });
    return block as RpcBlockHeader;
  }

  /**
   * Sends one transaction and waits until it is mined. Transactions of this process are sent one after the other, so
   * that nonces never collide.
   * @throws GristmillError CHAIN_REVERTED with the decoded custom error, CHAIN_TIMEOUT
   */
  async transact<const abi extends Abi, name extends WriteFunction<abi>>(call: {
    readonly address: Hex;
    readonly abi: abi;
    readonly functionName: name;
    readonly args: ContractFunctionArgs<abi, "nonpayable" | "payable", name>;
    /** Wei that go along. */
    readonly value?: bigint;
  }): Promise<TransactionReceipt> {
    const hash = await this.#serialised(() => this.#send(call as unknown as WriteContractParameters));
    const receipt = await this.public
      .waitForTransactionReceipt({ hash, timeout: RECEIPT_TIMEOUT })
      .catch((cause: unknown) => {
        throw new GristmillError("CHAIN_TIMEOUT", `${call.functionName} (${hash}) was not mined in 120 s`, {
          cause,
          hints: ["check that the chain produces blocks and that the gas price is high enough"],
        });
      });
    if (receipt.status !== "success")
      throw new GristmillError("CHAIN_REVERTED", `${call.functionName} was mined but reverted (${hash})`);
    return receipt;
  }

  async #send(call: WriteContractParameters): Promise<Hash> {
    const account = this.account;
    const wallet = this.#wallet;
    if (wallet === undefined) throw new GristmillError("KEY_MISSING", "this action signs, and no key was given");
    try {
      const estimate = await this.public.estimateContractGas({ ...call, account } as Parameters<
        PublicClient["estimateContractGas"]
      >[0]);
      const gas = (estimate * GAS_MARGIN.numerator) / GAS_MARGIN.denominator + GAS_MARGIN.constant;
      return await wallet.writeContract({
        ...call,
        account,
        chain: wallet.chain,
        gas: gas < TRANSACTION_GAS_CAP ? gas : TRANSACTION_GAS_CAP,
      });
    } catch (cause) {
      throw revertError(call.functionName, cause);
    }
  }

  #serialised<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#sending.then(task, task);
    this.#sending = turn.catch(() => undefined);
    return turn;
  }
}

/** Says which custom error refused the call, with its arguments. */
function revertError(functionName: string, cause: unknown): GristmillError {
  if (cause instanceof GristmillError) return cause;
  if (cause instanceof BaseError) {
    const revert = cause.walk((error) => error instanceof ContractFunctionRevertedError);
    if (revert instanceof ContractFunctionRevertedError) {
      const name = revert.data?.errorName ?? revert.signature ?? revert.reason ?? "no reason given";
      const values = revert.data?.args?.map(String).join(", ") ?? "";
      return new GristmillError("CHAIN_REVERTED", `the contract refused ${functionName}: ${name}(${values})`, {
        cause,
      });
    }
    return new GristmillError("CHAIN_FAILED", `${functionName} could not be sent: ${cause.shortMessage}`, { cause });
  }
  return new GristmillError("CHAIN_FAILED", `${functionName} could not be sent: ${String(cause)}`, { cause });
}

/** Arguments of the custom error with which a contract refused a call; undefined if it is not that refusal. */
export function revertArguments(error: unknown, name: string): readonly unknown[] | undefined {
  if (!(error instanceof GristmillError) || !(error.cause instanceof BaseError)) return undefined;
  const revert = error.cause.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError) || revert.data?.errorName !== name) return undefined;
  return revert.data.args ?? [];
}

/** Whether an error is a contract's refusal with the given custom error. */
export function isRevert(error: unknown, ...names: readonly string[]): boolean {
  return (
    error instanceof GristmillError &&
    error.code === "CHAIN_REVERTED" &&
    (names.length === 0 || names.some((name) => error.message.includes(`: ${name}(`)))
  );
}
