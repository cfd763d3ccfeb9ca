import Table from "cli-table3";
import colours from "picocolors";

/** Whether a command prints for programs: where it was asked to, or where no person reads. */
export function asJson(options: Readonly<Record<string, unknown>>): boolean {
  return options["json"] === true || !process.stdout.isTTY;
}

/** Prints a result: JSON for programs, text for people. */
export function show(options: Readonly<Record<string, unknown>>, value: unknown, text: () => string): void {
  console.log(
    asJson(options)
      ? JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each))
      : text(),
  );
}

/** Names and values in two columns; what is undefined is left out. */
export function fieldsOf(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${colours.dim(name.padEnd(width))}  ${value ?? ""}`).join("\n");
}

const NO_LINE = "";

/** Rows under their names, without lines: short enough to stay readable, and to copy from. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return none;
  const table = new Table({
    head: head.map((name) => colours.dim(name)),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: Object.fromEntries(
      [
        "top",
        "top-mid",
        "top-left",
        "top-right",
        "bottom",
        "bottom-mid",
        "bottom-left",
        "bottom-right",
        "left",
        "left-mid",
      ]
        .concat(["mid", "mid-mid", "right", "right-mid", "middle"])
        .map((place) => [place, NO_LINE]),
    ),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A mark for what is well and what is not. */
export function mark(state: "ok" | "warning" | "failed"): string {
  return { ok: colours.green("✔"), warning: colours.yellow("!"), failed: colours.red("✘") }[state];
}

const BAR_WIDTH = 16;

/** How much of something is done. */
export function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.round((BAR_WIDTH * done) / total);
  return colours.green("█".repeat(filled)) + colours.gray("░".repeat(BAR_WIDTH - filled));
}

/** `0x1234...` of an id. */
export function shortId(id: string): string {
  return `${id.slice(0, 10)}…`;
}

/** A Unix time for people. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
