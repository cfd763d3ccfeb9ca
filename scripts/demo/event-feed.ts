import type { IncomingMessage, ServerResponse } from "node:http";

/** Events kept for readers that come later: a whole run of the demo's size. */
const KEPT = 20_000;

/** The events of all nodes of a run as one stream, in the form in which a node's API sends its own (docs/API.md). */
export class EventFeed {
  readonly #readers = new Set<ServerResponse>();
  readonly #kept: string[] = [];
  #sequence = 0;

  /** Answers a request with what its reader has not seen, and then with each event as it comes. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    const seen = Number(request.headers["last-event-id"] ?? query.get("after") ?? 0);
    const oldest = this.#sequence - this.#kept.length;
    for (const message of this.#kept.slice(Math.max(0, seen - oldest))) response.write(message);
    response.flushHeaders();
    this.#readers.add(response);
    response.on("close", () => this.#readers.delete(response));
  }

  /** Sends an event to all readers. */
  say(event: object): void {
    this.#sequence += 1;
    const message = `id: ${String(this.#sequence)}\ndata: ${JSON.stringify(event)}\n\n`;
    this.#kept.push(message);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const reader of this.#readers) reader.write(message);
  }

  /** Ends all streams; readers come back by themselves while there is a server. */
  cut(): void {
    for (const reader of this.#readers) reader.destroy();
  }
}
