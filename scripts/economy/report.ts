import { SeededRandom } from "../simulate/random.ts";
import { attest, dealWithItself, evaluate, mine, type Outcome } from "./season.ts";
import { MINING } from "./strategies.ts";

/** Parts of all compute that the tables look at. */
export const COMPUTE_SHARES = [0.1, 0.3, 0.6] as const;

/** Tasks that each figure is the mean of. */
const TASKS = 100;

/** One way to behave, and what it brings at each share of the compute. */
export interface Row {
  readonly role: "miner" | "client" | "evaluator" | "verifier";
  readonly name: string;
  readonly isHonest: boolean;
  /** In the order of {@link COMPUTE_SHARES}. */
  readonly outcomes: readonly Outcome[];
}

/** All rows, the honest one of each role first. The same seed gives the same figures. */
export function simulateEconomy(seed: number): Row[] {
  const row = (
    role: Row["role"],
    name: string,
    isHonest: boolean,
    play: (r: SeededRandom, share: number) => Outcome,
  ) => ({
    role,
    name,
    isHonest,
    // Every way to behave draws the same luck, so that rows differ by behaviour alone.
    outcomes: COMPUTE_SHARES.map((share) => play(new SeededRandom(`${String(seed)}/${role}/${String(share)}`), share)),
  });
  return [
    ...MINING.map((strategy) =>
      row("miner", strategy.name, strategy.name === "honest", (random, share) => mine(random, share, strategy, TASKS)),
    ),
    row("client", "is its own client, with degenerate data", false, (random, share) =>
      dealWithItself(random, share, TASKS),
    ),
    row("evaluator", "honest", true, (random, share) => evaluate(random, share, false, TASKS)),
    row("evaluator", "reveals a score that it did not compute", false, (random, share) =>
      evaluate(random, share, true, TASKS),
    ),
    row("verifier", "honest", true, (random, share) => attest(random, share, false, TASKS)),
    row("verifier", "attests without a re-run where all seats are its own", false, (random, share) =>
      attest(random, share, true, TASKS),
    ),
  ];
}

/** The rows as the document shows them: GRIST per epoch. */
export function tableOf(rows: readonly Row[]): string {
  const header = ["role", "behaviour", ...COMPUTE_SHARES.map((share) => `${String(Math.round(100 * share))} %`)];
  const lines = rows.map(({ role, name, isHonest, outcomes }) => [
    role,
    isHonest ? "**honest**" : name,
    ...outcomes.map(({ net }) => signed(net)),
  ]);
  return aligned([header, ...lines]);
}

/** What the nets are made of, for one share. */
export function breakdownOf(rows: readonly Row[], share: (typeof COMPUTE_SHARES)[number]): string {
  const at = COMPUTE_SHARES.indexOf(share);
  const header = ["role", "behaviour", "fees", "minted", "cost", "slashed", "net"];
  const lines = rows.map(({ role, name, isHonest, outcomes }) => {
    const { fees, minted, cost, slashed, net } = outcomes[at]!;
    return [role, isHonest ? "**honest**" : name, ...[fees, minted, -cost, -slashed, net].map(signed)];
  });
  return aligned([header, ...lines]);
}

function signed(value: number): string {
  const rounded = Math.round(value);
  return rounded < 0 ? `−${String(-rounded)}` : `+${String(rounded)}`;
}

/** A Markdown table as prettier sets it. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [header, ...body] = rows;
  return [line(header!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
