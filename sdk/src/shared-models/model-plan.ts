import type { FeatureEntry, SharedModel } from "./model.ts";

/** A call that a model's set-up consists of. */
export interface PlannedCall {
  readonly functionName: string;
  readonly args: readonly unknown[];
  /** In words, for whoever waits. */
  readonly what: string;
  /**
   * A view that has grown to `atLeast` once the call is made, by which an interrupted deployment knows where to go on.
   * Calls without one set values: made again they change nothing.
   */
  readonly progress?: { readonly functionName: string; readonly args: readonly unknown[]; readonly atLeast: bigint };
}

/** How a model is created: in so many transactions that each stays far below the cap of 16.7 million gas (EIP-7825). */
export interface ModelPlan {
  readonly contract: SharedModel["contract"];
  readonly constructorArgs: readonly unknown[];
  /** In this order, by the owner. */
  readonly calls: readonly PlannedCall[];
}

/**
 * Three weights or four centroid values share a storage slot of 22,100 gas: 5.5 million gas at most. As calldata, 32 bytes
 * each, so many fit in the code of a contract too, where recipes keep their calls (contracts/libraries/BlobStore.sol).
 */
const DENSE_CHUNK = 700;
/** Each entry can need a slot of its own, and takes 128 bytes of calldata. */
const SPARSE_CHUNK = 150;

/** Splits a model's set-up into a constructor's arguments and calls. */
export function planModel(model: SharedModel, featureIndices: readonly number[] = []): ModelPlan {
  const { constructorArgs, calls } = planOf(model);
  const indices = chunks(featureIndices, DENSE_CHUNK).map(({ items, end }) => ({
    functionName: "addFeatureIndices",
    args: [items],
    what: `feature indices up to ${end}`,
    progress: { functionName: "getNumFeatureIndices", args: [], atLeast: BigInt(end) },
  }));
  return { contract: model.contract, constructorArgs, calls: [...calls, ...indices] };
}

function planOf(model: SharedModel): Pick<ModelPlan, "constructorArgs" | "calls"> {
  switch (model.contract) {
    case "DensePerceptron": {
      const [first, ...rest] = chunks(model.weights, DENSE_CHUNK);
      return {
        constructorArgs: [model.classes, first?.items ?? [], model.intercept, model.learningRate],
        calls: rest.map(({ items, end }) => ({
          functionName: "initializeWeights",
          args: [items],
          what: `weights up to ${end}`,
          progress: { functionName: "numWeights", args: [], atLeast: BigInt(end) },
        })),
      };
    }
    case "SparsePerceptron": {
      const [first, ...rest] = chunks(model.weights, DENSE_CHUNK);
      return {
        constructorArgs: [model.classes, first?.items ?? [], model.intercept, model.learningRate],
        calls: [
          ...rest.map(({ items, end }) => ({
            functionName: "initializeWeights",
            args: [BigInt(end - items.length), items],
            what: `weights up to ${end}`,
          })),
          ...chunks(model.sparseWeights, SPARSE_CHUNK).map(({ items, end }) => ({
            functionName: "initializeSparseWeights",
            args: [items],
            what: `sparse weights up to ${end}`,
          })),
        ],
      };
    }
    case "NaiveBayesClassifier": {
      const { names, samples, firsts, rests } = splitClasses(model.classes, ({ counts }) => counts, SPARSE_CHUNK);
      return {
        constructorArgs: [[names[0]], [samples[0]], [firsts[0]], model.features, model.smoothing],
        calls: [
          ...addClasses(names, (i) => [samples[i], firsts[i], names[i]]),
          ...rests.map(({ items, end, index }) => ({
            functionName: "initializeCounts",
            args: [items, BigInt(index)],
            what: `counts of ${names[index]} up to ${end}`,
          })),
        ],
      };
    }
    case "NearestCentroidClassifier": {
      const { names, samples, firsts, rests } = splitClasses(model.classes, ({ centroid }) => centroid, DENSE_CHUNK);
      return {
        constructorArgs: [[names[0]], [firsts[0]], [samples[0]]],
        calls: [
          ...addClasses(names, (i) => [firsts[i], names[i], samples[i]]),
          ...rests.map(({ items, end, index }) => ({
            functionName: "extendCentroid",
            args: [items, BigInt(index)],
            what: `centroid of ${names[index]} up to ${end}`,
            progress: { functionName: "numDimensions", args: [BigInt(index)], atLeast: BigInt(end) },
          })),
        ],
      };
    }
    case "SparseNearestCentroidClassifier": {
      const { names, samples, firsts, rests } = splitClasses(model.classes, ({ centroid }) => centroid, SPARSE_CHUNK);
      return {
        constructorArgs: [[names[0]], [firsts[0]], [samples[0]]],
        calls: [
          ...addClasses(names, (i) => [firsts[i], names[i], samples[i]]),
          ...rests.map(({ items, end, index }) => ({
            functionName: "extendCentroid",
            args: [items, BigInt(index)],
            what: `centroid of ${names[index]} up to ${end}`,
          })),
        ],
      };
    }
  }
}

function addClasses(names: readonly string[], args: (index: number) => readonly unknown[]): PlannedCall[] {
  return names.slice(1).map((name, i) => ({
    functionName: "addClass",
    args: args(i + 1),
    what: `class ${name}`,
    progress: { functionName: "getNumClassifications", args: [], atLeast: BigInt(i + 2) },
  }));
}

/** The first chunk of each class goes with the class itself, the others follow. */
function splitClasses<T extends bigint | FeatureEntry, C extends { readonly name: string; readonly samples: bigint }>(
  classes: readonly C[],
  values: (item: C) => readonly T[],
  size: number,
) {
  const parts = classes.map((item) => chunks(values(item), size));
  return {
    names: classes.map(({ name }) => name),
    samples: classes.map(({ samples }) => samples),
    firsts: parts.map(([first]) => first?.items ?? []),
    rests: parts.flatMap((list, index) => list.slice(1).map((chunk) => ({ ...chunk, index }))),
  };
}

function chunks<T>(items: readonly T[], size: number): { readonly items: readonly T[]; readonly end: number }[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => {
    const part = items.slice(i * size, (i + 1) * size);
    return { items: part, end: i * size + part.length };
  });
}
