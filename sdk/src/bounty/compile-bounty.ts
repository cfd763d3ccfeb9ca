import { sha256Hex } from "#sha256";
import { type Hex, parseEther } from "viem";

import type { BatchSet } from "../spec/batch-set.ts";
import { canonicalJson } from "../spec/canonical-json.ts";
import { cutBatches } from "../spec/examples.ts";
import { loadExamples } from "../spec/load-examples.ts";
import { readSource, type SourceFiles } from "../spec/source-file.ts";
import { specError } from "../spec/spec-error.ts";
import { type BountySpec, parseBountySpec } from "./bounty-spec.ts";
import { encodeLoss } from "./commitments.ts";
import { ScoringMode } from "./stages.ts";

/** Rows of a published batch: of no meaning to the models, which see rows. */
const BATCH_ROWS = 256;

/** A bounty, ready to be published and escrowed. */
export interface CompiledBounty {
  /** The spec with every default and the files that it names filled in. */
  readonly spec: BountySpec;
  /** Its canonical bytes, which are a spec themselves. */
  readonly specBytes: Uint8Array;
  /** SHA-256 of these. */
  readonly specHash: Hex;
  readonly train: BatchSet;
  readonly scoring: BatchSet;
  /** The board's parameters that follow from the spec; amounts in GRIST wei, seconds, losses in 10^-9. */
  readonly terms: {
    readonly scoring: number;
    readonly bounty: bigint;
    readonly entryStake: bigint;
    readonly tolerance: bigint;
    readonly durations: BountySpec["durations"];
  };
  readonly warnings: readonly string[];
}

/**
 * Compiles a bounty's spec: reads its data and the model and script files that it names.
 *
 * @param text YAML or JSON
 * @throws GristmillError as {@link parseBountySpec}, and DATASET_*, SPEC_FILE_*
 */
export async function compileBounty(text: string, files: SourceFiles): Promise<CompiledBounty> {
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const written = parseBountySpec(text);
  const examples = await loadExamples(written, files, warn);
  const shape = written.ml["input-shape"];
  const inputs = shape?.reduce((product, size) => product * size, 1) ?? examples.inputs;
  if (inputs !== examples.inputs)
    throw specError("SPEC_INVALID", {
      field: "ml.input-shape",
      problem: `has ${inputs} elements, but an example has ${examples.inputs} inputs`,
      mend: `Take sizes whose product is ${examples.inputs}.`,
    });
  const training = written.ml.dataset["training-set-size"];
  const { train, test } = cutBatches(examples, training, Math.min(BATCH_ROWS, training));
  const spec = await withFiles(written, files);
  const specBytes = canonicalJson(spec);
  return {
    spec,
    specBytes,
    specHash: sha256Hex(specBytes),
    train,
    scoring: test,
    terms: {
      scoring: spec.scoring.set === "open" ? ScoringMode.Open : ScoringMode.Sealed,
      bounty: parseEther(spec.payment.bounty),
      entryStake: parseEther(spec.payment["entry-stake"]),
      tolerance: encodeLoss(spec.scoring.tolerance),
      durations: spec.durations,
    },
    warnings,
  };
}

/** The spec with the files that it names in their place, so that it stands for itself. */
async function withFiles(spec: BountySpec, files: SourceFiles): Promise<BountySpec> {
  const { model, script, ...ml } = spec.ml;
  const read = async (field: string, path: string): Promise<string> =>
    new TextDecoder().decode(
      await readSource(files, { field, path, sha256Field: field, sha256: undefined }, () => undefined),
    );
  let filled: BountySpec["ml"] = spec.ml;
  if (model?.file !== undefined) {
    const { file, ...rest } = model;
    const topology = topologyIn(await read("ml.model.file", file));
    filled = { ...ml, ...(script === undefined ? {} : { script }), model: { ...rest, topology } };
  }
  if (script?.file !== undefined) {
    const { file, ...rest } = script;
    filled = { ...filled, script: { ...rest, source: await read("ml.script.file", file) } };
  }
  return { ...spec, ml: filled };
}

function topologyIn(text: string): Record<string, unknown> {
  const mend = "Name a model.json that TensorFlow.js saved.";
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw specError("SPEC_INVALID", { field: "ml.model.file", problem: "is not JSON", mend }, cause);
  }
  const found = (content as { readonly modelTopology?: unknown } | null)?.modelTopology;
  if (typeof found !== "object" || found === null)
    throw specError("SPEC_INVALID", { field: "ml.model.file", problem: "holds no modelTopology", mend });
  return found as Record<string, unknown>;
}
