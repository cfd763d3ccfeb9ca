import type { Hex } from "viem";

/** A transaction that this node has signed. */
export interface SentTransaction {
  readonly hash: Hex;
  readonly nonce: number;
  /** Signed and serialised: sending it again can only ever do the same once. */
  readonly raw: Hex;
  /** The function it calls, for people. */
  readonly what: string;
  /** Where it was mined when last seen; undefined while it waits. */
  readonly block: bigint | undefined;
}

/**
 * The transactions that a node answers for until no reorganisation can take them back. A transaction is in it before it is
 * sent, so that a node that was killed in between sends the same one again, not another one.
 */
export interface Outbox {
  /** Adds a transaction, or replaces what is known of it. */
  put(transaction: SentTransaction): void;
  delete(hash: Hex): void;
  /** All of them, the lowest nonce first. */
  list(): SentTransaction[];
}

/** An outbox that ends with the process: for commands that send one transaction and wait for it. */
export class MemoryOutbox implements Outbox {
  readonly #transactions = new Map<Hex, SentTransaction>();

  put(transaction: SentTransaction): void {
    this.#transactions.set(transaction.hash, transaction);
  }

  delete(hash: Hex): void {
    this.#transactions.delete(hash);
  }

  list(): SentTransaction[] {
    return [...this.#transactions.values()].sort((a, b) => a.nonce - b.nonce);
  }
}
