import { z } from "zod";

import { amount, seconds, taskSpecSchema } from "../spec/schema.ts";
import { parseSpec } from "../spec/task-spec.ts";

/** Layers that a model may have, by their names in TensorFlow.js and Keras. Each is bounded by its weights and inputs. */
export const LAYER_CLASSES = [
  "InputLayer",
  "Dense",
  "Dropout",
  "BatchNormalization",
  "LayerNormalization",
  "Embedding",
  "Flatten",
  "Reshape",
  "Activation",
  "ReLU",
  "Softmax",
  "Conv1D",
  "Conv2D",
  "SeparableConv2D",
  "DepthwiseConv2D",
  "MaxPooling1D",
  "MaxPooling2D",
  "AveragePooling2D",
  "GlobalAveragePooling1D",
  "GlobalAveragePooling2D",
  "SimpleRNN",
  "GRU",
  "LSTM",
  "Bidirectional",
  "Add",
  "Concatenate",
] as const;

/** A topology as `LayersModel.toJSON` and Keras write it. */
const topology = z.record(z.string(), z.unknown());

/** A layer: its class, and the fields of its config as Keras names them, such as `{ class: Dense, units: 64 }`. */
const layer = z.looseObject({ class: z.enum(LAYER_CLASSES) });

const builtinModel = z
  .strictObject({
    layers: z.array(layer).min(1).max(256).optional(),
    /** A model file whose topology is taken: JSON with `modelTopology`, as TensorFlow.js saves it. */
    file: z.string().min(1).optional(),
    /** What `file` holds, once it was read. */
    topology: topology.optional(),
    optimizer: z.enum(["adam", "sgd", "rmsprop"]).default("adam"),
    "learning-rate": z.number().positive().max(10).default(0.001),
    epochs: z.int().min(1).max(100_000).default(5),
    "batch-size": z.int().min(1).max(65_536).default(32),
  })
  .refine((model) => [model.layers, model.file, model.topology].filter((one) => one !== undefined).length === 1, {
    error: "needs exactly one of layers, file and topology",
    params: { mend: "Describe the layers, or name a model file." },
  });

/** A program that trains: what it may read and has to write is in the package's runners. */
const script = z
  .strictObject({
    interpreter: z.enum(["python3", "sh"]),
    file: z.string().min(1).optional(),
    /** What `file` holds, once it was read. */
    source: z.string().max(1_048_576).optional(),
    /** Image for the container runner. */
    image: z.string().min(1).optional(),
  })
  .refine((given) => (given.file === undefined) !== (given.source === undefined), {
    error: "needs either file or source",
    params: { mend: "Name the script's file." },
  });

/** Validates a bounty's spec and fills in the defaults. */
export const bountySpecSchema = z.strictObject({
  version: z.literal(1),
  mode: z.literal("bounty"),
  /** By a vote of stakers; for `dispute` see `exactBountySpecSchema`. */
  judging: z.literal("vote").optional(),
  /** Words by which hunters choose. */
  topics: z
    .array(z.string().regex(/^[a-z0-9-]{1,32}$/))
    .max(16)
    .default([]),
  payment: z.strictObject({ bounty: amount, "entry-stake": amount.prefault("50") }),
  ml: z.strictObject({
    dataset: taskSpecSchema.shape.ml.shape.dataset,
    validation: taskSpecSchema.shape.ml.shape.validation,
    /** Shape of one example for the model, whose product is the number of inputs; flat if left out. */
    "input-shape": z.array(z.int().min(1).max(65_536)).min(1).max(4).optional(),
    /** Mean over the scoring set; natural logarithms, probabilities from 10^-7 on. */
    loss: z.enum(["categoricalCrossentropy", "meanSquaredError"]).default("categoricalCrossentropy"),
    /** What the `builtin` runner trains; anybody may enter any other model. */
    model: builtinModel.optional(),
    script: script.optional(),
  }),
  scoring: z
    .strictObject({
      set: z.enum(["open", "sealed"]).default("open"),
      /** By which a recomputed loss may exceed the announced one. */
      tolerance: z.number().min(0).max(1).default(0.0001),
      /** A model that is larger, or takes longer to score, counts as false. */
      "max-model-bytes": z
        .int()
        .min(1)
        .max(2 ** 28)
        .default(2 ** 26),
      "max-seconds": z.int().min(1).max(3600).default(120),
    })
    .prefault({}),
  durations: z
    .strictObject({
      entry: seconds.default(86_400),
      unsealing: seconds.default(86_400),
      announcing: seconds.default(86_400),
      reveal: seconds.default(43_200),
      vote: seconds.default(86_400),
      opening: seconds.default(43_200),
    })
    .prefault({}),
});

/** A validated bounty spec with its defaults filled in. */
export type BountySpec = z.output<typeof bountySpecSchema>;

/**
 * Reads a bounty's spec in YAML 1.2.
 *
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID with every wrong field and its mend
 */
export function parseBountySpec(text: string): BountySpec {
  return parseSpec(bountySpecSchema, text);
}
