import type { Batch, BatchScore, MlpParameters } from "@gristmill/sdk";
import {
  batchLeaf,
  evaluate,
  evaluationProgram,
  evaluationTrace,
  layerMatrices,
  merkleProof,
  type Product,
  referenceProduct,
} from "@gristmill/sdk";

import type { TraceTruth } from "./trace-truth.ts";

/** A score as one side of a dispute holds it to be: honest players recomputed it. */
export interface EvaluationTruth {
  /** Of each test batch. */
  readonly scores: readonly BatchScore[];
  /** The trace of one test batch. */
  trace(batch: number): TraceTruth;
}

/** Scores a model as evaluators do, ready to show any element of it. */
export function recomputeScore(
  parameters: MlpParameters,
  weights: readonly Int32Array[],
  batches: readonly Batch[],
  product: Product = referenceProduct,
): EvaluationTruth {
  const { batches: scores } = evaluate(parameters, weights, batches, product);
  const leaves = batches.map(batchLeaf);
  return {
    scores,
    trace: (place) => {
      const batch = batches[place]!;
      return {
        parameters,
        instructions: evaluationProgram(parameters, batch.x.rows).instructions,
        tensors: evaluationTrace(parameters, weights, batch, product).map(({ tensor }) => tensor),
        weights: layerMatrices(parameters, weights),
        residuals: [],
        batch,
        batchProof: merkleProof(leaves, place),
        lists: [],
        correct: scores[place]!.correct,
        loss: scores[place]!.loss,
      };
    },
  };
}
