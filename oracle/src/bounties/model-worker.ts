// The thread in which one model is trained or scored; `model-thread.ts` is its other end.

import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";

import { decodeBatchSet, GristmillError } from "@gristmill/sdk";

import { scoreModel, trainModel } from "./layers-model.ts";
import { decodeModelFile } from "./model-file.ts";
import type { ModelAnswer, ModelJob } from "./model-thread.ts";

/** What has deadlines goes first. */
const NICENESS = 10;

try {
  setPriority(NICENESS);
} catch {
  // Where it is not allowed, this competes as an equal.
}

async function work(job: ModelJob): Promise<ModelAnswer> {
  const set = decodeBatchSet(job.set);
  if (job.kind === "train") return { kind: "model", bytes: await trainModel(job.spec, set, job.strategy) };
  return { kind: "score", score: await scoreModel(job.spec, decodeModelFile(job.model), set) };
}

work(workerData as ModelJob).then(
  (answer) => parentPort?.postMessage(answer),
  (error: unknown) => {
    const known = error instanceof GristmillError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    const answer: ModelAnswer = {
      kind: "failed",
      code: known?.code ?? "MODEL_INVALID",
      message,
      hints: known?.hints ?? [],
    };
    parentPort?.postMessage(answer);
  },
);
