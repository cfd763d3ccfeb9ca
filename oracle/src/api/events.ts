import type { FastifyReply, FastifyRequest } from "fastify";

import type { Journal, JournalEntry } from "../journal.ts";

/** Milliseconds between two comments on a quiet stream, which show both ends that it lives. */
const HEARTBEAT = 15_000;

/** Bytes a reader may be behind before it is let go: it comes back with `Last-Event-ID`. */
const MAX_BACKLOG = 1 << 20;

/** Readers at once. */
const MAX_STREAMS = 32;

/** The node's log as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStreams {
  readonly #journal: Journal;
  readonly #open = new Set<() => void>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_STREAMS;
  }

  /** Answers a request with the lines after a sequence number, and then with each as it is written. */
  serve(request: FastifyRequest, reply: FastifyReply, after: number | undefined): void {
    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
    const send = ({ sequence, line }: JournalEntry): void => {
      raw.write(`id: ${String(sequence)}\ndata: ${JSON.stringify(line)}\n\n`);
      if (raw.writableLength > MAX_BACKLOG) close();
    };
    const ended = this.#journal.follow(send);
    const heartbeat = setInterval(() => raw.write(":\n\n"), HEARTBEAT);
    const close = (): void => {
      ended();
      clearInterval(heartbeat);
      this.#open.delete(close);
      raw.end();
    };
    this.#open.add(close);
    request.raw.once("close", close);
    raw.write(":\n\n");
    if (after !== undefined) for (const entry of this.#journal.after(after)) send(entry);
  }

  /** Ends all streams. */
  close(): void {
    for (const close of [...this.#open]) close();
  }
}
