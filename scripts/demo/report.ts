import Table from "cli-table3";
import pc from "picocolors";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { Chain } from "../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../oracle/src/chain/deployment.ts";
import type { Identity } from "./launch.ts";
import type { ConvictedPlace, DisputeStory, RunState } from "./run-state.ts";

/** What a run comes to, from the chain where the chain knows it and from the nodes' logs otherwise. */
export interface Report {
  readonly event: "report";
  readonly task: Hex;
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

/** Gathers the report from the chain and the nodes' own words. */
export async function buildReport(
  state: RunState,
  rpcUrl: string,
  deployment: Deployment,
  identities: ReadonlyMap<string, Identity>,
): Promise<Report> {
  const taskId = state.taskId as Hex;
  const { registry, mint } = contractsOf(await Chain.connect({ rpcUrl, deployment }));
  const fromBlock = BigInt(deployment.blockNumber);
  const range = { fromBlock, toBlock: "latest" } as const;
  const task = await registry.read.taskOf([taskId]);
  const credits = await registry.getEvents.Credited({ taskId }, range);
  const mints = await mint.getEvents.RewardMinted({ taskId }, range);
  const nameOf = (account: string | undefined): string =>
    [...identities].find(([, identity]) => identity.account.toLowerCase() === account?.toLowerCase())?.[0] ??
    String(account);

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
    [...state.miners.values()].map(async (miner): Promise<MinerReport> => {
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
  const ids = [...state.stateIds.values()];
  return {
    event: "report",
    task: taskId,
    accuracy: state.model?.accuracy,
    correct: state.model?.correct,
    examples: state.model?.examples,
    finalState: task.finalState,
    replicas: ids.length,
    identical: ids.length > 0 && ids.every((id) => id === task.finalState),
    claims: state.claimed,
    confirmed: state.confirmed.size,
    refuted: state.refuted,
    disputes: [...state.disputes.values()],
    convicted: [...state.convicted.values()],
    miners: miners.sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0)),
    fee: Object.fromEntries([...fee].map(([name, amount]) => [name, formatEther(amount)])),
    burned: formatEther(task.burned),
    minted: formatEther([...minted.values()].reduce((sum, amount) => sum + amount, 0n)),
    model: state.model?.path,
  };
}

/** Prints a report: tables for people, one JSON line otherwise. */
export function printReport(report: Report, forPeople: boolean): void {
  if (!forPeople) {
    console.log(JSON.stringify(report));
    return;
  }
  const percent = report.accuracy === undefined ? "unknown" : `${(100 * report.accuracy).toFixed(2)} %`;
  const lines = [
    "",
    `${pc.bold("Accuracy on the hidden test set")}  ${pc.green(percent)} (${String(report.correct)} of ${String(report.examples)})`,
    `${pc.bold("Replicas")}  ${String(report.replicas)} ended in ${report.identical ? pc.green("the same state") : pc.red("different states")} ${report.finalState}`,
    `${pc.bold("Lucky claims")}  ${String(report.claims)} made, ${String(report.confirmed)} confirmed by the verifier, ${String(report.refuted)} refuted`,
  ];
  for (const { place, moves, winner, why } of report.disputes)
    lines.push(
      `${pc.bold("Dispute")}  ${place}, ${String(moves)} moves, won by the ${winner ?? "nobody yet"}: ${pc.yellow(why ?? "going on")}`,
    );
  for (const { place, stake, burned, accusers, honest } of report.convicted)
    lines.push(
      `${pc.bold("Convicted")}  ${place} lost ${pc.red(stake)} GRIST: ${burned} burnt, ${accusers} to the accuser, ${honest} to the honest`,
    );
  const miners = new Table({
    head: ["miner", "iterations", "tickets", "lucky", "minted", "paid of the fee"],
    style: { head: ["cyan"], compact: true },
  });
  for (const miner of report.miners)
    miners.push([
      miner.name,
      String(miner.iterations),
      String(miner.tickets),
      String(miner.lucky),
      `${rounded(miner.minted)} GRIST`,
      `${rounded(miner.paid)} GRIST`,
    ]);
  const fee = new Table({ head: ["fee split", "GRIST"], style: { head: ["cyan"], compact: true } });
  fee.push(["burned", report.burned]);
  for (const [name, amount] of Object.entries(report.fee))
    fee.push([name === "client" ? "client (comes back)" : name, rounded(amount)]);
  lines.push(miners.toString(), fee.toString());
  lines.push(`${pc.bold("Model")}  ${report.model ?? "none"}`, "");
  console.log(lines.join("\n"));
}

/** For reading: four decimals. The JSON report has all of them. */
function rounded(amount: string): string {
  return Number(amount).toLocaleString("en", { maximumFractionDigits: 4 });
}
