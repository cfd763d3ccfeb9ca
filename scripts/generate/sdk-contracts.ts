import { CONTRACT_NAMES, TWINS } from "../deploy/record.ts";

/** Contracts that are not part of the suite: people deploy them for models of their own. */
const SHARED_MODEL_CONTRACTS = [
  "CollaborativeTrainer64",
  "DataHandler64",
  "Stakeable64",
  "Points64",
  "Classifier64",
  "DensePerceptron",
  "SparsePerceptron",
  "NaiveBayesClassifier",
  "NearestCentroidClassifier",
  "SparseNearestCentroidClassifier",
  "ModelRecipe",
  "PredictionMarket64",
] as const;

/** The contracts that the SDK has an ABI of and, in its entry for ethers, a factory. */
export const SDK_CONTRACTS: readonly string[] = [
  ...CONTRACT_NAMES.filter((name) => !(name in TWINS)),
  ...SHARED_MODEL_CONTRACTS,
];
