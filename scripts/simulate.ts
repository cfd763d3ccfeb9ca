// Simulations of shared models on the real contracts, in process: who gains, who loses, and what becomes of the model.

import { existsSync, globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { GristmillError } from "@gristmill/sdk";
import { Command, Option } from "commander";
import { tasks } from "hardhat";
import pc from "picocolors";

import { type LabelledSimulation, renderPage } from "./simulate/page.ts";
import { type Scenario, SWEEPS } from "./simulate/scenario.ts";
import { simulate } from "./simulate/simulate.ts";

const SCENARIOS = join(import.meta.dirname, "simulate", "scenarios");

interface Options {
  readonly seed: readonly string[];
  readonly sweep: { readonly name: keyof typeof SWEEPS; readonly values: readonly number[] } | undefined;
  readonly out: string;
}

function names(): string[] {
  return globSync("*.ts", { cwd: SCENARIOS })
    .map((file) => basename(file, ".ts"))
    .sort();
}

async function load(nameOrFile: string): Promise<Scenario> {
  const known = join(SCENARIOS, `${nameOrFile}.ts`);
  const file = existsSync(known) ? known : resolve(nameOrFile);
  if (!existsSync(file)) {
    throw new GristmillError("SCENARIO_UNKNOWN", `There is no scenario and no file ${nameOrFile}.`, {
      hints: [`scenarios are ${names().join(", ")}`],
    });
  }
  return ((await import(pathToFileURL(file).href)) as { readonly default: Scenario }).default;
}

function parseSweep(text: string): Options["sweep"] {
  const [name = "", list = ""] = text.split("=");
  const values = list.split(",").map(Number);
  if (!Object.hasOwn(SWEEPS, name) || list === "" || !values.every(Number.isFinite)) {
    throw new GristmillError("SWEEP_MALFORMED", `${text} is no sweep: write NAME=VALUE,VALUE...`, {
      hints: [`names are ${Object.keys(SWEEPS).join(", ")}; values are numbers`],
    });
  }
  return { name: name as keyof typeof SWEEPS, values };
}

async function run(nameOrFile: string, { seed: seeds, sweep, out }: Options): Promise<void> {
  const base = await load(nameOrFile);
  await tasks.getTask("build").run({ quiet: true, noTests: true });
  const variants =
    sweep === undefined
      ? [{ label: "", scenario: base }]
      : sweep.values.map((value) => ({
          label: `${sweep.name} ${value}, `,
          scenario: SWEEPS[sweep.name](base, value),
        }));
  console.log(pc.bold(base.title));
  const runs: LabelledSimulation[] = [];
  for (const { label: variant, scenario } of variants) {
    for (const seed of seeds) {
      const simulation = await simulate(scenario, seed);
      const label = `${variant}seed ${seed}`;
      runs.push({ label, simulation });
      const { accuracy, agents } = simulation;
      const [begin, end] = [accuracy[0], accuracy.at(-1)].map((point) => (100 * (point?.accuracy ?? 0)).toFixed(1));
      const changes = agents.map(({ name, start, end: left }) => `${name} ${(100 * (left / start - 1)).toFixed(1)} %`);
      console.log(`  ${label}: accuracy ${begin} % -> ${end} %; ${changes.join(", ")}`);
    }
  }
  await mkdir(out, { recursive: true });
  const file = join(out, basename(nameOrFile, ".ts"));
  const command = `npm run simulate -- ${process.argv.slice(2).join(" ")}`;
  await writeFile(`${file}.html`, await renderPage(runs, command));
  await writeFile(`${file}.json`, `${JSON.stringify(runs, undefined, 1)}\n`);
  console.log(`  ${relative(process.cwd(), file)}.html and .json`);
}

const program = new Command("npm run simulate --")
  .description(
    `Simulates agents that train a shared model for deposits, on the real contracts.

Scenarios: ${names().join(", ")}; or a file of your own that exports one (scripts/simulate/scenario.ts).`,
  )
  .argument("<scenario>", "name or file")
  .option("--seed <seed,...>", "seeds of the runs, any text", (text) => text.split(","), ["1"])
  .addOption(new Option("--sweep <name=value,...>", `a run for each value of ${Object.keys(SWEEPS).join(", ")}`))
  .option("--out <folder>", "where the page and its JSON go", "simulations")
  .action(async (scenario: string, { sweep, ...options }: Omit<Options, "sweep"> & { readonly sweep?: string }) =>
    run(scenario, { ...options, sweep: sweep === undefined ? undefined : parseSweep(sweep) }),
  );

if (process.argv.length <= 2) program.help();
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof GristmillError)) throw error;
  console.error(`${error.code}: ${error.message}${error.hints.map((hint) => `\n  ${hint}`).join("")}`);
  process.exitCode = 1;
}
