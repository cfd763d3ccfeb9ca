import { setImmediate as nextTurn } from "node:timers/promises";

import type { Clock, SegmentMessage } from "@gristmill/sdk";
import { GristmillError, weightCount } from "@gristmill/sdk";
import type { Hex } from "viem";

import { CheckpointStore } from "../storage/checkpoint-store.ts";
import { createEngine } from "../training/create-engine.ts";
import { replay } from "../training/replay.ts";
import type { SegmentDraft, SlotContext, SlotPosition } from "../training/slot-replica.ts";
import { positionAfter, startPosition } from "../training/slot-replica.ts";
import type { Snapshot } from "../training/snapshots.ts";
import { Snapshots } from "../training/snapshots.ts";
import { Trainer } from "../training/trainer.ts";
import { TrainingThread } from "../training/training-thread.ts";
import { Committer } from "./committer.ts";
import { withCranks } from "./cranks.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { Role, takePlace } from "./membership.ts";
import type { Node } from "./node.ts";
import { Pacer } from "./pacer.ts";
import { collectPay } from "./pay.ts";
import { ProgressReport } from "./progress-report.ts";
import type { TaskSession } from "./session.ts";
import { joinSession, loadTrainingSet, slotContext } from "./session.ts";
import { signSegment } from "./signing.ts";
import { submitFinalState } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { Phase } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";
import { TicketAgent } from "./ticket-agent.ts";

/** Peers' lists one segment may take in (DESIGN section 5). */
const MAX_TAKEN_IN = 256;

/** Milliseconds in which a restarted miner gets its own segments back from peers. */
const OWN_CHAIN_TIMEOUT = 30_000;

/** Memory for the states a miner can get back to, and iterations between two of them at first. */
const SNAPSHOT_BYTES = 256 * 2 ** 20;
const SNAPSHOT_SPACING = 128;

/**
 * A miner's part in one task: join after checking the data, train and sign, commit once per epoch, draw and claim
 * tickets, submit the final state, collect.
 */
export async function runMiner(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<void> {
  const data = await loadTrainingSet(node, terms);
  const slot = await takePlace(node, follower, terms, Role.Miner);
  await withCranks(node, follower, terms, async () => {
    const { task } = await follower.until(({ task: { phase } }) => phase >= Phase.Training);
    if (task.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const miner = new Miner(node, follower, session, slotContext(session, slot, data));
    await miner.run();
    await collectPay(node, follower);
  });
}

class Miner {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #session: TaskSession;
  readonly #context: SlotContext;
  readonly #snapshots = new Snapshots(SNAPSHOT_BYTES, SNAPSHOT_SPACING);
  readonly #checkpoints: CheckpointStore;
  readonly #progress: ProgressReport;

  constructor(node: Node, follower: TaskFollower, session: TaskSession, context: SlotContext) {
    this.#node = node;
    this.#follower = follower;
    this.#session = session;
    this.#context = context;
    this.#checkpoints = new CheckpointStore(node.database, session.terms.taskId);
    this.#progress = new ProgressReport(node, context);
  }

  async run(): Promise<void> {
    const { log } = this.#session;
    const committer = new Committer(this.#node, this.#follower, this.#session, this.#context, async (head) => {
      await this.#checkpointAfter(head);
    });
    const tickets = new TicketAgent(this.#node, this.#follower, this.#session, this.#context, (segment) =>
      this.#checkpointAfter(segment),
    );
    this.#session.serveCheckpoints((slot, segment) =>
      slot === this.#context.slot ? this.#checkpointAfter(segment) : Promise.resolve(undefined),
    );
    const ended = new AbortController();
    const committing = committer.run().finally(() => {
      ended.abort();
    });
    await Promise.all([
      this.#train(ended.signal),
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
    const thread = await TrainingThread.start({ context, backend: this.#node.config.backend });
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
        const keepState = this.#snapshots.wants(position.next + context.segmentLength);
        const { draft, state } = await thread.train(position, clock, lists, keepState);
        position = positionAfter(draft);
        if (state !== undefined) this.#snapshots.add({ next: position.next, segmentId: position.previous, ...state });
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
  async #resume(thread: TrainingThread): Promise<SlotPosition> {
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
    const trainer = await this.#trainer();
    const position = await replay(this.#context, trainer, log, await this.#latestCheckpoint(), count, nextTurn);
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

  /** Content address of the state and residual right after one of this slot's segments, by replay if need be. */
  async #checkpointAfter(segmentId: Hex): Promise<string | undefined> {
    const segment = this.#session.log.get(segmentId);
    if (segment?.message.segment.slot !== this.#context.slot) return undefined;
    const kept = this.#checkpoints.get(this.#context.slot, segmentId);
    if (kept !== undefined) return kept.cid;
    const { last } = segment.message.segment;
    const trainer = await this.#trainer();
    await replay(this.#context, trainer, this.#session.log, this.#snapshots.before(last + 1), last + 1, nextTurn);
    const cid = await this.#node.network.blobs.put(encodeCheckpoint(trainer));
    this.#checkpoints.put({ slot: this.#context.slot, segmentId, last, cid });
    return cid;
  }

  /** The latest state on disk, from which a restarted miner goes on. */
  async #latestCheckpoint(): Promise<Snapshot | undefined> {
    const { slot, iterations, parameters } = this.#context;
    const kept = this.#checkpoints.latest(slot, iterations);
    if (kept === undefined) return undefined;
    const bytes = await this.#node.network.blobs.get(kept.cid, { signal: this.#node.signal, maxBytes: Infinity });
    return { ...decodeCheckpoint(parameters, bytes), next: kept.last + 1, segmentId: kept.segmentId };
  }

  async #trainer(): Promise<Trainer> {
    const engine = await createEngine(this.#node.config.backend);
    const { parameters, seed } = this.#context;
    this.#node.log.debug({ event: "trainer", weights: weightCount(parameters) });
    return Trainer.create({ parameters, seed, engine });
  }
}
