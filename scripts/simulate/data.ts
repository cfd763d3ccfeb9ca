import { encodeUnitNorm } from "@gristmill/sdk";

import type { SeededRandom } from "./random.ts";
import type { DataSettings, ModelKind } from "./scenario.ts";

/** A sample as a model takes it, with its true label, 0 or 1. */
export interface Sample {
  readonly data: readonly bigint[];
  readonly label: number;
}

/** Samples before deployment, for the agents, and for measuring. */
export interface DataSet {
  readonly initial: readonly Sample[];
  readonly training: readonly Sample[];
  readonly test: readonly Sample[];
}

export function isDense(model: ModelKind): boolean {
  return model === "dense perceptron" || model === "nearest centroid classifier";
}

/** Draws a data set of two classes; no two samples are alike, since a sample counts only once as good. */
export function drawData(model: ModelKind, settings: DataSettings, random: SeededRandom): DataSet {
  const draw = isDense(model)
    ? denseSource(settings, random.fork("source"))
    : textSource(settings, random.fork("source"));
  const samples = random.fork("samples");
  const { initial, training, test } = settings;
  const seen = new Map<string, Sample>();
  while (seen.size < initial + training + test) {
    const label = samples.below(2);
    const data = draw(label, samples);
    seen.set(data.join(), { data, label });
  }
  const list = [...seen.values()];
  return {
    initial: list.slice(0, initial),
    training: list.slice(initial, initial + training),
    test: list.slice(initial + training),
  };
}

type Source = (label: number, random: SeededRandom) => bigint[];

/** Two directions, and around each a cloud. */
function denseSource({ features, separation }: DataSettings, random: SeededRandom): Source {
  const centers = [0, 1].map(() => Array.from({ length: features }, () => random.normal()));
  return (label, samples) => encodeUnitNorm(centers[label]!.map((value) => separation * value + samples.normal()));
}

/** Texts of 6 to 17 words, of which each class prefers half of the vocabulary, some words more than others. */
function textSource({ features, separation }: DataSettings, random: SeededRandom): Source {
  const leanings = Array.from({ length: features }, () => separation * random.normal());
  // Frequent words carry little meaning, as in a language: by Zipf's law.
  const weights = [-1, 1].map((side) =>
    leanings.map((leaning, index) => Math.exp((side * leaning) / 2) / (index + 10)),
  );
  const totals = weights.map((list) => list.reduce((sum, weight) => sum + weight, 0));
  return (label, samples) => {
    const words = new Set<number>();
    const length = 6 + samples.below(12);
    while (words.size < length) {
      let rest = samples.uniform() * totals[label]!;
      words.add(
        Math.max(
          0,
          weights[label]!.findIndex((weight) => (rest -= weight) < 0),
        ),
      );
    }
    return [...words].sort((a, b) => a - b).map(BigInt);
  };
}
