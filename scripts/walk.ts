// The random walks of the contract tests, as long as one likes: many more seeds than `npm test` takes, or one again.

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";

const program = new Command("npm run walk --")
  .description("random interleavings of all calls by random actors, with every invariant checked on the way")
  .option("--calls <n>", "calls in all; with --seed, of the one walk before everybody falls silent", "50000")
  .option("--seed <n>", "this walk alone, call by call as it was")
  .argument("[files...]", "walks, all by default")
  .parse();
const { calls, seed } = program.opts<{ readonly calls: string; readonly seed?: string }>();
for (const [option, given] of Object.entries({ calls, seed }))
  if (given !== undefined && !/^[1-9]\d*$/.test(given))
    throw new GristmillError("WALK_OPTION", `--${option} takes a whole number above 0, not ${given}.`);
const files = program.args.length > 0 ? program.args : globSync("test/contracts/**/*-walk.test.ts").sort();
const { status } = spawnSync("hardhat", ["test", "mocha", ...files], {
  stdio: "inherit",
  env: { ...process.env, WALK_CALLS: calls, ...(seed !== undefined && { WALK_SEED: seed }) },
});
process.exitCode = status ?? 1;
