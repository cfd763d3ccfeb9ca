/** The learning rules of the shared models in plain code: slow, obvious, and what the contracts are compared with. */

export const ONE = 10n ** 9n;

/** A model that learns one sample at a time. Dense samples are values times 1e9, sparse ones lists of features. */
export interface PlainModel {
  update(data: readonly bigint[], label: number): void;
  predict(data: readonly bigint[]): number;
}

const clampTo64 = (value: bigint): bigint => {
  const most = 2n ** 63n - 1n;
  return value < -most ? -most : value > most ? most : value;
};

/** The first index of the largest number. */
function argmax(values: readonly number[] | readonly bigint[]): number {
  let best = 0;
  for (const [index, value] of values.entries()) if (value > values[best]!) best = index;
  return best;
}

export class PlainDensePerceptron implements PlainModel {
  readonly weights: bigint[];
  intercept: bigint;
  readonly #rate: bigint;

  constructor(weights: readonly bigint[], intercept: bigint, learningRate: bigint) {
    this.weights = [...weights];
    this.intercept = intercept;
    this.#rate = learningRate;
  }

  predict(data: readonly bigint[]): number {
    const score = data.reduce((sum, value, i) => sum + value * this.weights[i]!, this.intercept * ONE);
    return score > 0n ? 1 : 0;
  }

  update(data: readonly bigint[], label: number): void {
    if (this.predict(data) === label) return;
    const rate = label === 1 ? this.#rate : -this.#rate;
    this.intercept = clampTo64(this.intercept + rate);
    for (const [i, value] of data.entries()) this.weights[i] = clampTo64(this.weights[i]! + (value * rate) / ONE);
  }
}

export class PlainSparsePerceptron implements PlainModel {
  readonly weights = new Map<bigint, bigint>();
  readonly #intercept: bigint;
  readonly #rate: bigint;

  constructor(weights: readonly bigint[], intercept: bigint, learningRate: bigint) {
    for (const [index, weight] of weights.entries()) this.weights.set(BigInt(index), weight);
    this.#intercept = intercept;
    this.#rate = learningRate;
  }

  predict(data: readonly bigint[]): number {
    const score = data.reduce((sum, feature) => sum + (this.weights.get(feature) ?? 0n), this.#intercept);
    return score > 0n ? 1 : 0;
  }

  update(data: readonly bigint[], label: number): void {
    if (this.predict(data) === label) return;
    const rate = label === 1 ? this.#rate : -this.#rate;
    for (const feature of data) this.weights.set(feature, clampTo64((this.weights.get(feature) ?? 0n) + rate));
  }
}

export class PlainNearestCentroid implements PlainModel {
  readonly centroids: bigint[][];
  readonly counts: bigint[];

  constructor(centroids: readonly (readonly bigint[])[], counts: readonly bigint[]) {
    this.centroids = centroids.map((centroid) => [...centroid]);
    this.counts = [...counts];
  }

  predict(data: readonly bigint[]): number {
    const distances = this.centroids.map((centroid) =>
      centroid.reduce((sum, value, i) => sum + (value - data[i]!) ** 2n, 0n),
    );
    return argmax(distances.map((distance) => -distance));
  }

  update(data: readonly bigint[], label: number): void {
    const n = this.counts[label]!;
    this.centroids[label] = this.centroids[label]!.map((mean, i) => (mean * n + data[i]!) / (n + 1n));
    this.counts[label] = n + 1n;
  }
}

/** By exact fractions, which no underflow can touch. */
export class PlainNaiveBayes implements PlainModel {
  readonly counts: Map<bigint, bigint>[];
  readonly totals: bigint[];
  readonly samples: bigint[];
  readonly #features: bigint;
  readonly #smoothing: bigint;

  constructor(
    samples: readonly bigint[],
    counts: readonly (readonly (readonly [bigint, bigint])[])[],
    features: bigint,
    smoothing: bigint,
  ) {
    this.samples = [...samples];
    this.counts = counts.map((entries) => new Map(entries));
    this.totals = this.counts.map((entries) => [...entries.values()].reduce((sum, count) => sum + count, 0n));
    this.#features = features;
    this.#smoothing = smoothing;
  }

  predict(data: readonly bigint[]): number {
    const denominators = this.totals.map(
      (total) => (ONE * total + this.#smoothing * this.#features) ** BigInt(data.length),
    );
    const numerators = this.samples.map((samples, label) =>
      data.reduce((product, feature) => {
        const count = this.counts[label]!.get(feature) ?? 0n;
        return product * (ONE * count + this.#smoothing);
      }, samples),
    );
    // a / b > c / d, without dividing.
    let best = 0;
    for (const [label, numerator] of numerators.entries())
      if (numerator * denominators[best]! > numerators[best]! * denominators[label]!) best = label;
    return best;
  }

  update(data: readonly bigint[], label: number): void {
    this.samples[label] = this.samples[label]! + 1n;
    this.totals[label] = this.totals[label]! + BigInt(data.length);
    for (const feature of data) this.counts[label]!.set(feature, (this.counts[label]!.get(feature) ?? 0n) + 1n);
  }
}

/** Means as sums over counts, compared without dividing. */
export class PlainSparseNearestCentroid implements PlainModel {
  readonly sums: Map<bigint, bigint>[];
  readonly counts: bigint[];

  constructor(means: readonly (readonly (readonly [bigint, bigint])[])[], counts: readonly bigint[]) {
    this.counts = [...counts];
    this.sums = means.map(
      (entries, label) => new Map(entries.map(([feature, mean]) => [feature, mean * counts[label]!])),
    );
  }

  /** The squared distance times 1e18, rounded down. */
  #distance(data: readonly bigint[], label: number): bigint {
    const n = this.counts[label]!;
    const sums = this.sums[label]!;
    let scaled = 0n;
    for (const feature of new Set([...sums.keys(), ...data])) {
      const present = data.includes(feature) ? ONE * n : 0n;
      scaled += ((sums.get(feature) ?? 0n) - present) ** 2n;
    }
    return scaled / n ** 2n;
  }

  predict(data: readonly bigint[]): number {
    return argmax(this.counts.map((_, label) => -this.#distance(data, label)));
  }

  update(data: readonly bigint[], label: number): void {
    this.counts[label] = this.counts[label]! + 1n;
    for (const feature of data) this.sums[label]!.set(feature, (this.sums[label]!.get(feature) ?? 0n) + ONE);
  }

  mean(feature: bigint, label: number): bigint {
    return (this.sums[label]!.get(feature) ?? 0n) / this.counts[label]!;
  }

  squaredMagnitude(label: number): bigint {
    const squares = [...this.sums[label]!.values()].reduce((sum, value) => sum + value ** 2n, 0n);
    return squares / this.counts[label]! ** 2n;
  }
}
