import type { EvaluationTruth } from "../disputes/evaluation-truth.ts";
import type { SegmentOrigin, SegmentTruth } from "../disputes/segment-truth.ts";
import { recomputeSegment } from "../disputes/segment-truth.ts";
import type { TicketTruth } from "../disputes/tens-hash-player.ts";
import type { SegmentRunner } from "../training/slot-replica.ts";
import { runSegment } from "../training/slot-replica.ts";
import type { SegmentTraining, TrainingSetup } from "../training/training-thread.ts";
import { TrainingThread } from "../training/training-thread.ts";

/** How what a node signs comes about, and what it answers for: a slot's segments and tickets, an evaluator's score. */
export interface SlotWork {
  /** Starts the slot's training in its initial state. */
  start(setup: TrainingSetup): Promise<SegmentTraining>;
  /** Runs one segment again, to get back to a state. */
  readonly run: SegmentRunner;
  /** Runs one segment again with everything that a dispute may ask for. */
  recompute(origin: SegmentOrigin): Promise<SegmentTruth>;
  /** What the slot claims of a lucky ticket, given what that hashes to. */
  readonly claimOf: (truth: TicketTruth) => TicketTruth;
  /** What an evaluator tells of the final model, given how that scores. */
  readonly tell: (truth: EvaluationTruth) => EvaluationTruth;
}

/** As the protocol has it: trained in a thread of its own. */
export const honestWork: SlotWork = {
  start: (setup) => TrainingThread.start(setup),
  run: runSegment,
  recompute: recomputeSegment,
  claimOf: (truth) => truth,
  tell: (truth) => truth,
};
