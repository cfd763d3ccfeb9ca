import { GristmillError } from "@gristmill/sdk";
import type { SegmentMessage } from "@gristmill/sdk";

import type { SegmentOrigin } from "../disputes/segment-truth.ts";
import type { MatrixEngine } from "../training/matrix-engine.ts";
import type { SlotContext } from "../training/slot-replica.ts";
import { positionAfter, startPosition } from "../training/slot-replica.ts";
import type { TaskSession } from "./session.ts";

/**
 * Gathers what somebody's segment is recomputed from: the state before it, served by its miner and checked against what
 * that signed, and the lists that its clock names.
 * @throws GristmillError LISTS_UNAVAILABLE, CHECKPOINT_UNAVAILABLE, CHECKPOINT_FALSE, BLOB_UNAVAILABLE
 */
export async function segmentOrigin(
  session: TaskSession,
  context: SlotContext,
  engine: MatrixEngine,
  message: SegmentMessage,
  signal: AbortSignal,
): Promise<SegmentOrigin> {
  const { clock, segment } = message;
  for (const [peer, entry] of clock.entries())
    if (peer !== context.slot && !(await session.gather(peer, entry, signal)))
      throw new GristmillError(
        "LISTS_UNAVAILABLE",
        `the segments of slot ${String(peer)} that the clock names could not be fetched`,
        { hints: ["peers that hold them are not connected: try again later"] },
      );
  const logged = session.log.get(segment.previous);
  const position = logged === undefined ? startPosition(context) : positionAfter(logged.message);
  return {
    context,
    engine,
    state: logged === undefined ? undefined : await session.fetchCheckpoint(logged, signal),
    position,
    predecessor: logged?.message,
    clock,
    lists: session.log.listsBetween(position.clock, clock, context.slot),
  };
}
