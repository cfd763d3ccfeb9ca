import { GristmillError, segmentDigest, segmentId, type SegmentMessage } from "@gristmill/sdk";
import { zeroHash, type Hex } from "viem";

import type { SegmentPlace } from "../storage/segment-store.ts";
import { decodeMessage } from "./message-codec.ts";
import type { RecoverSigner } from "./signature.ts";
import type { PreparedContext } from "./task-context.ts";

/** What a message turned out to be; all but `accepted` are dropped. */
export const verdicts = [
  /** Valid and new. */
  "accepted",
  /** A segment that is known already, by whichever way it came back. */
  "replayed",
  /** Signed by its operator and contradicting what the slot signed before: another segment over the same iterations,
   * or one that continues a different history. */
  "equivocation",
  /** Not signed by the slot's operator; whatever was altered on the way is this, too. */
  "forged",
  /** Another task's, or of a slot that the task does not have. */
  "foreign",
  /** Longer than any message may be. */
  "oversized",
  /** Not a message in its canonical form, or one whose parts contradict each other or the task. */
  "malformed",
] as const;

export type Verdict = (typeof verdicts)[number];

/** A message judged; with the message itself where its operator has signed it and it is new. */
export type Judgement =
  | { readonly verdict: "accepted" | "equivocation"; readonly message: SegmentMessage; readonly segmentId: Hex }
  | { readonly verdict: Exclude<Verdict, "accepted" | "equivocation">; readonly reason: string };

/** What is known of a slot: the segments with an iteration in `from..to`. */
export type KnownSegments = (slot: number, from: number, to: number) => readonly SegmentPlace[];

/**
 * Judges the bytes of a topic message against the task and what is known of the slot. Never throws: whatever a peer
 * sends has a verdict. What is cheap comes first, the signature last.
 *
 * A message whose predecessor is unknown is accepted: they come in any order. The truth of its results is not judged
 * here; whoever names or attests a segment answers for that (DESIGN sections 5 and 7).
 */
export function judge(
  bytes: Uint8Array,
  context: PreparedContext,
  known: KnownSegments,
  recoverSigner: RecoverSigner,
): Judgement {
  let message: SegmentMessage;
  try {
    ({ message } = decodeMessage(bytes, context));
  } catch (error) {
    return { verdict: verdictOf(error), reason: error instanceof Error ? error.message : String(error) };
  }
  const contradiction = findContradiction(message, context);
  if (contradiction !== undefined) return { verdict: "malformed", reason: contradiction };

  const { segment, signature } = message;
  const id = segmentId(segment);
  // One iteration more on both sides: the neighbours show whether the chain holds.
  const near = known(segment.slot, segment.first - 1, segment.last + 1);
  if (near.some((other) => other.segmentId === id)) return { verdict: "replayed", reason: `segment ${id} is known` };
  if (
    recoverSigner(segmentDigest(segment, context.domain), signature)?.toLowerCase() !== context.signers[segment.slot]
  ) {
    return { verdict: "forged", reason: `slot ${segment.slot}'s operator did not sign it` };
  }
  const before = near.filter(({ last }) => last < segment.first);
  const over = near.filter(({ first, last }) => last >= segment.first && first <= segment.last);
  const continues = before.length === 0 || before.some((other) => other.segmentId === segment.previous);
  return { verdict: over.length === 0 && continues ? "accepted" : "equivocation", message, segmentId: id };
}

/** What in a decoded message contradicts the task or itself; undefined if nothing does. */
function findContradiction(
  { segment, clock }: SegmentMessage,
  { segmentLength, iterations }: PreparedContext,
): string | undefined {
  const { first, last } = segment;
  // All segments of a slot but its last have c iterations, so each starts at a multiple of c.
  if (first % segmentLength !== 0) return `it starts at iteration ${first}, no multiple of ${segmentLength}`;
  if (last - first + 1 > segmentLength) return `it has more than ${segmentLength} iterations`;
  if (last >= iterations) return `it goes beyond iteration ${iterations - 1}, the task's last`;
  const entry = clock.findIndex(
    ({ count, segmentId: named }) => count > iterations || (count === 0) !== (named === zeroHash),
  );
  return entry < 0 ? undefined : `entry ${entry} of its clock is impossible`;
}

function verdictOf(error: unknown): "foreign" | "oversized" | "malformed" {
  const code = error instanceof GristmillError ? error.code : undefined;
  if (code === "MESSAGE_FOREIGN") return "foreign";
  return code === "MESSAGE_OVERSIZED" ? "oversized" : "malformed";
}
