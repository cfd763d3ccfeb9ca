import { BuiltinRunner } from "./builtin-runner.ts";
import { ContainerRunner } from "./container-runner.ts";
import type { Runner, RunnerName } from "./runner.ts";
import { SandboxRunner } from "./sandbox-runner.ts";

/** The runner of a name, with its limits as they come. */
export function createRunner(name: RunnerName): Runner {
  if (name === "builtin") return new BuiltinRunner();
  return name === "sandbox" ? new SandboxRunner() : new ContainerRunner();
}
