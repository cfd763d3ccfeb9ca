// Holds every backend against files of golden figures: `npm run vectors -- FILE...`.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";

import { GristmillError } from "@gristmill/sdk";

import { checkExactTrainingVectors, isExactTrainingFile } from "./vectors/exact-training.ts";
import { checkTensHashVectors, type VectorResult } from "./vectors/tenshash.ts";
import { presentBackends } from "./vectors/training-backends.ts";

const HELP = `Usage: npm run vectors -- [--verbose] FILE...

Checks files of golden figures, of exact training or of TensHash, against every backend that this machine has; prints a
line for each file and backend with the first difference, and fails if there is one.

  --verbose   prints progress too

Files: test/vectors/*.json`;

type OnLine = (line: string) => void;

async function check(path: string, onLine: OnLine): Promise<VectorResult[]> {
  const file = parse(await readFile(path, "utf8"));
  if (isExactTrainingFile(file)) return checkExactTrainingVectors(file, onLine, await presentBackends());
  if (typeof file === "object" && file !== null && "vectors" in file) return checkTensHashVectors(file, onLine);
  throw new GristmillError("VECTORS_UNKNOWN", "The file is in neither of the two formats.", {
    hints: ["Compare it with test/vectors/exact-training-a.json and test/vectors/tenshash.json."],
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GristmillError("VECTORS_MALFORMED", "The file is not JSON.", { cause });
  }
}

/** Checks a file and prints its lines; whether every backend agrees. */
async function report(path: string, onLine: OnLine): Promise<boolean> {
  const name = basename(path);
  try {
    const results = await check(path, onLine);
    for (const { backend, ok, detail } of results) console.log(`${ok ? "ok  " : "FAIL"} ${name} ${backend}: ${detail}`);
    return results.every(({ ok }) => ok);
  } catch (error) {
    console.log(`FAIL ${name}: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof GristmillError) for (const hint of error.hints) console.log(`     ${hint}`);
    return false;
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { verbose: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help || positionals.length === 0) {
    console.log(HELP);
    return 0;
  }
  const onLine: OnLine = values.verbose
    ? (line) => {
        console.log(`     ${line}`);
      }
    : () => undefined;
  let agree = true;
  for (const path of positionals) agree = (await report(path, onLine)) && agree;
  return agree ? 0 : 1;
}

process.exitCode = await main();
