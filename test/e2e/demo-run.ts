import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import type { Report, TaskReport } from "../../scripts/demo/report.ts";
import type { NodeEvent } from "../../scripts/demo/run-state.ts";

export const DEMO = fileURLToPath(new URL("../../scripts/demo/main.ts", import.meta.url));
export const TASK = fileURLToPath(new URL("./digits.yaml", import.meta.url));
/** Milliseconds that a run may take. */
export const TIMEOUT = 300_000;

/** A suite of whole runs. @param tests is told where each of them finds the data folder of its own, which goes with it */
export function describeRuns(title: string, tests: (folder: () => string) => void): void {
  describe(title, function () {
    this.timeout(TIMEOUT + 10_000);
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gristmill-e2e-"));
    });

    afterEach(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    tests(() => folder);
  });
}

export interface Run {
  readonly code: number | null;
  readonly events: readonly NodeEvent[];
  readonly report: Report | undefined;
  readonly stderr: string;
}

/**
 * Runs `npm start`'s launcher to its end, as a pipe would see it.
 * @param isInterruptedBy the event at which Ctrl-C is pressed: a terminal sends that to the launcher's whole process group
 */
export async function start(args: readonly string[], isInterruptedBy?: (event: NodeEvent) => boolean): Promise<Run> {
  const child = spawn(process.execPath, [DEMO, ...(args.includes("--task") ? [] : ["--task", TASK]), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // Leads a group of its own where one is needed; else it ends with the tests when these are interrupted.
    detached: isInterruptedBy !== undefined,
  });
  let interrupted = false;
  const events: NodeEvent[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as NodeEvent;
    events.push(event);
    if (interrupted || child.pid === undefined || isInterruptedBy?.(event) !== true) return;
    interrupted = true;
    process.kill(-child.pid, "SIGINT");
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
