import { readFileSync } from "node:fs";

import { Command, CommanderError } from "commander";

import type { SlotWork } from "../roles/slot-work.ts";
import { honestWork } from "../roles/slot-work.ts";
import { bountyCommand } from "./bounty.ts";
import { disputesCommand } from "./disputes.ts";
import { describe, EXIT, exitCodeOf } from "./exit.ts";
import { runCommand } from "./run.ts";
import { stakeCommand } from "./stake.ts";
import { taskCommand } from "./task.ts";
import { benchCommand, tensHashCommand } from "./tenshash.ts";

/**
 * Runs the command line; resolves with the exit code.
 * @param work how a miner's segments come about
 */
export async function main(argv: readonly string[], work: SlotWork = honestWork): Promise<number> {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const program = new Command("oracle-miner")
    .description("Gristmill's node: trains, mines, keeps the log, evaluates and verifies")
    .version(manifest.version)
    .exitOverride()
    .showHelpAfterError("(add --help for the options)");
  program.addCommand(runCommand(work));
  program.addCommand(taskCommand());
  program.addCommand(stakeCommand());
  program.addCommand(bountyCommand());
  program.addCommand(disputesCommand());
  program.addCommand(tensHashCommand());
  program.addCommand(benchCommand());
  try {
    await program.parseAsync([...argv], { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.user;
    console.error(describe(error));
    return exitCodeOf(error);
  }
}
