import type { RpcBlockHeader } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { Abi, Chain as ViemChain, ContractFunctionArgs, ContractFunctionName, Hex, PublicClient } from "viem";
import type { TransactionReceipt, Transport } from "viem";
import { BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, defineChain } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { Deployment } from "./deployment.ts";
import type { EndpointState } from "./endpoints.ts";
import { Endpoints } from "./endpoints.ts";
import type { Outbox } from "./outbox.ts";
import { MemoryOutbox } from "./outbox.ts";
import type { GasPolicy } from "./fees.ts";
import type { Call, Notice } from "./sender.ts";
import { Sender } from "./sender.ts";

/** Milliseconds between two looks of viem at a chain. */
const POLLING_INTERVAL = 250;

/** Chains on which blocks are final at once: Hardhat's and anvil's, and Ganache's. */
const DEVELOPMENT_CHAINS = [31_337, 1_337];

/** Blocks on which something counts on other chains: deeper than any reorganisation of Ethereum's since the merge. */
const CONFIRMATIONS = 4;

/** Blocks of which the hash is remembered, to notice when the chain took them back. */
const REMEMBERED_BLOCKS = 128n;

export interface ChainOptions {
  /** One endpoint, or several in the order in which they are asked. */
  readonly rpcUrl: string | readonly string[];
  readonly deployment: Deployment;
  /** Signs transactions and segments; a chain without it only reads. */
  readonly privateKey?: Hex;
  /** How requests travel, over HTTP to `rpcUrl` if left out. */
  readonly transport?: Transport;
  /** Where sent transactions are remembered; in memory if left out. */
  readonly outboxOf?: (account: Hex) => Outbox;
  /** Sends whatever it costs if left out. */
  readonly gas?: GasPolicy;
  /** Blocks, its own included, on which something counts; 1 on development chains and 4 elsewhere if left out. */
  readonly confirmations?: number;
  /** Takes what an operator should know. */
  readonly notify?: (notice: Notice) => void;
  /** Ends every wait for a transaction. */
  readonly signal?: AbortSignal;
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
  /** Blocks, its own included, on which something counts. */
  readonly confirmations: bigint;
  readonly #endpoints: Endpoints | undefined;
  readonly #account: ReturnType<typeof privateKeyToAccount> | undefined;
  readonly #sender: Sender | undefined;
  readonly #notify: (notice: Notice) => void;
  readonly #hashes = new Map<bigint, Hex>();
  #highest = 0n;
  #recovering: Promise<void> | undefined;

  private constructor(options: ChainOptions) {
    const { deployment, notify = () => undefined } = options;
    const urls = [options.rpcUrl].flat();
    const chain = defineChain({
      id: deployment.chainId,
      name: `chain ${String(deployment.chainId)}`,
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: urls } },
    });
    this.#endpoints = options.transport === undefined ? new Endpoints(urls, deployment.chainId) : undefined;
    const transport = options.transport ?? this.#endpoints!.transport;
    this.deployment = deployment;
    this.confirmations = BigInt(
      options.confirmations ?? (DEVELOPMENT_CHAINS.includes(deployment.chainId) ? 1 : CONFIRMATIONS),
    );
    this.#notify = notify;
    this.public = createPublicClient({ chain, transport, pollingInterval: POLLING_INTERVAL, cacheTime: 0 });
    if (options.privateKey !== undefined) {
      const account = privateKeyToAccount(options.privateKey);
      this.#account = account;
      this.#sender = new Sender({
        public: this.public,
        wallet: createWalletClient({ account, chain, transport }),
        account,
        outbox: options.outboxOf?.(account.address) ?? new MemoryOutbox(),
        policy: options.gas ?? { waits: false },
        confirmations: this.confirmations,
        notify,
        signal: options.signal,
      });
    }
  }

  /**
   * Connects and checks that this is the chain of the deployment and that the contracts are there.
   * @throws GristmillError CHAIN_UNREACHABLE, CHAIN_MISMATCH, CHAIN_NO_CONTRACTS
   */
  static async connect(options: ChainOptions): Promise<Chain> {
    const chain = new Chain(options);
    const id = options.deployment.chainId;
    await chain.#endpoints?.verify();
    const registry = options.deployment.contracts.TaskRegistry;
    const code = await chain.public.getCode({ address: registry }).catch((cause: unknown) => {
      throw new GristmillError("CHAIN_UNREACHABLE", "the chain's endpoint stopped answering", { cause });
    });
    if (code === undefined)
      throw new GristmillError("CHAIN_NO_CONTRACTS", `there is no TaskRegistry at ${registry} on chain ${String(id)}`, {
        hints: ["deploy the contracts: npx hardhat deploy --network NAME"],
      });
    return chain;
  }

  /** The node's account; throws if the chain was opened without a key. */
  get account(): ReturnType<typeof privateKeyToAccount> {
    if (this.#account === undefined) throw keyMissing();
    return this.#account;
  }

  /** The node's address, if it has a key. */
  get address(): Hex | undefined {
    return this.#account?.address;
  }

  /** How each endpoint is doing. */
  get endpoints(): readonly EndpointState[] {
    return this.#endpoints?.states ?? [];
  }

  async head(): Promise<Head> {
    const block = await this.public.getBlock({ includeTransactions: false });
    this.#notice(block);
    return { number: block.number, timestamp: block.timestamp };
  }

  /** The last block, as of a head, whose events count. */
  settledBlock(head: bigint): bigint {
    return head - this.confirmations + 1n;
  }

  /** Sees the transactions through that an earlier process of this node sent. */
  async settleOutbox(): Promise<void> {
    const head = await this.head();
    await this.#sender?.recover(0n, head.number);
    await this.#sender?.settle();
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
   * Sends one transaction and waits until it is confirmed. Transactions of this process are sent one after the other, so
   * that nonces never collide; what a reorganisation takes back later is sent again.
   * @throws GristmillError CHAIN_REVERTED with the decoded custom error, CHAIN_TIMEOUT, CHAIN_FAILED, CHAIN_REPLACED,
   * GAS_PRICE_HIGH, GAS_UNPROFITABLE
   */
  async transact<const abi extends Abi, name extends WriteFunction<abi>>(call: {
    readonly address: Hex;
    readonly abi: abi;
    readonly functionName: name;
    readonly args: ContractFunctionArgs<abi, "nonpayable" | "payable", name>;
    /** Wei that go along. */
    readonly value?: bigint;
    /** Wei that the call earns: it is not sent if its gas costs more. */
    readonly worth?: bigint | undefined;
  }): Promise<TransactionReceipt> {
    if (this.#sender === undefined) throw keyMissing();
    return this.#sender.transact(call as unknown as Call);
  }

  /** Compares a block with what was known of the chain; what a reorganisation took back is sent again. */
  #notice({ number, hash, parentHash }: { readonly number: bigint; readonly hash: Hex; readonly parentHash: Hex }) {
    const [known, parent] = [this.#hashes.get(number), this.#hashes.get(number - 1n)];
    const [highest, before] = [this.#highest, this.#hashes.get(this.#highest)];
    this.#highest = number;
    this.#hashes.set(number, hash);
    this.#hashes.delete(number - REMEMBERED_BLOCKS);
    if ((known !== undefined && known !== hash) || (parent !== undefined && parent !== parentHash)) {
      this.#notify({ event: "reorganised", block: Number(number) });
      this.#recover(number, () => Promise.resolve(number - REMEMBERED_BLOCKS));
    }
    // A head that fell back: a chain that was rolled back, or an endpoint that lags.
    else if (number < highest) this.#recover(number, () => Promise.resolve(number + 1n));
    // Heads were missed, and the chain may have forked in them.
    else if (parent === undefined && before !== undefined)
      this.#recover(number, async () => {
        const block = await this.public.getBlock({ blockNumber: highest });
        return block.hash === before ? undefined : highest - REMEMBERED_BLOCKS;
      });
  }

  /**
   * One round at a time; one that fails is repeated at the next change.
   * @param findFrom says from which block on transactions may be lost, undefined if none
   */
  #recover(head: bigint, findFrom: () => Promise<bigint | undefined>): void {
    const sender = this.#sender;
    if (sender === undefined) return;
    this.#recovering ??= findFrom()
      .then(async (from) => {
        if (from !== undefined) await sender.recover(from, head);
      })
      .catch((error: unknown) => {
        this.#notify({ event: "recovery-failed", error });
      })
      .finally(() => {
        this.#recovering = undefined;
      });
  }
}

function keyMissing(): GristmillError {
  return new GristmillError("KEY_MISSING", "this action signs, and no key was given", {
    hints: ["name a keystore with --keystore, made by `oracle-miner init`, or set ORACLE_MINER_PRIVATE_KEY"],
  });
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

/** Whether a transaction was not sent because its gas costs more than it earns. */
export function isUnprofitable(error: unknown): boolean {
  return error instanceof GristmillError && error.code === "GAS_UNPROFITABLE";
}
