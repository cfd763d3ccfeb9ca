import { trainInThread } from "../bounties/model-thread.ts";
import type { Runner, RunnerJob } from "./runner.ts";

/** Trains what a spec describes with TensorFlow.js, in a thread of its own: no foreign code. */
export class BuiltinRunner implements Runner {
  readonly name = "builtin";

  check(): Promise<void> {
    return Promise.resolve();
  }

  run({ spec, train, strategy, seconds }: RunnerJob, signal: AbortSignal): Promise<Uint8Array> {
    return trainInThread({ spec, set: train, strategy }, { seconds, signal });
  }
}
