import type { Segment, SegmentMessage } from "@gristmill/sdk";
import { segmentId } from "@gristmill/sdk";

/** Two segments that one slot signed, of which an honest one signs one at most. */
export interface Equivocation {
  readonly slot: number;
  /** The one that starts first. */
  readonly first: SegmentMessage;
  readonly second: SegmentMessage;
}

/** The first of `others`, of the same slot, that a signed segment contradicts, with it; undefined if there is none. */
export function findEquivocation(message: SegmentMessage, others: readonly SegmentMessage[]): Equivocation | undefined {
  const { segment } = message;
  const id = segmentId(segment);
  for (const other of others) {
    if (segmentId(other.segment) === id) continue;
    const [first, second] = other.segment.first < segment.first ? [other, message] : [message, other];
    if (contradicts(first.segment, second.segment)) return { slot: segment.slot, first, second };
  }
  return undefined;
}

/** Whether they share an iteration, or the second starts where the first ends and names another predecessor. */
function contradicts(first: Segment, second: Segment): boolean {
  if (second.first <= first.last) return true;
  return first.last + 1 === second.first && second.previous !== segmentId(first);
}
