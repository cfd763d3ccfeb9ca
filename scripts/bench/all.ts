import Table from "cli-table3";

import { presentBackends } from "../../oracle/src/cli/tenshash.ts";
import { benchmarkTensHash } from "../../oracle/src/tenshash/benchmark.ts";
import { measureTraining, sumOf } from "./training.ts";

/** One figure of the table. */
interface Row {
  readonly benchmark: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** 10th and 90th percentile, where the figure is one of many rounds. */
  readonly spread?: readonly [low: number, high: number];
}

/** `npm run bench -- all` */
export async function benchAll({ json }: { readonly json?: boolean }): Promise<void> {
  const rows = [...(await trainingRows()), ...(await tensHashRows())];
  if (json === true) {
    console.log(JSON.stringify(rows));
    return;
  }
  const table = new Table({
    head: ["benchmark", "what", "median", "10 % .. 90 %", "unit"],
    style: { head: [], border: [], compact: true },
  });
  for (const { benchmark, what, value, unit, spread } of rows)
    table.push([benchmark, what, digits(value), spread?.map(digits).join(" .. ") ?? "", unit]);
  console.log(table.toString());
}

async function trainingRows(): Promise<Row[]> {
  const { parts } = await measureTraining({ rounds: 40 });
  const bare = sumOf(parts, "bare");
  const share = (group: "verifiable" | "tickets") => (100 * sumOf(parts, group)) / bare;
  return [
    { benchmark: "training", what: "bare iteration, MNIST's network", value: bare, unit: "ms" },
    { benchmark: "training", what: "being verifiable, tickets left out", value: share("verifiable"), unit: "%" },
    { benchmark: "training", what: "tickets", value: share("tickets"), unit: "%" },
  ];
}

async function tensHashRows(): Promise<Row[]> {
  const { figures } = await benchmarkTensHash({ backends: await presentBackends() });
  return figures.flatMap(({ backend, device, hashes, matrices }): Row[] => [
    {
      benchmark: "tenshash",
      what: `${backend}, ${device}`,
      value: hashes.median,
      unit: "hashes/s",
      spread: [hashes.low, hashes.high],
    },
    {
      benchmark: "tenshash",
      what: `${backend}, ${device}: matrices of a seed`,
      value: 1000 * matrices.median,
      unit: "ms",
      spread: [1000 * matrices.low, 1000 * matrices.high],
    },
  ]);
}

/** Four digits that count. */
function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}
