/** Batches under way at a time: a device works on one while the next one is made and the last one's outputs are seen to. */
const IN_FLIGHT = 2;

/** The items from `first` to before `end`. The signal ends with the caller's, and when another batch fails. */
export type BatchWork = (first: number, end: number, signal: AbortSignal) => Promise<void>;

/**
 * Does work for `count` items, a batch at a time, the batches begun in order. Settles once nothing is under way any more.
 *
 * @param size items of the next batch, asked when its turn comes, since a hasher's `batchSize` may grow
 * @throws what the first batch to fail threw; the signal's reason when aborted
 */
export async function eachBatch(
  count: number,
  size: () => number,
  work: BatchWork,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let next = 0;
  const batchAfterBatch = async (): Promise<void> => {
    while (next < count) {
      ended.throwIfAborted();
      const first = next;
      next = Math.min(count, first + size());
      await work(first, next, ended);
    }
  };
  const streams = Array.from({ length: IN_FLIGHT }, batchAfterBatch);
  try {
    await Promise.all(streams);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(streams);
    throw error;
  }
}
