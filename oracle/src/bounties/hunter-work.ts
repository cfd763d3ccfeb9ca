import { randomInt } from "node:crypto";

import type { BountySpec } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";

import { createRunner } from "../runners/index.ts";
import type { RunnerName } from "../runners/runner.ts";
import type { TrainingStrategy } from "./layers-model.ts";

/** What a hunter makes a model of. */
export interface WorkOrder {
  readonly spec: BountySpec;
  /** Blob of the training set. */
  readonly train: Uint8Array;
  readonly runner: RunnerName;
  readonly seconds: number;
}

/** How a hunter's models and announcements come about: a value, so that competitors and cheats are other values. */
export interface HunterWork {
  make(order: WorkOrder, signal: AbortSignal): Promise<Uint8Array>;
  /** The loss to announce for a model's true one. */
  announce(loss: number): number;
}

/**
 * Trains by the spec, or with some of its figures replaced, and tells the truth.
 * @param changes such as more epochs
 */
export function honestWork(changes: Partial<TrainingStrategy> = {}): HunterWork {
  return {
    make: async ({ spec, train, runner, seconds }, signal) => {
      const { epochs = 1, "learning-rate": learningRate = 0.001 } = spec.ml.model ?? {};
      const strategy = { epochs, learningRate, seed: randomInt(2 ** 31), ...changes };
      return createRunner(runner).run({ spec, train, strategy, seconds }, signal);
    },
    announce: (loss) => loss,
  };
}

/**
 * The first of the operator's runners that can make a model for a spec: `builtin` where it describes one, the others
 * where it has a script.
 * @throws GristmillError RUNNER_NONE
 */
export function runnerFor(spec: BountySpec, enabled: readonly RunnerName[]): RunnerName {
  const { model, script } = spec.ml;
  const fits = (name: RunnerName): boolean => {
    if (name === "builtin") return model !== undefined;
    return script !== undefined && (name === "sandbox" || script.image !== undefined);
  };
  const found = enabled.find(fits);
  if (found !== undefined) return found;
  throw new GristmillError("RUNNER_NONE", "none of the enabled runners can make a model for this bounty", {
    hints: [
      script === undefined
        ? "its spec leaves the model open: train one and enter it with `oracle-miner bounty enter`"
        : "its spec has a script: enable the sandbox with --bounty-runners builtin,sandbox",
    ],
  });
}
