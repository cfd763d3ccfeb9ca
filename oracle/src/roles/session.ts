import type { BatchSet, ClockEntry, SegmentMessage } from "@gristmill/sdk";
import { batchLeaf, datasetRoot, decodeBatchSet, GristmillError, residualId, Role, stateId } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { Equivocation } from "../disputes/equivocation.ts";
import { findEquivocation } from "../disputes/equivocation.ts";
import { decodeMessage } from "../network/message-codec.ts";
import type { PreparedContext } from "../network/task-context.ts";
import { prepareContext } from "../network/task-context.ts";
import { CheckpointStore } from "../storage/checkpoint-store.ts";
import { SegmentStore } from "../storage/segment-store.ts";
import type { LoggedSegment } from "../storage/task-log.ts";
import { TaskLog } from "../storage/task-log.ts";
import type { SlotContext } from "../training/slot-replica.ts";
import type { Snapshot } from "../training/snapshots.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import type { Member } from "./membership.ts";
import { membersOf } from "./membership.ts";
import type { Node } from "./node.ts";
import type { TaskFollower } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";
import { decodeManifest } from "./terms.ts";

/** Milliseconds and bytes that fetching a task's data may take. */
const FETCH_TIMEOUT = 120_000;
const MAX_MANIFEST_BYTES = 64 * 1024;
const MAX_DATA_BYTES = 2 ** 31;

/** Milliseconds in which segments that gossip missed are fetched; what is missing then is asked for again later. */
const CATCH_UP_TIMEOUT = 10_000;

/** Stored segments around one that are looked through for what it contradicts. */
const NEIGHBOURS = 16;

/** Finds the content address of the state after a slot's segment. */
export type CheckpointAnswer = (slot: number, segment: Hex, signal: AbortSignal) => Promise<string | undefined>;

/** A task's training data, checked against the root that its client committed to. */
export interface TrainingSet {
  readonly set: BatchSet;
  /** batchLeaf of each batch. */
  readonly leaves: readonly Hex[];
}

/**
 * Fetches a task's training set and checks every batch.
 * @throws GristmillError BLOB_UNAVAILABLE, MANIFEST_INVALID, TRAINING_SET_FALSE
 */
export async function loadTrainingSet(node: Node, terms: TaskTerms): Promise<TrainingSet> {
  const signal = AbortSignal.any([node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]);
  const { blobs } = node.network;
  const manifest = decodeManifest(await blobs.get(terms.onChain.manifest, { signal, maxBytes: MAX_MANIFEST_BYTES }));
  const set = decodeBatchSet(await blobs.get(manifest.train, { signal, maxBytes: MAX_DATA_BYTES }));
  const leaves = set.batches.map((batch) => batchLeaf(batch));
  if (datasetRoot(leaves) !== terms.onChain.datasetRoot || leaves.length !== terms.program.batches)
    throw new GristmillError(
      "TRAINING_SET_FALSE",
      `the training set of task ${terms.taskId} is not the one it commits to`,
      {
        hints: ["its client published something else: leave this task alone"],
      },
    );
  node.log.info({ event: "data-checked", task: terms.taskId, batches: leaves.length });
  return { set, leaves };
}

/**
 * A node's share of what is known of a running task: its members, the log of signed segments, and the exchange of
 * whatever is missing with peers.
 */
export class TaskSession {
  readonly terms: TaskTerms;
  readonly seed: Hex;
  /** The miners, by slot. */
  readonly members: readonly Member[];
  readonly log: TaskLog;
  readonly #node: Node;
  /** Pairs of contradicting segments that slots signed, one of each slot. */
  readonly equivocations: Equivocation[] = [];
  readonly #store: SegmentStore;
  readonly #prepared: PreparedContext;
  readonly #checkpoints: CheckpointStore;
  #answerCheckpoint: CheckpointAnswer = () => Promise.resolve(undefined);

  /** Joins the task's topic and loads what this node logged before. */
  constructor(node: Node, terms: TaskTerms, seed: Hex, members: readonly Member[]) {
    this.#node = node;
    this.terms = terms;
    this.seed = seed;
    this.members = members;
    this.log = new TaskLog(members.length);
    this.#checkpoints = new CheckpointStore(node.database, terms.taskId);
    const context = {
      taskId: terms.taskId,
      operators: members.map(({ operator }) => operator),
      segmentLength: terms.onChain.segmentLength,
      iterations: terms.onChain.iterations,
      parameters: terms.program,
      seed,
      domain: node.domain,
    };
    const store = new SegmentStore(node.database, terms.taskId);
    this.#store = store;
    this.#prepared = prepareContext(context);
    for (const { bytes } of store) {
      const { message } = decodeMessage(bytes, this.#prepared);
      if (this.log.add(message) === "conflicting") this.#noteEquivocation(message);
    }
    node.network.joinTask(context, {
      store,
      onSegment: (message) => {
        this.#take(message);
      },
      onEquivocation: (message) => {
        node.log.warn({ event: "equivocation", task: terms.taskId, slot: message.segment.slot });
        this.#noteEquivocation(message);
      },
      onCheckpointWanted: (slot, segment, signal) => this.#answerCheckpoint(slot, segment, signal),
      onFailure: (error) => {
        node.log.error({ event: "handler-failed", task: terms.taskId, error });
      },
    });
  }

  /** Writes an own segment to disk, then publishes it: a node that crashes in between resumes with the same segment. */
  async publishOwn(message: SegmentMessage): Promise<void> {
    await this.#node.network.publish(this.terms.taskId, message);
    this.log.add(message);
  }

  /** Makes sure that the log holds a slot's chain up to an entry; false if no peer could fill it in time. */
  async gather(slot: number, entry: ClockEntry, signal: AbortSignal): Promise<boolean> {
    if (!this.log.holds(slot, entry)) await this.fetchUpTo(slot, entry.count, signal);
    return this.log.holds(slot, entry);
  }

  /** Asks peers for a slot's segments that are missing before iteration `count`. */
  async fetchUpTo(slot: number, count: number, signal: AbortSignal): Promise<void> {
    const from = this.log.head(slot).count;
    if (from < count) await this.#node.network.fetchSegments(this.terms.taskId, slot, from, count - 1, signal);
  }

  /** Answers peers that ask for the content address of the state after one of this node's segments. */
  serveCheckpoints(answer: CheckpointAnswer): void {
    this.#answerCheckpoint = answer;
  }

  /**
   * Fetches the state and residual after a segment and checks them against what the segment states. It is kept: a dispute
   * over the segment that follows needs it again, and nobody has to serve it twice.
   * @throws GristmillError CHECKPOINT_UNAVAILABLE, CHECKPOINT_FALSE, BLOB_UNAVAILABLE
   */
  async fetchCheckpoint({ id, message }: LoggedSegment, signal: AbortSignal): Promise<Snapshot> {
    const { segment } = message;
    const { program, taskId } = this.terms;
    const kept = this.#checkpoints.get(segment.slot, id);
    const address = kept?.cid ?? (await this.#node.network.findCheckpoint(taskId, segment.slot, id, signal));
    if (address === undefined)
      throw new GristmillError("CHECKPOINT_UNAVAILABLE", `no peer serves the state after segment ${id}`);
    const bytes = await this.#node.network.blobs.get(address, { signal, maxBytes: MAX_DATA_BYTES });
    const state = decodeCheckpoint(program, bytes);
    if (
      stateId(program, state.weights) !== segment.stateId ||
      residualId(program, state.residuals) !== segment.residualId
    )
      throw new GristmillError("CHECKPOINT_FALSE", `the state served for segment ${id} is not the one it states`);
    this.#checkpoints.put({ slot: segment.slot, segmentId: id, last: segment.last, cid: address });
    return { ...state, next: segment.last + 1, segmentId: id };
  }

  /** Leaves the task's topic. */
  leave(): void {
    this.#node.network.leaveTask(this.terms.taskId);
  }

  /** Keeps a segment together with the stored one that it contradicts: both are signed, which is proof. */
  #noteEquivocation(message: SegmentMessage): void {
    const { slot, first, last } = message.segment;
    if (this.equivocations.some((known) => known.slot === slot)) return;
    // The neighbours count as well: one of them may name another segment as its predecessor.
    const near = this.#store
      .range(slot, Math.max(0, first - 1), last + 1, NEIGHBOURS)
      .map(({ bytes }) => decodeMessage(bytes, this.#prepared).message);
    const found = findEquivocation(message, near);
    if (found !== undefined) this.equivocations.push(found);
  }

  #take(message: SegmentMessage): void {
    if (this.log.add(message) !== "waiting") return;
    // Something before it was missed: peers have it.
    const { slot, first } = message.segment;
    const signal = AbortSignal.any([this.#node.signal, AbortSignal.timeout(CATCH_UP_TIMEOUT)]);
    this.fetchUpTo(slot, first, signal).catch((error: unknown) => {
      this.#node.log.warn({ event: "catch-up-failed", task: this.terms.taskId, slot, error });
    });
  }
}

/** Opens a task that has begun. */
export async function joinSession(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<TaskSession> {
  const { task } = await follower.until((moment) => BigInt(moment.task.trainingSeed) !== 0n);
  const members = await membersOf(node, terms.taskId, task, Role.Miner);
  return new TaskSession(node, terms, task.trainingSeed, members);
}

/** What training a slot of the session's task depends on. */
export function slotContext(session: TaskSession, slot: number, data: TrainingSet): SlotContext {
  const { terms, members, seed } = session;
  return {
    taskId: terms.taskId,
    seed,
    slot,
    slots: members.length,
    parameters: terms.program,
    segmentLength: terms.onChain.segmentLength,
    iterations: terms.onChain.iterations,
    train: data.set,
    batchLeaves: data.leaves,
  };
}
