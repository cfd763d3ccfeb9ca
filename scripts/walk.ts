// The random walks of the contract tests, as long as one likes: many more seeds than `npm test` takes.

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";

const program = new Command("npm run walk --")
  .description("random interleavings of all calls by random actors, with every invariant checked on the way")
  .option("--calls <n>", "calls of each kind of walk", "50000")
  .argument("[files...]", "walks, all by default")
  .parse();
const { calls } = program.opts<{ readonly calls: string }>();
if (!/^[1-9]\d*$/.test(calls))
  throw new GristmillError("WALK_CALLS", `--calls takes a whole number above 0, not ${calls}.`);
const files = program.args.length > 0 ? program.args : globSync("test/contracts/**/*-walk.test.ts").sort();
const { status } = spawnSync("hardhat", ["test", "mocha", ...files], {
  stdio: "inherit",
  env: { ...process.env, WALK_CALLS: calls },
});
process.exitCode = status ?? 1;
