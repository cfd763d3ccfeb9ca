import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { GristmillError, parseModelFile, planModel } from "../../../sdk/src/index.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

function refusal(file: unknown): GristmillError {
  try {
    parseModelFile(typeof file === "string" ? file : JSON.stringify(file));
  } catch (error) {
    if (error instanceof GristmillError) return error;
    throw error;
  }
  return expect.fail("was accepted");
}

const read = (file: unknown) => parseModelFile(JSON.stringify(file));

describe("parseModelFile", () => {
  it("reads the example, and plans it", async () => {
    const file = parseModelFile(await readFile(join(ROOT, "examples/shared-models/sentiment.json"), "utf8"));
    expect(file.model.contract).to.equal("SparsePerceptron");
    expect(file.encoder).to.equal("MurmurHash3");
    expect(planModel(file.model).calls).to.have.length.above(0);
  });

  it("reads upstream's formats of all five classifiers as they are", () => {
    const perceptron = { classifications: ["A", "B"], weights: [1, -1.5], intercept: 0.25 };
    expect(read({ type: "dense perceptron", ...perceptron }).model).to.deep.equal({
      contract: "DensePerceptron",
      classes: ["A", "B"],
      weights: [1_000_000_000n, -1_500_000_000n],
      intercept: 250_000_000n,
      learningRate: 1_000_000_000n,
    });
    expect(read({ type: "Perceptron", ...perceptron }).model).to.have.property("contract", "DensePerceptron");
    const sparse = read({ type: "sparse perceptron", ...perceptron, sparseWeights: { 70: 2 }, learningRate: 0.5 });
    expect(sparse.model).to.deep.include({ sparseWeights: [[70n, 2_000_000_000n]], learningRate: 500_000_000n });
    const bayes = {
      type: "naive bayes",
      classifications: ["A", "B"],
      classCounts: [2, 3],
      featureCounts: [[[0, 2]], [[1, 3]]],
      totalNumFeatures: 2,
    };
    expect(read(bayes).model).to.deep.equal({
      contract: "NaiveBayesClassifier",
      classes: [
        { name: "A", samples: 2n, counts: [[0n, 2n]] },
        { name: "B", samples: 3n, counts: [[1n, 3n]] },
      ],
      features: 2n,
      smoothing: 1_000_000_000n,
    });
    for (const type of ["nearest centroid classifier", "dense nearest centroid classifier"]) {
      const intents = { AA: { centroid: [-1, -1], dataCount: 2 }, BB: { centroid: [1, 1], dataCount: 2 } };
      const { model } = read({ type, intents });
      expect(model.contract).to.equal("NearestCentroidClassifier");
      expect(model.classes[0]).to.deep.equal({ name: "AA", samples: 2n, centroid: [-1_000_000_000n, -1_000_000_000n] });
    }
    for (const centroid of [{ 0: 0, 1: 1 }, [0, 1]]) {
      const { model } = read({
        type: "sparse nearest centroid classifier",
        centroids: { AA: { centroid, dataCount: 2 } },
      });
      expect(model.classes[0]).to.deep.include({
        centroid: [
          [0n, 0n],
          [1n, 1_000_000_000n],
        ],
      });
    }
  });

  it("fills in what a deployment needs besides, and reads it where it is given", () => {
    const perceptron = { type: "perceptron", classifications: ["A", "B"], weights: [1], bias: 0 };
    expect(read(perceptron)).to.deep.include({
      name: undefined,
      encoder: "none",
      incentive: {
        contract: "Stakeable64",
        refundWaitTimeS: 86_400,
        ownerClaimWaitTimeS: 691_200,
        anyAddressClaimWaitTimeS: 777_600,
        costWeight: 10n ** 15n,
      },
    });
    const named = read({ ...perceptron, name: "n", incentive: { type: "points", refundWaitTimeS: 5 } });
    expect(named).to.deep.include({ name: "n" });
    expect(named.incentive).to.deep.include({ contract: "Points64", refundWaitTimeS: 5 });
  });

  it("names what is wrong and where", () => {
    expect(refusal("{").code).to.equal("MODEL_FILE_SYNTAX");
    expect(refusal({ type: "decision tree" }).message).to.contain(
      "type is none of dense perceptron, sparse perceptron",
    );
    const perceptron = { type: "perceptron", classifications: ["A", "B"], weights: [1], intercept: 0 };
    for (const [change, part] of [
      [{ weights: ["1"] }, "weights.0"],
      [{ classifications: ["A"] }, "classifications"],
      [{ intercept: undefined }, "intercept: is missing"],
      [{ learningRate: 5 }, "learningRate"],
      [{ incentive: { type: "stakeable", refundWaitTimeS: 1e6 } }, "the wait times decrease"],
      [{ incentive: { type: "bets" } }, "incentive"],
    ] as const) {
      const { code, message } = refusal({ ...perceptron, ...change });
      expect(code).to.equal("MODEL_FILE_INVALID");
      expect(message).to.contain(part);
    }
    expect(refusal({ ...perceptron, weights: [1e300] }).message).to.contain("weights[0] is 1e+300");
    const centroids = { A: { centroid: [1], dataCount: 1 }, B: { centroid: [1, 2], dataCount: 1 } };
    expect(refusal({ type: "nearest centroid classifier", centroids }).message).to.contain(
      "centroids.B: has 2 dimensions",
    );
    expect(refusal({ type: "nearest centroid classifier" }).message).to.contain("centroids: is missing");
    const negative = { A: { centroid: { 3: -1 }, dataCount: 1 } };
    expect(refusal({ type: "sparse nearest centroid classifier", centroids: negative }).message).to.contain(
      "centroids.A.3",
    );
    const bayes = {
      type: "naive bayes",
      classifications: ["A"],
      classCounts: [],
      featureCounts: [[]],
      totalNumFeatures: 1,
    };
    expect(refusal(bayes).message).to.contain("classCounts: has 0 entries for 1 classes");
  });
});

describe("planModel", () => {
  const values = (length: number) => Array.from({ length }, (_, index) => index);

  it("cuts large models into calls that put every value where it belongs, each once", () => {
    const dense = read({ type: "perceptron", classifications: ["A", "B"], weights: values(2_000), intercept: 0 });
    const { constructorArgs, calls } = planModel(dense.model, values(1_000));
    const first = constructorArgs[1] as readonly bigint[];
    const rest = calls.filter(({ functionName }) => functionName === "initializeWeights").map(({ args }) => args[0]);
    expect([first, ...rest].flat()).to.deep.equal(
      dense.model.contract === "DensePerceptron" ? dense.model.weights : [],
    );
    const ends = calls.map(({ progress }) => [progress?.functionName, progress?.atLeast]);
    expect(ends).to.deep.equal([
      ["numWeights", 1_400n],
      ["numWeights", 2_000n],
      ["getNumFeatureIndices", 700n],
      ["getNumFeatureIndices", 1_000n],
    ]);
  });

  it("adds every class before it extends one, and tells appending calls from those that only set", () => {
    const centroid = values(1_000).map(() => 0);
    const centroids = { A: { centroid, dataCount: 1 }, B: { centroid, dataCount: 2 } };
    const dense = planModel(read({ type: "nearest centroid classifier", centroids }).model);
    expect(dense.calls.map(({ functionName, progress }) => [functionName, progress?.atLeast])).to.deep.equal([
      ["addClass", 2n],
      ["extendCentroid", 1_000n],
      ["extendCentroid", 1_000n],
    ]);
    const sparse = planModel(read({ type: "sparse nearest centroid classifier", centroids }).model);
    expect(sparse.calls.map(({ functionName, progress }) => [functionName, progress?.atLeast])).to.deep.equal([
      ["addClass", 2n],
      ...values(12).map(() => ["extendCentroid", undefined]),
    ]);
  });
});
