import type { BatchSet, BountySpec } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type * as TfjsCore from "@tensorflow/tfjs-core";
import type * as TfjsLayers from "@tensorflow/tfjs-layers";

import { encodeModelFile, type ModelFile, requireKnownLayers } from "./model-file.ts";

/** Rows that are computed at a time. */
const SCORING_ROWS = 256;
/** What a probability counts as at least, so that the logarithm of 0 is finite (as Keras has it). */
const LEAST_PROBABILITY = 1e-7;
/** i8 inputs are read as parts of this (DESIGN section 3). */
const INPUT_SCALE = 127;

const KERNEL = ["kernel_initializer"];
const RECURRENT = ["kernel_initializer", "recurrent_initializer"];

/** What the layers draw at random when they are made. */
const INITIALIZERS: Readonly<Record<string, readonly string[]>> = {
  Dense: KERNEL,
  Conv1D: KERNEL,
  Conv2D: KERNEL,
  SeparableConv2D: ["depthwise_initializer", "pointwise_initializer"],
  DepthwiseConv2D: ["depthwise_initializer"],
  Embedding: ["embeddings_initializer"],
  SimpleRNN: RECURRENT,
  GRU: RECURRENT,
  LSTM: RECURRENT,
};

type ModelJson = Parameters<typeof TfjsLayers.models.modelFromJSON>[0];

/** Loss and accuracy over a set. */
export interface ModelScore {
  /** Mean over the rows. */
  readonly loss: number;
  /** Part of the rows whose greatest output is their class. */
  readonly accuracy: number;
}

/** What a builtin training may vary. */
export interface TrainingStrategy {
  readonly epochs: number;
  readonly learningRate: number;
  /** Seeds initial weights. */
  readonly seed: number;
}

/** Examples as a LayersModel reads them. */
interface Rows {
  readonly x: Float32Array;
  readonly y: Uint8Array;
  readonly count: number;
  readonly classes: number;
  readonly shape: readonly number[];
}

/** Copies of TensorFlow.js; training needs gradients of every layer, which only the `cpu` backend of the portable ones has. */
async function loadTfjs(): Promise<{ readonly tf: typeof TfjsCore; readonly layers: typeof TfjsLayers }> {
  const tf = await import("@tensorflow/tfjs-core");
  tf.enableProdMode();
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return { tf, layers: await import("@tensorflow/tfjs-layers") };
}

/**
 * Trains the model that a spec describes, from the beginning.
 *
 * @returns the model's file
 * @throws GristmillError MODEL_UNDESCRIBED, MODEL_INVALID
 */
export async function trainModel(spec: BountySpec, set: BatchSet, strategy: TrainingStrategy): Promise<Uint8Array> {
  const { tf, layers } = await loadTfjs();
  const rows = rowsOf(spec, set);
  const topology = topologyOf(spec, rows);
  requireKnownLayers(topology);
  const model = await build(layers, seeded(topology, strategy.seed));
  const optimizers: Readonly<Record<string, (rate: number) => TfjsCore.Optimizer>> = {
    adam: (rate) => tf.train.adam(rate),
    sgd: (rate) => tf.train.sgd(rate),
    rmsprop: (rate) => tf.train.rmsprop(rate),
  };
  const { optimizer, "batch-size": batchSize } = described(spec);
  model.compile({ optimizer: optimizers[optimizer]!(strategy.learningRate), loss: spec.ml.loss });
  const x = tf.tensor(rows.x, [rows.count, ...rows.shape]);
  const y = tf.oneHot(tf.tensor1d(rows.y, "int32"), rows.classes);
  await model.fit(x, y, { epochs: strategy.epochs, batchSize, yieldEvery: "never" });
  let saved: TfjsCore.io.ModelArtifacts | undefined;
  await model.save({
    save: (artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } });
    },
  });
  return encodeModelFile(toModelFile(saved));
}

/**
 * Computes a model's loss and accuracy.
 *
 * @throws GristmillError MODEL_INVALID if it does not fit its own weights, the set, or gives what is no number
 */
export async function scoreModel(spec: BountySpec, file: ModelFile, set: BatchSet): Promise<ModelScore> {
  const { tf, layers } = await loadTfjs();
  const rows = rowsOf(spec, set);
  const model = await load(tf, layers, file);
  const width = rows.shape.reduce((product, size) => product * size, 1);
  let loss = 0;
  let correct = 0;
  for (let from = 0; from < rows.count; from += SCORING_ROWS) {
    const count = Math.min(SCORING_ROWS, rows.count - from);
    const outputs = predict(tf, model, rows, from, count, width);
    for (let row = 0; row < count; row++) {
      const output = outputs.subarray(row * rows.classes, (row + 1) * rows.classes);
      const label = rows.y[from + row]!;
      loss += lossOf(spec, output, label);
      if (output.indexOf(Math.max(...output)) === label) correct++;
    }
  }
  if (!Number.isFinite(loss)) throw invalid("its outputs are not all numbers");
  return { loss: loss / rows.count, accuracy: correct / rows.count };
}

function predict(
  tf: typeof TfjsCore,
  model: TfjsLayers.LayersModel,
  rows: Rows,
  from: number,
  count: number,
  width: number,
): Float32Array {
  try {
    return tf.tidy(() => {
      const x = tf.tensor(rows.x.subarray(from * width, (from + count) * width), [count, ...rows.shape]);
      const output = model.predict(x) as TfjsCore.Tensor;
      if (Array.isArray(output) || output.shape.join() !== [count, rows.classes].join())
        throw invalid(`it does not give ${rows.classes} outputs for a row`);
      return output.dataSync<"float32">();
    });
  } catch (cause) {
    if (cause instanceof GristmillError) throw cause;
    throw invalid("it cannot read the set's examples", cause);
  }
}

function lossOf(spec: BountySpec, output: Float32Array, label: number): number {
  if (spec.ml.loss === "categoricalCrossentropy")
    return -Math.log(Math.min(Math.max(output[label]!, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY));
  let sum = 0;
  for (const [index, value] of output.entries()) sum += (value - (index === label ? 1 : 0)) ** 2;
  return sum / output.length;
}

async function load(tf: typeof TfjsCore, layers: typeof TfjsLayers, file: ModelFile): Promise<TfjsLayers.LayersModel> {
  const artifacts = {
    modelTopology: { model_config: file.topology },
    weightSpecs: [...file.weightSpecs],
    weightData: new Uint8Array(file.weights).buffer,
  };
  try {
    return await layers.loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (cause) {
    throw invalid("its weights are not those of its layers", cause);
  }
}

async function build(layers: typeof TfjsLayers, topology: unknown): Promise<TfjsLayers.LayersModel> {
  try {
    return await layers.models.modelFromJSON({ modelTopology: { model_config: topology } } as unknown as ModelJson);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The spec's model as a topology: its layers in a row, the first of them with the shape of an example. */
function topologyOf(spec: BountySpec, { shape }: Rows): Record<string, unknown> {
  const { layers, topology } = described(spec);
  if (layers === undefined) return topology ?? {};
  return {
    class_name: "Sequential",
    config: {
      name: "model",
      layers: layers.map(({ class: className, ...config }, index) => ({
        class_name: className,
        config: { name: `layer_${index}`, ...(index === 0 ? { batch_input_shape: [null, ...shape] } : {}), ...config },
      })),
    },
  };
}

/** Initial weights drawn from the seed, where a layer does not say how: two runs of one strategy give one model. */
function seeded(topology: Record<string, unknown>, seed: number): Record<string, unknown> {
  let next = seed;
  const drawn = (): unknown => ({ class_name: "GlorotUniform", config: { seed: next++ } });
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    const fields = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
    const initializers = INITIALIZERS[String(fields["class_name"])] ?? [];
    const config = { ...(fields["config"] as Record<string, unknown> | undefined) };
    for (const name of initializers) config[name] ??= drawn();
    return initializers.length === 0 ? fields : { ...fields, config };
  };
  return walk(topology) as Record<string, unknown>;
}

function described(spec: BountySpec): NonNullable<BountySpec["ml"]["model"]> {
  const { model } = spec.ml;
  if (model !== undefined) return model;
  throw new GristmillError("MODEL_UNDESCRIBED", "this bounty's spec describes no model to train", {
    hints: ["train by other means and enter the file, or enable a runner that takes the spec's script"],
  });
}

function rowsOf(spec: BountySpec, set: BatchSet): Rows {
  const count = set.batches.reduce((sum, { y }) => sum + y.cols, 0);
  const x = new Float32Array(count * set.inputs);
  const y = new Uint8Array(count);
  let row = 0;
  for (const batch of set.batches)
    for (let from = 0; from < batch.y.cols; from++, row++) {
      for (let input = 0; input < set.inputs; input++)
        x[row * set.inputs + input] = batch.x.data[from * batch.x.cols + input]! / INPUT_SCALE;
      y[row] = batch.y.data[from]!;
    }
  return { x, y, count, classes: set.classes, shape: spec.ml["input-shape"] ?? [set.inputs] };
}

function toModelFile(saved: TfjsCore.io.ModelArtifacts | undefined): ModelFile {
  if (saved?.weightSpecs === undefined || saved.weightData === undefined) throw invalid("it has no weights");
  const parts = Array.isArray(saved.weightData) ? saved.weightData : [saved.weightData];
  const weights = new Uint8Array(Buffer.concat(parts.map((part) => new Uint8Array(part))));
  const weightSpecs = saved.weightSpecs.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  return { topology: saved.modelTopology, weightSpecs, weights } as ModelFile;
}

function invalid(why: string, cause?: unknown): GristmillError {
  return new GristmillError("MODEL_INVALID", `the model cannot be used: ${why}`, {
    cause,
    hints: ["correct ml.model of the spec; a model that was entered like this is false"],
  });
}
