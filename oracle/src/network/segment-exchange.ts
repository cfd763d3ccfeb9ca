import * as dagCbor from "@ipld/dag-cbor";
import { GristmillError } from "@gristmill/sdk";
import type { Libp2p, PeerId } from "@libp2p/interface";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import type { SegmentStore, StoredSegment } from "../storage/segment-store.ts";
import { ask, serve, type ExchangeProtocol } from "./exchange.ts";
import { MAX_MESSAGE_BYTES, MAX_SLOTS } from "./limits.ts";

/** Answers of one stream; who wants more asks again from where they end. */
const MAX_SEGMENTS_PER_STREAM = 256;

/** Iterations are u32. */
const MAX_INDEX = 2 ** 32 - 1;

const SEGMENTS_PROTOCOL: ExchangeProtocol = {
  id: "/gristmill/segments/1",
  // Task id, and an integer of at most five bytes for each slot.
  maxQuestionBytes: 64 + 5 * MAX_SLOTS,
  maxAnswerBytes: MAX_MESSAGE_BYTES,
  maxTotalBytes: 16 * MAX_MESSAGE_BYTES,
  serveTimeoutMs: 30_000,
};

/** What somebody wants: a slot's segments with an iteration in a range; or, of every slot, all from an iteration on. */
export type WantedSegments =
  { readonly from: readonly number[] } | { readonly slot: number; readonly from: number; readonly to: number };

/**
 * Serves the stored messages of tasks: the way in which a node that missed gossip, or joined late, catches up.
 *
 * The question is DAG-CBOR: `[taskId, [from of slot 0, ...]]` or `[taskId, slot, from, to]`; each answer is one message as
 * it travelled, a slot's in order of iterations.
 *
 * @param storeOf the store of a task that this node takes part in
 */
export async function serveSegments(libp2p: Libp2p, storeOf: (taskId: Hex) => SegmentStore | undefined): Promise<void> {
  await serve(libp2p, SEGMENTS_PROTOCOL, async function* (question) {
    const { taskId, wanted } = decodeQuestion(question);
    const store = storeOf(taskId);
    if (store === undefined) return;
    let segments = 0;
    let total = 0;
    for (const { bytes } of select(store, wanted)) {
      segments++;
      total += bytes.length;
      if (segments > MAX_SEGMENTS_PER_STREAM || total > SEGMENTS_PROTOCOL.maxTotalBytes) return;
      yield bytes;
    }
  });
}

function* select(store: SegmentStore, wanted: WantedSegments): Iterable<StoredSegment> {
  if ("slot" in wanted) {
    yield* store.range(wanted.slot, wanted.from, wanted.to, MAX_SEGMENTS_PER_STREAM);
  } else {
    for (const [slot, from] of wanted.from.entries()) {
      yield* store.range(slot, from, MAX_INDEX, MAX_SEGMENTS_PER_STREAM);
    }
  }
}

/**
 * Asks a peer for stored messages, unjudged.
 *
 * @throws GristmillError PEER_SILENT
 */
export function askForSegments(
  libp2p: Libp2p,
  peer: PeerId,
  taskId: Hex,
  wanted: WantedSegments,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const question = dagCbor.encode([hexToBytes(taskId), ...encodeWanted(wanted)]);
  return ask(libp2p, peer, SEGMENTS_PROTOCOL, question, signal);
}

function encodeWanted(wanted: WantedSegments): unknown[] {
  return "slot" in wanted ? [wanted.slot, wanted.from, wanted.to] : [wanted.from];
}

function decodeQuestion(question: Uint8Array): { readonly taskId: Hex; readonly wanted: WantedSegments } {
  const [id, first, second, third, ...rest] = dagCbor.decode<unknown[]>(question);
  if (isId(id) && rest.length === 0) {
    const taskId = bytesToHex(id);
    if (Array.isArray(first) && first.every(isIndex)) return { taskId, wanted: { from: first } };
    if (isIndex(first) && isIndex(second) && isIndex(third)) {
      return { taskId, wanted: { slot: first, from: second, to: third } };
    }
  }
  throw new GristmillError("QUESTION_MALFORMED", `A peer's question on ${SEGMENTS_PROTOCOL.id} is malformed.`);
}

function isId(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_INDEX;
}
