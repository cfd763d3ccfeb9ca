/** One line of a node's log, as its API sends it; ARCHITECTURE.md lists the events and their fields. */
export interface NodeEvent {
  readonly event?: string;
  readonly level?: string;
  /** ISO 8601. */
  readonly time?: string;
  readonly role?: string;
  readonly name?: string;
  readonly task?: string;
  readonly [field: string]: unknown;
}

/** `none`: no node is configured. `stale`: it was live or should be, and does not answer now. */
export type FeedState = "none" | "live" | "stale";

export interface FeedSnapshot {
  readonly state: FeedState;
  /** Oldest first. */
  readonly events: readonly NodeEvent[];
}

/** Events that are kept: a run of some thousand iterations with everything around them. */
const KEPT = 20_000;

/** Milliseconds between a connection that the browser gave up and the next. */
const RECONNECT = 2_000;

/** Milliseconds for which events are gathered before the page is told. */
const GATHER = 100;

/** The live events of a node: server-sent, with what was missed after each break. */
export class NodeFeed {
  readonly #apiUrl: string | undefined;
  readonly #listeners = new Set<() => void>();
  #snapshot: FeedSnapshot;
  #incoming: NodeEvent[] = [];
  #lastId = "0";
  #source: EventSource | undefined;
  #timers = new Set<number>();

  constructor(apiUrl: string | undefined) {
    this.#apiUrl = apiUrl;
    this.#snapshot = { state: apiUrl === undefined ? "none" : "stale", events: [] };
  }

  /** For `useSyncExternalStore`: the connection lives as long as somebody listens. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#disconnect();
    };
  };

  readonly snapshot = (): FeedSnapshot => this.#snapshot;

  #connect(): void {
    if (this.#apiUrl === undefined) return;
    const source = new EventSource(`${this.#apiUrl}api/v1/events?after=${this.#lastId}`);
    this.#source = source;
    source.onopen = () => {
      this.#publish({ ...this.#snapshot, state: "live" });
    };
    source.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
      this.#lastId = lastEventId;
      this.#incoming.push(JSON.parse(data) as NodeEvent);
      if (this.#incoming.length === 1) this.#later(this.#deliver, GATHER);
    };
    source.onerror = () => {
      this.#publish({ ...this.#snapshot, state: "stale" });
      // A browser tries again by itself unless it was answered with an error.
      if (source.readyState === EventSource.CLOSED) this.#later(this.#reconnect, RECONNECT);
    };
  }

  readonly #deliver = (): void => {
    const events = [...this.#snapshot.events, ...this.#incoming].slice(-KEPT);
    this.#incoming = [];
    this.#publish({ ...this.#snapshot, events });
  };

  readonly #reconnect = (): void => {
    this.#source?.close();
    this.#connect();
  };

  #disconnect(): void {
    this.#source?.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#incoming = [];
  }

  #later(action: () => void, delay: number): void {
    const timer = window.setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delay);
    this.#timers.add(timer);
  }

  #publish(snapshot: FeedSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}
