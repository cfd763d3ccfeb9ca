import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import { ethers } from "../scene.ts";
import {
  ONE,
  PlainDensePerceptron,
  PlainNaiveBayes,
  PlainNearestCentroid,
  PlainSparseNearestCentroid,
  PlainSparsePerceptron,
  type PlainModel,
} from "./plain-models.ts";
import { Random } from "./random.ts";

const SAMPLES = 40;
const names = (classes: number) => Array.from({ length: classes }, (_, i) => `class ${i}`);

interface Model {
  update(data: bigint[], label: bigint): Promise<ContractTransactionResponse>;
  predict(data: bigint[]): Promise<bigint>;
}

/** Trains both, and has both predict before and after every sample. */
async function trainBoth(model: Model, plain: PlainModel, draw: () => { data: bigint[]; label: number }) {
  const said = new Set<number>();
  for (let i = 0; i < SAMPLES; i++) {
    const { data, label } = draw();
    const prediction = plain.predict(data);
    said.add(prediction);
    expect(await model.predict(data), `sample ${i}, before`).to.equal(BigInt(prediction));
    await model.update(data, BigInt(label));
    plain.update(data, label);
    expect(await model.predict(data), `sample ${i}, after`).to.equal(BigInt(plain.predict(data)));
  }
  // A run that always says the same shows nothing.
  expect(said.size).to.be.greaterThan(1);
}

function sparseDraw(random: Random, classes: number, vocabulary: number, most: number) {
  return () => {
    const label = random.below(classes);
    return { data: random.features(vocabulary, most, label, classes), label };
  };
}

describe("shared models learn like their plain rules", function () {
  this.timeout(30_000);

  for (const n of [1, 2, 3, 4, 7, 8, 21]) {
    it(`DensePerceptron of ${n} weights`, async () => {
      const random = new Random(n);
      const weights = Array.from({ length: n }, () => BigInt(random.below(2e9) - 1e9));
      const [intercept, rate] = [BigInt(random.below(1e8)), BigInt(1 + random.below(3e9))];
      const model = await ethers.deployContract("DensePerceptron", [names(2), weights, intercept, rate]);
      const plain = new PlainDensePerceptron(weights, intercept, rate);
      const centre = Array.from({ length: n }, () => random.next() - 0.5);
      await trainBoth(model, plain, () => {
        const label = random.below(2);
        return {
          data: random.unit(
            centre.map((value) => (label === 1 ? value : -value)),
            0.6,
          ),
          label,
        };
      });
      expect(await model.intercept()).to.equal(plain.intercept);
      for (let i = 0; i < n; i++) expect(await model.weights(i)).to.equal(plain.weights[i]);
    });
  }

  for (const [n, classes] of [
    [1, 2],
    [4, 3],
    [5, 2],
    [13, 5],
  ] as const) {
    it(`NearestCentroidClassifier of ${classes} classes and ${n} dimensions`, async () => {
      const random = new Random(100 + n);
      const centres = names(classes).map(() => Array.from({ length: n }, () => random.next() - 0.5));
      const centroids = centres.map((centre) => random.unit(centre, 0.2));
      const counts = centres.map((_, i) => BigInt(i));
      const model = await ethers.deployContract("NearestCentroidClassifier", [names(classes), centroids, counts]);
      const plain = new PlainNearestCentroid(centroids, counts);
      await trainBoth(model, plain, () => {
        const label = random.below(classes);
        return { data: random.unit(centres[random.below(classes)]!, 0.5), label };
      });
      for (let label = 0; label < classes; label++) {
        expect(await model.dataCounts(label)).to.equal(plain.counts[label]);
        for (let i = 0; i < n; i++) expect(await model.centroids(label, i)).to.equal(plain.centroids[label]![i]);
      }
    });
  }

  for (const [vocabulary, most] of [
    [12, 6],
    [200, 30],
  ] as const) {
    it(`SparsePerceptron over ${vocabulary} features`, async () => {
      const random = new Random(200 + vocabulary);
      const weights = Array.from({ length: vocabulary / 2 }, () => BigInt(random.below(2e9) - 1e9));
      const [intercept, rate] = [BigInt(random.below(1e8)), BigInt(1 + random.below(2e9))];
      const model = await ethers.deployContract("SparsePerceptron", [names(2), weights, intercept, rate]);
      const plain = new PlainSparsePerceptron(weights, intercept, rate);
      await trainBoth(model, plain, sparseDraw(random, 2, vocabulary, most));
      for (let i = 0n; i < BigInt(vocabulary); i++) expect(await model.weights(i)).to.equal(plain.weights.get(i) ?? 0n);
    });

    it(`NaiveBayesClassifier over ${vocabulary} features`, async () => {
      const random = new Random(300 + vocabulary);
      const classes = 3;
      const counts = names(classes).map((_, label) =>
        random.features(vocabulary, most, label, classes).map((feature) => [feature, BigInt(random.below(9))] as const),
      );
      const samples = names(classes).map(() => BigInt(1 + random.below(9)));
      const model = await ethers.deployContract("NaiveBayesClassifier", [
        names(classes),
        samples,
        counts.map((entries) => entries.map((entry) => [...entry])),
        BigInt(vocabulary),
        ONE,
      ]);
      const plain = new PlainNaiveBayes(samples, counts, BigInt(vocabulary), ONE);
      await trainBoth(model, plain, sparseDraw(random, classes, vocabulary, most));
      for (let label = 0; label < classes; label++) {
        expect(await model.getNumSamples(label)).to.equal(plain.samples[label]);
        expect(await model.getClassTotalFeatureCount(label)).to.equal(plain.totals[label]);
        expect([...(await model.classInfos(label))]).to.deep.equal([plain.samples[label], plain.totals[label]]);
        for (const [feature, count] of plain.counts[label]!)
          expect(await model.getFeatureCount(label, feature)).to.equal(count);
      }
    });

    it(`SparseNearestCentroidClassifier over ${vocabulary} features`, async () => {
      const random = new Random(400 + vocabulary);
      const classes = 3;
      const means = names(classes).map((_, label) =>
        random
          .features(vocabulary, most, label, classes)
          .map((feature) => [feature, BigInt(random.below(1e9))] as const),
      );
      const counts = names(classes).map(() => BigInt(1 + random.below(9)));
      const model = await ethers.deployContract("SparseNearestCentroidClassifier", [
        names(classes),
        means.map((entries) => entries.map((entry) => [...entry])),
        counts,
      ]);
      const plain = new PlainSparseNearestCentroid(means, counts);
      await trainBoth(model, plain, sparseDraw(random, classes, vocabulary, most));
      for (let label = 0; label < classes; label++) {
        const magnitude = plain.squaredMagnitude(label);
        expect(await model.getSquaredMagnitude(label)).to.equal(magnitude);
        expect([...(await model.classInfos(label))]).to.deep.equal([plain.counts[label], magnitude]);
        for (let feature = 0n; feature < 24n; feature++)
          expect(await model.getCentroidValue(label, feature)).to.equal(plain.mean(feature, label));
      }
    });
  }

  it("NaiveBayesClassifier tells classes apart by 60 features, where upstream's product was 0 after six", async () => {
    const vocabulary = 1_000;
    const random = new Random(5);
    const counts = [0, 1, 2].map((label) =>
      random.features(vocabulary, 200, label, 3).map((feature) => [feature, BigInt(1 + random.below(50))] as const),
    );
    const samples = [7n, 5n, 6n];
    const model = await ethers.deployContract("NaiveBayesClassifier", [names(3), samples, [[], [], []], 1_000n, ONE]);
    for (const [label, entries] of counts.entries())
      await model.initializeCounts(
        entries.map((entry) => [...entry]),
        label,
      );
    const plain = new PlainNaiveBayes(samples, counts, 1_000n, ONE);
    const said = new Set<number>();
    for (let i = 0; i < 30; i++) {
      const data = random.features(vocabulary, 60, i % 3, 3);
      said.add(plain.predict(data));
      expect(await model.predict(data)).to.equal(BigInt(plain.predict(data)));
    }
    expect([...said].sort()).to.deep.equal([0, 1, 2]);
  });
});
