// The thread that a slot trains in; `training-thread.ts` is its other end.

import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";

import { GristmillError } from "@gristmill/sdk";

import { createEngine } from "./create-engine.ts";
import { runSegment } from "./slot-replica.ts";
import { Trainer } from "./trainer.ts";
import type { TrainingAnswer, TrainingRequest, TrainingSetup } from "./training-thread.ts";

/** Training fills whatever time there is; what has deadlines (this node's other threads, other nodes) goes first. */
const NICENESS = 10;

try {
  // On Linux this is the calling thread's own.
  setPriority(NICENESS);
} catch {
  // Where it is not allowed, training competes as an equal.
}

const { context, backend } = workerData as TrainingSetup;
const engine = await createEngine(backend);
const trainer = Trainer.create({ parameters: context.parameters, seed: context.seed, engine });

function answer(message: TrainingAnswer, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function serve(request: TrainingRequest): Promise<void> {
  if (request.kind === "restore") {
    trainer.restore(request.state);
    answer({ kind: "restored" });
    return;
  }
  const { position, clock, lists, keepState } = request;
  const draft = await runSegment(context, trainer, position, clock, lists);
  const state = keepState ? trainer.snapshot() : undefined;
  const arrays = [...draft.lists, ...(state === undefined ? [] : [...state.weights, ...state.residuals])];
  answer(
    { kind: "segment", draft, ...(state === undefined ? {} : { state }) },
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  );
}

parentPort?.on("message", (request: TrainingRequest) => {
  serve(request).catch((error: unknown) => {
    const known = error instanceof GristmillError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    answer({ kind: "failed", code: known?.code ?? "TRAINING_FAILED", message, hints: known?.hints ?? [] });
  });
});
answer({ kind: "ready" });
