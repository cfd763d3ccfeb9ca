import { Worker } from "node:worker_threads";

import type { Clock } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";

import type { NamedList } from "../storage/task-log.ts";
import type { EngineName } from "./create-engine.ts";
import type { SegmentDraft, SlotContext, SlotPosition } from "./slot-replica.ts";
import type { SlotState } from "./snapshots.ts";

/** What a training thread is started with. */
export interface TrainingSetup {
  readonly context: SlotContext;
  readonly backend: EngineName;
}

/** What the node asks of the thread: one thing at a time. */
export type TrainingRequest =
  | { readonly kind: "restore"; readonly state: SlotState }
  | {
      readonly kind: "segment";
      readonly position: SlotPosition;
      readonly clock: Clock;
      readonly lists: readonly NamedList[];
      readonly keepState: boolean;
    };

/** What the thread answers. */
export type TrainingAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "restored" }
  | { readonly kind: "segment"; readonly draft: SegmentDraft; readonly state?: SlotState }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly hints: readonly string[] };

/** A segment as trained, with the state after it if it was asked for. */
export type TrainedSegment = Extract<TrainingAnswer, { readonly kind: "segment" }>;

/** What trains a slot's segments, one after the other. */
export interface SegmentTraining {
  /** Goes to a state, which is copied. */
  restore(state: SlotState): Promise<void>;
  /**
   * Trains the segment after the position (see `runSegment`).
   * @param keepState whether the state after it is wanted
   */
  train(position: SlotPosition, clock: Clock, lists: readonly NamedList[], keepState: boolean): Promise<TrainedSegment>;
  stop(): Promise<void>;
}

/**
 * A slot's training in a thread of its own: an iteration is one long computation, and beside it the node has to answer
 * peers, follow the chain and meet its deadlines.
 */
export class TrainingThread implements SegmentTraining {
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<TrainingAnswer> | undefined;
  #ended: GristmillError | undefined;

  private constructor(setup: TrainingSetup) {
    // Sources in the repository, builds in the package: the worker has the ending that this file has.
    const file = import.meta.url.endsWith(".ts") ? "./training-worker.ts" : "./training-worker.js";
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: setup });
    this.#worker.on("message", (answer: TrainingAnswer) => {
      this.#waiting?.resolve(answer);
    });
    this.#worker.on("error", (cause) => {
      this.#fail(new GristmillError("TRAINING_FAILED", "the training thread failed", { cause }));
    });
    this.#worker.on("exit", () => {
      this.#fail(new GristmillError("TRAINING_ENDED", "the training thread has ended"));
    });
  }

  /**
   * Starts a thread in the slot's initial state.
   * @throws GristmillError ENGINE_UNAVAILABLE, ENGINE_INEXACT, TRAINING_FAILED
   */
  static async start(setup: TrainingSetup): Promise<TrainingThread> {
    const thread = new TrainingThread(setup);
    await thread.#answer();
    return thread;
  }

  async restore(state: SlotState): Promise<void> {
    await this.#ask({ kind: "restore", state });
  }

  async train(
    position: SlotPosition,
    clock: Clock,
    lists: readonly NamedList[],
    keepState: boolean,
  ): Promise<TrainedSegment> {
    const answer = await this.#ask({ kind: "segment", position, clock, lists, keepState });
    if (answer.kind !== "segment") throw new GristmillError("TRAINING_FAILED", `an unexpected answer: ${answer.kind}`);
    return answer;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(request: TrainingRequest): Promise<TrainingAnswer> {
    if (this.#waiting !== undefined)
      throw new GristmillError("TRAINING_BUSY", "the training thread was asked for two things at once");
    const answer = this.#answer();
    this.#worker.postMessage(request);
    return answer;
  }

  async #answer(): Promise<TrainingAnswer> {
    if (this.#ended !== undefined) throw this.#ended;
    this.#waiting = Promise.withResolvers<TrainingAnswer>();
    try {
      const answer = await this.#waiting.promise;
      if (answer.kind === "failed") throw new GristmillError(answer.code, answer.message, { hints: answer.hints });
      return answer;
    } finally {
      this.#waiting = undefined;
    }
  }

  #fail(error: GristmillError): void {
    this.#ended ??= error;
    this.#waiting?.reject(error);
  }
}
