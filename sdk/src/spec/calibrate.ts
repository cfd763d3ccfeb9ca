/**
 * Chooses the shifts of an exact network from its first batches (DESIGN section 3): forward through the initial weights
 * layer by layer for `shift`, then backward for `back`, each the smallest shift that brings all but the rarest values
 * into i8: a larger one would round small errors away, a smaller one saturate activations, through which no error passes.
 */
import { clip, roundShift } from "../internal/integer.ts";
import { type Batch, readBatch } from "../mlp/batch.ts";
import { forward, quantize } from "../mlp/forward.ts";
import { initialWeights } from "../mlp/initial-weights.ts";
import { layerMatrices } from "../mlp/layers.ts";
import type { MlpParameters } from "../mlp/parameters.ts";
import { type Product, referenceProduct } from "../mlp/product.ts";
import { softmaxGrad } from "../mlp/softmax-grad.ts";
import { fill, type Matrix, matrix, transpose } from "../tensor/matrix.ts";

/** Batches that are looked at. */
const CALIBRATION_BATCHES = 4;

const MAX_SHIFT = 12;

const ANY_SEED = `0x${"00".repeat(32)}` as const;

/** Share of the values that a shift may leave above its target. */
const RARE = 0.01;

/** What all but the rarest activations and errors fit in: the range of i8. */
const RANGE = 127;

/** Where rare logits end up, in the softmax's steps of 1/32 octave: a network that knows nothing should nearly say so. */
const LOGIT_RANGE = 96;

/** `shift` and `back` of MlpParameters. */
export interface Shifts {
  readonly shift: readonly number[];
  readonly back: readonly number[];
}

/**
 * @param parameters the network, its shifts not yet known
 * @param batches the training set; its first batches are enough
 * @param fixed shifts that are known already and stay
 * @param product a faster product where there is one
 * @throws GristmillError BATCH_SHAPE
 */
export function calibrate(
  parameters: Omit<MlpParameters, keyof Shifts>,
  batches: readonly Batch[],
  fixed: Partial<Shifts> = {},
  product: Product = referenceProduct,
): Shifts {
  const depth = parameters.sizes.length - 1;
  const unshifted = { ...parameters, shift: new Array<number>(depth).fill(0), back: new Array<number>(depth).fill(0) };
  // The task's seed is drawn only when training begins; the weights of any other have the same spread.
  const quantized = layerMatrices(unshifted, initialWeights(unshifted, ANY_SEED)).map(quantize);
  const samples = batches.slice(0, CALIBRATION_BATCHES).map((batch) => readBatch(unshifted, batch));
  const shift = fixed.shift ?? forwardShifts(unshifted, quantized, samples, product);
  const back = fixed.back ?? backwardShifts({ ...unshifted, shift }, quantized, samples, product);
  return { shift, back };
}

function forwardShifts(
  p: MlpParameters,
  quantized: readonly Matrix<"i8">[],
  samples: readonly Batch[],
  product: Product,
): number[] {
  const shift: number[] = [];
  for (let l = 1; l <= quantized.length; l++) {
    const sums = samples.map(({ x }) => forward({ ...p, shift }, quantized.slice(0, l), x, product).z);
    shift.push(smallestShift(sums, l === quantized.length ? LOGIT_RANGE : RANGE));
  }
  return shift;
}

/** What the activations would mask is counted too: it may pass once the network has learnt something. */
function backwardShifts(
  p: MlpParameters,
  quantized: readonly Matrix<"i8">[],
  samples: readonly Batch[],
  product: Product,
): number[] {
  const back = [...p.back];
  let errors = samples.map(({ x, y }) => softmaxGrad(forward(p, quantized, x, product).z, y, p.shift.at(-1)!));
  for (let l = quantized.length; l > 1; l--) {
    const qt = transpose(quantized[l - 1]!);
    const sums = errors.map((error) => product(error, qt));
    const shift = smallestShift(sums, RANGE);
    back[l - 1] = shift;
    errors = sums.map(({ rows, cols, data }) =>
      fill(matrix("i8", rows, cols - 1), (row, col) => clip(roundShift(data[row * cols + col]!, shift), -127, 127)),
    );
  }
  return back;
}

/** The smallest shift that brings all but the rarest magnitudes into the range. */
function smallestShift(matrices: readonly Matrix<"i32">[], range: number): number {
  const magnitudes = matrices.flatMap(({ data }) => Array.from(data, Math.abs)).sort((a, b) => a - b);
  const high = magnitudes[Math.floor((magnitudes.length - 1) * (1 - RARE))]!;
  let shift = 0;
  while (shift < MAX_SHIFT && roundShift(high, shift) > range) shift++;
  return shift;
}
