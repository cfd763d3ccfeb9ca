import { isLucky } from "@gristmill/sdk";

import type { TensHasher } from "./tens-hasher.ts";

/** Tickets to hash, made when their turn comes. */
export interface TicketRange {
  readonly count: number;
  /** TensHash input of ticket `index`, 32 bytes. */
  input(index: number): Uint8Array;
}

/** A ticket under the target. */
export interface LuckyTicket {
  /** Its place in the range. */
  readonly index: number;
  /** Its TensHash, 32 bytes. */
  readonly output: Uint8Array;
}

/** How a search is followed and ended. */
export interface SearchOptions {
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of tickets hashed so far. */
  readonly onProgress?: (hashed: number) => void;
}

/** Batches under way at a time: the hasher works on one while the next one's inputs and the last one's luck are seen to. */
const IN_FLIGHT = 2;

/** `TensHasher.search` by means of `hash`: what all backends share. */
export async function searchTickets(
  hasher: Pick<TensHasher, "hash" | "batchSize">,
  range: TicketRange,
  target: bigint,
  { signal, onProgress }: SearchOptions = {},
): Promise<LuckyTicket[]> {
  const lucky: LuckyTicket[] = [];
  const stop = new AbortController();
  const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let next = 0;
  let hashed = 0;
  const hashBatches = async (): Promise<void> => {
    while (next < range.count) {
      ended.throwIfAborted();
      const first = next;
      next = Math.min(range.count, first + hasher.batchSize);
      const inputs = Array.from({ length: next - first }, (_, i) => range.input(first + i));
      for (const [i, output] of (await hasher.hash(inputs, ended)).entries())
        if (isLucky(output, inputs[i]!, target)) lucky.push({ index: first + i, output });
      hashed += inputs.length;
      onProgress?.(hashed);
    }
  };
  signal?.throwIfAborted();
  const streams = Array.from({ length: IN_FLIGHT }, hashBatches);
  try {
    await Promise.all(streams);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(streams);
    throw error;
  }
  return lucky.sort((a, b) => a.index - b.index);
}
