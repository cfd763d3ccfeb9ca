/**
 * The shape of a task spec: PAI's vocabulary (PAI Coin, "Proof of Useful Work", task definition), narrowed to what can be
 * trained exactly, plus Gristmill's own blocks `exact` and `coordination`.
 */
import { z } from "zod";

/** Most inputs of a layer, the constant one of the bias not counted. */
export const MAX_LAYER_INPUTS = 4095;

const MAX_U32 = 2 ** 32 - 1;

const sha256 = z.string().refine((digest) => /^[0-9a-f]{64}$/.test(digest), {
  error: "is not a SHA-256 digest",
  params: { mend: "Write 64 lower-case hex digits." },
});

const filePath = z.string().min(1);
const size = z.int().min(1).max(MAX_U32);
const column = z.union([z.int().min(0), z.string().min(1)]);

const mnist = z.strictObject({
  format: z.literal("MNIST"),
  source: z.strictObject({ images: filePath, labels: filePath }),
  sha256: z.strictObject({ images: sha256, labels: sha256 }).optional(),
  "training-set-size": size,
  "test-set-size": size,
});

const csv = z.strictObject({
  format: z.literal("CSV"),
  source: z.strictObject({
    file: filePath,
    delimiter: z.string().length(1).default(","),
    header: z.boolean().default(false),
    /** Columns are numbered from 0, or named where there is a header; the last is the label if none is given. */
    label: column.optional(),
    /** Numeric columns to be read as names; columns with anything but numbers are nominal anyway. */
    nominal: z.array(column).default([]),
    /** Lowest value of the second, third, ... class of a numeric label; without bins every value is a class. */
    bins: z.array(z.number()).min(1).max(255).optional(),
  }),
  sha256: sha256.optional(),
  "training-set-size": size,
  "test-set-size": size,
});

const syntheticDigits = z.strictObject({
  format: z.literal("synthetic-digits"),
  source: z.strictObject({ seed: z.int().min(0).max(MAX_U32) }),
  "training-set-size": size,
  "test-set-size": size,
});

const momentum = z
  .number()
  .default(0)
  .refine((value) => value === 0, {
    error: "is not 0, but updates that add up in any order have no momentum",
    params: { mend: "Leave momentum out, or set it to 0." },
  });

const optimizer = z.strictObject({
  type: z.literal("SGD"),
  optimizer_initialization_parameters: z.strictObject({ learning_rate: z.number().positive(), momentum }),
  /** Gradient that makes an update, in units of one example's full error on a full input. */
  tau: z.number().positive().max(65_536).default(2),
  epochs: z.number().positive().max(1_000_000),
  "batch-size": z.int().min(1).max(1024),
  initializer: z
    .strictObject({ type: z.enum(["Uniform", "Xavier"]), scale: z.number().positive().max(1).default(0.375) })
    .prefault({ type: "Uniform" }),
});

const hiddenUnit = z.strictObject({
  id: z.union([z.int(), z.string()]),
  type: z.literal("Dense"),
  nodes: z
    .int()
    .min(1)
    .refine((nodes) => nodes <= MAX_LAYER_INPUTS, {
      error: `gives the next layer more than ${MAX_LAYER_INPUTS} inputs`,
      params: { mend: `Take at most ${MAX_LAYER_INPUTS} nodes; two smaller layers often do as well.` },
    }),
  activation: z.enum(["relu", "softmax"]),
});

const perLayer = (value: z.ZodInt) => z.union([value, z.array(value).min(1)]);
const shifts = z.array(z.int().min(0).max(12));

const exact = z.strictObject({
  /** One threshold, or one per layer, in exact units. */
  tau: perLayer(
    z
      .int()
      .min(1)
      .max(2 ** 30),
  ).optional(),
  /** Step of an update in weights of 8 fractional bits, for the task's number of miners. */
  q: z
    .int()
    .min(1)
    .max(2 ** 20)
    .optional(),
  /** Epochs after which q halves; 0 means never. */
  "halve-every": z.number().min(0).max(1_000_000).default(0),
  /** One per layer. */
  shift: shifts.optional(),
  /** One per layer from the second on. */
  back: shifts.optional(),
  /** One bound, or one per layer, in weights of 8 fractional bits. */
  "init-bound": perLayer(
    z
      .int()
      .min(0)
      .max(2 ** 20),
  ).optional(),
  "segment-length": z.int().min(1).max(64).default(4),
});

/** GRIST, as a decimal number. */
export const amount = z
  .union([z.number(), z.string()])
  .transform(String)
  .refine((text) => /^[0-9]{1,20}(\.[0-9]{1,18})?$/.test(text), {
    error: "is not an amount of GRIST",
    params: { mend: 'Write a decimal number with at most 18 decimals, for example "12.5".' },
  });

const basisPoints = z.int().min(0).max(10_000);

const shares = z
  .strictObject({
    burn: basisPoints,
    miners: basisPoints,
    bonus: basisPoints,
    supervisors: basisPoints,
    evaluators: basisPoints,
    verifiers: basisPoints,
  })
  .refine((parts) => Object.values(parts).reduce((sum, part) => sum + part, 0) === 10_000, {
    error: "do not sum to 10,000 basis points",
    params: { mend: "Change the shares so that all of the fee is given out: their sum is 10,000." },
  });

const payment = z.strictObject({
  fee: amount,
  stakes: z
    .strictObject({
      miner: amount.prefault("100"),
      supervisor: amount.prefault("100"),
      evaluator: amount.prefault("100"),
    })
    .prefault({}),
  shares: shares.prefault({
    burn: 1000,
    miners: 5500,
    bonus: 1500,
    supervisors: 700,
    evaluators: 600,
    verifiers: 700,
  }),
  /** Accuracies between which the bonus grows from nothing to all of its share. */
  bonus: z
    .strictObject({ baseline: z.number().min(0).max(1), goal: z.number().min(0).max(1) })
    .refine(({ baseline, goal }) => baseline < goal, {
      error: "has a baseline that is not below its goal",
      params: { mend: "Set baseline to an accuracy that is too poor to pay for, goal to a higher one." },
    })
    .prefault({ baseline: 0.5, goal: 0.95 }),
  /** Attestations that the verifiers' share is spread over. */
  attestations: z.int().min(1).max(65_535).default(64),
});

export const seconds = z.int().min(1).max(MAX_U32);

const coordination = z.strictObject({
  miners: z.int().min(1).max(80).default(3),
  "min-miners": z.int().min(1).max(80).optional(),
  supervisors: z.int().min(0).max(255).default(1),
  evaluators: z.int().min(1).max(255).default(1),
  /** Whole epochs of mining time without a commit after which a miner may be dropped. */
  "max-silent-epochs": z.int().min(1).max(255).default(3),
  /** Seconds that each phase may last. */
  durations: z
    .strictObject({
      registration: seconds.default(600),
      training: seconds.default(86_400),
      submission: seconds.default(600),
      reveal: seconds.default(600),
      "evaluation-commit": seconds.default(600),
      "evaluation-reveal": seconds.default(600),
    })
    .prefault({}),
});

/** Validates the shape of a spec and fills in the defaults; rules between fields are in task-spec.ts. */
export const taskSpecSchema = z.strictObject({
  version: z.literal(1),
  payment,
  ml: z.strictObject({
    dataset: z.discriminatedUnion("format", [mnist, csv, syntheticDigits]),
    validation: z
      .strictObject({
        /** The test set is held out of the same data: the rows that follow the training set's. */
        method: z.literal("holdout"),
        /** Shuffles the rows before they are split; without it they keep their order. */
        seed: z.int().min(0).max(MAX_U32).optional(),
      })
      .prefault({ method: "holdout" }),
    optimizer,
    model: z.strictObject({
      type: z.literal("FC-DNN"),
      "hidden-units": z.array(hiddenUnit),
      loss: z.literal("SoftmaxCrossEntropy"),
    }),
    "evaluation-metrics": z
      .array(z.enum(["accuracy", "loss"]))
      .min(1)
      .default(["accuracy", "loss"]),
  }),
  exact: exact.prefault({}),
  coordination: coordination.prefault({}),
});

/** A validated task spec with its defaults filled in. */
export type TaskSpec = z.output<typeof taskSpecSchema>;

/** Where the examples come from, by format. */
export type DatasetSpec = TaskSpec["ml"]["dataset"];
