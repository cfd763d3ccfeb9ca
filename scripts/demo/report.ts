import Table from "cli-table3";
import pc from "picocolors";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { Chain } from "../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../oracle/src/chain/deployment.ts";
import type { Accounts, Party } from "./accounts.ts";
import { takeStock } from "./accounts.ts";
import type { ConvictedPlace, DisputeStory, RunState, TaskRun } from "./run-state.ts";

/** What a run comes to, from the chain where the chain knows it and from the nodes' logs otherwise. */
export interface Report {
  readonly event: "report";
  /** In the order in which they were created. */
  readonly tasks: readonly TaskReport[];
  readonly accounts: Accounts;
  /** What parties cheated with, by name. */
  readonly cheats: Readonly<Record<string, string>>;
  readonly seconds: number;
}

export interface TaskReport {
  readonly task: Hex;
  readonly client: "client" | "protocol";
  readonly accuracy: number | undefined;
  readonly correct: number | undefined;
  readonly examples: number | undefined;
  /** Final state id on the chain, and whether every replica that ended computed the same. */
  readonly finalState: Hex;
  readonly replicas: number;
  readonly identical: boolean;
  readonly claims: number;
  readonly confirmed: number;
  readonly refuted: number;
  readonly disputes: readonly DisputeStory[];
  readonly convicted: readonly ConvictedPlace[];
  readonly miners: readonly MinerReport[];
  /** GRIST by receiver. */
  readonly fee: Readonly<Record<string, string>>;
  readonly burned: string;
  readonly minted: string;
  readonly model: string | undefined;
}

interface MinerReport {
  readonly name: string;
  readonly slot: number | undefined;
  readonly iterations: number;
  readonly tickets: number;
  readonly lucky: number;
  readonly minted: string;
  readonly paid: string;
}

/** What a report is made of. */
export interface ReportSources {
  readonly state: RunState;
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** Of the parties, by name. */
  readonly accounts: ReadonlyMap<string, Hex>;
  /** Block by which the parties were funded. */
  readonly since: bigint;
  readonly cheats: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/** Gathers the report from the chain and the nodes' own words. */
export async function buildReport({
  state,
  rpcUrl,
  deployment,
  accounts,
  since,
  cheats,
  seconds,
}: ReportSources): Promise<Report> {
  const nameOf = (account: string | undefined): string =>
    [...accounts].find(([, known]) => known.toLowerCase() === account?.toLowerCase())?.[0] ??
    Object.entries(deployment.contracts).find(([, known]) => known.toLowerCase() === account?.toLowerCase())?.[0] ??
    String(account);
  const tasks: TaskReport[] = [];
  for (const run of state.tasks.values()) tasks.push(await reportTask(run, rpcUrl, deployment, nameOf));
  return { event: "report", tasks, accounts: await takeStock(rpcUrl, deployment, accounts, since), cheats, seconds };
}

async function reportTask(
  run: TaskRun,
  rpcUrl: string,
  deployment: Deployment,
  nameOf: (account: string | undefined) => string,
): Promise<TaskReport> {
  const taskId = run.taskId as Hex;
  const { registry, mint } = contractsOf(await Chain.connect({ rpcUrl, deployment }));
  const fromBlock = BigInt(deployment.blockNumber);
  const range = { fromBlock, toBlock: "latest" } as const;
  const task = await registry.read.taskOf([taskId]);
  const credits = await registry.getEvents.Credited({ taskId }, range);
  const mints = await mint.getEvents.RewardMinted({ taskId }, range);

  const fee = new Map<string, bigint>();
  for (const { args } of credits) {
    const name = nameOf(args.account);
    fee.set(name, (fee.get(name) ?? 0n) + (args.amount ?? 0n));
  }
  const minted = new Map<string, bigint>();
  for (const { args } of mints) {
    const name = nameOf(args.miner);
    minted.set(name, (minted.get(name) ?? 0n) + (args.reward ?? 0n) - (args.verifiersPart ?? 0n));
  }
  const miners = await Promise.all(
    [...run.miners.values()].map(async (miner): Promise<MinerReport> => {
      const slot = miner.slot === undefined ? undefined : await registry.read.slotOf([taskId, miner.slot]);
      return {
        name: miner.name,
        slot: miner.slot,
        iterations: slot?.next ?? 0,
        tickets: miner.tickets,
        lucky: miner.lucky,
        minted: formatEther(minted.get(miner.name) ?? 0n),
        paid: formatEther(fee.get(miner.name) ?? 0n),
      };
    }),
  );
  const ids = [...run.stateIds.values()];
  return {
    task: taskId,
    client: run.isFiller ? "protocol" : "client",
    accuracy: run.model?.accuracy,
    correct: run.model?.correct ?? (task.scored ? task.score.correct : undefined),
    examples: run.model?.examples,
    finalState: task.finalState,
    replicas: ids.length,
    identical: ids.length > 0 && ids.every((id) => id === task.finalState),
    claims: run.claimed,
    confirmed: run.confirmed.size,
    refuted: run.refuted,
    disputes: [...run.disputes.values()],
    convicted: [...run.convicted.values()],
    miners: miners.sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0)),
    fee: Object.fromEntries([...fee].map(([name, amount]) => [name, formatEther(amount)])),
    burned: formatEther(task.burned),
    minted: formatEther([...minted.values()].reduce((sum, amount) => sum + amount, 0n)),
    model: run.model?.path,
  };
}

/** Prints a report: tables for people, one JSON line otherwise, with amounts of wei as decimal strings. */
export function printReport(report: Report, forPeople: boolean): void {
  if (forPeople) console.log(["", ...report.tasks.map(taskText), accountsText(report), ""].join("\n\n").trimStart());
  else console.log(JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
}

function taskText(task: TaskReport): string {
  const { accuracy, correct, examples, replicas, identical, finalState, miners } = task;
  const score =
    accuracy === undefined
      ? `${String(correct ?? "unknown")} right`
      : `${(100 * accuracy).toFixed(2)} % (${String(correct)} of ${String(examples)})`;
  const iterations = miners.reduce((sum, miner) => sum + miner.iterations, 0);
  const tickets = miners.reduce((sum, miner) => sum + miner.tickets, 0);
  const lines = [
    `${pc.bold(task.client === "client" ? "Task" : "Filler task")} ${task.task}`,
    `  accuracy on the hidden test set ${pc.green(score)}; ${String(replicas)} replicas ended in ${identical ? pc.green("the same state") : pc.red("different states")} ${finalState.slice(0, 18)}...`,
    `  ${String(iterations)} iterations, ${String(tickets)} tickets, ${String(task.claims)} lucky claims: ${String(task.confirmed)} confirmed, ${String(task.refuted)} refuted; ${rounded(task.minted)} GRIST minted to miners`,
    `  fee: ${feeText(task)}`,
  ];
  const decided = task.disputes.filter(({ winner }) => winner !== undefined);
  for (const { place, moves, winner = "", why = "" } of decided)
    lines.push(`  dispute over ${place}, ${String(moves)} moves, won by the ${winner}: ${pc.yellow(why)}`);
  const moot = task.disputes.length - decided.length;
  if (moot > 0)
    lines.push(`  ${String(moot)} further challenges of the same places came later and had nothing left to decide`);
  for (const { place, stake, burned, accusers, honest } of task.convicted)
    lines.push(
      `  convicted: ${place} lost ${pc.red(stake)} GRIST: ${burned} burnt, ${accusers} to the accuser, ${honest} to the honest`,
    );
  if (task.model !== undefined) lines.push(`  model ${task.model}`);
  return lines.join("\n");
}

/** Who got how much of the fee: roles together, since each party's sum stands in the table. */
function feeText({ burned, fee }: TaskReport): string {
  const byRole = new Map([["burnt", Number(burned)]]);
  for (const [name, amount] of Object.entries(fee)) {
    const role = name.replace(/-\d+$/, "");
    const part = role === "client" ? "back to the client" : role === "FillerTasks" ? "left to burn" : role;
    byRole.set(part, (byRole.get(part) ?? 0) + Number(amount));
  }
  return [...byRole].map(([part, amount]) => `${part} ${rounded(amount)}`).join(", ");
}

function accountsText({ accounts, cheats, tasks, seconds }: Report): string {
  const { parties, supply, holders, faults } = accounts;
  const table = new Table({
    head: ["party", "iterations", "lucky", "stake", "slashed", "stake now", "awarded", "fees", "minted", "net"],
    style: { head: ["cyan"], compact: true },
    colAligns: ["left", ...Array<"right">(9).fill("right")],
  });
  const miners = tasks.flatMap((task) => task.miners);
  for (const party of parties) {
    const parts = miners.filter(({ name }) => name === party.name);
    const count = (of: "iterations" | "lucky") =>
      parts.length === 0 ? "" : String(parts.reduce((sum, part) => sum + part[of], 0));
    const cheat = cheats[party.name];
    const name = cheat === undefined ? party.name : `${party.name} ${pc.red(cheat)}`;
    table.push([name, count("iterations"), count("lucky"), ...amountsOf(party)]);
  }
  const grist = (amount: bigint): string => rounded(formatEther(amount));
  const held = Object.entries(holders).map(([name, amount]) => `${name} ${formatEther(amount)}`);
  return [
    table.toString(),
    `${grist(supply.before)} GRIST at first + ${formatEther(supply.minted)} minted - ${formatEther(supply.burned)} burnt = ${formatEther(supply.after)}, held by: ${held.join(", ")}`,
    faults.length === 0
      ? pc.green(
          "The accounts balance to the wei: every party's gain, all stakes, the registry's debts, and the supply.",
        )
      : pc.red(`The accounts do not balance:\n  ${faults.join("\n  ")}`),
    `${String(seconds)} s in all`,
  ].join("\n");
}

function amountsOf({ stakeBefore, slashed, stakeAfter, awarded, fees, minted, net }: Party): string[] {
  const figure = (amount: bigint): string => (amount === 0n ? "" : rounded(formatEther(amount)));
  return [
    figure(stakeBefore),
    slashed === 0n ? "" : pc.red(figure(slashed)),
    figure(stakeAfter),
    figure(awarded),
    figure(fees),
    figure(minted),
    figure(net),
  ];
}

/** For reading: two decimals. The JSON report has all of them. */
function rounded(amount: string | number): string {
  return Number(amount).toLocaleString("en", { maximumFractionDigits: 2 });
}
