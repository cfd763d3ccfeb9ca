import { fromFixedPoint } from "@gristmill/sdk";

import { isDense, type Sample } from "./data.ts";
import type { ModelKind } from "./scenario.ts";

const CLASSES = ["zero", "one"];

/**
 * A model file of a model trained on samples off-chain, by the classifiers' own rules: one pass for perceptrons, which
 * learn slower from then on, counts and means for the others.
 */
export function initialModel(model: ModelKind, features: number, samples: readonly Sample[]): object {
  switch (model) {
    case "dense perceptron":
    case "sparse perceptron":
      return { type: model, classifications: CLASSES, learningRate: 0.1, ...trainPerceptron(model, features, samples) };
    case "naive bayes":
      return {
        type: model,
        classifications: CLASSES,
        classCounts: byClass(samples).map((list) => list.length),
        featureCounts: byClass(samples).map((list) => [...sums(list).entries()]),
        totalNumFeatures: features,
      };
    case "nearest centroid classifier":
    case "sparse nearest centroid classifier":
      return { type: model, centroids: centroids(model, features, samples) };
  }
}

function trainPerceptron(
  model: ModelKind,
  features: number,
  samples: readonly Sample[],
): { readonly weights: readonly number[]; readonly intercept: number } {
  const weights: number[] = Array.from({ length: features }, () => 0);
  let intercept = 0;
  for (const { data, label } of samples) {
    const terms = valuesOf(model, data);
    const score = intercept + terms.reduce((sum, [index, value]) => sum + weights[index]! * value, 0);
    if ((score > 0 ? 1 : 0) === label) continue;
    const step = label === 1 ? 1 : -1;
    for (const [index, value] of terms) weights[index]! += step * value;
    if (isDense(model)) intercept += step;
  }
  return { weights, intercept };
}

function centroids(model: ModelKind, features: number, samples: readonly Sample[]): Readonly<Record<string, object>> {
  return Object.fromEntries(
    byClass(samples).map((list, label) => {
      const sum: number[] = Array.from({ length: features }, () => 0);
      for (const { data } of list) for (const [index, value] of valuesOf(model, data)) sum[index]! += value;
      return [
        CLASSES[label]!,
        { centroid: sum.map((value) => value / Math.max(1, list.length)), dataCount: list.length },
      ];
    }),
  );
}

/** Features with their values: those of a dense sample as numbers, those present in a sparse one as 1. */
function valuesOf(model: ModelKind, data: readonly bigint[]): (readonly [index: number, value: number])[] {
  if (isDense(model)) return data.map((value, index) => [index, fromFixedPoint(value)]);
  return data.map((index) => [Number(index), 1]);
}

function byClass(samples: readonly Sample[]): Sample[][] {
  return CLASSES.map((_, label) => samples.filter((sample) => sample.label === label));
}

function sums(samples: readonly Sample[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const index of samples.flatMap(({ data }) => data.map(Number))) counts.set(index, (counts.get(index) ?? 0) + 1);
  return counts;
}
