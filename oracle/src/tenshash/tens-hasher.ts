/** Bytes of a TensHash seed, input and output. */
export const HASH_BYTES = 32;

/** Rows of a trace: the state after the expansion and after each of the 64 hidden layers. */
export const TRACE_ROWS = 65;

/** Bytes of one row of a trace: 1,024 neurons, neuron j in byte j >> 3, bit 7 - (j & 7). */
export const STATE_BYTES = 128;

/**
 * One way to compute TensHash (DESIGN section 6). The matrices belong to an epoch's seed, so a hasher derives them once
 * and keeps them; every backend returns the same bytes.
 *
 * Bytes are in the memory order of robocoin's `tens_hash(input, seed, output)`: the first byte is `array[0]`.
 */
export interface TensHasher {
  /** Name of the backend, for logs and checks. */
  readonly name: string;

  /**
   * Derives the matrices of `seed`. Until it resolves, and if it is aborted, the hasher keeps the seed it had.
   *
   * @param seed 32 bytes
   * @throws GristmillError TENSHASH_SEED_SIZE; the signal's reason when aborted
   */
  setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * @param inputs 32 bytes each
   * @returns one output of 32 bytes per input, in their order
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_INPUT_SIZE; the signal's reason when aborted
   */
  hash(inputs: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array[]>;

  /**
   * The states that a claim commits to and a dispute opens.
   *
   * @param input 32 bytes
   * @returns u8 [65][128], row-major
   * @throws GristmillError TENSHASH_NO_SEED, TENSHASH_INPUT_SIZE
   */
  trace(input: Uint8Array): Promise<Uint8Array>;

  /** Frees the matrices; a new seed brings the hasher back to work. */
  dispose(): void;
}
