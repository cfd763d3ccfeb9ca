import { once } from "node:events";

import type { TaskLog } from "../storage/task-log.ts";

/** Milliseconds without a new segment after which a peer counts as gone, and between two looks. */
const ALIVE_WITHIN = 3_000;
const LOOK_AGAIN = 100;

/**
 * Keeps a miner from running far ahead of its peers: updates that come many rounds late train worse (DESIGN section 3,
 * the trial with 80 workers). Only a courtesy between the living: nobody waits for a peer that has been silent for
 * three seconds, and naming a peer's segments stays free.
 */
export class Pacer {
  readonly #log: TaskLog;
  readonly #slot: number;
  readonly #maxLead: number;
  readonly #heard: number[];

  /** @param maxLead iterations this slot may be ahead of the slowest living peer */
  constructor(log: TaskLog, slot: number, maxLead: number) {
    this.#log = log;
    this.#slot = slot;
    this.#maxLead = maxLead;
    this.#heard = Array.from({ length: log.slots }, () => Date.now());
    log.on("added", ({ message }) => {
      this.#heard[message.segment.slot] = Date.now();
    });
  }

  /** Resolves when the iteration `next` may start. */
  async turn(next: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#tooFarAhead(next))
      await once(this.#log, "added", { signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_AGAIN)]) }).catch(
        () => undefined,
      );
  }

  #tooFarAhead(next: number): boolean {
    return this.#heard.some(
      (heard, slot) =>
        slot !== this.#slot && Date.now() - heard < ALIVE_WITHIN && this.#log.head(slot).count + this.#maxLead < next,
    );
  }
}
