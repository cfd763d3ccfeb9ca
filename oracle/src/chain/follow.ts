import { setTimeout as delay } from "node:timers/promises";

import type { Chain, Head } from "./chain.ts";

/** Milliseconds between two looks at the head, and how long one look may fail in a row before it is an error. */
const LOOK_INTERVAL = 250;
const PATIENCE = 60_000;

/**
 * Yields each new head of the chain, the current one first, until the signal aborts. A chain that does not answer for
 * a minute ends it with that error.
 */
export async function* heads(chain: Chain, signal: AbortSignal): AsyncGenerator<Head, void, void> {
  let seen = -1n;
  let answered = Date.now();
  while (!signal.aborted) {
    try {
      const head = await chain.head();
      answered = Date.now();
      if (head.number !== seen) {
        seen = head.number;
        yield head;
      }
    } catch (error) {
      if (Date.now() - answered > PATIENCE) throw error;
    }
    await delay(LOOK_INTERVAL, undefined, { signal }).catch(() => undefined);
  }
}
