import { setTimeout as delay } from "node:timers/promises";

import type { SegmentOrigin, SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { recomputeSegment } from "../../../oracle/src/disputes/segment-truth.ts";
import type { SlotWork } from "../../../oracle/src/roles/slot-work.ts";
import { honestWork } from "../../../oracle/src/roles/slot-work.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import type { MatrixEngine } from "../../../oracle/src/training/matrix-engine.ts";
import type { SegmentRunner } from "../../../oracle/src/training/slot-replica.ts";
import { Trainer } from "../../../oracle/src/training/trainer.ts";
import type { SegmentTraining, TrainingSetup } from "../../../oracle/src/training/training-thread.ts";
import { layersOf } from "./cheat.ts";
import type { AnyCheat } from "./index.ts";

/**
 * A slot or an evaluator that lies wherever its cheat finds an opportunity, and goes on from its lies: so it serves every state that it
 * signed, resumes from its log, and defends each of its segments as if it were true.
 */
export function cheatingWork(cheat: AnyCheat): SlotWork {
  if ("tell" in cheat) return { ...honestWork, tell: (truth) => cheat.tell(truth) };
  if ("claimOf" in cheat) return { ...honestWork, claimOf: (truth) => cheat.claimOf(truth) };
  const recompute = async (origin: SegmentOrigin): Promise<SegmentTruth> => {
    const truth = await recomputeSegment(origin);
    return cheat.lie(truth) ?? truth;
  };
  const runner =
    (engine: MatrixEngine): SegmentRunner =>
    async (context, trainer, position, clock, lists) => {
      const state = position.next === 0 ? undefined : trainer.snapshot();
      const told = await recompute({ context, engine, state, position, predecessor: undefined, clock, lists });
      const last = told.trace(told.outcomes.length - 1);
      trainer.restore({ weights: layersOf(last, "Step"), residuals: layersOf(last, "Residual") });
      return told.message;
    };
  const replaying = createEngine();
  return {
    claimOf: honestWork.claimOf,
    tell: honestWork.tell,
    recompute,
    run: async (...segment) => runner(await replaying)(...segment),
    start: async (setup) => {
      const engine = await createEngine(setup.backend);
      return inThisThread(setup, engine, runner(engine));
    },
  };
}

/** Training without a thread of its own: what a lie is made of cannot be sent to another one, and a thread takes long to start. */
export function inThisThread({ context }: TrainingSetup, engine: MatrixEngine, run: SegmentRunner): SegmentTraining {
  const trainer = Trainer.create({ parameters: context.parameters, seed: context.seed, engine });
  return {
    restore: (state) => {
      trainer.restore(state);
      return Promise.resolve();
    },
    train: async (position, clock, lists, keepState) => {
      const began = performance.now();
      const draft = await run(context, trainer, position, clock, lists);
      // As long as it computed: beside it the node has peers to answer and deadlines to meet.
      await delay(performance.now() - began);
      return { kind: "segment", draft, ...(keepState ? { state: trainer.snapshot() } : {}) };
    },
    stop: () => Promise.resolve(),
  };
}
