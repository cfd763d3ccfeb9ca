import { setTimeout as delay } from "node:timers/promises";

import { GristmillError } from "@gristmill/sdk";
import type { Artifact } from "hardhat/types/artifacts";
import type { EthereumProvider } from "hardhat/types/providers";
import {
  type Abi,
  type Address,
  createPublicClient,
  createWalletClient,
  custom,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  type PublicClient,
  type WalletClient,
} from "viem";

/** How long transactions sent earlier may take to be mined before a run goes on. */
const PATIENCE_S = 300;

/** Sends transactions of one account one after the other, each mined before the next is sent. */
export class ChainWriter {
  readonly client: PublicClient;
  readonly account: Address;
  readonly #wallet: WalletClient;

  private constructor(provider: Pick<EthereumProvider, "request">, account: Address) {
    const transport = custom(provider, { retryCount: 0 });
    this.client = createPublicClient({ transport, pollingInterval: 200, cacheTime: 0 });
    this.#wallet = createWalletClient({ transport });
    this.account = account;
  }

  /** @throws GristmillError DEPLOY_NO_ACCOUNT */
  static async of(provider: Pick<EthereumProvider, "request">, networkName: string): Promise<ChainWriter> {
    const [account] = (await provider.request({ method: "eth_accounts" })) as readonly Address[];
    if (account === undefined) {
      throw new GristmillError("DEPLOY_NO_ACCOUNT", `The network ${networkName} has no account to deploy with.`, {
        hints: ["give its `accounts` in hardhat.config.ts a key, or use a node that holds unlocked accounts"],
      });
    }
    return new ChainWriter(provider, account);
  }

  /**
   * Waits until nothing that this account sent earlier is on its way, so that what the chain says is what counts.
   * @throws GristmillError DEPLOY_TRANSACTIONS_PENDING
   */
  async settle(say: (line: string) => void): Promise<void> {
    for (let waited = 0; ; waited++) {
      const [mined, sent] = await Promise.all([
        this.client.getTransactionCount({ address: this.account, blockTag: "latest" }),
        this.client.getTransactionCount({ address: this.account, blockTag: "pending" }),
      ]);
      if (mined >= sent) return;
      if (waited === 0) say(`waiting for ${sent - mined} transactions sent earlier`);
      if (waited === PATIENCE_S) {
        throw new GristmillError(
          "DEPLOY_TRANSACTIONS_PENDING",
          `${sent - mined} transactions of ${this.account} have not been mined for ${PATIENCE_S} seconds.`,
          { hints: ["raise their fee or replace them in your wallet, then run the command again"] },
        );
      }
      await delay(1_000);
    }
  }

  /** Where the next contract will stand. */
  async nextAddress(): Promise<Address> {
    const nonce = await this.client.getTransactionCount({ address: this.account, blockTag: "latest" });
    return getContractAddress({ from: this.account, nonce: BigInt(nonce) });
  }

  async deploy(artifact: Artifact, args: readonly unknown[]): Promise<void> {
    const data = encodeDeployData({ abi: artifact.abi as Abi, bytecode: artifact.bytecode as Hex, args: [...args] });
    await this.#send(artifact.contractName, { data });
  }

  async call(address: Address, abi: Abi, functionName: string, args: readonly unknown[]): Promise<void> {
    await this.#send(functionName, { to: address, data: encodeFunctionData({ abi, functionName, args: [...args] }) });
  }

  async #send(what: string, transaction: { readonly to?: Address; readonly data: Hex }): Promise<void> {
    const hash = await this.#wallet.sendTransaction({ account: this.account, chain: null, ...transaction });
    const { status, gasUsed } = await this.client.waitForTransactionReceipt({ hash });
    if (status === "success") return;
    throw new GristmillError("DEPLOY_REVERTED", `The transaction ${hash} (${what}) failed after ${gasUsed} gas.`, {
      hints: ["run the command again; it goes on where it stopped"],
    });
  }
}
