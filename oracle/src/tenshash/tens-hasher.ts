import type { LuckyTicket, SearchOptions, TicketRange } from "./search.ts";

/**
 * One way to compute TensHash (DESIGN section 6). The matrices belong to an epoch's seed, so a hasher derives them once
 * and keeps them; every backend returns the same bytes.
 *
 * Bytes are in the memory order of robocoin's `tens_hash(input, seed, output)`: the first byte is `array[0]`.
 */
export interface TensHasher {
  /** Name of the backend, for logs and checks. */
  readonly name: string;

  /** What computes: threads of the processor, or the name of a graphics card. */
  readonly device: string;

  /** How many inputs a call of `hash` needs to give all of the device something to do. */
  readonly batchSize: number;

  /**
   * Derives the matrices of `seed`. Until it resolves, and if it is aborted, the hasher keeps the seed it had.
   *
   * @param seed 32 bytes
   * @throws GristmillError TENSHASH_SEED_SIZE; the signal's reason when aborted
   */
  setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * @param inputs 32 bytes each
   * @returns one output of 32 bytes per input, in their order; a view that keeps the outputs of its batch in memory
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_INPUT_SIZE; the signal's reason when aborted
   */
  hash(inputs: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array[]>;

  /**
   * Hashes all tickets of a range and returns those that are lucky under the target (`isLucky` of the SDK), in order.
   *
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_INPUT_SIZE; the signal's reason when aborted
   */
  search(range: TicketRange, target: bigint, options?: SearchOptions): Promise<LuckyTicket[]>;

  /**
   * The states that a claim commits to and a dispute opens.
   *
   * @param input 32 bytes
   * @returns u8 [65][128], row-major
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_INPUT_SIZE
   */
  trace(input: Uint8Array): Promise<Uint8Array>;

  /** Frees matrices, threads and devices; a new seed brings the hasher back to work. Safe to call twice. */
  dispose(): Promise<void>;
}
