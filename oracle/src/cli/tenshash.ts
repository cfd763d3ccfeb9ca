import { GristmillError } from "@gristmill/sdk";
import Table from "cli-table3";
import { Command, Option } from "commander";

import type { TensHashBenchmark } from "../tenshash/benchmark.ts";
import { benchmarkTensHash } from "../tenshash/benchmark.ts";
import type { TensHashBackend, TensHashChoice } from "../tenshash/index.ts";
import {
  createTensHasher,
  HASH_BYTES,
  presentTensHashers,
  tensHashBackends,
  tensHashChoices,
} from "../tenshash/index.ts";

/** `oracle-miner tenshash hash` */
export function tensHashCommand(): Command {
  return new Command("tenshash").description("the proof-of-work hash by itself").addCommand(
    new Command("hash")
      .description("print the TensHash of an input")
      .requiredOption("--seed <hex>", "32 bytes, the first one array[0] of robocoin's tens_hash")
      .requiredOption("--input <hex>", "32 bytes, likewise")
      .addOption(backendOption(tensHashChoices).default("auto"))
      .action(async (options: { readonly seed: string; readonly input: string; readonly backend: TensHashChoice }) => {
        const seed = bytesOf(options.seed, "--seed");
        const input = bytesOf(options.input, "--input");
        const hasher = await createTensHasher(options.backend);
        try {
          await hasher.setSeed(seed);
          const [output] = await hasher.hash([input]);
          console.log(Buffer.from(output ?? []).toString("hex"));
        } finally {
          await hasher.dispose();
        }
      }),
  );
}

interface BenchOptions {
  readonly backend?: TensHashBackend;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `oracle-miner bench tenshash` */
export function benchCommand(): Command {
  return new Command("bench")
    .description("what this machine can do")
    .addCommand(
      withBenchOptions(new Command("tenshash").description("hashes a second of every backend that is present")).action(
        benchTensHash,
      ),
    );
}

/** The options of `benchTensHash`. */
export function withBenchOptions(command: Command): Command {
  return command
    .addOption(backendOption(tensHashBackends, "this one and the reference, instead of all"))
    .addOption(new Option("--threads <n>", "threads of wasm, instead of one and one for each core").argParser(Number))
    .option("--json", "print the figures as JSON");
}

/** Measures and prints. */
export async function benchTensHash(options: BenchOptions): Promise<void> {
  const { backend, threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new GristmillError("BENCH_THREADS", `--threads takes a whole number above 0, not ${String(threads)}.`);
  const result = await benchmarkTensHash({
    backends: backend === undefined ? await presentBackends() : [backend],
    ...(threads === undefined ? {} : { threads: [threads] }),
  });
  console.log(options.json === true ? JSON.stringify(result) : tableOf(result));
}

/** The backends of this machine that prove right. */
export async function presentBackends(): Promise<TensHashBackend[]> {
  const hashers = await presentTensHashers();
  await Promise.all(hashers.map((hasher) => hasher.dispose()));
  return tensHashBackends.filter((backend) => hashers.some(({ name }) => name === backend));
}

/** The result as people read it. */
export function tableOf({ machine, node, figures }: TensHashBenchmark): string {
  const table = new Table({
    head: ["backend", "device", "hashes/s", "10 % .. 90 %", "matrices, s", "x reference"],
    style: { head: [], border: [], compact: true },
  });
  for (const { backend, device, hashes, matrices, ratio } of figures)
    table.push([
      backend,
      device,
      hashes.median.toFixed(0),
      `${hashes.low.toFixed(0)} .. ${hashes.high.toFixed(0)}`,
      matrices.median.toFixed(3),
      ratio.toFixed(1),
    ]);
  return `TensHash, ${machine}, Node ${node}\n${table.toString()}`;
}

function backendOption(choices: readonly string[], description = "what computes it"): Option {
  return new Option("--backend <name>", description).choices(choices);
}

function bytesOf(digits: string, flag: string): Uint8Array {
  if (new RegExp(`^(0x)?[0-9a-fA-F]{${String(2 * HASH_BYTES)}}$`).test(digits))
    return new Uint8Array(Buffer.from(digits.replace("0x", ""), "hex"));
  throw new GristmillError("TENSHASH_HEX", `${flag} takes 32 bytes in hexadecimal, not "${digits}".`, {
    hints: [`${String(2 * HASH_BYTES)} digits, with or without 0x before them`],
  });
}
