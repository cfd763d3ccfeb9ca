/** The thread of a worker pool: computes one job after the other. */
import { parentPort, workerData } from "node:worker_threads";

import { Kernel } from "./kernel.ts";
import type { Job, JobResult, WorkerSetup } from "./worker-pool.ts";

const { memory, index, workers } = workerData as WorkerSetup;
const kernel = new Kernel(memory, index, workers);

function compute({ kind, slot, bytes }: Job): JobResult {
  switch (kind) {
    case "derive":
      return kernel.derive(bytes, slot);
    case "hash":
      return kernel.hash(bytes, slot);
    case "trace":
      return kernel.trace(bytes, slot);
  }
}

parentPort?.on("message", (job: Job) => {
  parentPort?.postMessage(compute(job));
});
