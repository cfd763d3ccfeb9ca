import { statfsSync } from "node:fs";
import { availableParallelism, freemem, loadavg, totalmem, uptime } from "node:os";
import { memoryUsage } from "node:process";

import type { BountyNode } from "./bounty-node.ts";
import type { BountyJob, BountyJobs } from "./jobs.ts";

/** The machine that a node runs on. */
export interface MachineStatistics {
  readonly cores: number;
  /** Mean number of runnable processes over the last minute. */
  readonly load: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryFree: number;
  readonly memoryOfNode: number;
  /** Of the disk that holds the data folder. */
  readonly diskTotal: number;
  readonly diskFree: number;
  /** Seconds. */
  readonly uptime: number;
}

/** What an operator wants to know of a hunter. Amounts in GRIST wei and wei. */
export interface HunterReport {
  readonly account: string;
  readonly balance: { readonly ether: bigint; readonly wallet: bigint; readonly free: bigint; readonly locked: bigint };
  /** What the board owes the account. */
  readonly credit: bigint;
  readonly isBanned: boolean;
  readonly jobs: readonly BountyJob[];
  readonly machine: MachineStatistics;
}

/** @param folder whose disk is meant */
export function machineStatistics(folder: string): MachineStatistics {
  const disk = statfsSync(folder);
  return {
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    memoryTotal: totalmem(),
    memoryFree: freemem(),
    memoryOfNode: memoryUsage().rss,
    diskTotal: disk.blocks * disk.bsize,
    diskFree: disk.bavail * disk.bsize,
    uptime: uptime(),
  };
}

/** Balance, jobs and machine of a node, for its command line and its HTTP API. */
export async function hunterReport(
  {
    chain,
    contracts,
    config,
  }: Pick<BountyNode, "chain" | "contracts"> & { readonly config: { readonly dataDir: string } },
  jobs: BountyJobs,
): Promise<HunterReport> {
  const account = chain.account.address;
  const [ether, wallet, free, locked, credit, isBanned] = await Promise.all([
    chain.public.getBalance({ address: account }),
    contracts.token.read.balanceOf([account]),
    contracts.stake.read.freeOf([account]),
    contracts.stake.read.lockedOf([account]),
    contracts.bounties.read.creditOf([account]),
    contracts.bounties.read.isBanned([account]),
  ]);
  return {
    account,
    balance: { ether, wallet, free, locked },
    credit,
    isBanned,
    jobs: jobs.list(),
    machine: machineStatistics(config.dataDir),
  };
}
