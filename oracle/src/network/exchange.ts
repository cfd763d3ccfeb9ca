import type { Libp2p, PeerId, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";

import { GristmillError } from "@gristmill/sdk";

/**
 * A question-and-answer protocol over one libp2p stream: one length-prefixed question, any number of length-prefixed
 * non-empty answers, and an empty frame that says that these were all. Every stream has a deadline and size limits on
 * both sides.
 */
export interface ExchangeProtocol {
  /** Protocol id, such as `/gristmill/segments/1`. */
  readonly id: string;
  readonly maxQuestionBytes: number;
  /** Longest single answer. */
  readonly maxAnswerBytes: number;
  /** All answers of one stream together; also what a reader buffers at most. */
  readonly maxTotalBytes: number;
  /** How long the side that answers keeps a stream, milliseconds. */
  readonly serveTimeoutMs: number;
}

/** Answers a question; `signal` ends with the stream. A generator that throws resets the stream. */
export type ExchangeHandler = (question: Uint8Array, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** Streams of one protocol that a single connection may have open towards us. */
const MAX_INBOUND_STREAMS = 8;

/**
 * Puts a question to a peer.
 *
 * @param signal ends the exchange; give it a timeout
 * @throws GristmillError PEER_SILENT when the peer cannot be reached, breaks off, exceeds a limit or the signal fires
 */
export async function* ask(
  libp2p: Libp2p,
  peer: PeerId,
  protocol: ExchangeProtocol,
  question: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let stream: Stream | undefined;
  try {
    signal.throwIfAborted();
    stream = await libp2p.dialProtocol(peer, protocol.id, { signal });
    const frames = lpStream(stream, {
      maxDataLength: protocol.maxAnswerBytes,
      maxBufferSize: 2 * protocol.maxTotalBytes,
    });
    await frames.write(question, { signal });
    for (let total = 0; ;) {
      const answer = await frames.read({ signal });
      if (answer.byteLength === 0) break;
      total += answer.byteLength;
      if (total > protocol.maxTotalBytes) {
        throw new GristmillError("ANSWER_TOO_LONG", `The answers exceed ${protocol.maxTotalBytes} bytes.`);
      }
      yield answer.subarray();
    }
    await stream.close({ signal });
  } catch (cause) {
    throw new GristmillError("PEER_SILENT", `Peer ${peer.toString()} did not answer on ${protocol.id}.`, {
      cause,
      hints: ["Ask another peer, or this one later."],
    });
  } finally {
    // A consumer that stops early leaves the stream open; after an orderly end this does nothing.
    if (stream !== undefined && stream.status !== "closed")
      stream.abort(new GristmillError("EXCHANGE_ENDED", "The exchange has ended."));
  }
}

/** Answers a protocol's questions until {@link Libp2p.unhandle}. Questions that cannot be answered reset their stream. */
export async function serve(libp2p: Libp2p, protocol: ExchangeProtocol, handler: ExchangeHandler): Promise<void> {
  await libp2p.handle(
    protocol.id,
    async (stream) => {
      const ended = new AbortController();
      stream.addEventListener(
        "close",
        () => {
          ended.abort();
        },
        { once: true },
      );
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(protocol.serveTimeoutMs)]);
      try {
        const frames = lpStream(stream, {
          maxDataLength: protocol.maxQuestionBytes,
          maxBufferSize: 2 * protocol.maxQuestionBytes,
        });
        const question = await frames.read({ signal });
        for await (const answer of handler(question.subarray(), signal)) await frames.write(answer, { signal });
        await frames.write(new Uint8Array(), { signal });
        await stream.close({ signal });
      } catch (error) {
        stream.abort(
          new GristmillError("QUESTION_REFUSED", `A question on ${protocol.id} found no answer.`, { cause: error }),
        );
      }
    },
    { maxInboundStreams: MAX_INBOUND_STREAMS },
  );
}
