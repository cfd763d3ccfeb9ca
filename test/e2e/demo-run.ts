import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import type { Report, TaskReport } from "../../scripts/demo/report.ts";
import type { NodeEvent } from "../../scripts/demo/run-state.ts";

export const DEMO = fileURLToPath(new URL("../../scripts/demo/main.ts", import.meta.url));
export const TASK = fileURLToPath(new URL("./digits.yaml", import.meta.url));
/** Milliseconds that a run may take. */
export const TIMEOUT = 300_000;

export interface Run {
  readonly code: number | null;
  readonly events: readonly NodeEvent[];
  readonly report: Report | undefined;
  readonly stderr: string;
}

/** Runs `npm start`'s launcher to its end, as a pipe would see it. */
export async function start(
  args: readonly string[],
  onEvent: (event: NodeEvent, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Run> {
  const child = spawn(process.execPath, [DEMO, ...(args.includes("--task") ? [] : ["--task", TASK]), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const events: NodeEvent[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as NodeEvent;
    events.push(event);
    onEvent(event, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const report = events.find(({ event }) => event === "report") as unknown as Report | undefined;
  return { code, events, report, stderr };
}

/** What a run reports of its only task, once its accounts balance. */
export function onlyTask({ report }: Run): TaskReport {
  const [task] = report?.tasks ?? [];
  if (report === undefined || task === undefined) expect.fail("no report");
  expect(report.tasks).to.have.length(1);
  expect(report.accounts.faults, "not a wei is lost or made from nothing").to.deep.equal([]);
  return task;
}

/** Command lines of processes that mention the run's data folder. */
export function leftBehind(folder: string): string[] {
  return spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(folder));
}
