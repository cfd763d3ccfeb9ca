import type { Hex } from "viem";
import { z } from "zod";

import type { Journal } from "../journal.ts";

const progress = z.object({
  event: z.literal("progress"),
  task: z.string(),
  slot: z.number(),
  iteration: z.number(),
  accuracy: z.number(),
  loss: z.number(),
});

/** How far a node's own slot in a task is, as it last reported. */
export interface TaskPart {
  readonly slot: number;
  readonly iteration: number;
  /** Of its last batches. */
  readonly accuracy: number;
  readonly loss: number;
}

/** What a node does in which task, told by its log. */
export class TaskParts {
  readonly #tasks = new Set<Hex>();
  readonly #parts = new Map<Hex, TaskPart>();

  constructor(journal: Journal) {
    journal.follow(({ line }) => {
      if (typeof line["task"] === "string") this.#tasks.add(line["task"] as Hex);
      const { success, data } = progress.safeParse(line);
      if (!success) return;
      const { task, slot, iteration, accuracy, loss } = data;
      this.#parts.set(task as Hex, { slot, iteration, accuracy, loss });
    });
  }

  /** Tasks that the node has had to do with since it started. */
  get tasks(): readonly Hex[] {
    return [...this.#tasks];
  }

  of(taskId: Hex): TaskPart | undefined {
    return this.#parts.get(taskId);
  }
}
