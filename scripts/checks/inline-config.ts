// Fails where a comment switches a rule of the linter or a check of the compiler off: exceptions stand in the
// configuration, each with its reason. The linter cannot say it, as such a comment silences it.

import { globSync, readFileSync } from "node:fs";

const SWITCH = /(?:\/\/|\/\*)\s*(?:(?:ox|es)lint-(?:disable|enable)|@ts-(?:ignore|nocheck))/;

const files = globSync("{*,{deployments,examples,oracle,scripts,sdk,test}/**/*}.{ts,tsx,js,mjs}", {
  exclude: (name) => /(^|\/)(node_modules|dist)$/.test(name),
});
let found = 0;
for (const file of files)
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries())
    if (SWITCH.test(line)) {
      found += 1;
      console.error(`${file}:${String(index + 1)}: switch a rule off in .oxlintrc.json, and say there why`);
    }
if (files.length === 0) console.error("no file to check: run this in the repository's root");
process.exitCode = found > 0 || files.length === 0 ? 1 : 0;
