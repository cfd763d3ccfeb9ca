/**
 * Model files: JSON in the formats of 0xDeCA10B's models (demo/client/src/ml-models/model-interfaces.ts), for all five
 * classifiers, with blocks of Gristmill's own for what a deployment needs besides: `name`, `description`, `encoder` and
 * `incentive`. Upstream's files are accepted as they are, the older `intents` and `bias` included.
 */
import { z } from "zod";

import { GristmillError } from "../errors.ts";
import { ENCODERS } from "./encode.ts";
import { toFixedPoint } from "./fixed-point.ts";
import type { FeatureEntry, SharedModel } from "./model.ts";

const DAY = 86_400;

const count = z.int().min(0);
const seconds = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const index = z.string().regex(/^\d+$/, "is not a feature's index");
const byIndex = z.record(index, z.number());
const classNames = z.array(z.string().min(1)).min(1).max(64);

const incentive = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stakeable"),
    refundWaitTimeS: seconds.default(DAY),
    ownerClaimWaitTimeS: seconds.default(8 * DAY),
    anyAddressClaimWaitTimeS: seconds.default(9 * DAY),
    /** Wei, in quotes where it is beyond 2^53; the price of a sample is this times an hour over a root of seconds. */
    costWeight: z.union([count, z.string().regex(/^\d+$/)]).default(1e15),
  }),
  z.strictObject({
    type: z.literal("points"),
    refundWaitTimeS: seconds.default(DAY),
    ownerClaimWaitTimeS: seconds.default(8 * DAY),
    anyAddressClaimWaitTimeS: seconds.default(9 * DAY),
  }),
]);

const common = {
  name: z.string().min(1).optional(),
  description: z.string().default(""),
  encoder: z.string().default(ENCODERS.none),
  incentive: incentive.prefault({ type: "stakeable" }),
  /** Outputs of a shared encoder that the model uses; all if there are none. */
  featureIndices: z.array(count.max(2 ** 32 - 1)).default([]),
};

const perceptron = {
  ...common,
  classifications: classNames.length(2),
  intercept: z.number().optional(),
  bias: z.number().optional(),
  learningRate: z.number().positive().max(4).default(1),
};

const densePerceptron = z.object({
  ...perceptron,
  type: z.enum(["perceptron", "dense perceptron"]),
  weights: z.array(z.number()).min(1),
});

const sparsePerceptron = z.object({
  ...perceptron,
  type: z.literal("sparse perceptron"),
  weights: z.array(z.number()).nullish(),
  sparseWeights: byIndex.nullish(),
});

const naiveBayes = z.object({
  ...common,
  type: z.literal("naive bayes"),
  classifications: classNames,
  classCounts: z.array(count),
  featureCounts: z.array(z.array(z.tuple([count, count]))),
  totalNumFeatures: z.int().min(1),
  smoothingFactor: z.number().positive().max(4).default(1),
});

const denseCentroids = z.record(z.string(), z.object({ centroid: z.array(z.number()).min(1), dataCount: count }));
const nearestCentroid = z.object({
  ...common,
  type: z.enum(["nearest centroid classifier", "dense nearest centroid classifier"]),
  centroids: denseCentroids.optional(),
  intents: denseCentroids.optional(),
});

const sparseCentroids = z.record(
  z.string(),
  z.object({ centroid: z.union([byIndex, z.array(z.number())]), dataCount: count }),
);
const sparseNearestCentroid = z.object({
  ...common,
  type: z.literal("sparse nearest centroid classifier"),
  centroids: sparseCentroids.optional(),
  intents: sparseCentroids.optional(),
});

const MODEL_TYPES = [
  "dense perceptron",
  "sparse perceptron",
  "naive bayes",
  "nearest centroid classifier",
  "sparse nearest centroid classifier",
] as const;

const modelFileSchema = z.discriminatedUnion("type", [
  densePerceptron,
  sparsePerceptron,
  naiveBayes,
  nearestCentroid,
  sparseNearestCentroid,
]);

type RawModelFile = z.infer<typeof modelFileSchema>;

/** Wait times in seconds, the weight of the price in wei. */
export type Incentive =
  | {
      readonly contract: "Stakeable64";
      readonly refundWaitTimeS: number;
      readonly ownerClaimWaitTimeS: number;
      readonly anyAddressClaimWaitTimeS: number;
      readonly costWeight: bigint;
    }
  | {
      readonly contract: "Points64";
      readonly refundWaitTimeS: number;
      readonly ownerClaimWaitTimeS: number;
      readonly anyAddressClaimWaitTimeS: number;
    };

/** A model file, read and checked. */
export interface ModelFile {
  readonly name: string | undefined;
  readonly description: string;
  /** See {@link ENCODERS}; others are legal. */
  readonly encoder: string;
  readonly incentive: Incentive;
  readonly featureIndices: readonly number[];
  readonly model: SharedModel;
}

/**
 * Reads a model file.
 * @throws GristmillError MODEL_FILE_SYNTAX, MODEL_FILE_INVALID naming every wrong field, FIXED_POINT_RANGE
 */
export function parseModelFile(text: string): ModelFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GristmillError("MODEL_FILE_SYNTAX", `The model file is not JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
  const result = modelFileSchema.safeParse(lowerCaseType(json));
  if (!result.success) {
    throw invalid(
      result.error.issues.map(({ path, message, code }) =>
        code === "invalid_union" && path[0] === "type"
          ? `type is none of ${MODEL_TYPES.join(", ")}`
          : `${path.join(".")}: ${message}`,
      ),
    );
  }
  const raw = result.data;
  const { name, description, encoder, featureIndices } = raw;
  return { name, description, encoder, featureIndices, incentive: incentiveOf(raw), model: modelOf(raw) };
}

/** Upstream compares types without regard to capitals. */
function lowerCaseType(json: unknown): unknown {
  if (typeof json !== "object" || json === null || !("type" in json) || typeof json.type !== "string") return json;
  return { ...json, type: json.type.toLowerCase() };
}

function incentiveOf({ incentive: { type, ...terms } }: RawModelFile): Incentive {
  const { refundWaitTimeS, ownerClaimWaitTimeS, anyAddressClaimWaitTimeS } = terms;
  const waits = { refundWaitTimeS, ownerClaimWaitTimeS, anyAddressClaimWaitTimeS };
  if (type === "points") return { contract: "Points64", ...waits };
  if (refundWaitTimeS > ownerClaimWaitTimeS || ownerClaimWaitTimeS > anyAddressClaimWaitTimeS) {
    throw invalid(["incentive: the wait times decrease; refund, owner's and anybody's claim follow each other"]);
  }
  return { contract: "Stakeable64", ...waits, costWeight: BigInt("costWeight" in terms ? terms.costWeight : 0) };
}

function modelOf(raw: RawModelFile): SharedModel {
  switch (raw.type) {
    case "perceptron":
    case "dense perceptron":
      return { contract: "DensePerceptron", ...perceptronOf(raw), weights: weightsOf(raw.weights) };
    case "sparse perceptron": {
      const sparseWeights = entriesOf(raw.sparseWeights ?? {}, "sparseWeights", 80);
      return {
        contract: "SparsePerceptron",
        ...perceptronOf(raw),
        weights: weightsOf(raw.weights ?? []),
        sparseWeights,
      };
    }
    case "naive bayes":
      return naiveBayesOf(raw);
    case "nearest centroid classifier":
    case "dense nearest centroid classifier":
      return nearestCentroidOf(raw);
    case "sparse nearest centroid classifier":
      return sparseNearestCentroidOf(raw);
  }
}

function perceptronOf(raw: z.infer<typeof densePerceptron> | z.infer<typeof sparsePerceptron>) {
  const intercept = raw.intercept ?? raw.bias;
  if (intercept === undefined) throw invalid(["intercept: is missing"]);
  return {
    classes: raw.classifications,
    intercept: toFixedPoint(intercept, 80, "intercept"),
    learningRate: toFixedPoint(raw.learningRate, 64, "learningRate"),
  };
}

function weightsOf(weights: readonly number[]): bigint[] {
  return weights.map((weight, i) => toFixedPoint(weight, 80, `weights[${i}]`));
}

function naiveBayesOf(raw: z.infer<typeof naiveBayes>): SharedModel {
  const { classifications, classCounts, featureCounts } = raw;
  for (const [field, list] of Object.entries({ classCounts, featureCounts })) {
    if (list.length !== classifications.length) {
      throw invalid([`${field}: has ${list.length} entries for ${classifications.length} classes`]);
    }
  }
  return {
    contract: "NaiveBayesClassifier",
    classes: classifications.map((name, i) => ({
      name,
      samples: BigInt(classCounts[i]!),
      counts: featureCounts[i]!.map(([feature, occurrences]) => [BigInt(feature), BigInt(occurrences)] as const),
    })),
    features: BigInt(raw.totalNumFeatures),
    smoothing: toFixedPoint(raw.smoothingFactor, 64, "smoothingFactor"),
  };
}

function nearestCentroidOf(raw: z.infer<typeof nearestCentroid>): SharedModel {
  const classes = centroidsOf(raw).map(([name, { centroid, dataCount }]) => ({
    name,
    samples: BigInt(dataCount),
    centroid: centroid.map((value, i) => toFixedPoint(value, 64, `centroids.${name}[${i}]`)),
  }));
  const dimensions = classes[0]!.centroid.length;
  const other = classes.find(({ centroid }) => centroid.length !== dimensions);
  if (other !== undefined) {
    throw invalid([`centroids.${other.name}: has ${other.centroid.length} dimensions, the first class ${dimensions}`]);
  }
  return { contract: "NearestCentroidClassifier", classes };
}

function sparseNearestCentroidOf(raw: z.infer<typeof sparseNearestCentroid>): SharedModel {
  const classes = centroidsOf(raw).map(([name, { centroid, dataCount }]) => ({
    name,
    samples: BigInt(dataCount),
    centroid: entriesOf(
      Array.isArray(centroid) ? Object.fromEntries(centroid.entries()) : centroid,
      `centroids.${name}`,
      65,
    ),
  }));
  for (const { name, centroid } of classes) {
    const negative = centroid.find(([, value]) => value < 0n);
    if (negative !== undefined)
      throw invalid([`centroids.${name}.${negative[0]}: is negative, but it is a mean of 0 and 1`]);
  }
  return { contract: "SparseNearestCentroidClassifier", classes };
}

function centroidsOf<T>(raw: { readonly centroids?: T | undefined; readonly intents?: T | undefined }) {
  const entries = Object.entries<T[keyof T]>(raw.centroids ?? raw.intents ?? {});
  if (entries.length === 0) throw invalid(["centroids: is missing, or has no class"]);
  return entries;
}

function entriesOf(values: Readonly<Record<string, number>>, field: string, bits: number): FeatureEntry[] {
  return Object.entries(values).map(
    ([key, value]) => [BigInt(key), toFixedPoint(value, bits, `${field}.${key}`)] as const,
  );
}

function invalid(problems: readonly string[]): GristmillError {
  return new GristmillError("MODEL_FILE_INVALID", `The model file is wrong in ${problems.join("; ")}.`, {
    hints: ["examples/shared-models holds files to start from"],
  });
}
