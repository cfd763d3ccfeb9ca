import { Phase } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { Head } from "../chain/chain.ts";
import { heads } from "../chain/follow.ts";
import type { Node } from "./node.ts";

/** The name of a phase number. */
export function phaseName(phase: number): string {
  return Object.entries(Phase).find(([, value]) => value === phase)?.[0] ?? `phase ${String(phase)}`;
}

/** Whether nothing more happens in the task but payments. */
export function isTerminal(phase: number): boolean {
  return phase === Phase.Settled || phase === Phase.Cancelled || phase === Phase.Failed;
}

/** What the registry says of a task. */
export type TaskView = Awaited<ReturnType<Node["contracts"]["registry"]["read"]["taskOf"]>>;

/** The task as of one head. */
export interface TaskMoment {
  readonly head: Head;
  readonly task: TaskView;
}

/**
 * Follows one task along the chain: one look per new head, shared by all who wait for something. `signal` ends it, and
 * with it every wait.
 */
export class TaskFollower {
  readonly taskId: Hex;
  #moment: TaskMoment | undefined;
  readonly #waiting = new Set<(moment: TaskMoment) => void>();
  readonly #ended: Promise<never>;

  constructor(node: Node, taskId: Hex, signal: AbortSignal) {
    this.taskId = taskId;
    this.#ended = this.#follow(node, signal);
    // Whoever waits sees the failure; with nobody waiting it must not count as unhandled.
    this.#ended.catch(() => undefined);
  }

  /** The latest moment, as soon as there is one. */
  async now(): Promise<TaskMoment> {
    return this.#moment ?? (await this.next());
  }

  /** The next moment after this call. */
  async next(): Promise<TaskMoment> {
    const { promise, resolve } = Promise.withResolvers<TaskMoment>();
    this.#waiting.add(resolve);
    try {
      return await Promise.race([promise, this.#ended]);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** The first moment, from the latest on, that fits. */
  async until(fits: (moment: TaskMoment) => boolean): Promise<TaskMoment> {
    for (let moment = await this.now(); ; moment = await this.next()) if (fits(moment)) return moment;
  }

  async #follow(node: Node, signal: AbortSignal): Promise<never> {
    let phase = -1;
    for await (const head of heads(node.chain, signal)) {
      const task = await node.contracts.registry.read.taskOf([this.taskId], { blockNumber: head.number });
      this.#moment = { head, task };
      if (task.phase !== phase) {
        phase = task.phase;
        node.log.info({ event: "phase", task: this.taskId, phase: phaseName(phase), block: Number(head.number) });
      }
      for (const resolve of [...this.#waiting]) resolve(this.#moment);
    }
    throw signal.reason;
  }
}
