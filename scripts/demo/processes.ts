import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

import { GristmillError } from "@gristmill/sdk";

/** Milliseconds between asking a process to stop and killing it. */
const GRACE = 10_000;

/** A process to start: a Node script with its arguments. */
export interface ProcessOptions {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * Whether it runs in the launcher's session, where Ctrl-C reaches it as well: for nodes, which leave that to their
   * launcher. Linux shares the processors among sessions before it looks at niceness (sched(7), "The autogroup feature"), so
   * only in one session does one node's training give way to another's deadlines.
   */
  readonly inSession?: boolean;
  /** Called with each line of standard output. */
  readonly onLine?: (line: string) => void;
}

/** How a process ended, with the last lines it wrote to standard error. */
export interface Exit {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Keeps track of every process the launcher started, so that none is left behind however it ends. */
export class Processes {
  readonly #running = new Map<ChildProcess, Promise<Exit>>();

  constructor() {
    // The last resort: whatever way this process ends, its children go with it.
    process.on("exit", () => {
      for (const child of this.#running.keys()) child.kill("SIGKILL");
    });
  }

  /** Starts a process; the second part resolves when it has ended. */
  start({ name, script, args, env, cwd, inSession = false, onLine }: ProcessOptions): {
    readonly child: ChildProcess;
    readonly exit: Promise<Exit>;
  } {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      // In a session of its own Ctrl-C does not reach it: the launcher stops all in order.
      detached: !inSession,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4_000);
    });
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => onLine?.(line));
    const exit = new Promise<Exit>((resolve, reject) => {
      child.once("error", (cause) => {
        reject(new GristmillError("PROCESS_FAILED", `${name} could not be started`, { cause }));
      });
      child.once("close", (code, signal) => {
        this.#running.delete(child);
        resolve({ name, code, signal, stderr });
      });
    });
    this.#running.set(child, exit);
    return { child, exit };
  }

  /** Stops all that still run: asks first, kills what has not ended in 10 s. */
  async stopAll(): Promise<void> {
    const all = [...this.#running.entries()];
    for (const [child] of all) child.kill("SIGTERM");
    const killer = setTimeout(() => {
      for (const [child] of all) child.kill("SIGKILL");
    }, GRACE);
    await Promise.allSettled(all.map(([, exit]) => exit));
    clearTimeout(killer);
  }
}
