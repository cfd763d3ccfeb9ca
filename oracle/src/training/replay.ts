import { GristmillError } from "@gristmill/sdk";

import type { TaskLog } from "../storage/task-log.ts";
import type { SegmentRunner, SlotContext, SlotPosition } from "./slot-replica.ts";
import { firstDifference, positionAfter, runSegment, startPosition } from "./slot-replica.ts";
import type { Snapshot } from "./snapshots.ts";
import type { Trainer } from "./trainer.ts";

/**
 * Brings a trainer to the state right before iteration `next` of a slot by running the logged segments again from a
 * snapshot (or from the initial state). Every segment run again must come out as it was signed.
 *
 * @param trainer in the initial state of the task if there is no snapshot
 * @param run how the slot computed its segments
 * @throws GristmillError REPLAY_DIFFERS if a segment does not; LOG_INCOMPLETE if one is missing
 */
export async function replay(
  context: SlotContext,
  trainer: Trainer,
  log: TaskLog,
  snapshot: Snapshot | undefined,
  next: number,
  between?: () => Promise<void> | void,
  run: SegmentRunner = runSegment,
): Promise<SlotPosition> {
  let position = startPosition(context);
  if (snapshot !== undefined) {
    trainer.restore(snapshot);
    const segment = log.get(snapshot.segmentId);
    if (segment === undefined)
      throw new GristmillError("LOG_INCOMPLETE", `segment ${snapshot.segmentId} is not in the log`);
    position = positionAfter(segment.message);
  }
  while (position.next < next) {
    const segment = log.covering(context.slot, position.next);
    if (segment === undefined)
      throw new GristmillError(
        "LOG_INCOMPLETE",
        `iteration ${String(position.next)} of slot ${String(context.slot)} is not in the log`,
        { hints: ["fetch the missing segments from a peer first"] },
      );
    const { clock } = segment.message;
    const lists = log.listsBetween(position.clock, clock, context.slot);
    const draft = await run(context, trainer, position, clock, lists, between);
    const difference = firstDifference(segment.message.segment, draft.segment);
    if (difference !== undefined)
      throw new GristmillError("REPLAY_DIFFERS", `segment ${segment.id} does not come out as signed: ${difference}`);
    position = positionAfter(draft);
  }
  return position;
}
