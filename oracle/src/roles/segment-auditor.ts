import { randomInt } from "node:crypto";

import { Phase } from "@gristmill/sdk";
import type { Hex } from "viem";

import { describeOutlier, OutlierWatch } from "../audit/outliers.ts";
import { epochAt } from "../chain/epochs.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import type { LoggedSegment } from "../storage/task-log.ts";
import { firstDifference } from "../training/slot-replica.ts";
import type { ClaimAudit } from "./claim-audit.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { TaskFollower } from "./task-follower.ts";

/** Suspected segments that wait; more are of slots that are suspected already. */
const MAX_SUSPECTS = 64;

/** A segment to run again, and why. */
interface Suspect {
  readonly segment: LoggedSegment;
  readonly reason: string;
}

/**
 * A supervisor's audits. Each segment's figures are compared with those of other slots as it comes; what stands out is
 * run again first. Beside that one is drawn each epoch among all that came in it, by this node's own dice, which no
 * miner can foresee. Only what comes out differently is challenged: figures alone are never held against anybody.
 */
export class SegmentAuditor {
  readonly #node: Node;
  readonly #session: TaskSession;
  readonly #follower: TaskFollower;
  readonly #audit: ClaimAudit;
  readonly #disputes: DisputeAgent;
  readonly #watch: OutlierWatch;
  readonly #suspects: Suspect[] = [];
  /** Segments of the current epoch that may still be drawn. */
  #drawable: LoggedSegment[] = [];
  readonly #done = new Set<Hex>();

  constructor(node: Node, session: TaskSession, follower: TaskFollower, audit: ClaimAudit, disputes: DisputeAgent) {
    this.#node = node;
    this.#session = session;
    this.#follower = follower;
    this.#audit = audit;
    this.#disputes = disputes;
    this.#watch = new OutlierWatch(session.terms.program);
  }

  /** Audits until the training and the submissions are over. */
  async run(): Promise<void> {
    const { log } = this.#session;
    const take = (segment: LoggedSegment): void => {
      this.#take(segment);
    };
    log.on("added", take);
    try {
      let epoch = -1n;
      for (let moment = await this.#follower.now(); moment.task.phase <= Phase.Submission;) {
        const current = epochAt(this.#node.schedule, moment.head.number);
        if (current !== epoch) this.#draw();
        epoch = current;
        const suspect = this.#suspects.shift();
        if (suspect === undefined) {
          moment = await this.#follower.next();
        } else {
          await this.#rerun(suspect);
          moment = await this.#follower.now();
        }
      }
    } finally {
      log.off("added", take);
    }
  }

  #take(segment: LoggedSegment): void {
    this.#drawable.push(segment);
    const found = this.#watch.take(segment.message, performance.now() / 1_000);
    if (found.length === 0) return;
    const { slot, first, last } = segment.message.segment;
    const reason = found.map(describeOutlier).join("; ");
    this.#node.log.info({ event: "flagged", task: this.#session.terms.taskId, slot, first, last, reason });
    if (this.#suspects.length < MAX_SUSPECTS) this.#suspects.push({ segment, reason });
  }

  /** Draws one of the segments of the epoch that is over. */
  #draw(): void {
    const segment = this.#drawable[randomInt(Math.max(1, this.#drawable.length))];
    this.#drawable = [];
    if (segment !== undefined) this.#suspects.push({ segment, reason: "drawn" });
  }

  async #rerun({ segment, reason }: Suspect): Promise<void> {
    const { id, message } = segment;
    if (this.#done.has(id)) return;
    this.#done.add(id);
    const { taskId } = this.#session.terms;
    const { slot, first, last } = message.segment;
    const fields = { task: taskId, slot, first, last, reason };
    try {
      const truth = await this.#audit.recompute(id, false);
      const difference = firstDifference(message.segment, truth.message.segment);
      this.#node.log.info({ event: "audited", ...fields, outcome: difference === undefined ? "true" : "false" });
      if (difference === undefined) return;
      this.#node.log.warn({ event: "refuted", task: taskId, slot, reason: `segment: ${difference} (${reason})` });
      this.#disputes.accuse({ kind: "segment", id, slot, reason: `${reason}; run again: ${difference}` });
    } catch (error) {
      if (this.#node.signal.aborted) throw error;
      // Data that nobody serves is no verdict.
      this.#node.log.warn({ event: "audit-failed", ...fields, error });
    }
  }
}
