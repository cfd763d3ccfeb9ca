import { GristmillError, segmentId, type SegmentMessage } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { SegmentStore } from "../storage/segment-store.ts";
import { encodeMessage } from "./message-codec.ts";
import { judge, verdicts, type Judgement, type Verdict } from "./segment-check.ts";
import { createSignerRecovery } from "./signature.ts";
import { prepareContext, type PreparedContext, type TaskContext } from "./task-context.ts";

/** Versions of the same iterations that are kept as evidence; more prove nothing further. */
const MAX_VERSIONS = 4;

/** What a role does with its task's messages. Handlers are called in the order in which messages were stored. */
export interface TaskHandlers {
  /** All segments of the task, stored before anybody is told of them. */
  readonly store: SegmentStore;
  /** A peer's valid new segment. */
  onSegment(message: SegmentMessage, segmentId: Hex): void;
  /** A slot contradicted itself; the first few of its versions are in the store. */
  onEquivocation?(message: SegmentMessage, segmentId: Hex): void;
  /**
   * A peer asks for the content address of the state and residual right after a segment (32 zero bytes: the initial
   * ones); undefined if this node does not have them. May take as long as the signal lets it.
   */
  onCheckpointWanted?(slot: number, segmentId: Hex, signal: AbortSignal): Promise<string | undefined>;
  /** A handler of this task threw; the network goes on. */
  onFailure(error: unknown): void;
}

/** How many messages met each verdict. */
export type VerdictCounts = Readonly<Record<Verdict, number>>;

/** One task's stream of messages: judges, counts, stores and hands on what comes, however it comes. */
export class TaskTopic {
  readonly context: PreparedContext;
  readonly handlers: TaskHandlers;
  /** Up to which iteration each slot's segments are known to be all there. */
  readonly #complete: number[];
  readonly #recoverSigner = createSignerRecovery();
  readonly #counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;

  constructor(context: TaskContext, handlers: TaskHandlers) {
    this.context = prepareContext(context);
    this.#complete = context.operators.map(() => 0);
    this.handlers = handlers;
  }

  get counts(): VerdictCounts {
    return { ...this.#counts };
  }

  /** The first iteration in `from..to` of the slot that no stored segment covers. */
  firstMissing(slot: number, from: number, to: number): number | undefined {
    const { store } = this.handlers;
    // The store only grows, so what was complete once stays so.
    let index = Math.max(from, from <= this.#complete[slot]! ? this.#complete[slot]! : 0);
    for (let segment = store.byIndex(slot, index); segment !== undefined; segment = store.byIndex(slot, index)) {
      index = segment.last + 1;
    }
    if (from === 0) this.#complete[slot] = index;
    return index <= Math.min(to, this.context.iterations - 1) ? index : undefined;
  }

  /** Takes in a message from a peer. Never throws. */
  receive(bytes: Uint8Array): Judgement {
    const { store } = this.handlers;
    const known = store.touching.bind(store);
    const judgement = judge(bytes, this.context, known, this.#recoverSigner);
    this.#counts[judgement.verdict]++;
    if (judgement.verdict === "accepted" || judgement.verdict === "equivocation") {
      const { message, segmentId: id } = judgement;
      const { slot, first, last } = message.segment;
      if (judgement.verdict === "accepted" || store.touching(slot, first, last).length < MAX_VERSIONS) {
        store.append({ slot, first, last, segmentId: id, bytes });
      }
      try {
        if (judgement.verdict === "accepted") this.handlers.onSegment(message, id);
        else this.handlers.onEquivocation?.(message, id);
      } catch (error) {
        this.handlers.onFailure(error);
      }
    }
    return judgement;
  }

  /**
   * Writes an own segment to the disk; what it returns may be published.
   *
   * @throws GristmillError EQUIVOCATION_REFUSED if the store holds another segment over the same iterations, and the
   * errors of {@link encodeMessage}
   */
  commit(message: SegmentMessage): { readonly segmentId: Hex; readonly bytes: Uint8Array } {
    const { slot, first, last } = message.segment;
    const id = segmentId(message.segment);
    const bytes = encodeMessage({ kind: "segment", message });
    const other = this.handlers.store.touching(slot, first, last).find((place) => place.segmentId !== id);
    if (other !== undefined) {
      throw new GristmillError(
        "EQUIVOCATION_REFUSED",
        `Slot ${slot} already has segment ${other.segmentId} over iterations ${other.first} to ${other.last}; ${id} contradicts it.`,
        { hints: ["Resume from the stored segment. Publishing both would prove equivocation and forfeit the stake."] },
      );
    }
    this.handlers.store.appendDurably({ slot, first, last, segmentId: id, bytes });
    return { segmentId: id, bytes };
  }
}
