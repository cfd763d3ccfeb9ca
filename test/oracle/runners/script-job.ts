import { encodeBatchSet } from "@gristmill/sdk";

import type { RunnerJob } from "../../../oracle/src/runners/runner.ts";
import { compiled } from "../bounties/fixtures.ts";

/** A job with a shell script for its training. */
export async function scriptJob(source: string, seconds = 20, image?: string): Promise<RunnerJob> {
  const { spec, train } = await compiled("");
  const script = { interpreter: "sh" as const, source, ...(image === undefined ? {} : { image }) };
  return {
    spec: { ...spec, ml: { ...spec.ml, script }, scoring: { ...spec.scoring, "max-model-bytes": 4_096 } },
    train: encodeBatchSet(train),
    strategy: { epochs: 1, learningRate: 0.01, seed: 42 },
    seconds,
  };
}
