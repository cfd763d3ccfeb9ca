import { Worker } from "node:worker_threads";

import { GristmillError } from "@gristmill/sdk";

import type { SharedMemory } from "./web-assembly.ts";

/** What a worker is started with. */
export interface WorkerSetup {
  readonly memory: SharedMemory;
  readonly index: number;
  readonly workers: number;
}

/** Work for one worker: a seed to derive, inputs to hash, or an input to trace, with the matrices of a slot. */
export interface Job {
  readonly kind: "derive" | "hash" | "trace";
  readonly slot: number;
  readonly bytes: Uint8Array;
}

/** Whether a derivation had room, or the outputs, or the trace. */
export type JobResult = boolean | Uint8Array;

interface PendingJob {
  readonly job: Job;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (reason: unknown) => void;
}

/** The sources run in the repository, their build in the package. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** What waits for a hasher that is disposed of. */
export function disposed(): GristmillError {
  return new GristmillError("TENSHASH_DISPOSED", "The TensHash hasher was disposed of while it worked.");
}

/** Threads with one job each, and a queue. */
export class WorkerPool {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[];
  readonly #busy = new Map<Worker, PendingJob>();
  #queue: PendingJob[] = [];
  #failure: GristmillError | undefined;

  constructor(memory: SharedMemory, workers: number) {
    this.#workers = Array.from({ length: workers }, (_, index) => {
      const setup: WorkerSetup = { memory, index, workers };
      const worker = new Worker(WORKER, { workerData: setup, name: `tenshash-${String(index)}` });
      worker.on("message", (result: JobResult) => {
        this.#busy.get(worker)?.resolve(result);
        this.#busy.delete(worker);
        this.#idle.push(worker);
        this.#dispatch();
      });
      worker.on("error", (cause) => {
        this.#fail(new GristmillError("TENSHASH_WORKER_DIED", "A TensHash thread has died.", { cause }));
      });
      return worker;
    });
    this.#idle = [...this.#workers];
  }

  /**
   * Settles when no worker has to do with the job any more.
   *
   * @param signal takes the job out of the queue when its turn comes; what a worker has begun it completes
   * @throws GristmillError TENSHASH_WORKER_DIED, TENSHASH_DISPOSED; the signal's reason when taken out
   */
  async run(job: Job, signal?: AbortSignal): Promise<JobResult> {
    if (this.#failure !== undefined) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
    this.#queue.push({ job, signal, resolve, reject });
    this.#dispatch();
    return promise;
  }

  /** Ends the threads; whoever waits for a job gets TENSHASH_DISPOSED. */
  async dispose(): Promise<void> {
    this.#fail(disposed());
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#idle.length > 0) {
      const pending = this.#queue.shift();
      if (pending === undefined) return;
      if (pending.signal?.aborted === true) {
        pending.reject(pending.signal.reason);
        continue;
      }
      const worker = this.#idle.pop()!;
      this.#busy.set(worker, pending);
      worker.postMessage(pending.job);
    }
  }

  #fail(failure: GristmillError): void {
    this.#failure = failure;
    for (const { reject } of [...this.#busy.values(), ...this.#queue]) reject(failure);
    this.#queue = [];
  }
}
