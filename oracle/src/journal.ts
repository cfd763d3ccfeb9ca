/** Lines that are kept for whoever comes later. */
const KEPT_LINES = 1_000;

/** A line of the node's log, parsed. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly time: string };

/** A line with its place in the log of this process, counted from 1. */
export interface JournalEntry {
  readonly sequence: number;
  readonly line: LogLine;
}

/** What reads a journal as it is written. */
export type JournalReader = (entry: JournalEntry) => void;

/** The last lines of this process's log, and whoever wants the next ones: the source of the API's events and figures. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #readers = new Set<JournalReader>();
  #sequence = 0;

  /** Takes one line of JSON, as pino writes it. */
  write(text: string): void {
    const entry = { sequence: ++this.#sequence, line: JSON.parse(text) as LogLine };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT_LINES) this.#entries.shift();
    for (const reader of this.#readers) reader(entry);
  }

  /** The kept lines after a sequence number, oldest first. */
  after(sequence: number): readonly JournalEntry[] {
    return this.#entries.filter((entry) => entry.sequence > sequence);
  }

  /** @returns what ends the reading */
  follow(reader: JournalReader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}
