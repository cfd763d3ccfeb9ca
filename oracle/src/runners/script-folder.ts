import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BountySpec } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";

import type { RunnerJob } from "./runner.ts";

/**
 * Where a script finds its inputs and leaves its model, whatever isolates it:
 *
 * ```
 * /job/in/script      the spec's own source
 * /job/in/spec.json   the spec
 * /job/in/train.bin   the training set, as `encodeBatchSet` of the SDK has it
 * /job/out/model.bin  to be written: a model file
 * ```
 *
 * JOB_SECONDS and JOB_SEED are in its environment; what it prints is a log. `/job/out` and `/tmp` are its scratch space.
 */
export const JOB_FOLDER = "/job";

/** Runs the interpreter, ends whatever it left behind, and hands the model out through the standard output. */
export const SCRIPT_WRAPPER = `"$@" >&2 || exit $?
kill -9 -1 2>/dev/null
exec cat ${JOB_FOLDER}/out/model.bin`;

/** The environment that scripts see, and no other. */
export function scriptEnvironment({ seconds, strategy }: RunnerJob): Readonly<Record<string, string>> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/tmp",
    JOB_SECONDS: String(seconds),
    JOB_SEED: String(strategy.seed),
  };
}

/**
 * The script of a spec.
 * @throws GristmillError SCRIPT_MISSING
 */
export function scriptOf(spec: BountySpec): NonNullable<BountySpec["ml"]["script"]> & { readonly source: string } {
  const { script } = spec.ml;
  if (script?.source === undefined)
    throw new GristmillError("SCRIPT_MISSING", "this bounty's spec has no training script", {
      hints: ["use the builtin runner for it, or train by other means"],
    });
  return { ...script, source: script.source };
}

/** Runs `work` on a folder that holds a script's inputs, readable by everybody: they are public. */
export async function withScriptFolder<T>(job: RunnerJob, work: (folder: string) => Promise<T>): Promise<T> {
  const { source } = scriptOf(job.spec);
  const folder = await mkdtemp(join(tmpdir(), "gristmill-job-"));
  try {
    await chmod(folder, 0o755);
    await writeFile(join(folder, "script"), source);
    await writeFile(join(folder, "spec.json"), JSON.stringify(job.spec));
    await writeFile(join(folder, "train.bin"), job.train);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
