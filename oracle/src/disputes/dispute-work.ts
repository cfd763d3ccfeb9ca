import type { SegmentMessage } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Evidence } from "./segment-player.ts";
import type { SegmentTruth } from "./segment-truth.ts";
import type { TicketTruth } from "./tens-hash-player.ts";

/** What a node can compute in a task's disputes. Its role supplies it. */
export interface DisputeWork {
  /** The node's own slot, undefined if it has none. */
  readonly slot: number | undefined;
  /** The segment that the log holds under this id. */
  segment(id: Hex): SegmentMessage | undefined;
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
  readonly findList: Evidence["findList"];
  /** Connected peers that take part in the task. */
  peers(): number;
  /** Sees to so much free stake, if the operator allows it. @throws GristmillError STAKE_MISSING */
  ensureStake(amount: bigint): Promise<void>;
}
