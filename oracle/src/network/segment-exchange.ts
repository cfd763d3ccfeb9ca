import * as dagCbor from "@ipld/dag-cbor";
import { GristmillError } from "@gristmill/sdk";
import type { Libp2p, PeerId } from "@libp2p/interface";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import type { SegmentStore } from "../storage/segment-store.ts";
import { ask, serve, type ExchangeProtocol } from "./exchange.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";

/** Answers of one stream; who wants more asks again from where they end. */
const MAX_SEGMENTS_PER_STREAM = 256;

const SEGMENTS_PROTOCOL: ExchangeProtocol = {
  id: "/gristmill/segments/1",
  maxQuestionBytes: 256,
  maxAnswerBytes: MAX_MESSAGE_BYTES,
  maxTotalBytes: 16 * MAX_MESSAGE_BYTES,
  serveTimeoutMs: 30_000,
};

/** Segments of a slot that somebody wants: those with an iteration in a range, or the one of an id. */
export type WantedSegments =
  | { readonly slot: number; readonly from: number; readonly to: number }
  | { readonly slot: number; readonly segmentId: Hex };

/**
 * Serves the stored messages of tasks: the way in which a node that missed gossip, or joined late, catches up.
 *
 * The question is DAG-CBOR: `[taskId, slot, from, to]` or `[taskId, slot, segmentId]`; each answer is one message as it
 * travelled, in order of iterations.
 *
 * @param storeOf the store of a task that this node takes part in
 */
export async function serveSegments(libp2p: Libp2p, storeOf: (taskId: Hex) => SegmentStore | undefined): Promise<void> {
  await serve(libp2p, SEGMENTS_PROTOCOL, async function* (question) {
    const { taskId, wanted } = decodeQuestion(question);
    const store = storeOf(taskId);
    if (store === undefined) return;
    if ("segmentId" in wanted) {
      const segment = store.byId(wanted.slot, wanted.segmentId);
      if (segment !== undefined) yield segment.bytes;
      return;
    }
    let total = 0;
    for (const { bytes } of store.range(wanted.slot, wanted.from, wanted.to, MAX_SEGMENTS_PER_STREAM)) {
      total += bytes.length;
      if (total > SEGMENTS_PROTOCOL.maxTotalBytes) return;
      yield bytes;
    }
  });
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
  const { slot } = wanted;
  const which = "segmentId" in wanted ? [hexToBytes(wanted.segmentId)] : [wanted.from, wanted.to];
  const question = dagCbor.encode([hexToBytes(taskId), slot, ...which]);
  return ask(libp2p, peer, SEGMENTS_PROTOCOL, question, signal);
}

function decodeQuestion(question: Uint8Array): { readonly taskId: Hex; readonly wanted: WantedSegments } {
  const [taskId, slot, ...which] = dagCbor.decode<unknown[]>(question);
  const [from, to] = which;
  if (isId(taskId) && isIndex(slot)) {
    if (which.length === 1 && isId(from)) {
      return { taskId: bytesToHex(taskId), wanted: { slot, segmentId: bytesToHex(from) } };
    }
    if (which.length === 2 && isIndex(from) && isIndex(to))
      return { taskId: bytesToHex(taskId), wanted: { slot, from, to } };
  }
  throw new GristmillError("QUESTION_MALFORMED", `A peer's question on ${SEGMENTS_PROTOCOL.id} is malformed.`);
}

function isId(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
