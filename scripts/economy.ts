// What mining earns, honestly and otherwise, by the rules of the contracts: the tables of docs/ECONOMY.md.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";

import { MARKET, RULES } from "./economy/rules.ts";
import { breakdownOf, type Row, simulateEconomy, tableOf } from "./economy/report.ts";

const DOCUMENT = join(dirname(import.meta.dirname), "docs", "ECONOMY.md");

/** The figures of the document are those of this seed. */
export const SEED = 1;

interface Options {
  readonly seed: string;
  readonly json?: string;
  readonly write?: boolean;
}

/** The document with its tables, each between two comments that name it, replaced. */
export function withTables(document: string, rows: readonly Row[]): string {
  return replaced(replaced(document, "nets", tableOf(rows)), "breakdown", breakdownOf(rows, 0.3));
}

function replaced(document: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new GristmillError("ECONOMY_DOCUMENT", `docs/ECONOMY.md has no place for the table ${name}.`, {
      hints: [`put ${start} and ${end} where it belongs`],
    });
  return `${document.slice(0, from + start.length)}\n\n${table}\n\n${document.slice(to)}`;
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("economy")
    .description("simulates what mining earns, honestly and by each known deviation")
    .option("--seed <n>", "whole number that all luck follows from", String(SEED))
    .option("--json <file>", "write parameters and all figures there")
    .option("--write", "put the tables into docs/ECONOMY.md, with the document's seed")
    .parse(argv);
  const options = program.opts<Options>();
  const seed = Number(options.seed);
  if (!Number.isSafeInteger(seed))
    throw new GristmillError("ECONOMY_SEED", `--seed takes a whole number, not ${options.seed}.`);
  const rows = simulateEconomy(options.write === true ? SEED : seed);
  if (options.json !== undefined) {
    await mkdir(dirname(options.json), { recursive: true });
    await writeFile(options.json, `${JSON.stringify({ seed, rules: RULES, market: MARKET, rows }, undefined, 2)}\n`);
  }
  if (options.write === true) await writeFile(DOCUMENT, withTables(await readFile(DOCUMENT, "utf8"), rows));
  console.log(`GRIST per epoch, by part of all compute\n\n${tableOf(rows)}\n\nAt 30 %\n\n${breakdownOf(rows, 0.3)}`);
}

if (import.meta.main) await main(process.argv);
