import type { SegmentMessage, UpdateList } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Equivocation } from "./equivocation.ts";
import type { EvaluationTruth } from "./evaluation-truth.ts";
import type { Evidence } from "./segment-player.ts";
import type { SegmentTruth } from "./segment-truth.ts";
import type { TicketTruth } from "./tens-hash-player.ts";

/** What a node can compute in a task's disputes. Its role supplies it. */
export interface DisputeWork {
  /** The node's own slot, undefined if it has none. */
  readonly slot: number | undefined;
  /** The node's own number among the evaluators, undefined if it is none. */
  readonly evaluator: number | undefined;
  /** The segment that the log holds under this id. */
  segment(id: Hex): SegmentMessage | undefined;
  /** The segment of the log that holds a slot's iteration. */
  segmentAt(slot: number, iteration: number): SegmentMessage | undefined;
  /** The update list of this id, of any segment in the log. */
  list(updateId: Hex): UpdateList | undefined;
  /** An own segment as the slot computed it. @throws GristmillError if the database lacks what it takes */
  defence(id: Hex): Promise<SegmentTruth>;
  /**
   * Somebody's segment recomputed from everything that it names.
   * @param check on another engine than usual
   * @throws GristmillError if something is missing
   */
  recompute(id: Hex, check: boolean): Promise<SegmentTruth>;
  /**
   * A claimed ticket's TensHash.
   * @param check by another hasher than usual
   */
  ticket(details: ClaimDetails, check: boolean): Promise<TicketTruth>;
  /** The score that this node told as an evaluator. @throws GristmillError NOT_AN_EVALUATOR, or if something is missing */
  told(): Promise<EvaluationTruth>;
  /**
   * The final model's score recomputed.
   * @param check on another engine than usual
   * @throws GristmillError if something is missing
   */
  score(check: boolean): Promise<EvaluationTruth>;
  readonly findList: Evidence["findList"];
  /** Pairs of segments that slots signed against each other, as far as this node saw. */
  equivocations(): readonly Equivocation[];
  /** Connected peers that take part in the task. */
  peers(): number;
  /** Sees to so much free stake, if the operator allows it. @throws GristmillError STAKE_MISSING */
  ensureStake(amount: bigint): Promise<void>;
}
