import { lstatSync, readlinkSync } from "node:fs";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { getuid } from "node:process";

import { GristmillError } from "@gristmill/sdk";

import { controlGroup } from "./control-group.ts";
import { type ForeignProcess, runForeign } from "./foreign-process.ts";
import type { Runner, RunnerJob } from "./runner.ts";
import { JOB_FOLDER, SCRIPT_WRAPPER, scriptEnvironment, scriptOf, withScriptFolder } from "./script-folder.ts";

/** "nobody": whom scripts of a node that runs as root run as, since limits on processes do not bind root. */
const NOBODY = 65_534;

const CHECK_SECONDS = 10;

/** What a script may take. */
export interface SandboxLimits {
  /** Address space of each process, and memory of all together where a control group can be had, bytes. */
  readonly memoryBytes: number;
  /** Processes and threads at a time. */
  readonly processes: number;
  /** Each of the scratch folders, which live in memory, bytes. */
  readonly scratchBytes: number;
}

export const SANDBOX_LIMITS: SandboxLimits = {
  memoryBytes: 4 * 2 ** 30,
  processes: 64,
  scratchBytes: 2 ** 28,
};

/**
 * Runs a bounty's own script under bubblewrap (https://github.com/containers/bubblewrap): namespaces of its own without a
 * network, the system's programs and the inputs read-only, everything else that it can write to in memory and bounded,
 * and nothing of the node's files, environment and processes. Time is bounded from outside: when the sandbox's first
 * process ends, the kernel ends all others in it. Memory is bounded in all where this machine gives the node a control group
 * ({@link controlGroup}); elsewhere for each process, so that a script can have `processes` times `memoryBytes`.
 */
export class SandboxRunner implements Runner {
  readonly name = "sandbox";
  readonly #program: string;
  readonly #limits: SandboxLimits;
  readonly #grouping: string;

  /**
   * @param program bubblewrap
   * @param grouping systemd-run, which makes control groups
   */
  constructor(limits: SandboxLimits = SANDBOX_LIMITS, program = "bwrap", grouping = "systemd-run") {
    this.#limits = limits;
    this.#program = program;
    this.#grouping = grouping;
  }

  async check(): Promise<void> {
    const signal = AbortSignal.timeout(CHECK_SECONDS * 1000);
    const args = [...sandboxArguments(this.#limits, undefined, {}), ...limited(this.#limits, CHECK_SECONDS), "true"];
    try {
      await runForeign({
        ...(await this.#isolated(args)),
        seconds: CHECK_SECONDS,
        maxOutputBytes: 1,
        signal,
      });
    } catch (cause) {
      throw new GristmillError("RUNNER_UNAVAILABLE", "this machine cannot run scripts in a sandbox", {
        cause,
        hints: [
          "install bubblewrap 0.8 or newer and util-linux: apt-get install bubblewrap util-linux",
          "allow user namespaces, where they are off: sysctl kernel.unprivileged_userns_clone=1",
          "or leave `sandbox` out of --bounty-runners: the builtin runner needs none of it",
        ],
      });
    }
  }

  async run(job: RunnerJob, signal: AbortSignal): Promise<Uint8Array> {
    const { interpreter } = scriptOf(job.spec);
    await this.check();
    return withScriptFolder(job, async (folder) => {
      const script = [...limited(this.#limits, job.seconds), interpreter, `${JOB_FOLDER}/in/script`];
      const wrapped = ["sh", "-c", SCRIPT_WRAPPER, "sh", ...script];
      return runForeign({
        ...(await this.#isolated([...sandboxArguments(this.#limits, folder, scriptEnvironment(job)), ...wrapped])),
        seconds: job.seconds,
        maxOutputBytes: job.spec.scoring["max-model-bytes"],
        signal,
      });
    });
  }

  /** Bubblewrap with these arguments, in a control group where there can be one. */
  async #isolated(args: readonly string[]): Promise<Pick<ForeignProcess, "program" | "args" | "user" | "environment">> {
    const user = getuid?.() === 0 ? NOBODY : undefined;
    const group = await controlGroup(this.#limits, user, this.#grouping);
    if (group === undefined) return { program: this.#program, args, ...(user === undefined ? {} : { user }) };
    const { prefix, environment } = group;
    const [program = this.#grouping, ...options] = prefix;
    return { program, args: [...options, this.#program, ...args], environment };
  }
}

/** Whether bubblewrap is there at all, for tests and `oracle-miner check`. */
export async function hasBubblewrap(): Promise<boolean> {
  return access("/usr/bin/bwrap", constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What limits one process and its children; inherited, and nobody can raise it again. */
function limited({ memoryBytes, processes, scratchBytes }: SandboxLimits, seconds: number): string[] {
  return [
    "prlimit",
    `--as=${memoryBytes}`,
    `--nproc=${processes}`,
    `--fsize=${scratchBytes}`,
    `--cpu=${Math.ceil(seconds) * processes}`,
    "--nofile=256",
    "--core=0",
    "--",
  ];
}

function sandboxArguments(
  { scratchBytes }: SandboxLimits,
  folder: string | undefined,
  environment: Readonly<Record<string, string>>,
): string[] {
  const scratch = (path: string): string[] => ["--size", String(scratchBytes), "--tmpfs", path];
  return [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--ro-bind", "/usr", "/usr"],
    ...["/bin", "/sbin", "/lib", "/lib64"].flatMap(systemFolder),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...scratch("/dev/shm"),
    ...scratch("/tmp"),
    ...scratch(`${JOB_FOLDER}/out`),
    ...(folder === undefined ? [] : ["--ro-bind", folder, `${JOB_FOLDER}/in`]),
    // What bubblewrap builds these on is memory too, of no bounded size.
    ...["--remount-ro", "/dev", "--remount-ro", "/"],
    ...["--chdir", `${JOB_FOLDER}/out`, "--"],
  ];
}

/** A folder beside /usr as the host has it: mostly a link into /usr. */
function systemFolder(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}
