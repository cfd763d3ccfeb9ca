import * as dagCbor from "@ipld/dag-cbor";
import { GristmillError } from "@gristmill/sdk";
import type { Libp2p, PeerId } from "@libp2p/interface";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import { ask, serve, type ExchangeProtocol } from "./exchange.ts";

/** Longest content address accepted, in characters. */
const MAX_ADDRESS_LENGTH = 128;

const CHECKPOINT_PROTOCOL: ExchangeProtocol = {
  id: "/gristmill/checkpoint/1",
  maxQuestionBytes: 128,
  maxAnswerBytes: MAX_ADDRESS_LENGTH,
  maxTotalBytes: MAX_ADDRESS_LENGTH,
  // The side that answers may have to replay from an older snapshot first.
  serveTimeoutMs: 120_000,
};

/** Finds the content address of a checkpoint; undefined if this node does not have it. */
export type FindCheckpoint = (
  taskId: Hex,
  slot: number,
  segmentId: Hex,
  signal: AbortSignal,
) => Promise<string | undefined>;

/**
 * Serves the content addresses of checkpoints: of the state and residual of a slot right after a segment, or the
 * initial ones for 32 zero bytes. The blobs themselves travel by their address.
 */
export async function serveCheckpoints(libp2p: Libp2p, find: FindCheckpoint): Promise<void> {
  await serve(libp2p, CHECKPOINT_PROTOCOL, async function* (question, signal) {
    const [taskId, slot, segmentId, ...rest] = dagCbor.decode<unknown[]>(question);
    if (!isId(taskId) || !isId(segmentId) || typeof slot !== "number" || rest.length > 0) {
      throw new GristmillError("QUESTION_MALFORMED", `A peer's question on ${CHECKPOINT_PROTOCOL.id} is malformed.`);
    }
    const address = await find(bytesToHex(taskId), slot, bytesToHex(segmentId), signal);
    if (address !== undefined) yield new TextEncoder().encode(address);
  });
}

/**
 * Asks a peer for a checkpoint's content address.
 *
 * @param signal ends the wait; the peer gives up after two minutes by itself
 * @returns undefined if the peer does not have it
 * @throws GristmillError PEER_SILENT
 */
export async function askForCheckpoint(
  libp2p: Libp2p,
  peer: PeerId,
  taskId: Hex,
  slot: number,
  segmentId: Hex,
  signal: AbortSignal,
): Promise<string | undefined> {
  const question = dagCbor.encode([hexToBytes(taskId), slot, hexToBytes(segmentId)]);
  let address: string | undefined;
  for await (const answer of ask(libp2p, peer, CHECKPOINT_PROTOCOL, question, signal)) {
    address = new TextDecoder().decode(answer);
  }
  return address;
}

function isId(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}
