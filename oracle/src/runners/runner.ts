import type { BountySpec } from "@gristmill/sdk";

import type { TrainingStrategy } from "../bounties/layers-model.ts";

/** What makes a model of a bounty's data: see the class of each name. */
export const runnerNames = ["builtin", "sandbox", "container"] as const;
export type RunnerName = (typeof runnerNames)[number];

/** A model to be made. */
export interface RunnerJob {
  readonly spec: BountySpec;
  /** Blob of the training set. */
  readonly train: Uint8Array;
  readonly strategy: TrainingStrategy;
  /** Seconds after which the work is ended. */
  readonly seconds: number;
}

/** A way to make models. */
export interface Runner {
  readonly name: RunnerName;
  /**
   * Finds out whether this machine can run it.
   * @throws GristmillError RUNNER_UNAVAILABLE with the mend
   */
  check(): Promise<void>;
  /**
   * Makes one model; whatever it started has ended when this settles.
   * @returns a model file; for foreign code, whatever it wrote, at most `max-model-bytes` of the spec
   * @throws GristmillError RUNNER_FAILED, RUNNER_TIMEOUT, RUNNER_OUTPUT_TOO_LARGE, SCRIPT_MISSING, MODEL_*
   */
  run(job: RunnerJob, signal: AbortSignal): Promise<Uint8Array>;
}
