// Writes docs/SHARED-MODELS-GAS.md: what the calls of shared models cost, beside upstream's figures.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { format, resolveConfig } from "prettier";

import { measureSharedModels } from "./gas/shared-models.ts";
import { gasDocument } from "./gas/table.ts";

const TARGET = join(import.meta.dirname, "..", "docs", "SHARED-MODELS-GAS.md");

const HELP = `Usage: node scripts/gas.ts --write | --check

  --write   measures, and writes docs/SHARED-MODELS-GAS.md
  --check   measures, and fails if the document says something else

Compile first: npx hardhat build`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, check: { type: "boolean" } } });
  if (values.write === values.check) {
    console.log(HELP);
    return values.write === undefined ? 0 : 1;
  }
  const document = gasDocument(await measureSharedModels());
  const formatted = await format(document, { ...(await resolveConfig(TARGET)), filepath: TARGET });
  if (values.write === true) {
    await writeFile(TARGET, formatted);
    return 0;
  }
  if ((await readFile(TARGET, "utf8")) === formatted) return 0;
  console.error("docs/SHARED-MODELS-GAS.md is out of date: node scripts/gas.ts --write");
  return 1;
}

process.exitCode = await main();
