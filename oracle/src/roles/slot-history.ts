import { setImmediate as nextTurn } from "node:timers/promises";

import { GristmillError, weightCount } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { SegmentTruth } from "../disputes/segment-truth.ts";
import { CheckpointStore } from "../storage/checkpoint-store.ts";
import { createEngine } from "../training/create-engine.ts";
import { replay } from "../training/replay.ts";
import type { SlotContext, SlotPosition } from "../training/slot-replica.ts";
import type { Snapshot } from "../training/snapshots.ts";
import { Snapshots } from "../training/snapshots.ts";
import { Trainer } from "../training/trainer.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { SlotWork } from "./slot-work.ts";

/**
 * Memory for the states a miner can get back to, and iterations between two of them at first: copying a state costs less
 * than an iteration, and to serve one that is not kept takes all iterations since the last one that is.
 */
const SNAPSHOT_BYTES = 256 * 2 ** 20;
const SNAPSHOT_SPACING = 32;

/** Every state that an own slot was in: some kept in memory or on disk, the others by replay of the log from these. */
export class SlotHistory {
  readonly snapshots = new Snapshots(SNAPSHOT_BYTES, SNAPSHOT_SPACING);
  readonly #node: Node;
  readonly #session: TaskSession;
  readonly #context: SlotContext;
  readonly #work: SlotWork;
  readonly #checkpoints: CheckpointStore;

  constructor(node: Node, session: TaskSession, context: SlotContext, work: SlotWork) {
    this.#node = node;
    this.#session = session;
    this.#context = context;
    this.#work = work;
    this.#checkpoints = new CheckpointStore(node.database, session.terms.taskId);
  }

  /**
   * A trainer in the state before iteration `next`, and where that is.
   * @throws GristmillError REPLAY_DIFFERS, LOG_INCOMPLETE
   */
  async before(next: number): Promise<{ readonly trainer: Trainer; readonly position: SlotPosition }> {
    const engine = await createEngine(this.#node.config.backend);
    const { parameters, seed } = this.#context;
    this.#node.log.debug({ event: "trainer", weights: weightCount(parameters) });
    const trainer = Trainer.create({ parameters, seed, engine });
    const snapshot = this.snapshots.before(next) ?? (await this.#checkpointBefore(next));
    const { log } = this.#session;
    return { trainer, position: await replay(this.#context, trainer, log, snapshot, next, nextTurn, this.#work.run) };
  }

  /** Content address of the state and residual right after one of this slot's segments. */
  async checkpointAfter(segmentId: Hex): Promise<string | undefined> {
    const segment = this.#session.log.get(segmentId);
    const { slot } = this.#context;
    if (segment?.message.segment.slot !== slot) return undefined;
    const kept = this.#checkpoints.get(slot, segmentId);
    if (kept !== undefined) return kept.cid;
    const { last } = segment.message.segment;
    const { trainer } = await this.before(last + 1);
    const cid = await this.#node.network.blobs.put(encodeCheckpoint(trainer));
    this.#checkpoints.put({ slot, segmentId, last, cid });
    return cid;
  }

  /**
   * One of this slot's segments with everything that a dispute over it may ask for.
   * @throws GristmillError SEGMENT_UNKNOWN, REPLAY_DIFFERS, LOG_INCOMPLETE
   */
  async truthOf(segmentId: Hex): Promise<SegmentTruth> {
    const { log } = this.#session;
    const message = log.get(segmentId)?.message;
    if (message === undefined)
      throw new GristmillError("SEGMENT_UNKNOWN", `this node does not hold the segment ${segmentId} that it signed`, {
        hints: ["start it with the data folder it trained in"],
      });
    const { clock, segment } = message;
    const { trainer, position } = await this.before(segment.first);
    return this.#work.recompute({
      context: this.#context,
      engine: await createEngine(this.#node.config.backend),
      state: segment.first === 0 ? undefined : trainer.snapshot(),
      position,
      predecessor: log.get(segment.previous)?.message,
      clock,
      lists: log.listsBetween(position.clock, clock, this.#context.slot),
    });
  }

  /** The latest state on disk before iteration `next`. */
  async #checkpointBefore(next: number): Promise<Snapshot | undefined> {
    const { slot, parameters } = this.#context;
    const kept = this.#checkpoints.latest(slot, next - 1);
    if (kept === undefined) return undefined;
    const bytes = await this.#node.network.blobs.get(kept.cid, { signal: this.#node.signal, maxBytes: Infinity });
    return { ...decodeCheckpoint(parameters, bytes), next: kept.last + 1, segmentId: kept.segmentId };
  }
}
