/** A shared model before it is deployed, its numbers as the contracts take them: times 1e9 where they are fractions. */
export type SharedModel =
  DensePerceptronModel | SparsePerceptronModel | NaiveBayesModel | NearestCentroidModel | SparseNearestCentroidModel;

/** A feature's index and its weight, count or mean. */
export type FeatureEntry = readonly [index: bigint, value: bigint];

interface PerceptronParameters {
  /** Exactly two. */
  readonly classes: readonly string[];
  /** int80, times 1e9 */
  readonly intercept: bigint;
  /** uint32, times 1e9 */
  readonly learningRate: bigint;
}

export interface DensePerceptronModel extends PerceptronParameters {
  readonly contract: "DensePerceptron";
  /** int80, times 1e9 */
  readonly weights: readonly bigint[];
}

export interface SparsePerceptronModel extends PerceptronParameters {
  readonly contract: "SparsePerceptron";
  /** Weights of features 0, 1, ... */
  readonly weights: readonly bigint[];
  /** Weights of further features. */
  readonly sparseWeights: readonly FeatureEntry[];
}

export interface NaiveBayesModel {
  readonly contract: "NaiveBayesClassifier";
  readonly classes: readonly {
    readonly name: string;
    readonly samples: bigint;
    /** Counts, uint32, not in fixed point. */
    readonly counts: readonly FeatureEntry[];
  }[];
  readonly features: bigint;
  /** uint32, times 1e9 */
  readonly smoothing: bigint;
}

export interface NearestCentroidModel {
  readonly contract: "NearestCentroidClassifier";
  readonly classes: readonly {
    readonly name: string;
    readonly samples: bigint;
    /** int64, times 1e9, as many in each class */
    readonly centroid: readonly bigint[];
  }[];
}

export interface SparseNearestCentroidModel {
  readonly contract: "SparseNearestCentroidClassifier";
  readonly classes: readonly {
    readonly name: string;
    readonly samples: bigint;
    /** Means, uint64, times 1e9. */
    readonly centroid: readonly FeatureEntry[];
  }[];
}
