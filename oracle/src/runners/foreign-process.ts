import { spawn } from "node:child_process";

import { GristmillError } from "@gristmill/sdk";

/** Most of a script's log that is kept, bytes. */
const MAX_LOG_BYTES = 65_536;

export interface ForeignProcess {
  readonly program: string;
  readonly args: readonly string[];
  /** Whom it runs as, where that is not the node's own user. */
  readonly user?: number;
  /** Variables for what isolates; what it isolates does not get them. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
  /** Ends what killing the process does not end. */
  readonly onKill?: () => Promise<void>;
}

/**
 * Runs what isolates foreign code, and takes its standard output, which is the model, and its standard error, which is a
 * log. It gets none of the node's environment and none of its files but these two pipes.
 *
 * @throws GristmillError RUNNER_FAILED, RUNNER_TIMEOUT, RUNNER_OUTPUT_TOO_LARGE
 */
export async function runForeign(options: ForeignProcess): Promise<Uint8Array> {
  const { program, args, user, environment, seconds, maxOutputBytes, signal } = options;
  signal.throwIfAborted();
  const child = spawn(program, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...environment },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const output: Buffer[] = [];
  let bytes = 0;
  let log = "";
  let failure: GristmillError | undefined;
  const end = (error: GristmillError): void => {
    failure ??= error;
    child.kill("SIGKILL");
  };
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) end(tooLarge(maxOutputBytes));
    else output.push(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (log.length < MAX_LOG_BYTES) log += text.slice(0, MAX_LOG_BYTES - log.length);
  });
  const timeout = AbortSignal.timeout(seconds * 1000);
  const either = AbortSignal.any([signal, timeout]);
  const stop = (): void => {
    end(timeout.aborted && !signal.aborted ? tooLong(seconds) : stopped(signal.reason));
  };
  either.addEventListener("abort", stop);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", (cause) => {
        reject(new GristmillError("RUNNER_UNAVAILABLE", `${program} cannot be started`, { cause }));
      });
      child.on("close", (status) => {
        resolve(status ?? 1);
      });
    });
    if (failure !== undefined) throw failure;
    if (code !== 0)
      throw new GristmillError("RUNNER_FAILED", `the training script ended with exit code ${code}`, {
        hints: log === "" ? [] : [`the end of its log: ${log.slice(-500)}`],
      });
    return new Uint8Array(Buffer.concat(output));
  } finally {
    either.removeEventListener("abort", stop);
    if (failure !== undefined) await options.onKill?.();
  }
}

function tooLarge(limit: number): GristmillError {
  return new GristmillError("RUNNER_OUTPUT_TOO_LARGE", `the script wrote a model of more than ${limit} bytes`, {
    hints: ["the bounty's scoring.max-model-bytes bounds what can be entered"],
  });
}

function tooLong(seconds: number): GristmillError {
  return new GristmillError("RUNNER_TIMEOUT", `the script was ended after the ${seconds} s that it had`, {
    hints: ["raise --bounty-run-time if the bounty is worth it"],
  });
}

function stopped(cause: unknown): GristmillError {
  return new GristmillError("RUNNER_STOPPED", "the script was stopped", { cause });
}
