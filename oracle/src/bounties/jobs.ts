import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { z } from "zod";

import type { Database } from "../storage/database.ts";
import { KeyValueStore } from "../storage/key-value-store.ts";

const SCOPE = "bounty-jobs";
const QUIT_SCOPE = "bounty-quits";

/** Milliseconds between two looks, while a job runs, at what other processes asked to quit. */
const OBEY_INTERVAL = 500;

export const jobStates = ["running", "done", "failed", "quit"] as const;

const jobSchema = z.object({
  bountyId: z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x")),
  runner: z.string(),
  state: z.enum(jobStates),
  /** Unix milliseconds. */
  startedAt: z.number(),
  /** When it is ended at the latest. */
  endsAt: z.number(),
  endedAt: z.number().optional(),
  reason: z.string().optional(),
});

/** Training for one bounty. */
export type BountyJob = z.output<typeof jobSchema>;

/** The jobs of a node, in its database: others than its hunter, also in other processes, can list them and quit one. */
export class BountyJobs {
  readonly #jobs: KeyValueStore;
  readonly #quits: KeyValueStore;
  readonly #running = new Map<Hex, AbortController>();

  constructor(database: Database) {
    this.#jobs = new KeyValueStore(database, SCOPE);
    this.#quits = new KeyValueStore(database, QUIT_SCOPE);
  }

  /** To be called by the process that runs them: what ran when the node ended does not run any more. */
  recover(): void {
    for (const job of this.list("running")) this.#put({ ...job, state: "failed", reason: "the node was stopped" });
  }

  /** Jobs, the oldest first. */
  list(state?: BountyJob["state"]): BountyJob[] {
    const jobs = this.#jobs.keys().map((key) => jobSchema.parse(JSON.parse(this.#jobs.getText(key) ?? "null")));
    return jobs.filter((job) => state === undefined || job.state === state).sort((a, b) => a.startedAt - b.startedAt);
  }

  /** Whether the operator quit a bounty's job: it is not begun again. */
  wasQuit(bountyId: Hex): boolean {
    return this.list("quit").some((job) => job.bountyId === bountyId);
  }

  get running(): number {
    return this.#running.size;
  }

  /**
   * Runs `work` as the job of a bounty, and notes how it ends.
   * @param work gets a signal that aborts when the job is quit or the node stops
   */
  async run<T>(
    bountyId: Hex,
    { runner, seconds, signal }: { readonly runner: string; readonly seconds: number; readonly signal: AbortSignal },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const startedAt = Date.now();
    const job: BountyJob = { bountyId, runner, state: "running", startedAt, endsAt: startedAt + seconds * 1000 };
    this.#running.set(bountyId, controller);
    this.#put(job);
    const obeying = setInterval(() => {
      this.#obey();
    }, OBEY_INTERVAL);
    try {
      const result = await work(AbortSignal.any([signal, controller.signal]));
      this.#put({ ...job, state: "done", endedAt: Date.now() });
      return result;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#put({ ...job, state: controller.signal.aborted ? "quit" : "failed", endedAt: Date.now(), reason });
      throw error;
    } finally {
      clearInterval(obeying);
      this.#running.delete(bountyId);
      this.#quits.delete(bountyId);
    }
  }

  /**
   * Ends a running job at once; from elsewhere than where it was begun, within a second.
   * @throws GristmillError JOB_UNKNOWN
   */
  quit(bountyId: Hex): void {
    if (!this.list("running").some((job) => job.bountyId === bountyId))
      throw new GristmillError("JOB_UNKNOWN", `no job for bounty ${bountyId} is running`, {
        hints: ["`oracle-miner bounty jobs` lists them"],
      });
    const controller = this.#running.get(bountyId);
    if (controller === undefined) this.#quits.setText(bountyId, "asked");
    else controller.abort(new GristmillError("JOB_QUIT", "the operator quit this job"));
  }

  #obey(): void {
    for (const bountyId of this.#quits.keys() as Hex[]) if (this.#running.has(bountyId)) this.quit(bountyId);
  }

  #put(job: BountyJob): void {
    this.#jobs.setText(job.bountyId, JSON.stringify(job));
  }
}
