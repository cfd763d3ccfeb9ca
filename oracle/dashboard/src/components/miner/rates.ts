import type { NodeEvent } from "../../node/node-feed.ts";

/** Reports over which the training's rate is taken. */
const WINDOW = 8;

/** How fast a node works, as far as its events tell. */
export interface Rates {
  /** Iterations a second. */
  readonly training?: number;
  /** TensHashes a second, in the last draw that had tickets. */
  readonly hashing?: number;
  /** What computes TensHashes, and on what. */
  readonly hasher?: string;
}

/** @param events of one node, oldest first */
export function ratesOf(events: readonly NodeEvent[]): Rates {
  const reports = events.filter(({ event }) => event === "progress").slice(-WINDOW);
  const [first, last] = [reports[0], reports.at(-1)];
  const draw = events.findLast(({ event, tickets }) => event === "draw" && Number(tickets) > 0);
  const hasher = events.findLast(({ event }) => event === "hasher");
  const seconds = first === undefined || last === undefined ? 0 : secondsOf(last) - secondsOf(first);
  const isSameTask = first?.task === last?.task;
  return {
    ...(seconds > 0 && isSameTask
      ? { training: (Number(last?.["iteration"]) - Number(first?.["iteration"])) / seconds }
      : {}),
    ...(draw === undefined || Number(draw["seconds"]) === 0
      ? {}
      : { hashing: Number(draw["tickets"]) / Number(draw["seconds"]) }),
    ...(hasher === undefined ? {} : { hasher: `${String(hasher["backend"])} on ${String(hasher["device"])}` }),
  };
}

function secondsOf({ time }: NodeEvent): number {
  return Date.parse(time ?? "") / 1_000;
}
