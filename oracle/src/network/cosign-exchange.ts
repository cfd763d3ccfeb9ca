import * as dagCbor from "@ipld/dag-cbor";
import { GristmillError } from "@gristmill/sdk";
import type { Libp2p, PeerId } from "@libp2p/interface";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import { ask, serve, type ExchangeProtocol } from "./exchange.ts";
import { MAX_SLOTS } from "./limits.ts";

const COSIGN_PROTOCOL: ExchangeProtocol = {
  id: "/gristmill/cosign/1",
  // Task id, epoch, a kind, and an integer of at most two bytes for each slot.
  maxQuestionBytes: 96 + 2 * MAX_SLOTS,
  maxAnswerBytes: 256 + 2 * MAX_SLOTS,
  maxTotalBytes: 256 + 2 * MAX_SLOTS,
  // The side that answers may have to fetch segments first.
  serveTimeoutMs: 30_000,
};

/** Which of its two keys a supervisor is asked to sign with. */
export type SignatureKind = "bls" | "plain";

/** A log that a supervisor is asked to sign: the messages that these slots committed in the epoch. */
export interface CosignQuestion {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly slots: readonly number[];
  readonly kind: SignatureKind;
}

/** What a supervisor says to a log. */
export interface CosignAnswer {
  /** Its place among the task's supervisors. */
  readonly place: number;
  /** The slots whose messages it holds in full. */
  readonly held: readonly number[];
  /** Undefined if it does not hold all that was asked for, or holds more. BLS: 128 bytes of G1; plain: r and vs. */
  readonly signature: Hex | undefined;
}

/** Says what this node makes of a log; undefined if the task or epoch is none of its. */
export type AnswerCosign = (question: CosignQuestion, signal: AbortSignal) => Promise<CosignAnswer | undefined>;

/** Answers other supervisors until what it returns is called. Nodes of other roles refuse the protocol. */
export async function serveCosigning(libp2p: Libp2p, answer: AnswerCosign): Promise<() => Promise<void>> {
  await serve(libp2p, COSIGN_PROTOCOL, async function* (bytes, signal) {
    const told = await answer(decodeQuestion(bytes), signal);
    if (told === undefined) return;
    const signature = told.signature === undefined ? null : hexToBytes(told.signature);
    yield dagCbor.encode([told.place, [...told.held], signature]);
  });
  return async () => libp2p.unhandle(COSIGN_PROTOCOL.id);
}

/**
 * Asks a peer to sign a log. What it answers is not checked.
 *
 * @param signal ends the wait; give it a timeout
 * @returns undefined if the log is none of the peer's
 * @throws GristmillError PEER_SILENT, ANSWER_MALFORMED
 */
export async function askToCosign(
  libp2p: Libp2p,
  peer: PeerId,
  { taskId, epoch, slots, kind }: CosignQuestion,
  signal: AbortSignal,
): Promise<CosignAnswer | undefined> {
  const question = dagCbor.encode([hexToBytes(taskId), Number(epoch), kind, [...slots]]);
  let answer: CosignAnswer | undefined;
  for await (const bytes of ask(libp2p, peer, COSIGN_PROTOCOL, question, signal)) answer = decodeAnswer(bytes);
  return answer;
}

function decodeQuestion(bytes: Uint8Array): CosignQuestion {
  const [taskId, epoch, kind, slots, ...rest] = dagCbor.decode<unknown[]>(bytes);
  const isQuestion = taskId instanceof Uint8Array && taskId.length === 32 && isIndex(epoch) && isSlots(slots);
  if (!isQuestion || (kind !== "bls" && kind !== "plain") || rest.length > 0) {
    throw new GristmillError("QUESTION_MALFORMED", `A peer's question on ${COSIGN_PROTOCOL.id} is malformed.`);
  }
  return { taskId: bytesToHex(taskId), epoch: BigInt(epoch), slots, kind };
}

function decodeAnswer(bytes: Uint8Array): CosignAnswer {
  const [place, held, signature, ...rest] = dagCbor.decode<unknown[]>(bytes);
  const isSignature = signature === null || signature instanceof Uint8Array;
  if (!isIndex(place) || !isSlots(held) || !isSignature || rest.length > 0) {
    throw new GristmillError("ANSWER_MALFORMED", `A peer's answer on ${COSIGN_PROTOCOL.id} is malformed.`);
  }
  return { place, held, signature: signature === null ? undefined : bytesToHex(signature) };
}

function isSlots(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_SLOTS && value.every((slot) => isIndex(slot) && slot < MAX_SLOTS);
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
