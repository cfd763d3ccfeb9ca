import { sha256Hex } from "#sha256";
import type { Hex } from "viem";
import { parseEther } from "viem";

import type { MlpParameters } from "../mlp/parameters.ts";
import type { Product } from "../mlp/product.ts";
import type { BatchSet } from "../spec/batch-set.ts";
import { canonicalJson } from "../spec/canonical-json.ts";
import { compileTask } from "../spec/compile-task.ts";
import type { SourceFiles } from "../spec/source-file.ts";
import { type ExactBountySpec, parseExactBountySpec } from "./exact-spec.ts";
import { ScoringMode } from "./stages.ts";

/** An exact bounty, ready to be published and escrowed. */
export interface CompiledExactBounty {
  /** The spec with every default and every calibrated figure filled in. */
  readonly spec: ExactBountySpec;
  /** Its canonical bytes, which are a spec themselves. */
  readonly specBytes: Uint8Array;
  /** SHA-256 of these. */
  readonly specHash: Hex;
  /** The program that every model of the bounty runs under. */
  readonly parameters: MlpParameters;
  readonly train: BatchSet;
  readonly scoring: BatchSet;
  /** What follows from the spec for the contract; amounts in GRIST wei, seconds. */
  readonly terms: {
    readonly scoring: number;
    readonly bounty: bigint;
    readonly entryStake: bigint;
    readonly durations: ExactBountySpec["durations"];
  };
  readonly warnings: readonly string[];
}

/**
 * Compiles an exact bounty's spec: reads its data and calibrates its program as a task of one miner.
 *
 * @param text YAML or JSON
 * @param product speeds calibration up
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID, SPEC_FILE_*, DATASET_*
 */
export async function compileExactBounty(
  text: string,
  files: SourceFiles,
  product?: Product,
): Promise<CompiledExactBounty> {
  const written = parseExactBountySpec(text);
  // Of the task only program and data are taken: nobody pays its fee.
  const task = { version: 1, payment: { fee: "1" }, ml: written.ml, exact: written.exact, coordination: { miners: 1 } };
  const compiled = await compileTask(JSON.stringify(task), { ...files, ...(product && { product }) });
  const { ml, exact } = compiled.spec;
  const spec = { ...written, ml, exact };
  const specBytes = canonicalJson(spec);
  return {
    spec,
    specBytes,
    specHash: sha256Hex(specBytes),
    parameters: compiled.parameters,
    train: compiled.train,
    scoring: compiled.test,
    terms: {
      scoring: spec.scoring.set === "open" ? ScoringMode.Open : ScoringMode.Sealed,
      bounty: parseEther(spec.payment.bounty),
      entryStake: parseEther(spec.payment["entry-stake"]),
      durations: spec.durations,
    },
    warnings: compiled.warnings,
  };
}
