/** Median and spread of a figure over the rounds of one run. */
export interface Figure {
  readonly median: number;
  /** 10th and 90th percentile. */
  readonly low: number;
  readonly high: number;
}

/** @param samples at least one */
export function summarise(samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}

/** The middle value, or the mean of the two in the middle. @param sample at least one */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** The median absolute deviation of a normal distribution, times this, is its standard deviation. */
const MAD_TO_DEVIATION = 1.4826;

/**
 * How many standard deviations a value is from the median of a sample, the deviation estimated by the median absolute
 * deviation: fewer than half of the sample, whatever they are, cannot move either far.
 * @param floor least deviation reckoned with
 */
export function robustScore(value: number, sample: readonly number[], floor: number): number {
  const centre = median(sample);
  const spread = MAD_TO_DEVIATION * median(sample.map((each) => Math.abs(each - centre)));
  return (value - centre) / Math.max(spread, floor);
}
