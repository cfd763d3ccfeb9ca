import type { SegmentMessage } from "@gristmill/sdk";

import type { SlotContext } from "../training/slot-replica.ts";
import type { Node } from "./node.ts";

/** Milliseconds between two lines of progress. */
const INTERVAL = 500;

/** Sums up a miner's segments and logs them twice a second, so that a log of months stays readable. */
export class ProgressReport {
  readonly #node: Node;
  readonly #context: SlotContext;
  #reported = 0;
  #iterations = 0;
  #correct = 0;
  #loss = 0;
  #updates = 0;
  #takenIn = 0;
  #next = 0;

  constructor(node: Node, context: SlotContext) {
    this.#node = node;
    this.#context = context;
  }

  /** Counts a segment in; `takenIn` is how many peers' lists it started with. */
  segment(message: SegmentMessage, takenIn: number): void {
    this.#next = message.segment.last + 1;
    this.#takenIn += takenIn;
    message.records.forEach((record, index) => {
      this.#iterations += 1;
      this.#correct += record.correct;
      this.#loss += record.loss;
      this.#updates += message.lists[index]?.length ?? 0;
    });
    if (Date.now() - this.#reported >= INTERVAL) this.flush();
  }

  /** Logs what has come since the last line. */
  flush(): void {
    if (this.#iterations === 0) return;
    const examples = this.#iterations * this.#context.parameters.batch;
    this.#node.log.info({
      event: "progress",
      task: this.#context.taskId,
      slot: this.#context.slot,
      iteration: this.#next,
      iterations: this.#context.iterations,
      accuracy: this.#correct / examples,
      loss: this.#loss / 127 / examples,
      updates: this.#updates / this.#iterations,
      takenIn: this.#takenIn,
    });
    this.#reported = Date.now();
    this.#iterations = this.#correct = this.#loss = this.#updates = this.#takenIn = 0;
  }
}
