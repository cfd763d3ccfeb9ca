// All benchmarks behind one command. Each measures in one run what it compares, and reports medians with their spread.

import { Command, Option } from "commander";

import { benchTensHash, withBenchOptions } from "../oracle/src/cli/tenshash.ts";
import { benchAll } from "./bench/all.ts";
import { benchTraining } from "./bench/training.ts";

const program = new Command("npm run bench --").description(
  "Measures this machine. Close other programs first; figures of a busy machine are those of the other programs.",
);
program
  .command("training")
  .description("splits the time of a training iteration, and says what being verifiable adds to bare training")
  .option("--task <file>", "task file; without it MNIST's network on images drawn by code")
  .option("--rounds <n>", "segments measured", Number, 40)
  .addOption(new Option("--segment-length <n>", "iterations a segment").argParser(Number))
  .option("--json", "print the figures as JSON")
  .action(benchTraining);

withBenchOptions(
  program.command("tenshash").description("hashes a second and matrices a seed, of every backend that is present"),
).action(benchTensHash);
program
  .command("all")
  .description("every benchmark, in one table")
  .option("--json", "the same as JSON")
  .action(benchAll);

if (process.argv.length <= 2) program.help();
await program.parseAsync();
