import type { Clock, SegmentMessage } from "@gristmill/sdk";
import { GristmillError, Phase, Role } from "@gristmill/sdk";

import type { DisputeAgent } from "../disputes/agent.ts";
import type { DisputeWork } from "../disputes/dispute-work.ts";
import type { SegmentDraft, SlotContext, SlotPosition } from "../training/slot-replica.ts";
import { positionAfter, startPosition } from "../training/slot-replica.ts";
import type { SegmentTraining } from "../training/training-thread.ts";
import { takePlace } from "./assignment.ts";
import { Committer } from "./committer.ts";
import { withCranks } from "./cranks.ts";
import { aborted, defendersWork } from "./dispute-work.ts";
import type { Node } from "./node.ts";
import { Pacer } from "./pacer.ts";
import { collectPay } from "./pay.ts";
import { ProgressReport } from "./progress-report.ts";
import type { TaskSession } from "./session.ts";
import { joinSession, loadTrainingSet, slotContext } from "./session.ts";
import { signSegment } from "./signing.ts";
import { SlotHistory } from "./slot-history.ts";
import type { SlotWork } from "./slot-work.ts";
import { honestWork } from "./slot-work.ts";
import { submitFinalState } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";
import { TicketAgent } from "./ticket-agent.ts";

/** Peers' lists one segment may take in (DESIGN section 5). */
const MAX_TAKEN_IN = 256;

/** Milliseconds in which a restarted miner gets its own segments back from peers. */
const OWN_CHAIN_TIMEOUT = 30_000;

/**
 * A miner's part in one task: apply, join after checking the data if it is drawn, train and sign, commit once per epoch, draw and claim
 * tickets, submit the final state, collect. It answers for its segments in disputes, and ends once it lost one: a convicted
 * slot earns nothing any more.
 *
 * @param work how the slot's segments come about; anything but honest work is for showing how it is found out
 */
export async function runMiner(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
  work: SlotWork = honestWork,
): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const place = await takePlace(node, follower, terms, Role.Miner, () => loadTrainingSet(node, terms));
    if (place === undefined) return;
    const { index: slot, checked: data } = place;
    const { task } = await follower.until(({ task: { phase } }) => phase >= Phase.Training);
    if (task.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const miner = new Miner(node, follower, session, slotContext(session, slot, data), work);
    disputes.equip(miner.defence());
    await Promise.race([miner.run(disputes.convicted), aborted(disputes.convicted)]);
    if (disputes.convicted.aborted) session.leave();
    else await collectPay(node, follower);
  });
}

class Miner {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #session: TaskSession;
  readonly #context: SlotContext;
  readonly #history: SlotHistory;
  readonly #progress: ProgressReport;
  readonly #work: SlotWork;

  constructor(node: Node, follower: TaskFollower, session: TaskSession, context: SlotContext, work: SlotWork) {
    this.#work = work;
    this.#node = node;
    this.#follower = follower;
    this.#session = session;
    this.#context = context;
    this.#history = new SlotHistory(node, session, context, work);
    this.#progress = new ProgressReport(node, context);
  }

  /** What the slot can say for itself in disputes. */
  defence(): DisputeWork {
    return defendersWork(this.#node, this.#session, this.#context.slot, this.#history, this.#work);
  }

  /** @param convicted aborts when the slot is out */
  async run(convicted: AbortSignal): Promise<void> {
    const { log } = this.#session;
    const committer = new Committer(this.#node, this.#follower, this.#session, this.#context, async (head) => {
      await this.#history.checkpointAfter(head);
    });
    const tickets = new TicketAgent(this.#node, this.#follower, this.#session, this.#context, this.#work, (segment) =>
      this.#history.checkpointAfter(segment),
    );
    this.#session.serveCheckpoints((slot, segment) =>
      slot === this.#context.slot ? this.#history.checkpointAfter(segment) : Promise.resolve(undefined),
    );
    const ended = new AbortController();
    const committing = committer.run().finally(() => {
      ended.abort();
    });
    await Promise.all([
      this.#train(AbortSignal.any([ended.signal, convicted])),
      committing,
      tickets.run(),
      submitFinalState(this.#node, this.#follower, this.#session, this.#context.slot),
    ]);
    this.#node.log.info({
      event: "finished",
      task: this.#session.terms.taskId,
      iterations: log.head(this.#context.slot).count,
    });
  }

  /** Trains until the slot's iterations are done or `ended` aborts. */
  async #train(ended: AbortSignal): Promise<void> {
    const { log } = this.#session;
    const context = this.#context;
    const thread = await this.#work.start({ context, backend: this.#node.config.backend });
    try {
      let position = await this.#resume(thread);
      const pacer = new Pacer(log, context.slot, this.#node.config.maxLead * context.segmentLength);
      let publishing: Promise<void> = Promise.resolve();
      const goesOn = (): boolean => !ended.aborted && position.next < context.iterations;
      while (goesOn()) {
        await pacer.turn(position.next, ended);
        if (!goesOn()) break;
        const clock = this.#clockAt(position);
        const lists = log.listsBetween(position.clock, clock, context.slot);
        const keepState = this.#history.snapshots.wants(position.next + context.segmentLength);
        const { draft, state } = await thread.train(position, clock, lists, keepState);
        position = positionAfter(draft);
        if (state !== undefined)
          this.#history.snapshots.add({ next: position.next, segmentId: position.previous, ...state });
        // Published beside the training of the next segment, but never two at once: they are a chain.
        await publishing;
        publishing = this.#publish(draft, lists.length);
        publishing.catch(() => undefined);
      }
      await publishing;
    } finally {
      await thread.stop();
    }
    this.#progress.flush();
  }

  /** Gets a restarted miner back to its last signed segment, so that it can never sign a second version of one. */
  async #resume(thread: SegmentTraining): Promise<SlotPosition> {
    const { log, terms } = this.#session;
    const { slot } = this.#context;
    // A data folder that was lost does not hold what this slot has signed: peers do.
    const { next, head } = await this.#node.contracts.registry.read.slotOf([terms.taskId, slot]);
    const committed = { count: next, segmentId: head };
    const signal = AbortSignal.any([this.#node.signal, AbortSignal.timeout(OWN_CHAIN_TIMEOUT)]);
    if (next > 0 && !(await this.#session.gather(slot, committed, signal)))
      throw new GristmillError(
        "OWN_CHAIN_MISSING",
        `this node does not hold the ${String(next)} iterations that its slot committed`,
        {
          hints: ["start it with the data folder it trained in, or while peers that hold its segments are connected"],
        },
      );
    const { count } = log.head(slot);
    if (count === 0) return startPosition(this.#context);
    const { trainer, position } = await this.#history.before(count);
    await thread.restore(trainer.snapshot());
    return position;
  }

  async #publish(draft: SegmentDraft, takenIn: number): Promise<void> {
    const message: SegmentMessage = { ...draft, signature: signSegment(this.#node, draft.segment) };
    await this.#session.publishOwn(message);
    this.#progress.segment(message, takenIn);
  }

  /** The clock of the segment that starts at the position: all whole segments of peers that are here, 256 lists at most. */
  #clockAt(position: SlotPosition): Clock {
    const { log } = this.#session;
    let room = MAX_TAKEN_IN;
    const clock = position.clock.map((entry, slot) => {
      if (slot === this.#context.slot) return { count: position.next, segmentId: position.previous };
      let { count, segmentId } = entry;
      for (let next = log.covering(slot, count); next !== undefined; next = log.covering(slot, count)) {
        const size = next.message.lists.length;
        if (size > room) break;
        room -= size;
        count += size;
        segmentId = next.id;
      }
      return { count, segmentId };
    });
    return clock;
  }
}
