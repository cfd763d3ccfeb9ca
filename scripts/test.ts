// All checks of the repository, a line each: `npm test`, `npm test -- STEP...`.

import { parseArgs } from "node:util";

import { runSteps } from "./test/run-steps.ts";
import type { StepResult } from "./test/run-step.ts";
import { STEPS } from "./test/steps.ts";

const list = (steps: typeof STEPS): string =>
  steps.map(({ name, about }) => `  ${name.padEnd(NAME_WIDTH)}${about}`).join("\n");
const NAME_WIDTH = 16;

const HELP = `Usage: npm test [-- [STEP...] [--all] [--no-skips]]

Runs all steps but the long ones, or the named ones, to the end, two or three at a time; prints a line for each and the
whole output of those that fail.

  --all        the long ones as well
  --no-skips   fail if a test was left out because this machine lacks something

Steps:
${list(STEPS.filter(({ long }) => long === undefined))}

Long steps:
${list(STEPS.filter(({ long }) => long === true))}`;

interface CommandLine {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly noSkips: boolean;
  readonly help: boolean;
}

function parseCommandLine(): CommandLine {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      "no-skips": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return { names: positionals, all: values.all, noSkips: values["no-skips"], help: values.help };
}

function report({ name, seconds, passed, failed, skipped, output }: StepResult): void {
  const counts = [`${passed} passed`, ...(failed > 0 ? [`${failed} failed`] : [])].join(", ");
  console.log(
    `${failed > 0 ? "FAIL" : "ok  "} ${name.padEnd(NAME_WIDTH)}${seconds.toFixed(1).padStart(6)} s  ${counts}`,
  );
  if (failed > 0) console.log(output.replace(/^/gm, "     "));
  // Tables that tests print are part of what they have to say.
  else for (const row of output.match(/^[┌├│└].*$/gm) ?? []) console.log(`     ${row}`);
  for (const test of skipped) console.log(`     left out: ${test}`);
}

async function main(): Promise<number> {
  const { names, all, noSkips, help } = parseCommandLine();
  if (help) {
    console.log(HELP);
    return 0;
  }
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(", ")}.\n\n${HELP}`);
    return 1;
  }

  const named = STEPS.filter(({ name, long }) =>
    names.length === 0 ? all || long === undefined : names.includes(name),
  );
  const needed = new Set(named.map(({ name }) => name));
  // From the last: what a step needs stands before it, and may need another itself.
  for (const { name, needs } of STEPS.toReversed()) if (needs !== undefined && needed.has(name)) needed.add(needs);
  const results = await runSteps(
    STEPS.filter(({ name }) => needed.has(name)),
    report,
  );

  const total = (count: (result: StepResult) => number) => results.reduce((sum, result) => sum + count(result), 0);
  const failed = total((result) => result.failed);
  const skipped = total((result) => result.skipped.length);
  if (skipped > 0) console.log(`\n${skipped} tests were left out${noSkips ? ", which --no-skips forbids" : ""}.`);
  const left = STEPS.filter(({ name, long }) => names.length === 0 && long === true && !needed.has(name));
  if (left.length > 0)
    console.log(`\nLong steps left out, for npm test -- --all: ${left.map(({ name }) => name).join(", ")}`);
  console.log(
    `\n${total((result) => result.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
  );
  return failed > 0 || (noSkips && skipped > 0) ? 1 : 0;
}

process.exitCode = await main();
