import { isLucky } from "@gristmill/sdk";

import { type BatchWork, eachBatch } from "./each-batch.ts";
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

/** `TensHasher.search` by means of `hash`: what all backends share. */
export async function searchTickets(
  hasher: Pick<TensHasher, "hash" | "batchSize">,
  range: TicketRange,
  target: bigint,
  { signal, onProgress }: SearchOptions = {},
): Promise<LuckyTicket[]> {
  const lucky: LuckyTicket[] = [];
  let hashed = 0;
  const hashBatch: BatchWork = async (first, end, ended) => {
    const inputs = Array.from({ length: end - first }, (_, i) => range.input(first + i));
    for (const [i, output] of (await hasher.hash(inputs, ended)).entries())
      if (isLucky(output, inputs[i]!, target)) lucky.push({ index: first + i, output: output.slice() });
    hashed += inputs.length;
    onProgress?.(hashed);
  };
  await eachBatch(range.count, () => hasher.batchSize, hashBatch, signal);
  return lucky.sort((a, b) => a.index - b.index);
}
