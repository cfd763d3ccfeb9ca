/** The ways to compute an iteration of exact training, behind the one interface that the vectors are checked through. */
import {
  type Batch,
  initialWeights,
  type MlpParameters,
  referenceIteration,
  type TakenList,
  type TraceTensor,
  type UpdateList,
  zeroResiduals,
} from "@gristmill/sdk";
import type { Hex } from "viem";

import { presentEngines } from "../../oracle/src/training/create-engine.ts";
import type { MatrixEngine } from "../../oracle/src/training/matrix-engine.ts";
import { Trainer, type TrainerState } from "../../oracle/src/training/trainer.ts";

/** A way to compute iterations. */
export interface TrainingBackend {
  readonly name: string;
  /** A slot in `state`, which is left as it is, or in the state before iteration 0. */
  start(parameters: MlpParameters, seed: Hex, state?: TrainerState): Promise<TrainingRun>;
}

/** One slot's training. */
export interface TrainingRun extends TrainerState {
  /** Takes in the lists and runs the iteration. */
  step(index: number, batch: Batch, lists: readonly TakenList[]): TrainingStep;
}

/** What an iteration gave. */
export interface TrainingStep {
  readonly trace: readonly TraceTensor[];
  readonly list: UpdateList;
  readonly correct: number;
  readonly loss: number;
}

/** The SDK's definition of an iteration. */
export const referenceBackend: TrainingBackend = {
  name: "reference",
  async start(parameters, seed, given) {
    let state = given ?? { weights: initialWeights(parameters, seed), residuals: zeroResiduals(parameters) };
    return {
      get weights() {
        return state.weights;
      },
      get residuals() {
        return state.residuals;
      },
      step(index, batch, lists) {
        const output = referenceIteration({ parameters, index, batch, lists, ...state });
        state = output;
        return output;
      },
    };
  },
};

/**
 * The node's trainer over an engine. The trace and the fast iteration are computed apart, so that each is held against
 * the figures: the trace gives the tensors, the iteration everything else.
 */
export function trainerBackend(engine: MatrixEngine): TrainingBackend {
  return {
    name: engine.name,
    async start(parameters, seed, state) {
      const trainer = Trainer.create({ parameters, seed, engine, ...(state && { state }) });
      return {
        get weights() {
          return trainer.weights;
        },
        get residuals() {
          return trainer.residuals;
        },
        step(index, batch, lists) {
          const { trace } = trainer.trace(index, batch, lists);
          trainer.takeIn(lists);
          return { trace, ...trainer.iterate(index, batch) };
        },
      };
    },
  };
}

/** The reference, and the trainer over every engine that this host can run. */
export async function presentBackends(): Promise<TrainingBackend[]> {
  return [referenceBackend, ...(await presentEngines()).map(trainerBackend)];
}
