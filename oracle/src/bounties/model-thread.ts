import { Worker } from "node:worker_threads";

import type { BountySpec } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";

import type { ModelScore, TrainingStrategy } from "./layers-model.ts";

/** MiB that the thread's own objects may take; what a model's weights take, its file bounds. */
const HEAP_MB = 1024;

/** One thing to do with a model. */
export type ModelJob =
  | {
      readonly kind: "train";
      readonly spec: BountySpec;
      /** Blob of a batch set. */
      readonly set: Uint8Array;
      readonly strategy: TrainingStrategy;
    }
  | { readonly kind: "score"; readonly spec: BountySpec; readonly set: Uint8Array; readonly model: Uint8Array };

export type ModelAnswer =
  | { readonly kind: "model"; readonly bytes: Uint8Array }
  | { readonly kind: "score"; readonly score: ModelScore }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly hints: readonly string[] };

/** Bounds of {@link trainInThread} and {@link scoreInThread}. */
export interface ThreadLimits {
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Trains a described model in a thread that ends with its time.
 * @throws GristmillError MODEL_TIMEOUT, MODEL_INVALID, MODEL_UNDESCRIBED
 */
export async function trainInThread(
  job: Omit<Extract<ModelJob, { readonly kind: "train" }>, "kind">,
  limits: ThreadLimits,
): Promise<Uint8Array> {
  const answer = await runInThread({ kind: "train", ...job }, limits);
  if (answer.kind !== "model") throw unexpected(answer);
  return answer.bytes;
}

/**
 * Scores a stranger's model in a thread that ends with its time.
 * @throws GristmillError MODEL_TIMEOUT, MODEL_MALFORMED, MODEL_INVALID
 */
export async function scoreInThread(
  job: Omit<Extract<ModelJob, { readonly kind: "score" }>, "kind">,
  limits: ThreadLimits,
): Promise<ModelScore> {
  const answer = await runInThread({ kind: "score", ...job }, limits);
  if (answer.kind !== "score") throw unexpected(answer);
  return answer.score;
}

async function runInThread(job: ModelJob, { seconds, signal }: ThreadLimits): Promise<ModelAnswer> {
  signal.throwIfAborted();
  // Sources in the repository, builds in the package: the worker has the ending that this file has.
  const file = import.meta.url.endsWith(".ts") ? "./model-worker.ts" : "./model-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const timeout = AbortSignal.timeout(seconds * 1000);
  const { promise, resolve, reject } = Promise.withResolvers<ModelAnswer>();
  const stop = (): void => {
    reject(timeout.aborted ? tooLong(seconds) : (signal.reason as Error));
  };
  const either = AbortSignal.any([signal, timeout]);
  either.addEventListener("abort", stop);
  worker.on("message", resolve);
  worker.on("error", (cause) => {
    reject(new GristmillError("MODEL_INVALID", "the model's thread failed", { cause }));
  });
  try {
    const answer = await promise;
    if (answer.kind === "failed") throw new GristmillError(answer.code, answer.message, { hints: answer.hints });
    return answer;
  } finally {
    either.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function tooLong(seconds: number): GristmillError {
  return new GristmillError("MODEL_TIMEOUT", `the model took more than the ${seconds} s that it has`, {
    hints: ["give it more time, or train a smaller one for fewer epochs"],
  });
}

function unexpected(answer: ModelAnswer): GristmillError {
  return new GristmillError("MODEL_INVALID", `an unexpected answer: ${answer.kind}`);
}
