import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";

import { GristmillError } from "@gristmill/sdk";

import { runForeign } from "./foreign-process.ts";
import type { Runner, RunnerJob } from "./runner.ts";
import { SANDBOX_LIMITS, type SandboxLimits } from "./sandbox-runner.ts";
import { JOB_FOLDER, SCRIPT_WRAPPER, scriptEnvironment, scriptOf, withScriptFolder } from "./script-folder.ts";

const ENGINES = ["podman", "docker"];
const ENGINE_TIMEOUT = 10_000;
const NOBODY = "65534:65534";

/**
 * Runs a bounty's own script in a container of the image that the spec names, by the same contract as the sandbox: no
 * network, a read-only system, bounded scratch, memory and processes. The image must be on this machine already: nothing
 * is pulled for a stranger.
 */
export class ContainerRunner implements Runner {
  readonly name = "container";
  readonly #engines: readonly string[];
  readonly #limits: SandboxLimits;

  /** @param engines command lines of container engines, the preferred first */
  constructor(limits: SandboxLimits = SANDBOX_LIMITS, engines: readonly string[] = ENGINES) {
    this.#limits = limits;
    this.#engines = engines;
  }

  async check(): Promise<void> {
    await this.#engine();
  }

  async run(job: RunnerJob, signal: AbortSignal): Promise<Uint8Array> {
    const { image, interpreter } = scriptOf(job.spec);
    if (image === undefined)
      throw new GristmillError("SCRIPT_MISSING", "this bounty's script names no container image", {
        hints: ["run it in the sandbox, or leave this bounty alone"],
      });
    const engine = await this.#engine();
    return withScriptFolder(job, (folder) => {
      const name = `gristmill-${randomUUID()}`;
      const script = ["sh", "-c", SCRIPT_WRAPPER, "sh", interpreter, `${JOB_FOLDER}/in/script`];
      return runForeign({
        program: engine,
        args: [...this.#arguments(name, folder, job), image, ...script],
        seconds: job.seconds,
        maxOutputBytes: job.spec.scoring["max-model-bytes"],
        signal,
        // The engine's client is killed; the container is the engine's.
        onKill: async () => {
          await call(engine, ["rm", "--force", name]).catch(() => undefined);
        },
      });
    });
  }

  #arguments(name: string, folder: string, job: RunnerJob): string[] {
    const { memoryBytes, processes, scratchBytes } = this.#limits;
    const scratch = (path: string): string[] => ["--tmpfs", `${path}:rw,size=${scratchBytes},mode=1777`];
    return [
      ...["run", "--rm", "--name", name, "--pull", "never", "--network", "none", "--read-only"],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", NOBODY],
      ...["--memory", String(memoryBytes), "--memory-swap", String(memoryBytes), "--pids-limit", String(processes)],
      ...scratch("/tmp"),
      ...scratch(`${JOB_FOLDER}/out`),
      ...["--volume", `${folder}:${JOB_FOLDER}/in:ro`, "--workdir", `${JOB_FOLDER}/out`],
      ...Object.entries(scriptEnvironment(job)).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ];
  }

  /** The first engine that answers. */
  async #engine(): Promise<string> {
    for (const engine of this.#engines) {
      const answers = await call(engine, ["info"]).then(
        () => true,
        () => false,
      );
      if (answers) return engine;
    }
    throw new GristmillError("RUNNER_UNAVAILABLE", `no container engine answers (${this.#engines.join(", ")})`, {
      hints: [
        "install podman or docker, and let this user use it",
        "or leave `container` out of --bounty-runners: the builtin runner needs no engine",
      ],
    });
  }
}

async function call(engine: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(engine, [...args], { timeout: ENGINE_TIMEOUT });
}
