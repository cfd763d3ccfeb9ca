import type { Hex } from "viem";
import { zeroHash } from "viem";

import { GristmillError } from "../errors.ts";
import { hashFields } from "../internal/hash.ts";
import type { Batch } from "./batch.ts";
import { batchLeaf, readBatch } from "./batch.ts";
import { forward, quantize } from "./forward.ts";
import { layerMatrices } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";
import type { Product } from "./product.ts";
import { referenceProduct } from "./product.ts";
import type { TraceTensor } from "./reference-iteration.ts";
import { scoreLogits, softmaxGrad } from "./softmax-grad.ts";

/** How a model did on one test batch. */
export interface BatchScore {
  /** batchLeaf of the test batch. */
  readonly leaf: Hex;
  /** Right answers. */
  readonly correct: number;
  /** Missing probability mass, in 1/127. */
  readonly loss: number;
}

/** How a model did on a test set. */
export interface TestScore {
  readonly correct: number;
  readonly loss: number;
  /** Root of the Merkle sum over the batches. */
  readonly root: Hex;
  readonly batches: readonly BatchScore[];
}

/** A node of the Merkle sum: its hash, and the sums of the batches below it. */
export interface SumNode {
  readonly hash: Hex;
  readonly correct: number;
  readonly loss: number;
}

/**
 * The exact score of a model, batch by batch. A batch may have fewer rows than B, as a test set's last one has.
 *
 * @param weights one array a layer
 * @throws GristmillError SCORE_EMPTY, BATCH_SHAPE, MATRIX_SHAPE
 */
export function evaluate(
  p: MlpParameters,
  weights: readonly Int32Array[],
  batches: readonly Batch[],
  product: Product = referenceProduct,
): TestScore {
  const quantized = layerMatrices(p, weights).map(quantize);
  return totalScore(
    batches.map((batch) => {
      const { x, y } = readBatch(p, batch);
      const { z } = forward(p, quantized, x, product);
      const { correct, loss } = scoreLogits(z, softmaxGrad(z, y, p.shift.at(-1)!), y);
      return { leaf: batchLeaf(batch), correct, loss };
    }),
  );
}

/**
 * The trace of one test batch in program order, see `evaluationProgram`: what a dispute about its score opens.
 *
 * @param weights one array a layer
 * @throws GristmillError BATCH_SHAPE, MATRIX_SHAPE
 */
export function evaluationTrace(
  p: MlpParameters,
  weights: readonly Int32Array[],
  batch: Batch,
  product: Product = referenceProduct,
): TraceTensor[] {
  const quantized = layerMatrices(p, weights).map(quantize);
  const { x, y } = readBatch(p, batch);
  const { activations, z } = forward(p, quantized, x, product);
  const gradient = softmaxGrad(z, y, p.shift.at(-1)!);
  const { hits, missing } = scoreLogits(z, gradient, y);
  return [
    ...quantized.map((tensor, i) => ({ name: `Q${i + 1}`, tensor })),
    ...activations.slice(1).map((tensor, i) => ({ name: `A${i + 1}`, tensor })),
    { name: "Z", tensor: z },
    { name: "C", tensor: hits },
    { name: `E${quantized.length}`, tensor: gradient },
    { name: "M", tensor: missing },
  ];
}

/**
 * Totals and Merkle-sum root of the batches' scores, in the order of the test set. Every node carries the sums of what
 * lies below it, so that a dispute walks from a wrong total down to one wrong batch:
 *
 * ```
 * leaf       = H(0x0e || batchLeaf || correct u32 || loss u64)
 * node(l, r) = H(0x0f || hash of l || correct of l u32 || loss of l u64 || hash of r || correct of r || loss of r)
 * ```
 *
 * padded with nodes of 32 zero bytes and zero sums to a power of two; a single leaf is the root.
 *
 * @throws GristmillError SCORE_EMPTY
 */
export function totalScore(batches: readonly BatchScore[]): TestScore {
  const { hash: root, correct, loss } = sumLevels(batches).at(-1)![0]!;
  return { correct, loss, root, batches };
}

/**
 * All levels of the Merkle sum of {@link totalScore}, the leaves with their padding first, the root last.
 *
 * @throws GristmillError SCORE_EMPTY
 */
export function sumLevels(batches: readonly BatchScore[]): SumNode[][] {
  if (batches.length === 0) {
    throw new GristmillError("SCORE_EMPTY", "A score needs at least one test batch.");
  }
  let level: SumNode[] = batches.map(({ leaf, correct, loss }) => ({
    hash: hashFields(0x0e, [leaf, correct, BigInt(loss)]),
    correct,
    loss,
  }));
  while (Math.log2(level.length) % 1 !== 0) level.push({ hash: zeroHash, correct: 0, loss: 0 });
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) => sumParent(below[2 * i]!, below[2 * i + 1]!));
    levels.push(level);
  }
  return levels;
}

/** The node above two others. */
export function sumParent(left: SumNode, right: SumNode): SumNode {
  const fields = [left, right].flatMap(({ hash, correct, loss }) => [hash, correct, BigInt(loss)] as const);
  return {
    hash: hashFields(0x0f, fields),
    correct: left.correct + right.correct,
    loss: left.loss + right.loss,
  };
}
