#!/usr/bin/env node
// Starts the command line from its sources (in the repository) or its build (in the package).

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const beside = (path) => new URL(path, import.meta.url);
const source = beside("../src/cli/main.ts");
const bootstrap = beside("../../scripts/bootstrap.mjs");
const minimum = JSON.parse(readFileSync(beside("../package.json"), "utf8")).engines.node.replace(">=", "");

if (isRecent(process.versions.node, minimum)) {
  // node:sqlite works, but its interface may still change; that is for us to know, not for operators. Everything else
  // that Node warns of is still shown.
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (String(warning).includes("SQLite is an experimental feature")) return;
    emit.call(process, warning, ...rest);
  };
  const { main } = await import(existsSync(source) ? source.href : beside("../dist/cli/main.js").href);
  process.exitCode = await main(process.argv.slice(2));
} else if (existsSync(source) && existsSync(bootstrap)) {
  // The repository brings a Node of its own.
  process.argv.splice(1, 1, fileURLToPath(bootstrap), "oracle-miner");
  await import(bootstrap.href);
} else {
  process.stderr.write(
    `oracle-miner needs Node ${minimum} or newer: this is ${process.versions.node}. See https://nodejs.org\n`,
  );
  process.exitCode = 1;
}

/** Whether a version is at least another one, by its first two numbers. */
function isRecent(version, than) {
  const [[major, minor], [wantedMajor, wantedMinor]] = [version, than].map((text) => text.split(".").map(Number));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
