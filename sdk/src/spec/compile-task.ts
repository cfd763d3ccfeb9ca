import { sha256Hex } from "#sha256";
import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import type { MlpParameters } from "../mlp/parameters.ts";
import type { Product } from "../mlp/product.ts";
import { validateParameters } from "../mlp/validate-parameters.ts";
import type { BatchSet } from "./batch-set.ts";
import { calibrate } from "./calibrate.ts";
import { canonicalJson } from "./canonical-json.ts";
import { cutBatches, type Examples } from "./examples.ts";
import { loadExamples } from "./load-examples.ts";
import { MAX_LAYER_INPUTS, type TaskSpec } from "./schema.ts";
import type { SourceFiles } from "./source-file.ts";
import { specError } from "./spec-error.ts";
import { parseTaskSpec } from "./task-spec.ts";
import { type RegistryTerms, registryTerms } from "./registry-terms.ts";

/** Gradient units of `ml.optimizer.tau`: about 127 * 127, one example's full error on a full input. */
const TAU_UNIT = 16_384;

/** Weights of 8 fractional bits saturate here when they are quantized. */
const FULL_WEIGHT = 127 * 256;

/** How `compileTask` reads files and what it may take from outside the spec. */
export interface CompileOptions extends SourceFiles {
  /** Replaces `coordination.miners`. */
  readonly miners?: number;
  /** Replaces `coordination.supervisors`. */
  readonly supervisors?: number;
  /** Replaces `coordination.evaluators`. */
  readonly evaluators?: number;
  /** Speeds calibration up. */
  readonly product?: Product;
}

/** A task, ready to be published and escrowed. */
export interface CompiledTask {
  /** The spec with every default and every calibrated figure filled in; compiling it again gives the same task. */
  readonly spec: TaskSpec;
  /** The spec's canonical bytes, which are a spec themselves (JSON is YAML). */
  readonly specBytes: Uint8Array;
  /** SHA-256 of the canonical bytes. */
  readonly specHash: Hex;
  readonly parameters: MlpParameters;
  /** All slots' iterations together: epochs * batches, rounded up to whole iterations of each slot. */
  readonly iterations: number;
  /** c */
  readonly segmentLength: number;
  readonly classNames: readonly string[];
  readonly train: BatchSet;
  readonly test: BatchSet;
  /** Money, people and deadlines; its `iterations` are those of one slot. */
  readonly payment: RegistryTerms;
  /** What the author of the spec should know, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Compiles a task spec: reads and checks its data, cuts it into batches, chooses by calibration what the spec leaves
 * open, and checks every bound that the registry checks.
 *
 * @param text YAML or JSON
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID, SPEC_FILE_MISSING, SPEC_FILE_CHANGED, DATASET_MALFORMED,
 *   DATASET_TOO_SMALL, DATASET_TOO_LARGE
 */
export async function compileTask(text: string, options: CompileOptions): Promise<CompiledTask> {
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const written = withMiners(withOthers(parseTaskSpec(text), options), options.miners, warn);
  const { dataset, optimizer } = written.ml;

  const training = dataset["training-set-size"];
  const batch = optimizer["batch-size"];
  const examples = await loadExamples(written, options, warn);
  const { train, test } = cutBatches(examples, training, batch);
  if (training % batch !== 0) {
    warn(`ml.dataset.training-set-size: the last ${training % batch} rows do not fill a batch and are left out.`);
  }

  const miners = written.coordination.miners;
  const sizes = [examples.inputs, ...hiddenSizes(written, examples), examples.classes.length];
  checkInputs(sizes);
  const spec = resolve(written, sizes, train, options.product);
  const parameters = mlpParameters(spec, sizes, train.batches.length);
  const perSlot = Math.max(1, Math.ceil((optimizer.epochs * train.batches.length) / miners));
  const specBytes = canonicalJson(spec);
  return {
    spec,
    specBytes,
    specHash: sha256Hex(specBytes),
    parameters,
    iterations: perSlot * miners,
    segmentLength: spec.exact["segment-length"],
    classNames: examples.classes,
    train,
    test,
    payment: registryTerms(spec, perSlot, examples.y.length - training),
    warnings,
  };
}

/** A spec for another number of supervisors or evaluators. */
function withOthers(spec: TaskSpec, { supervisors, evaluators }: CompileOptions): TaskSpec {
  // What is undefined is no field of JSON: these replace only what they give.
  const others = JSON.parse(JSON.stringify({ supervisors, evaluators })) as Partial<TaskSpec["coordination"]>;
  return parseTaskSpec(JSON.stringify({ ...spec, coordination: { ...spec.coordination, ...others } }));
}

/** A spec for another number of miners; a given q goes down or up in proportion. */
function withMiners(spec: TaskSpec, miners: number | undefined, warn: (warning: string) => void): TaskSpec {
  if (miners === undefined || miners === spec.coordination.miners) return spec;
  const { "min-miners": minMiners, ...rest } = spec.coordination;
  const coordination = {
    ...rest,
    miners,
    ...(minMiners === undefined ? {} : { "min-miners": Math.min(minMiners, miners) }),
  };
  let exact = spec.exact;
  if (exact.q !== undefined) {
    const q = Math.max(1, Math.round((exact.q * spec.coordination.miners) / miners));
    warn(`exact.q: ${exact.q} is meant for ${spec.coordination.miners} miners; with ${miners} it is ${q}.`);
    exact = { ...exact, q };
  }
  const changed = { ...spec, coordination, exact };
  return parseTaskSpec(JSON.stringify(changed));
}

/** Nodes of the hidden layers. The output layer may be written out as the last unit, with softmax. */
function hiddenSizes(spec: TaskSpec, { classes }: Examples): number[] {
  const units = spec.ml.model["hidden-units"];
  const last = units.at(-1);
  if (last?.activation !== "softmax") return units.map(({ nodes }) => nodes);
  if (last.nodes !== classes.length) {
    throw specError("SPEC_INVALID", {
      field: `ml.model.hidden-units[${units.length - 1}].nodes`,
      problem: `is ${last.nodes}, but the data has ${classes.length} classes`,
      mend: `Set it to ${classes.length}, or leave the output layer out: it is added anyway.`,
    });
  }
  return units.slice(0, -1).map(({ nodes }) => nodes);
}

/** Hidden layers are bounded by the schema; what is left is the data's width. */
function checkInputs([inputs = 0]: readonly number[]): void {
  if (inputs <= MAX_LAYER_INPUTS) return;
  throw specError("SPEC_INVALID", {
    field: "ml.dataset.source",
    problem: `has ${inputs} inputs, more than the ${MAX_LAYER_INPUTS} that a layer can take`,
    mend: "Take smaller images, fewer columns, or nominal columns of fewer values.",
  });
}

/** Fills in the `exact` block. */
function resolve(spec: TaskSpec, sizes: readonly number[], train: BatchSet, product: Product | undefined): TaskSpec {
  const { coordination, exact, ml } = spec;
  const depth = sizes.length - 1;
  const tau = perLayer("tau", exact.tau ?? Math.max(1, Math.round(ml.optimizer.tau * TAU_UNIT)), depth);
  const initBound = perLayer("init-bound", exact["init-bound"] ?? initialBounds(spec, sizes), depth);
  const shift = exact.shift && perLayer("shift", exact.shift, depth);
  const back = exact.back && [0, ...perLayer("back", exact.back, depth - 1)];
  const open = { sizes, tau, initBound, batch: train.batchRows, batches: train.batches.length, q0: 1, halveEvery: 0 };
  const shifts = calibrate(open, train.batches, { ...(shift && { shift }), ...(back && { back }) }, product);
  return {
    ...spec,
    exact: {
      "segment-length": exact["segment-length"],
      "halve-every": exact["halve-every"],
      q: exact.q ?? stepSizeFor(spec, Math.max(...tau)),
      tau,
      "init-bound": initBound,
      shift: [...shifts.shift],
      back: shifts.back.slice(1),
    },
    coordination: { ...coordination, "min-miners": coordination["min-miners"] ?? 1 },
  };
}

/**
 * q / tau is the learning rate of a miner that is alone. The lists of the others come a segment at a time and add up to
 * what was computed without them, so q goes down with the number of lists that arrive at once; the divisor is fitted to
 * trials on MNIST with 1 to 4 miners and segments of 8 to 32.
 */
function stepSizeFor({ coordination, exact, ml }: TaskSpec, tau: number): number {
  const rate = ml.optimizer.optimizer_initialization_parameters.learning_rate;
  const lists = (coordination.miners - 1) * exact["segment-length"];
  return Math.max(1, Math.min(2 ** 20, Math.round((rate * tau) / (1 + lists / 4))));
}

/** The initializer's bounds: `scale` of the full range for all layers, or for the layer that Xavier's rule gives most. */
function initialBounds({ ml }: TaskSpec, sizes: readonly number[]): number[] {
  const { type, scale } = ml.optimizer.initializer;
  const relative = sizes.slice(1).map((outputs, l) => (type === "Xavier" ? Math.sqrt(6 / (sizes[l]! + outputs)) : 1));
  const most = Math.max(...relative);
  return relative.map((bound) => Math.round((scale * FULL_WEIGHT * bound) / most));
}

function perLayer(field: string, value: number | readonly number[], layers: number): number[] {
  if (typeof value === "number") return new Array<number>(layers).fill(value);
  if (value.length === layers) return [...value];
  throw specError("SPEC_INVALID", {
    field: `exact.${field}`,
    problem: `has ${value.length} entries, but ${layers} layers need one each`,
    mend:
      field === "back" ? "Give one entry per layer but the first." : "Give one entry per layer, the output included.",
  });
}

/** The resolved spec's figures as the template takes them. */
function mlpParameters(spec: TaskSpec, sizes: readonly number[], batches: number): MlpParameters {
  const { coordination, exact, ml } = spec;
  const depth = sizes.length - 1;
  const parameters: MlpParameters = {
    sizes,
    shift: exact.shift ?? [],
    back: [0, ...(exact.back ?? [])],
    tau: perLayer("tau", exact.tau ?? [], depth),
    initBound: perLayer("init-bound", exact["init-bound"] ?? [], depth),
    batch: ml.optimizer["batch-size"],
    batches,
    q0: exact.q ?? 0,
    halveEvery: exact["halve-every"] && Math.max(1, Math.round((exact["halve-every"] * batches) / coordination.miners)),
  };
  try {
    validateParameters(parameters);
  } catch (cause) {
    if (!(cause instanceof GristmillError)) throw cause;
    const problem = `makes a network that cannot be trained: ${cause.message.replace(/\.$/, "")}`;
    throw specError("SPEC_INVALID", { field: "ml.model", problem, mend: "Make the network smaller." }, cause);
  }
  return parameters;
}
