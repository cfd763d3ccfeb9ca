// Solidity warnings are errors, in the project's own sources: the compiler's are kept in Hardhat's build info.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of `*.output.json` that is read: https://docs.soliditylang.org/en/latest/using-the-compiler.html */
interface BuildOutput {
  readonly output: {
    readonly errors?: readonly {
      readonly severity: "error" | "warning" | "info";
      readonly formattedMessage: string;
      readonly sourceLocation?: { readonly file: string };
    }[];
  };
}

function main([folder]: readonly string[]): number {
  if (folder === undefined) {
    console.log("Usage: node scripts/checks/warnings.ts artifacts/build-info   (after npx hardhat build)");
    return 0;
  }
  const warnings = globSync(join(folder, "*.output.json"))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as BuildOutput)
    .flatMap(({ output }) => output.errors ?? [])
    // Packages come as "npm/NAME@VERSION/...", the project's files as "project/...".
    .filter(({ sourceLocation }) => sourceLocation?.file.startsWith("project/") === true);
  for (const { formattedMessage } of warnings) console.error(formattedMessage);
  return warnings.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
