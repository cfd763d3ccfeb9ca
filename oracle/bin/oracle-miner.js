#!/usr/bin/env node
// Starts the command line from its sources (in the repository) or its build (in the package).

import { existsSync } from "node:fs";

// node:sqlite works, but its interface may still change; that is for us to know, not for operators. Everything else
// that Node warns of is still shown.
const emit = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (String(warning).includes("SQLite is an experimental feature")) return;
  emit.call(process, warning, ...rest);
};

const source = new URL("../src/cli/main.ts", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
