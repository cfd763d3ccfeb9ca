import process from "node:process";

import { GristmillError } from "@gristmill/sdk";

/** Milliseconds the work has to end in after a signal, before the process ends without it. */
const SHUTDOWN_TIMEOUT = 8_000;

/** Set in the environment of a node whose launcher shares a terminal with it. */
export const LAUNCHED = "GRISTMILL_LAUNCHED";

/**
 * Runs work that a signal (SIGINT, SIGTERM, SIGHUP) or a lost parent asks to stop: it gets an `AbortSignal` and a bound
 * of 8 s to end in. Being stopped is no failure.
 */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new GristmillError("STOPPED", "the node was asked to stop"));
    setTimeout(() => process.exit(0), SHUTDOWN_TIMEOUT).unref();
  };
  const stopByTerminal = (): void => {
    // What a terminal sends its launcher reaches a node as well, but the launcher stops its nodes itself, in order.
    if (process.env[LAUNCHED] === undefined) stop();
  };
  const handlers = { SIGINT: stopByTerminal, SIGTERM: stop, SIGHUP: stopByTerminal };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  // A launcher that dies without a word closes the channel; its nodes must not outlive it.
  process.on("disconnect", stop);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
    process.off("disconnect", stop);
    if (process.connected) process.disconnect();
  }
}
