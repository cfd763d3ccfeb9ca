import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { stripVTControlCharacters } from "node:util";

import type { Step } from "./steps.ts";

/** What one step did, in tests; a command that is no test runner counts as one. */
export interface StepResult {
  readonly name: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that were left out. */
  readonly skipped: readonly string[];
  readonly output: string;
}

/** A command that is still running by then has hung: the longest takes five minutes of a free core, and shares two. */
const LIMIT_MS = 1_800_000;

/** Runs all commands of a step and adds up what they report. */
export async function runStep(step: Step): Promise<StepResult> {
  const start = performance.now();
  const runs = [];
  for (const command of step.commands) runs.push(await runCommand(command, step.tests === true));
  return {
    name: step.name,
    seconds: (performance.now() - start) / 1_000,
    passed: runs.reduce((sum, run) => sum + run.passed, 0),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
    skipped: runs.flatMap((run) => run.skipped),
    output: runs.map((run) => run.output).join("\n"),
  };
}

async function runCommand([program, ...args]: readonly [string, ...string[]], isTestRunner: boolean) {
  const { output, code } = await capture(program, args);
  const shown = `$ ${[program, ...args].join(" ")}\n${output}`;
  if (!isTestRunner) return { output: shown, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };

  const { passed, failed, skipped } = readTally(output);
  const foundNone = passed + failed + skipped.length === 0;
  // A runner may also fail without a failed test: a file that does not load, a hook that throws.
  const isFailure = code !== 0 || foundNone;
  return {
    output: foundNone ? `${shown}\nno test was run\n` : shown,
    passed,
    failed: isFailure ? Math.max(failed, 1) : failed,
    skipped,
  };
}

/** Runs a command in a process group of its own, so that nothing it started outlives it. */
function capture(program: string, args: readonly string[]): Promise<{ output: string; code: number }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    let output = "";
    const endGroup = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    };
    const interrupt = (signal: NodeJS.Signals) => {
      endGroup(signal);
      process.exitCode = 130;
      process.exit();
    };
    const timer = setTimeout(() => {
      output += `\nstill running after ${LIMIT_MS / 1_000} s: ended\n`;
      endGroup("SIGKILL");
    }, LIMIT_MS);
    const finish = (code: number) => {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, interrupt);
      endGroup("SIGKILL");
      resolve({ output: stripVTControlCharacters(output), code });
    };
    for (const signal of SIGNALS) process.on(signal, interrupt);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => (output += text));
    }
    child.on("error", (error) => {
      output += `cannot run ${program}: ${error.message}\n`;
      finish(127);
    });
    // Not "close": a process left behind would keep the pipes open.
    child.on("exit", (code) => setImmediate(finish, code ?? 1));
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The last "N passing", "N failing", "N pending" that Mocha or Hardhat printed, and the tests shown as pending. */
function readTally(output: string): { passed: number; failed: number; skipped: readonly string[] } {
  const count = (word: string) => {
    const matches = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"))];
    return Number(matches.at(-1)?.[1] ?? 0);
  };
  const left = Math.max(count("pending"), count("skipped"));
  const shown = [...output.matchAll(/^\s+- (.+)$/gm)].map((match) => match[1] ?? "");
  return {
    passed: count("passing"),
    failed: count("failing"),
    skipped: Array.from({ length: left }, (_, index) => shown[index] ?? "(unnamed)"),
  };
}
