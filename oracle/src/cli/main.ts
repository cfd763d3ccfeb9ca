import { Command, CommanderError } from "commander";

import type { SlotWork } from "../roles/slot-work.ts";
import { honestWork } from "../roles/slot-work.ts";
import { checkCommand } from "./check.ts";
import { claimsCommand, rewardsCommand } from "./claims.ts";
import { completionCommand } from "./completion.ts";
import { bountyCommand } from "./bounty.ts";
import { disputesCommand } from "./disputes.ts";
import { describe, EXIT, exitCodeOf } from "./exit.ts";
import { explainCommand } from "./explain.ts";
import { exportCommand, importCommand } from "./identity.ts";
import { initCommand } from "./init.ts";
import { modelsCommand } from "./models.ts";
import { policyCommand } from "./policy.ts";
import { runCommand } from "./run.ts";
import { stakeCommand } from "./stake.ts";
import { statusCommand } from "./status.ts";
import { taskCommand } from "./task.ts";
import { benchCommand, tensHashCommand } from "./tenshash.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the command line; resolves with the exit code.
 * @param work how a miner's segments come about
 */
export async function main(argv: readonly string[], work: SlotWork = honestWork): Promise<number> {
  const program = new Command("oracle-miner")
    .description("Gristmill's node: trains, mines, keeps the log, evaluates and verifies")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(add --help for the options)");
  program.addCommand(initCommand());
  program.addCommand(checkCommand());
  program.addCommand(runCommand(work));
  program.addCommand(statusCommand());
  program.addCommand(taskCommand());
  program.addCommand(stakeCommand());
  program.addCommand(claimsCommand());
  program.addCommand(rewardsCommand());
  program.addCommand(explainCommand());
  program.addCommand(bountyCommand());
  program.addCommand(policyCommand());
  program.addCommand(disputesCommand());
  program.addCommand(modelsCommand());
  program.addCommand(exportCommand());
  program.addCommand(importCommand());
  program.addCommand(tensHashCommand());
  program.addCommand(benchCommand());
  program.addCommand(completionCommand(() => program));
  try {
    await program.parseAsync([...argv], { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.user;
    console.error(describe(error));
    return exitCodeOf(error);
  }
}
