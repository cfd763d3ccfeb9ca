// Bundles typical imports of @gristmill/sdk for the browser and holds them against the budgets of sdk/bundle-budgets.json.
// A bundle for the browser fails to build if a built-in module of Node can be reached.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const ROOT = dirname(dirname(import.meta.dirname));
const ENTRY = join(ROOT, "dist", "sdk", "dist", "index.js");
const BUDGETS = join(ROOT, "sdk", "bundle-budgets.json");

const HELP = `Usage: node scripts/checks/bundle-sizes.ts --check

Bundles typical imports of the built SDK with esbuild and fails where one is larger than its budget in
sdk/bundle-budgets.json (bytes, minified and gzipped).

Build first: npm run build -- --all`;

interface Budget {
  /** Names imported from the SDK; none for the whole of it. */
  readonly imports: readonly string[];
  /** Bytes, minified and gzipped. */
  readonly gzip: number;
}

async function gzipSizeOf({ imports }: Budget): Promise<number> {
  const names = imports.join(", ");
  const contents =
    imports.length === 0
      ? `import * as all from "@gristmill/sdk"; globalThis.used = all;`
      : `import { ${names} } from "@gristmill/sdk"; globalThis.used = [${names}];`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    alias: { "@gristmill/sdk": ENTRY },
    bundle: true,
    format: "esm",
    logLevel: "error",
    minify: true,
    platform: "browser",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: "boolean" } } });
  if (values.check !== true) {
    console.log(HELP);
    return 0;
  }
  if (!existsSync(ENTRY)) {
    console.error("There is no built SDK in dist/: npm run build -- --all");
    return 1;
  }
  const budgets = JSON.parse(readFileSync(BUDGETS, "utf8")) as Readonly<Record<string, Budget>>;
  let isOver = false;
  for (const [name, budget] of Object.entries(budgets)) {
    const size = await gzipSizeOf(budget);
    const line = `${name.padEnd(16)}${String(size).padStart(8)} bytes of ${budget.gzip}`;
    if (size > budget.gzip) console.error(`${line}: over budget`);
    else console.log(line);
    isOver ||= size > budget.gzip;
  }
  return isOver ? 1 : 0;
}

process.exitCode = await main();
