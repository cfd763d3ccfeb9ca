import { setTimeout as delay } from "node:timers/promises";

import { GristmillError } from "@gristmill/sdk";
import type {
  Abi,
  Account,
  Chain as ViemChain,
  Hex,
  PrivateKeyAccount,
  PublicClient,
  TransactionReceipt,
  TransactionSerializable,
  Transport,
  WalletClient,
} from "viem";
import { encodeFunctionData, formatGwei, keccak256, parseTransaction, TransactionReceiptNotFoundError } from "viem";

import { failureOf, isAnswer, isNonceTaken } from "./chain-errors.ts";
import type { GasPolicy } from "./fees.ts";
import { capFees, highestPrice, priceOf, raiseFees, refuseLoss } from "./fees.ts";
import { FINAL_DEPTH } from "./finality.ts";
import type { Outbox, SentTransaction } from "./outbox.ts";

/** Milliseconds between two looks for a receipt, between two sendings of a transaction that is not mined, in all. */
const POLLING_INTERVAL = 250;
const RESEND_INTERVAL = 4_000;
const RECEIPT_TIMEOUT = 120_000;

/** Head room over the estimate: a transaction that happens to end a phase pays for the transition as well. */
const GAS_MARGIN = { numerator: 3n, denominator: 2n, constant: 150_000n };

/** EIP-7825 (Osaka): no transaction may use more gas. */
const TRANSACTION_GAS_CAP = 16_777_216n;

/** Blocks that a transaction may wait before it is sent again at a higher fee. */
const PATIENCE_BLOCKS = 4n;

/** Times that a nonce may turn out to be another process's before the call is given up. */
const NONCE_ATTEMPTS = 3;

/** A contract's function with its arguments. */
export interface Call {
  readonly address: Hex;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args?: readonly unknown[] | undefined;
  /** Wei that go along. */
  readonly value?: bigint | undefined;
  /** Wei that the call earns: it is not sent if its gas costs more. */
  readonly worth?: bigint | undefined;
}

/** A transaction that lacks its nonce, and the wei a gas that it may cost at most. */
interface Prepared {
  readonly transaction: TransactionSerializable;
  readonly maxPrice: bigint | undefined;
}

/** Something to tell the operator. */
export type Notice = Readonly<Record<string, unknown>> & { readonly event: string };

/** What a {@link Sender} needs. */
export interface SenderOptions {
  readonly public: PublicClient<Transport, ViemChain>;
  readonly wallet: WalletClient<Transport, ViemChain, Account>;
  readonly account: PrivateKeyAccount;
  readonly outbox: Outbox;
  readonly policy: GasPolicy;
  /** Blocks, its own included, after which a transaction counts as mined. */
  readonly confirmations: bigint;
  readonly notify: (notice: Notice) => void;
  /** Ends every wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends one account's transactions, one after the other, and sees each through to its confirmations. What a
 * reorganisation takes back is sent again as it was signed, and what stays in the pool at a higher fee: with the same nonce,
 * so it can happen only once. All versions of one nonce are kept until one of them is mined.
 */
export class Sender {
  readonly #options: SenderOptions;
  #sending: Promise<unknown> = Promise.resolve();
  #nextNonce = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * @throws GristmillError CHAIN_REVERTED with the decoded custom error, CHAIN_TIMEOUT, CHAIN_FAILED, CHAIN_REPLACED,
   * GAS_PRICE_HIGH, GAS_UNPROFITABLE
   */
  async transact(call: Call): Promise<TransactionReceipt> {
    const prepared = await this.#prepare(call);
    const send = (): Promise<SentTransaction> => this.#submit(call, prepared);
    const turn = this.#sending.then(send, send);
    this.#sending = turn.catch(() => undefined);
    const sent = await turn;
    const receipt = await this.#confirmed(sent, prepared.maxPrice);
    for (const { hash, block } of this.#options.outbox.list())
      if (isFinal(block, receipt.blockNumber)) this.#options.outbox.delete(hash);
    if (receipt.status !== "success") {
      // As the node sees a refusal before it sends: a reorganisation may have put something else first.
      const reason = await this.#estimate(call).then(
        () => undefined,
        (cause: unknown) => failureOf(call.functionName, cause),
      );
      if (reason?.code === "CHAIN_REVERTED") throw reason;
      throw new GristmillError(
        "CHAIN_REVERTED",
        `${call.functionName} was mined but reverted (${receipt.transactionHash})`,
      );
    }
    return receipt;
  }

  /**
   * Sends again what is neither mined nor known to the chain any more, from the outbox; forgets what is final.
   * @param from transactions mined at or above this block are looked for
   */
  async recover(from: bigint, head: bigint): Promise<void> {
    const { outbox, notify } = this.#options;
    for (const sent of outbox.list()) {
      if (isFinal(sent.block, head)) outbox.delete(sent.hash);
      else if (sent.block === undefined || sent.block >= from) {
        const receipt = await this.#receiptOf(sent);
        if (receipt !== undefined) outbox.put({ ...sent, block: receipt.blockNumber });
        else {
          outbox.put({ ...sent, block: undefined });
          if (await this.#send(sent)) notify({ event: "resent", call: sent.what, hash: sent.hash });
        }
      }
    }
  }

  /** Sees everything through that an earlier process sent. Only then does the chain show where this node stands. */
  async settle(): Promise<void> {
    const { outbox, notify, policy, signal } = this.#options;
    const waiting = new Map(outbox.list().flatMap((sent) => (sent.block === undefined ? [[sent.nonce, sent]] : [])));
    for (const sent of waiting.values()) {
      notify({ event: "resumed", call: sent.what, hash: sent.hash });
      // Whatever becomes of it, the roles look at the chain afresh.
      await this.#send(sent);
      await this.#confirmed(sent, policy.maxPrice).catch((error: unknown) => {
        if (signal?.aborted === true) throw error;
        notify({ event: "transaction-lost", call: sent.what, hash: sent.hash, error });
        // One that is only late may still be mined.
        if (isReplaced(error)) for (const { hash } of this.#versionsOf(sent)) outbox.delete(hash);
      });
    }
  }

  /** All of a transaction but its nonce. Transactions do not wait for each other's, so many at once stay quick. */
  async #prepare(call: Call): Promise<Prepared> {
    const { account, wallet } = this.#options;
    const { address: to, functionName, value } = call;
    try {
      const estimate = await this.#estimate(call);
      const price = await this.#price(functionName);
      const bill = { what: functionName, gas: estimate, worth: call.worth };
      refuseLoss(bill, price);
      const margin = (estimate * GAS_MARGIN.numerator) / GAS_MARGIN.denominator + GAS_MARGIN.constant;
      const request = await wallet.prepareTransactionRequest({
        account,
        to,
        data: encodeFunctionData(call),
        gas: margin < TRANSACTION_GAS_CAP ? margin : TRANSACTION_GAS_CAP,
        ...(value === undefined ? {} : { value }),
        parameters: ["type", "fees", "chainId"],
      });
      const maxPrice = highestPrice(bill, this.#options.policy);
      return { transaction: capFees(request as TransactionSerializable, maxPrice), maxPrice };
    } catch (cause) {
      throw failureOf(functionName, cause);
    }
  }

  /** Signs and sends what was prepared, with the account's next nonce. */
  async #submit({ functionName: what }: Call, { transaction }: Prepared): Promise<SentTransaction> {
    const { account, wallet, outbox } = this.#options;
    try {
      for (let attempt = 1; ; attempt++) {
        const nonce = Math.max(this.#nextNonce, await this.#pendingNonce());
        const raw = await account.signTransaction({ ...transaction, nonce });
        const sent = { hash: keccak256(raw), nonce, raw, what, block: undefined };
        outbox.put(sent);
        try {
          await wallet.sendRawTransaction({ serializedTransaction: raw });
        } catch (error) {
          // Without an answer it may be on its way: then it is seen through like any other.
          if (isAnswer(error) && !(await this.#isKnown(sent))) {
            outbox.delete(sent.hash);
            this.#nextNonce = 0;
            // Another process with this key was faster.
            if (isNonceTaken(error) && attempt < NONCE_ATTEMPTS) continue;
            throw error;
          }
        }
        this.#nextNonce = nonce + 1;
        return sent;
      }
    } catch (cause) {
      throw failureOf(what, cause);
    }
  }

  async #estimate(call: Call): Promise<bigint> {
    const { account, public: client } = this.#options;
    const { address, abi, functionName, args, value } = call;
    const request = { address, abi, functionName, args, value, account };
    return client.estimateContractGas(request as Parameters<PublicClient["estimateContractGas"]>[0]);
  }

  /** Wei a gas of a transaction that is sent now, below the operator's limit. */
  async #price(what: string): Promise<bigint> {
    const { policy, notify } = this.#options;
    for (let told = false; ; told = true) {
      const price = await this.#options.public.getGasPrice();
      const { maxPrice } = policy;
      if (maxPrice === undefined || price <= maxPrice) return price;
      const error = new GristmillError(
        "GAS_PRICE_HIGH",
        `${what} is not sent: a gas costs ${formatGwei(price)} gwei, and the limit is ${formatGwei(maxPrice)}`,
        { hints: ["wait, or raise the limit with --max-gas-price"] },
      );
      if (!policy.waits) throw error;
      if (!told) notify({ event: "gas-price-high", call: what, error });
      await delay(RESEND_INTERVAL, undefined, { signal: this.#options.signal });
    }
  }

  async #pendingNonce(): Promise<number> {
    const { address } = this.#options.account;
    return this.#options.public.getTransactionCount({ address, blockTag: "pending" });
  }

  /**
   * Waits until a transaction is mined and confirmed; sends it again whenever the chain has lost it, and at a higher fee if
   * it waits for long.
   * @param maxPrice wei a gas that it may cost at most
   */
  async #confirmed(first: SentTransaction, maxPrice: bigint | undefined): Promise<TransactionReceipt> {
    const { confirmations } = this.#options;
    const patience = new Patience(this.#options.public);
    let sent = first;
    let noted: bigint | undefined;
    let [since, lastSent] = [Date.now(), Date.now()];
    for (;;) {
      const receipt = await this.#receiptOfAny(sent).catch(() => undefined);
      if (receipt !== undefined) {
        if (receipt.blockNumber !== noted) {
          noted = receipt.blockNumber;
          sent = this.#noteMined(sent, receipt);
        }
        if (confirmations === 1n || (await this.#depth(receipt)) >= confirmations) return receipt;
        since = Date.now();
      } else if (noted !== undefined || Date.now() - lastSent > RESEND_INTERVAL) {
        // Taken back by a reorganisation, or dropped from a pool.
        noted = undefined;
        lastSent = Date.now();
        if (!(await this.#send(sent)) && (await this.#isOvertaken(sent)))
          throw new GristmillError(
            "CHAIN_REPLACED",
            `${sent.what} (${sent.hash}) was not mined: another transaction of this account took its place`,
            { hints: ["use the key of a running node for nothing else"] },
          );
      } else if (await patience.isOver()) {
        const raised = await this.#raise(sent, maxPrice);
        if (raised !== undefined) [sent, since, lastSent] = [raised, Date.now(), Date.now()];
      }
      if (Date.now() - since > RECEIPT_TIMEOUT)
        throw new GristmillError("CHAIN_TIMEOUT", `${sent.what} (${sent.hash}) was not mined in 120 s`, {
          hints: ["check that the chain produces blocks and that the gas price is high enough"],
        });
      await delay(POLLING_INTERVAL, undefined, { signal: this.#options.signal });
    }
  }

  /**
   * Sends a waiting transaction again at a higher fee, and with the same nonce; undefined if that is not allowed, or the
   * pool does not take it.
   */
  async #raise(sent: SentTransaction, maxPrice: bigint | undefined): Promise<SentTransaction | undefined> {
    const { account, outbox, notify, wallet } = this.#options;
    const waiting = this.#versionsOf(sent).map(({ raw }) => unsigned(raw));
    const dearest = waiting.reduce((a, b) => (priceOf(b) > priceOf(a) ? b : a));
    const raised = await raiseFees(dearest, this.#options.public).catch(() => undefined);
    if (raised === undefined) return undefined;
    const price = priceOf(raised);
    if (maxPrice !== undefined && price > maxPrice) {
      const limit = `${formatGwei(price)} gwei a gas would be needed, and the limit is ${formatGwei(maxPrice)}`;
      notify({ event: "gas-price-high", call: sent.what, hash: sent.hash, error: limit });
      return undefined;
    }
    const raw = await account.signTransaction(raised);
    const version = { ...sent, hash: keccak256(raw), raw };
    outbox.put(version);
    try {
      await wallet.sendRawTransaction({ serializedTransaction: raw });
    } catch (error) {
      if (isAnswer(error) && !(await this.#isKnown(version))) {
        outbox.delete(version.hash);
        return undefined;
      }
    }
    notify({ event: "fee-raised", call: sent.what, hash: version.hash, replaces: sent.hash, price: formatGwei(price) });
    return version;
  }

  /** All that was sent with a transaction's nonce: whichever is mined, it is the only one. */
  #versionsOf(sent: SentTransaction): SentTransaction[] {
    const versions = this.#options.outbox.list().filter(({ nonce }) => nonce === sent.nonce);
    return versions.length > 0 ? versions : [sent];
  }

  async #receiptOfAny(sent: SentTransaction): Promise<TransactionReceipt | undefined> {
    for (const version of this.#versionsOf(sent)) {
      const receipt = await this.#receiptOf(version);
      if (receipt !== undefined) return receipt;
    }
    return undefined;
  }

  /** Keeps the version that was mined, with its block, and lets go of the others; returns it. */
  #noteMined(sent: SentTransaction, { transactionHash, blockNumber: block }: TransactionReceipt): SentTransaction {
    const { outbox } = this.#options;
    const versions = this.#versionsOf(sent);
    const mined = { ...(versions.find(({ hash }) => hash === transactionHash) ?? sent), block };
    outbox.put(mined);
    for (const { hash } of versions) if (hash !== transactionHash) outbox.delete(hash);
    return mined;
  }

  /** Blocks on which a receipt counts, its own included. */
  async #depth({ blockNumber }: TransactionReceipt): Promise<bigint> {
    return (await this.#options.public.getBlockNumber({ cacheTime: 0 }).catch(() => 0n)) - blockNumber + 1n;
  }

  async #receiptOf({ hash }: SentTransaction): Promise<TransactionReceipt | undefined> {
    try {
      return await this.#options.public.getTransactionReceipt({ hash });
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    }
  }

  /** Sends a signed transaction once more; false if the chain does not take it, mostly because it has it. */
  async #send({ raw }: SentTransaction): Promise<boolean> {
    return this.#options.wallet.sendRawTransaction({ serializedTransaction: raw }).then(
      () => true,
      () => false,
    );
  }

  /** Whether the chain or its pool has the transaction although sending it failed, as when the answer was lost. */
  async #isKnown({ hash }: SentTransaction): Promise<boolean> {
    return this.#options.public.getTransaction({ hash }).then(
      () => true,
      () => false,
    );
  }

  /** Whether a nonce is used up on the chain by something else. */
  async #isOvertaken(sent: SentTransaction): Promise<boolean> {
    const { address } = this.#options.account;
    const mined = await this.#options.public.getTransactionCount({ address, blockTag: "latest" }).catch(() => 0);
    return mined > sent.nonce && (await this.#receiptOfAny(sent).catch(() => sent)) === undefined;
  }
}

/** Counts the blocks that go by without a transaction. */
class Patience {
  readonly #client: PublicClient<Transport, ViemChain>;
  #since: bigint | undefined;

  constructor(client: PublicClient<Transport, ViemChain>) {
    this.#client = client;
  }

  /** Whether {@link PATIENCE_BLOCKS} have passed since the start or since it was over the last time. */
  async isOver(): Promise<boolean> {
    const head = await this.#client.getBlockNumber({ cacheTime: 0 }).catch(() => undefined);
    if (head === undefined) return false;
    this.#since ??= head;
    if (head - this.#since < PATIENCE_BLOCKS) return false;
    this.#since = head;
    return true;
  }
}

/** A transaction as it was before it was signed: what is signed again must not hold its signature. */
function unsigned(raw: Hex): TransactionSerializable {
  const signature = ["r", "s", "v", "yParity"];
  const fields = Object.entries(parseTransaction(raw)).filter(([name]) => !signature.includes(name));
  return Object.fromEntries(fields);
}

function isReplaced(error: unknown): boolean {
  return error instanceof GristmillError && error.code === "CHAIN_REPLACED";
}

function isFinal(block: bigint | undefined, head: bigint): boolean {
  return block !== undefined && block + FINAL_DEPTH < head;
}
