import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";

/** A block as far as its place in the chain goes. */
export interface Checkpoint {
  readonly number: bigint;
  readonly hash: Hex;
}

/**
 * How far a stream of events was read: text, to be stored beside what was made of the events. It names blocks of the
 * chain that it was read from, so that a reorganisation is noticed also by a later run.
 */
export type EventCursor = string & { readonly __cursor: never };

/** What a cursor says. */
export interface Position {
  /** Blocks that were read to their end, the oldest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** The event read last of the blocks after them, and its block; undefined if there was none. */
  readonly within: (Checkpoint & { readonly logIndex: number }) | undefined;
}

const VERSION = "1";

const CURSOR = /^1;((?:\d+:0x[0-9a-f]{64}(?:,(?=\d)|(?=;)))*);(?:(\d+:0x[0-9a-f]{64})\/(\d+))?$/;

/** `1;5:0xab..,9:0xcd..;12:0xef../3`: checkpoints, then block and index of the log within it. */
export function encodeCursor({ checkpoints, within }: Position): EventCursor {
  const blocks = checkpoints.map(({ number, hash }) => `${number}:${hash}`).join(",");
  const rest = within === undefined ? "" : `${within.number}:${within.hash}/${within.logIndex}`;
  return `${VERSION};${blocks};${rest}` as EventCursor;
}

/** @throws GristmillError CURSOR_MALFORMED */
export function decodeCursor(cursor: string): Position {
  const match = CURSOR.exec(cursor);
  if (match === null) {
    throw new GristmillError("CURSOR_MALFORMED", `This is no cursor of an event stream: ${cursor.slice(0, 80)}.`, {
      hints: ["pass the `cursor` of an item of the stream, unchanged; leave it out to begin at the deployment"],
    });
  }
  const [, blocks = "", within, logIndex] = match;
  return {
    checkpoints: blocks === "" ? [] : blocks.split(",").map(checkpointOf),
    within: within === undefined ? undefined : { ...checkpointOf(within), logIndex: Number(logIndex) },
  };
}

function checkpointOf(text: string): Checkpoint {
  const [number = "", hash = ""] = text.split(":");
  return { number: BigInt(number), hash: hash as Hex };
}
