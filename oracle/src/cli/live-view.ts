import { createLogUpdate } from "log-update";
import colours from "picocolors";

import type { JournalEntry, LogLine } from "../journal.ts";
import { asJson, bar, mark, shortId, tableOf } from "./output.ts";

/** Fields of every line. */
const COMMON: ReadonlySet<string> = new Set(["level", "time", "role", "name", "event", "error"]);

/** Steps that come twice a second; the table shows them. */
const FREQUENT: ReadonlySet<string> = new Set(["progress"]);

/** What a node does in one task, as its log tells. */
interface Part {
  phase: string;
  slot?: number;
  iteration: number;
  iterations: number;
  accuracy?: number;
  tickets: number;
  lucky: number;
  /** GRIST */
  minted: number;
  paid: number;
}

/** Shows a node on a terminal while it runs: a line for each step, and below them a row for each task of this run. */
export class LiveView {
  readonly #update = createLogUpdate(process.stdout);
  readonly #parts = new Map<string, Part>();

  /** Takes in a line of the node's log. */
  readonly take = ({ line }: JournalEntry): void => {
    if (!FREQUENT.has(String(line["event"]))) this.#update.persist(tellLine(line));
    const { task } = line;
    if (typeof task === "string") applyTo(this.#partIn(task), line);
    if (this.#parts.size > 0) this.#update(`\n${this.#table()}`);
  };

  /** Leaves the last picture standing. */
  stop(): void {
    this.#update.done();
  }

  #partIn(task: string): Part {
    const known = this.#parts.get(task);
    if (known !== undefined) return known;
    const part = { phase: "", iteration: 0, iterations: 0, tickets: 0, lucky: 0, minted: 0, paid: 0 };
    this.#parts.set(task, part);
    return part;
  }

  #table(): string {
    return tableOf(
      ["task", "phase", "slot", "progress", "", "accuracy", "tickets", "lucky", "minted", "paid"],
      [...this.#parts].map(([task, part]) => [
        shortId(task),
        part.phase,
        part.slot === undefined ? "" : String(part.slot),
        bar(part.iteration, part.iterations),
        part.iterations === 0 ? "" : `${String(part.iteration)}/${String(part.iterations)}`,
        part.accuracy === undefined ? "" : `${(100 * part.accuracy).toFixed(1)} %`,
        String(part.tickets),
        String(part.lucky),
        part.minted.toFixed(2),
        part.paid.toFixed(2),
      ]),
      "no tasks",
    );
  }
}

/** A view where a person reads; what a program reads is the log. */
export function liveViewOf(options: Readonly<Record<string, unknown>>): LiveView | undefined {
  return asJson(options) ? undefined : new LiveView();
}

function applyTo(part: Part, line: LogLine): void {
  const number = (field: string): number => Number(line[field]);
  switch (line["event"]) {
    case "phase":
      part.phase = String(line["phase"]);
      break;
    case "progress":
      part.slot = number("slot");
      part.iteration = number("iteration");
      part.iterations = number("iterations");
      part.accuracy = number("accuracy");
      break;
    case "draw":
      part.tickets += number("tickets");
      part.lucky += number("lucky");
      break;
    case "mint":
      part.minted += number("reward");
      break;
    case "paid":
      part.paid += number("amount");
      break;
  }
}

/** A line of the log for people: when, what, and the fields that say more; of an error how to mend it. */
export function tellLine(line: LogLine): string {
  const state = line.level === "error" || line.level === "fatal" ? "failed" : line.level === "warn" ? "warning" : "ok";
  const said = Object.entries(line).filter(([name]) => !COMMON.has(name));
  const fields = said.map(([name, value]) => `${colours.dim(name)} ${tellValue(value)}`);
  const what = tellValue(line["event"] ?? "").padEnd(14);
  const head = `${colours.dim(timeOfDay(line.time))} ${mark(state)} ${what} ${fields.join("  ")}`.trimEnd();
  return [head, ...tellError(line["error"]).map((text) => `           ${text}`)].join("\n");
}

function tellError(error: unknown): string[] {
  if (error === null || typeof error !== "object") return [];
  const { message, hints = [] } = error as { readonly message?: string; readonly hints?: readonly string[] };
  return [message ?? "", ...hints.map((hint) => colours.cyan(`→ ${hint}`))];
}

/** Ids are shortened: the log's own lines, `--json`, have them whole. Accounts and addresses are there to be copied. */
function tellValue(value: unknown): string {
  if (typeof value === "string") return /^0x[0-9a-f]{64}$/.test(value) ? shortId(value) : value;
  if (typeof value === "number") return String(Math.round(value * 1e4) / 1e4);
  return Array.isArray(value) ? value.map(tellValue).join(" ") : JSON.stringify(value);
}

/** `21:14:03`, in this machine's time zone. */
function timeOfDay(time: string): string {
  return new Date(time).toLocaleTimeString("en-GB");
}
