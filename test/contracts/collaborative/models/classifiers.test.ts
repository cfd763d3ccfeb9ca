import { expect } from "chai";
import type { BaseContract } from "ethers";

import { ethers } from "../scene.ts";
import { ONE } from "./plain-models.ts";

/** Of the 16,777,216 gas that a transaction may use (EIP-7825), what is left to a model: the trainer needs the rest. */
const GAS = { gasLimit: 13_500_000n };
const TWO = ["no", "yes"];
const names = (classes: number) => Array.from({ length: classes }, (_, i) => `class ${i}`);
const ascending = (length: number, step = 8n) => Array.from({ length }, (_, i) => step * BigInt(i));
const LARGEST = 2n ** 63n - 1n;

const densePerceptron = (weights: bigint[], intercept = 0n, rate = ONE) =>
  ethers.deployContract("DensePerceptron", [TWO, weights, intercept, rate]);
const sparsePerceptron = (weights: bigint[] = [], intercept = 0n, rate = ONE) =>
  ethers.deployContract("SparsePerceptron", [TWO, weights, intercept, rate]);
const nearestCentroid = (centroids: bigint[][], counts = centroids.map(() => 1n)) =>
  ethers.deployContract("NearestCentroidClassifier", [names(centroids.length), centroids, counts]);
const naiveBayes = (classes = 2) =>
  ethers.deployContract("NaiveBayesClassifier", [
    names(classes),
    names(classes).map(() => 1n),
    names(classes).map(() => []),
    100n,
    ONE,
  ]);
const sparseCentroid = (means: bigint[][][] = [[], []], counts = means.map(() => 1n)) =>
  ethers.deployContract("SparseNearestCentroidClassifier", [names(means.length), means, counts]);

/** The models of sparse samples, small. */
const sparseModels = async () => [await sparsePerceptron([1n]), await naiveBayes(), await sparseCentroid()] as const;
const allModels = async () => [
  await densePerceptron([0n]),
  await nearestCentroid([[ONE], [-ONE]]),
  ...(await sparseModels()),
];

describe("Classifier64", () => {
  it("answers with names, features and fixed point as upstream does", async () => {
    for (const model of await allModels()) {
      expect(await model.getNumClassifications()).to.equal(2n);
      expect(await model.classifications(1)).to.be.oneOf(["yes", "class 1"]);
      expect(await model.toFloat()).to.equal(ONE);
      await model.addFeatureIndices([3, 1]);
      await model.addFeatureIndices([4]);
      expect(await model.getNumFeatureIndices()).to.equal(3n);
      expect(await model.featureIndices(2)).to.equal(4n);
    }
  });

  it("learns no label that no class has, and says so without burning all gas", async () => {
    for (const model of await allModels())
      for (const label of [2n, 2n ** 64n - 1n])
        await expect(model.update([0n], label))
          .to.be.revertedWithCustomError(model, "Classifier64_UnknownClass")
          .withArgs(label, 2n);
  });

  it("is trained by its owner only", async () => {
    const [, other] = await ethers.getSigners();
    for (const model of await allModels())
      await expect(model.connect(other).update([ONE], 1n))
        .to.be.revertedWithCustomError(model, "OwnableUnauthorizedAccount")
        .withArgs(other);
  });

  it("is no longer the deployer's to rewrite once it is sealed or handed over", async () => {
    const [owner, trainer] = await ethers.getSigners();
    for (const seals of [true, false]) {
      const [dense, centroids, perceptron, bayes, sparse] = [
        await densePerceptron([0n]),
        await nearestCentroid([[ONE], [-ONE]]),
        ...(await sparseModels()),
      ] as const;
      const models = [dense, centroids, perceptron, bayes, sparse] as const;
      for (const model of models) {
        await expect(seals ? model.seal() : model.transferOwnership(trainer!)).to.emit(model, "Sealed");
        expect(await model.isSealed()).to.equal(true);
        // What is handed over is handed over sealed, whoever has it.
        if (!seals) await model.connect(trainer).transferOwnership(owner!);
      }
      const changes: readonly (readonly [BaseContract, () => Promise<unknown>])[] = [
        ...models.map((model) => [model, () => model.addFeatureIndices([1])] as const),
        ...models.map((model) => [model, () => model.seal()] as const),
        [dense, () => dense.initializeWeights([1n])],
        [centroids, () => centroids.addClass([ONE], "new", 1n)],
        [centroids, () => centroids.extendCentroid([ONE], 0n)],
        [perceptron, () => perceptron.initializeWeights(0n, [1n])],
        [perceptron, () => perceptron.initializeSparseWeights([[0n, 1n]])],
        [bayes, () => bayes.initializeCounts([[0n, 1n]], 0n)],
        [bayes, () => bayes.addClass(1n, [], "new")],
        [sparse, () => sparse.extendCentroid([[0n, 1n]], 0n)],
        [sparse, () => sparse.addClass([], "new", 1n)],
      ];
      for (const [model, change] of changes)
        await expect(change()).to.be.revertedWithCustomError(model, "Classifier64_Sealed");
    }
  });

  it("has between 1 and 64 classes, and perceptrons two", async () => {
    for (const classes of [0, 65]) {
      const factory = await ethers.getContractFactory("NaiveBayesClassifier");
      const none = names(classes).map(() => []);
      await expect(
        factory.deploy(
          names(classes),
          names(classes).map(() => 1n),
          none,
          1n,
          ONE,
        ),
      )
        .to.be.revertedWithCustomError(factory, "Classifier64_BadClassCount")
        .withArgs(classes, 1, 64);
    }
    for (const contract of ["DensePerceptron", "SparsePerceptron"] as const) {
      const factory = await ethers.getContractFactory(contract);
      for (const classes of [1, 3])
        await expect(factory.deploy(names(classes), [], 0n, ONE))
          .to.be.revertedWithCustomError(factory, "Classifier64_BadClassCount")
          .withArgs(classes, 2, 2);
    }
    const full = await naiveBayes(64);
    await expect(full.addClass(1n, [], "one too many")).to.be.revertedWithCustomError(
      full,
      "Classifier64_BadClassCount",
    );
  });

  it("takes as many counts and centroids as there are names", async () => {
    for (const [contract, lists, rest] of [
      [
        "NearestCentroidClassifier",
        [
          [[], []],
          [1n, 1n],
        ],
        [],
      ],
      [
        "SparseNearestCentroidClassifier",
        [
          [[], []],
          [1n, 1n],
        ],
        [],
      ],
      [
        "NaiveBayesClassifier",
        [
          [1n, 1n],
          [[], []],
        ],
        [1n, ONE],
      ],
    ] as const) {
      const factory = await ethers.getContractFactory(contract);
      for (const short of [0, 1]) {
        const cut = lists.map((list, i) => (i === short ? list.slice(1) : list));
        const args = [TWO, ...cut, ...rest] as unknown as Parameters<typeof factory.deploy>;
        await expect(factory.deploy(...args))
          .to.be.revertedWithCustomError(factory, "Classifier64_LengthsDiffer")
          .withArgs(1, 2);
      }
    }
  });
});

describe("dense models", () => {
  const dense = async () =>
    [
      await densePerceptron([0n, 0n]),
      await nearestCentroid([
        [ONE, 0n],
        [0n, ONE],
      ]),
    ] as const;

  it("learn samples of norm 1 and refuse others", async () => {
    for (const model of await dense()) {
      await model.update([600_000_000n, 800_000_000n], 1n);
      expect(await model.norm([3n, -4n])).to.equal(5n);
      for (const [data, squared] of [
        [[0n, 0n], 0n],
        [[ONE, 1_000_000n], ONE ** 2n + 10n ** 12n],
        [[ONE - 51n, 0n], (ONE - 51n) ** 2n],
      ] as const)
        await expect(model.update([...data], 1n))
          .to.be.revertedWithCustomError(model, "Classifier64_NotNormalized")
          .withArgs(squared);
      await model.update([ONE - 49n, 0n], 1n);
    }
  });

  it("refuse samples of other dimensions, in both calls", async () => {
    for (const model of await dense())
      for (const call of [() => model.predict([ONE]), () => model.update([ONE], 1n)])
        await expect(call()).to.be.revertedWithCustomError(model, "Classifier64_WrongDimensions").withArgs(1, 2);
  });

  it("refuse values beyond 64 bits, which only raw calldata can hold", async () => {
    const [owner] = await ethers.getSigners();
    for (const model of await dense()) {
      const coder = ethers.AbiCoder.defaultAbiCoder();
      const { selector } = model.interface.getFunction("update");
      const arguments_ = coder.encode(["uint256[]", "uint64"], [[2n ** 128n + ONE, 0n], 1n]);
      const data = ethers.concat([selector, arguments_]);
      const samples = await ethers.getContractAt("Samples", model);
      await expect(owner!.sendTransaction({ to: model, data })).to.be.revertedWithCustomError(
        samples,
        "Samples_ValueTooLarge",
      );
    }
  });
});

describe("DensePerceptron", () => {
  it("counts the intercept for what it says, and trains it", async () => {
    // -0.5 + 0.4 * 1 is negative; upstream had 0.4 outweigh an intercept of billions.
    const model = await densePerceptron([400_000_000n], -500_000_000n, 100_000_000n);
    expect(await model.predict([ONE])).to.equal(0n);
    await model.update([ONE], 1n);
    expect(await model.intercept()).to.equal(-400_000_000n);
    expect(await model.weights(0)).to.equal(500_000_000n);
    expect(await model.predict([ONE])).to.equal(1n);
  });

  it("stops weights at the ends of their range, where upstream's wrapped", async () => {
    const high = await densePerceptron([LARGEST, -LARGEST], -LARGEST, 4_000_000_000n);
    const low = await densePerceptron([-LARGEST, LARGEST], LARGEST, 4_000_000_000n);
    const data = [707_106_781n, -707_106_781n];
    await low.update([-data[0]!, -data[1]!], 0n);
    expect(await low.weights(0)).to.equal(-LARGEST + 2_828_427_124n);
    expect(await low.intercept()).to.equal(LARGEST - 4_000_000_000n);
    // Class 1 is taught to what is class 0 by an intercept only.
    const flat = await densePerceptron([LARGEST, 0n], -LARGEST, 4_000_000_000n);
    await flat.update([999_999_999n, -1n], 1n);
    expect(await flat.weights(0)).to.equal(LARGEST);
    const negative = await densePerceptron([-LARGEST, 0n], LARGEST, 4_000_000_000n);
    await negative.update([-999_999_999n, 1n], 0n);
    expect(await negative.weights(0)).to.equal(-LARGEST + 3_999_999_996n);
    expect(await high.predict(data)).to.equal(1n);
  });

  it("is set up in portions, which its count of weights allows to resume", async () => {
    const weights = Array.from({ length: 23 }, (_, i) => BigInt(i) * 7n - 50n);
    const model = await densePerceptron(weights.slice(0, 2), -9n);
    for (let done = 2; done < weights.length; done = Number(await model.numWeights()))
      await model.initializeWeights(weights.slice(done, done + 5));
    for (const [i, weight] of weights.entries()) expect(await model.weights(i)).to.equal(weight);
    expect(await model.intercept()).to.equal(-9n);
    await expect(model.weights(23))
      .to.be.revertedWithCustomError(model, "DensePerceptron_NoSuchWeight")
      .withArgs(23, 23);
  });

  it("refuses weights beyond 64 bits", async () => {
    const factory = await ethers.getContractFactory("DensePerceptron");
    for (const weight of [2n ** 63n, -(2n ** 63n)])
      await expect(factory.deploy(TWO, [weight], 0n, ONE))
        .to.be.revertedWithCustomError(factory, "Perceptron64_WeightTooLarge")
        .withArgs(weight);
  });

  it("has at most 4,096 weights, with which it learns and predicts in a transaction", async () => {
    const model = await densePerceptron([]);
    const portion = new Array<bigint>(512).fill(0n);
    for (let i = 0; i < 8; i++) await model.initializeWeights(portion, GAS);
    await expect(model.initializeWeights([0n]))
      .to.be.revertedWithCustomError(model, "DensePerceptron_TooManyWeights")
      .withArgs(4_097, 4_096);
    // Negative values are the dearest calldata.
    const data = new Array<bigint>(4_096).fill(-15_625_000n);
    await model.update(data, 1n, GAS);
    await model.predict(data, GAS);
    expect(await model.weights(4_095)).to.equal(-15_625_000n);
  });
});

describe("NearestCentroidClassifier", () => {
  it("is set up in portions, and not sealed before all centroids are whole", async () => {
    const [owner] = await ethers.getSigners();
    const model = await nearestCentroid([[1n], [2n]]);
    await expect(model.addClass([3n], "new", 5n))
      .to.emit(model, "AddClass")
      .withArgs("new", 2n);
    for (const label of [0n, 1n]) await model.extendCentroid([4n, 5n, 6n, 7n], label);
    for (const sealing of [() => model.seal(), () => model.transferOwnership(owner!)])
      await expect(sealing())
        .to.be.revertedWithCustomError(model, "NearestCentroidClassifier_Incomplete")
        .withArgs(2, 1, 5);
    await model.extendCentroid([4n], 2n);
    expect(await model.numDimensions(2n)).to.equal(2n);
    await model.extendCentroid([5n, 6n, 7n], 2n);
    for (const [label, first] of [1n, 2n, 3n].entries())
      for (const [i, value] of [first, 4n, 5n, 6n, 7n].entries())
        expect(await model.centroids(label, i)).to.equal(value);
    expect(await model.dataCounts(2n)).to.equal(5n);
    await model.seal();
  });

  it("refuses centroids of other dimensions, data counts that are too large, and what it does not have", async () => {
    const model = await nearestCentroid([[1n], [2n]]);
    const factory = await ethers.getContractFactory("NearestCentroidClassifier");
    await expect(factory.deploy(TWO, [[1n], []], [1n, 1n]))
      .to.be.revertedWithCustomError(factory, "Classifier64_WrongDimensions")
      .withArgs(0, 1);
    await expect(model.addClass([], "new", 1n)).to.be.revertedWithCustomError(model, "Classifier64_WrongDimensions");
    const limit = await model.dataCountLimit();
    expect(limit).to.equal(2n ** 191n);
    expect(await model.UINT256_MAX()).to.equal(2n ** 256n - 1n);
    await expect(model.addClass([1n], "new", limit))
      .to.be.revertedWithCustomError(model, "NearestCentroidClassifier_DataCountTooLarge")
      .withArgs(limit, limit);
    for (const [label, dimension] of [
      [2n, 0n],
      [0n, 1n],
    ] as const)
      await expect(model.centroids(label, dimension))
        .to.be.revertedWithCustomError(model, "NearestCentroidClassifier_NoSuchValue")
        .withArgs(label, dimension);
    for (const call of [
      () => model.dataCounts(2n),
      () => model.numDimensions(2n),
      () => model.extendCentroid([1n], 2n),
    ])
      await expect(call()).to.be.revertedWithCustomError(model, "Classifier64_UnknownClass").withArgs(2, 2);
  });

  it("keeps its mean at the largest data count", async () => {
    const model = await nearestCentroid([[700_000_000n], [0n]], [2n ** 191n - 1n, 0n]);
    await model.update([ONE], 0n);
    await model.update([-ONE], 0n);
    expect(await model.dataCounts(0n)).to.equal(2n ** 191n);
    expect(await model.centroids(0n, 0n)).to.be.within(699_999_998n, 700_000_000n);
  });

  it("is bounded such that the largest model learns and predicts in a transaction", async () => {
    const classes = 8;
    // Classes without samples at zero: the first sample fills every word of one, and no distance is cut short.
    const model = await nearestCentroid(
      names(classes).map(() => []),
      names(classes).map(() => 0n),
    );
    const portion = new Array<bigint>(1_024).fill(0n);
    for (let i = 0; i < 2 * classes; i++) await model.extendCentroid(portion, BigInt(i % classes), GAS);
    await expect(model.extendCentroid([0n], 0n))
      .to.be.revertedWithCustomError(model, "NearestCentroidClassifier_TooLarge")
      .withArgs(2_049, 2_049 * classes, 2_048, 16_384);
    await expect(model.addClass(new Array<bigint>(2_048).fill(0n), "one too many", 0n, GAS))
      .to.be.revertedWithCustomError(model, "NearestCentroidClassifier_TooLarge")
      .withArgs(2_048, 2_048 * (classes + 1), 2_048, 16_384);

    // Negative values are the dearest calldata.
    const data = new Array<bigint>(2_048).fill(-22_097_087n);
    expect(await model.predict(data, GAS)).to.equal(0n);
    await model.update(data, 7n, GAS);
    expect(await model.predict(data, GAS)).to.equal(7n);
  });
});

describe("sparse models", () => {
  it("refuse repeated, descending, negative and aliased indices, in both calls", async () => {
    for (const model of await sparseModels())
      for (const [data, position, index] of [
        [[3n, 3n], 1, 3n],
        [[3n, 5n, 4n], 2, 4n],
        [[-1n], 0, -1n],
        [[1n, 2n, -(2n ** 63n)], 2, -(2n ** 63n)],
      ] as const)
        for (const call of [() => model.predict([...data]), () => model.update([...data], 1n)])
          await expect(call())
            .to.be.revertedWithCustomError(model, "Classifier64_IndicesNotAscending")
            .withArgs(position, index);
    for (const model of [await naiveBayes(), await sparseCentroid()])
      for (const call of [() => model.predict([2n ** 32n + 1n]), () => model.update([2n ** 32n + 1n], 1n)])
        await expect(call())
          .to.be.revertedWithCustomError(model, "Classifier64_IndexTooHigh")
          .withArgs(2n ** 32n + 1n, 2n ** 32n - 1n);
  });

  it("have no norm", async () => {
    for (const model of await sparseModels())
      await expect(model.norm([1n])).to.be.revertedWithCustomError(model, "Classifier64_NoNorm");
  });

  it("learn the highest index as any other, and the empty sample", async () => {
    for (const [model, highest] of [
      [await sparsePerceptron(), LARGEST],
      [await naiveBayes(), 2n ** 32n - 1n],
      [await sparseCentroid(), 2n ** 32n - 1n],
    ] as const) {
      await model.update([], 1n);
      await model.update([0n, highest], 1n);
      expect(await model.predict([highest])).to.equal(1n);
    }
  });

  it("take samples of at most 512 features, fewer with more than 8 classes, so that no transaction is too large", async () => {
    for (const [model, most] of [
      [await sparsePerceptron(), 512],
      [await naiveBayes(8), 512],
      [await naiveBayes(64), 64],
      [await sparseCentroid(names(8).map(() => [])), 512],
      [await sparseCentroid(names(64).map(() => [])), 64],
    ] as const) {
      const data = ascending(most);
      await model.update(data, 1n, GAS);
      await model.predict(data, GAS);
      for (const call of [() => model.predict(ascending(most + 1)), () => model.update(ascending(most + 1), 1n, GAS)])
        await expect(call())
          .to.be.revertedWithCustomError(model, "Classifier64_TooManyValues")
          .withArgs(most + 1, most);
    }
  });
});

describe("SparsePerceptron", () => {
  it("is set up by ranges and by single features", async () => {
    const model = await sparsePerceptron([1n, -2n], 5n, 3n);
    await model.initializeWeights(6n, [60n, 70n, 80n]);
    await model.initializeSparseWeights([
      [1n, 11n],
      [LARGEST, -4n],
    ]);
    const weights = [
      [0n, 1n],
      [1n, 11n],
      [2n, 0n],
      [6n, 60n],
      [7n, 70n],
      [8n, 80n],
      [LARGEST, -4n],
    ] as const;
    for (const [feature, weight] of weights) expect(await model.weights(feature)).to.equal(weight);
    expect(await model.intercept()).to.equal(5n);
    expect(await model.learningRate()).to.equal(3n);
    for (const entries of [[[1n]], [[-1n, 1n]], [[1n, 2n, 3n]]])
      await expect(model.initializeSparseWeights(entries))
        .to.be.revertedWithCustomError(model, "SparsePerceptron_BadEntry")
        .withArgs(0);
    await expect(model.initializeSparseWeights([[2n ** 63n, 1n]]))
      .to.be.revertedWithCustomError(model, "Classifier64_IndexTooHigh")
      .withArgs(2n ** 63n, LARGEST);
    await expect(model.initializeWeights(0n, [2n ** 63n])).to.be.revertedWithCustomError(
      model,
      "Perceptron64_WeightTooLarge",
    );
  });

  it("stops weights at the ends of their range, where upstream's wrapped", async () => {
    const model = await sparsePerceptron([LARGEST, -LARGEST, -1n], 0n, 4_000_000_000n);
    await model.update([0n, 1n], 1n);
    expect(await model.weights(0n)).to.equal(LARGEST);
    expect(await model.weights(1n)).to.equal(-LARGEST + 4_000_000_000n);
    const low = await sparsePerceptron([-LARGEST, LARGEST, 5n], 0n, 4_000_000_000n);
    await low.update([0n, 1n, 2n], 0n);
    expect(await low.weights(0n)).to.equal(-LARGEST);
  });

  it("evaluates a batch as it predicts, padded samples too", async () => {
    const model = await sparsePerceptron([5n, -9n, 3n, -1n], 0n, 1n);
    // Training gives a feature that pads a weight of its own, which must not count.
    await model.update([1n, 999n], 1n);
    const samples = [[0n], [0n, 1n], [2n, 3n], [1n, 2n], [], Array.from({ length: 60 }, (_, i) => BigInt(i))];
    const padded = samples.map((sample) => [...sample, ...new Array<bigint>(60 - sample.length).fill(999n)]);
    const predictions = await Promise.all(samples.map((sample) => model.predict(sample)));
    expect(new Set(predictions).size).to.equal(2);
    expect(await model.evaluateBatch(padded, predictions)).to.equal(BigInt(samples.length));
    const wrong = predictions.map((prediction) => 1n - prediction);
    expect(await model.evaluateBatch(padded, wrong)).to.equal(0n);
    await expect(model.evaluateBatch(padded, [1n]))
      .to.be.revertedWithCustomError(model, "SparsePerceptron_LengthsDiffer")
      .withArgs(6, 1);
  });
});

describe("NaiveBayesClassifier", () => {
  it("replaces a count that is set again, in the class's sum as well", async () => {
    const model = await naiveBayes();
    await model.initializeCounts(
      [
        [3n, 5n],
        [4n, 6n],
      ],
      1n,
    );
    await model.initializeCounts([[3n, 2n]], 1n);
    expect(await model.getFeatureCount(1n, 3n)).to.equal(2n);
    expect(await model.getClassTotalFeatureCount(1n)).to.equal(8n);
    await expect(model.addClass(7n, [[9n, 1n]], "new"))
      .to.emit(model, "AddClass")
      .withArgs("new", 2n);
    expect([...(await model.classInfos(2n))]).to.deep.equal([7n, 1n]);
    await expect(model.initializeCounts([[1n]], 0n))
      .to.be.revertedWithCustomError(model, "NaiveBayesClassifier_BadEntry")
      .withArgs(0);
    await expect(model.initializeCounts([], 3n)).to.be.revertedWithCustomError(model, "Classifier64_UnknownClass");
  });

  it("refuses smoothing by nothing, and to count beyond 32 bits", async () => {
    const factory = await ethers.getContractFactory("NaiveBayesClassifier");
    for (const [features, smoothing] of [
      [0n, ONE],
      [1n, 0n],
      [2n ** 32n + 1n, ONE],
    ] as const)
      await expect(factory.deploy(["one"], [1n], [[]], features, smoothing))
        .to.be.revertedWithCustomError(factory, "NaiveBayesClassifier_BadSmoothing")
        .withArgs(features, smoothing);
    const model = await naiveBayes();
    await model.initializeCounts([[1n, 2n ** 32n - 2n]], 0n);
    await model.update([1n, 2n], 0n);
    await expect(model.update([1n], 0n))
      .to.be.revertedWithCustomError(model, "NaiveBayesClassifier_CountFull")
      .withArgs(0, 1);
    expect(await model.getFeatureCount(0n, 2n)).to.equal(1n);
  });

  it("says something for the least likely sample: the smallest smoothing, the largest counts", async () => {
    const none = await ethers.deployContract("NaiveBayesClassifier", [TWO, [0n, 1n], [[], []], 2n ** 32n, 1n]);
    await none.initializeCounts(
      ascending(64).map((feature) => [1_000_000n + feature, 2n ** 32n - 1n]),
      1n,
    );
    expect(await none.predict(ascending(512))).to.equal(1n);
  });
});

describe("SparseNearestCentroidClassifier", () => {
  it("is not frozen by empty samples: they move the centroid towards zero", async () => {
    const model = await sparseCentroid([[[1n, ONE]], [[2n, ONE]]]);
    await model.update([], 0n);
    await model.update([], 0n);
    expect(await model.getCentroidValue(0n, 1n)).to.equal(ONE / 3n);
    expect(await model.getSquaredMagnitude(0n)).to.equal(ONE ** 2n / 9n);
    await model.update([1n], 0n);
    expect(await model.getCentroidValue(0n, 1n)).to.equal(ONE / 2n);
    expect(await model.predict([1n])).to.equal(0n);
  });

  it("replaces a mean that is set again, in the magnitude as well, and adds classes", async () => {
    const model = await sparseCentroid([[[1n, ONE]], []], [3n, 1n]);
    await model.extendCentroid(
      [
        [1n, 2n * ONE],
        [9n, ONE],
      ],
      0n,
    );
    expect(await model.getSquaredMagnitude(0n)).to.equal(5n * ONE ** 2n);
    expect(await model.getNumSamples(0n)).to.equal(3n);
    await expect(model.addClass([[4n, 7n]], "new", 2n))
      .to.emit(model, "AddClass")
      .withArgs("new", 2n);
    expect(await model.getCentroidValue(2n, 4n)).to.equal(7n);
    expect(await model.dataCountLimit()).to.equal(2n ** 191n);
    expect(await model.UINT256_MAX()).to.equal(2n ** 256n - 1n);
  });

  it("refuses classes without samples or with too many, means that are too large, and bad entries", async () => {
    const model = await sparseCentroid([[], []], [2n ** 32n - 1n, 1n]);
    await expect(model.update([1n], 0n))
      .to.be.revertedWithCustomError(model, "SparseNearestCentroidClassifier_BadDataCount")
      .withArgs(2n ** 32n);
    for (const count of [0n, 2n ** 32n])
      await expect(model.addClass([], "new", count))
        .to.be.revertedWithCustomError(model, "SparseNearestCentroidClassifier_BadDataCount")
        .withArgs(count);
    await expect(model.extendCentroid([[5n, 2n ** 31n + 1n]], 0n))
      .to.be.revertedWithCustomError(model, "SparseNearestCentroidClassifier_MeanTooLarge")
      .withArgs(5, 2n ** 31n + 1n);
    for (const entry of [[1n], [2n ** 32n, 1n]])
      await expect(model.extendCentroid([entry], 0n))
        .to.be.revertedWithCustomError(model, "SparseNearestCentroidClassifier_BadEntry")
        .withArgs(0);
    await expect(model.extendCentroid([], 2n)).to.be.revertedWithCustomError(model, "Classifier64_UnknownClass");
  });
});
