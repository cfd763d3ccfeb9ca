import { execFile } from "node:child_process";
import { env } from "node:process";
import { promisify } from "node:util";

const CHECK_TIMEOUT = 5_000;

/** What all processes of a script may take together. */
export interface GroupLimits {
  /** Bytes, scratch folders in memory included. */
  readonly memoryBytes: number;
  /** Processes and threads at a time. */
  readonly processes: number;
}

/** A command line that runs what follows it in a control group of its own, and the variables that it needs. */
export interface ControlGroup {
  readonly prefix: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A transient scope of systemd (https://systemd.io/CONTROL_GROUP_INTERFACE/), which needs no root: the user's own manager
 * makes it where control groups are delegated to it. Undefined where none can be had: no systemd, no session of this user,
 * most containers.
 *
 * @param user whom the scope's processes run as, where the node is root and asks the system's manager
 * @param program systemd-run
 */
export async function controlGroup(
  { memoryBytes, processes }: GroupLimits,
  user: number | undefined,
  program: string,
): Promise<ControlGroup | undefined> {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const environment = runtime === undefined ? {} : { XDG_RUNTIME_DIR: runtime };
  const manager = user === undefined ? ["--user"] : [`--uid=${user}`, `--gid=${user}`];
  const limits = [`MemoryMax=${memoryBytes}`, "MemorySwapMax=0", `TasksMax=${processes}`];
  const options = [...manager, "--scope", "--quiet", "--collect", ...limits.flatMap((limit) => ["-p", limit]), "--"];
  return promisify(execFile)(program, [...options, "true"], { timeout: CHECK_TIMEOUT }).then(
    () => ({ prefix: [program, ...options], environment }),
    () => undefined,
  );
}
