import type { Hex } from "viem";
import { BlockNotFoundError } from "viem";

import type { Chain } from "./chain.ts";
import { FINAL_DEPTH } from "./finality.ts";

/** Where a mined log stands. */
interface Placed {
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly logIndex: number;
}

/** What became of a chain's events between two looks. */
export interface EventChanges<event> {
  /** Events that a reorganisation took back: what follows from them is to be undone. They may be among `added` again. */
  readonly undone: readonly event[];
  /** New ones, the oldest first. */
  readonly added: readonly event[];
}

/**
 * Some events of the chain, taken in head by head and safe from reorganisations: each look reads the last blocks again
 * that one could change, and says what is new and what is gone. It costs one request a head, as without.
 */
export class EventFeed<event extends Placed> {
  readonly #chain: Pick<Chain, "public">;
  readonly #since: bigint;
  readonly #read: (fromBlock: bigint, toBlock: bigint) => Promise<readonly event[]>;
  /** Those that may still be taken back, by place. */
  readonly #recent = new Map<string, event>();
  #next: bigint;

  /**
   * @param since first block to read
   * @param read asks for the events of a range of blocks, both ends included
   */
  constructor(
    chain: Pick<Chain, "public">,
    since: bigint,
    read: (fromBlock: bigint, toBlock: bigint) => Promise<readonly event[]>,
  ) {
    this.#chain = chain;
    this.#since = since;
    this.#next = since;
    this.#read = read;
  }

  /** Takes in the chain up to a head, which may be lower than the last one. */
  async take(head: bigint): Promise<EventChanges<event>> {
    const known = head + 1n < this.#next ? head + 1n : this.#next;
    const from = known - FINAL_DEPTH > this.#since ? known - FINAL_DEPTH : this.#since;
    if (head < from) return { undone: [], added: [] };
    const events = new Map((await this.#read(from, head)).map((event) => [placeOf(event), event]));
    const gone = [...this.#recent.values()].filter((event) => !events.has(placeOf(event)));
    const undone: event[] = [];
    for (const event of gone)
      if (event.blockNumber >= from && (await this.#isOrphaned(event))) {
        undone.push(event);
        this.#recent.delete(placeOf(event));
      } else if (event.blockNumber < from) this.#recent.delete(placeOf(event));
    const added = [...events.values()].filter((event) => !this.#recent.has(placeOf(event)));
    for (const event of added) this.#recent.set(placeOf(event), event);
    this.#next = head + 1n;
    return { undone, added };
  }

  /** Whether another block stands in the place of the event's: an endpoint that lags behind knows none, and tells nothing. */
  async #isOrphaned({ blockNumber, blockHash }: event): Promise<boolean> {
    try {
      return (await this.#chain.public.getBlock({ blockNumber })).hash !== blockHash;
    } catch (error) {
      if (error instanceof BlockNotFoundError) return false;
      throw error;
    }
  }
}

function placeOf({ blockHash, logIndex }: Placed): string {
  return `${blockHash}:${String(logIndex)}`;
}
