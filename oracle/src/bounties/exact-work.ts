import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";

import type { Batch, ExactBountySpec, MlpParameters } from "@gristmill/sdk";
import { narrowWeights } from "@gristmill/sdk";
import { bytesToHex } from "viem";

import type { EvaluationTruth } from "../disputes/evaluation-truth.ts";
import { createEngine } from "../training/create-engine.ts";
import { Trainer } from "../training/trainer.ts";

/** What a hunter trains for an exact bounty. */
export interface ExactOrder {
  readonly spec: ExactBountySpec;
  readonly program: MlpParameters;
  readonly train: readonly Batch[];
  readonly seconds: number;
}

/** How a hunter's states and announcements come about: a value, so that competitors and cheats are other values. */
export interface ExactWork {
  /** @returns weights that are int16, one array a layer */
  make(order: ExactOrder, signal: AbortSignal): Promise<Int32Array[]>;
  /** What to say of a state's true score. */
  tell(truth: EvaluationTruth): EvaluationTruth;
}

/**
 * Trains by the spec, alone, as long as it may, and tells the truth. The program's thread is left to others after each
 * iteration, since the node has a chain to watch.
 *
 * @param epochs in the place of the spec's
 */
export function honestExactWork({ epochs }: { readonly epochs?: number } = {}): ExactWork {
  return {
    make: async ({ spec, program, train, seconds }, signal) => {
      const seed = bytesToHex(randomBytes(32));
      const trainer = Trainer.create({ parameters: program, seed, engine: await createEngine() });
      const until = Date.now() + seconds * 1000;
      const iterations = Math.ceil((epochs ?? spec.ml.optimizer.epochs) * train.length);
      for (let i = 0; i < iterations && Date.now() < until; i++) {
        trainer.iterate(i, train[i % train.length]!);
        await setImmediate();
        signal.throwIfAborted();
      }
      return narrowWeights(trainer.weights);
    },
    tell: (truth) => truth,
  };
}
