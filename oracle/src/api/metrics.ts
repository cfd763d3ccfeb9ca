import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import { formatEther } from "viem";

import { BountyJobs, jobStates } from "../bounties/jobs.ts";
import type { Journal, LogLine } from "../journal.ts";
import { readRewards } from "../operator/rewards.ts";
import { readStake } from "../operator/stake.ts";
import { claimStateName } from "../chain/claim-state.ts";
import { claimsOf } from "../operator/claims.ts";
import type { Node } from "../roles/node.ts";

/** Milliseconds for which figures from the chain are good: scraping more often asks it no more often. */
const CHAIN_FIGURES_AGE = 10_000;

/** What a node's operator watches, in Prometheus' text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #node: Node;
  readonly #updates: (() => Promise<void> | void)[] = [];
  #readAt = -Infinity;

  constructor(node: Node, journal: Journal) {
    this.#node = node;
    collectDefaultMetrics({ register: this.#registry, prefix: "gristmill_" });
    this.#countEvents(journal);
    this.#watchNetwork();
    this.#watchJobs();
    this.#watchChain();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    for (const update of this.#updates) await update();
    return this.#registry.metrics();
  }

  /** What the log tells as it goes. */
  #countEvents(journal: Journal): void {
    const iterations = this.#counter("iterations_total", "Iterations trained and published", "task");
    const position = this.#gauge("iteration", "Next iteration of the own slot", "task");
    const accuracy = this.#gauge("batch_accuracy", "Accuracy on the last batches", "task");
    const rate = this.#gauge(
      "training_iterations_per_second",
      "Iterations a second between the last two reports",
      "task",
    );
    const tickets = this.#counter("tickets_total", "Tickets hashed", "task");
    const lucky = this.#counter("lucky_tickets_total", "Tickets below the target", "task");
    const hashing = this.#counter("hashing_seconds_total", "Seconds spent hashing tickets");
    const hashRate = this.#gauge("hashes_per_second", "TensHashes a second in the last draw");
    const claims = this.#counter("claims_total", "Lucky tickets claimed", "task");
    const attested = this.#counter("attestations_total", "Claims and drawn segments of others attested");
    const refuted = this.#counter("refutations_total", "Claims and segments of others found false");
    const minted = this.#counter("minted_grist_total", "GRIST minted since the start");
    const paid = this.#counter(
      "paid_grist_total",
      "GRIST withdrawn from settled tasks and verifiers' shares since the start",
    );
    const lines = this.#counter("log_lines_total", "Lines of the log", "level", "event");
    const reported = new Map<string, { readonly at: number; readonly iteration: number }>();
    const on: Readonly<Record<string, (line: LogLine) => void>> = {
      progress: (line) => {
        const [task, iteration, at] = [text(line, "task"), number(line, "iteration"), Date.parse(line.time)];
        const last = reported.get(task);
        reported.set(task, { at, iteration });
        position.set({ task }, iteration);
        accuracy.set({ task }, number(line, "accuracy"));
        if (last === undefined || at <= last.at) return;
        iterations.inc({ task }, Math.max(0, iteration - last.iteration));
        rate.set({ task }, ((iteration - last.iteration) * 1000) / (at - last.at));
      },
      draw: (line) => {
        const [task, seconds] = [text(line, "task"), number(line, "seconds")];
        tickets.inc({ task }, number(line, "tickets"));
        lucky.inc({ task }, number(line, "lucky"));
        hashing.inc(seconds);
        if (seconds > 0) hashRate.set(number(line, "tickets") / seconds);
      },
      claim: (line) => {
        claims.inc({ task: text(line, "task") });
      },
      attested: () => {
        attested.inc();
      },
      "audit-attested": () => {
        attested.inc();
      },
      refuted: () => {
        refuted.inc();
      },
      mint: (line) => {
        minted.inc(number(line, "reward"));
      },
      rewards: (line) => {
        paid.inc(number(line, "amount"));
      },
      paid: (line) => {
        paid.inc(number(line, "amount"));
      },
    };
    journal.follow(({ line }) => {
      lines.inc({ level: line.level, event: text(line, "event") });
      on[text(line, "event")]?.(line);
    });
  }

  #watchNetwork(): void {
    const { network } = this.#node;
    const peers = this.#gauge("peers", "Peers connected");
    const messages = this.#counter("messages_total", "Messages judged; all but accepted were dropped", "verdict");
    this.#updates.push(() => {
      peers.set(network.peers.length);
      messages.reset();
      for (const [verdict, count] of Object.entries(network.counts())) messages.inc({ verdict }, count);
    });
  }

  #watchJobs(): void {
    const jobs = this.#gauge("bounty_jobs", "Jobs for bounties by state, of this data folder's whole life", "state");
    const store = new BountyJobs(this.#node.database);
    this.#updates.push(() => {
      jobs.reset();
      for (const state of jobStates) jobs.set({ state }, store.list(state).length);
    });
  }

  #watchChain(): void {
    const { chain } = this.#node;
    const block = this.#gauge("chain_block", "Height of the chain");
    const endpoints = this.#gauge("chain_endpoint_up", "Whether a JSON-RPC endpoint answers", "host");
    const stake = this.#gauge("stake_grist", "GRIST of this node by where it is", "part");
    const ether = this.#gauge("ether", "Ether for gas");
    const claims = this.#gauge("claims", "Claims of this node by state", "state");
    const atRisk = this.#gauge(
      "bonds_at_risk_grist",
      "GRIST that this node's open work and disputes can lose: its locked stake",
    );
    const pending = this.#gauge("rewards_pending_grist", "GRIST that open claims may still mint, at most");
    const credit = this.#gauge("rewards_credit_grist", "GRIST to withdraw from the registry");
    this.#updates.push(async () => {
      if (performance.now() - this.#readAt < CHAIN_FIGURES_AGE) return;
      this.#readAt = performance.now();
      for (const { host, state } of chain.endpoints) endpoints.set({ host }, state === "ok" ? 1 : 0);
      try {
        block.set(Number((await chain.head()).number));
        const { address } = chain;
        if (address === undefined) return;
        const [held, rewards, own] = await Promise.all([
          readStake(this.#node, address),
          readRewards(this.#node, address),
          claimsOf(this.#node, address),
        ]);
        for (const part of ["free", "locked", "unbonding", "wallet"] as const) stake.set({ part }, grist(held[part]));
        atRisk.set(grist(held.locked));
        ether.set(grist(held.ether));
        pending.set(grist(rewards.expected));
        credit.set(grist(rewards.credit));
        claims.reset();
        for (const { as, state } of own) if (as === "miner") claims.inc({ state: claimStateName(state).toLowerCase() });
      } catch (error) {
        // A scrape must not fail with the chain: `chain_endpoint_up` says so, and the last figures stand.
        this.#node.log.debug({ event: "metrics-stale", error });
      }
    });
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name: `gristmill_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, ...labelNames: string[]): Gauge {
    return new Gauge({ name: `gristmill_${name}`, help, labelNames, registers: [this.#registry] });
  }
}

function text(line: LogLine, field: string): string {
  const value = line[field];
  return typeof value === "string" ? value : "";
}

/** A figure of a line; amounts are decimal strings. */
function number(line: LogLine, field: string): number {
  const value = Number(line[field]);
  return Number.isFinite(value) ? value : 0;
}

function grist(wei: bigint): number {
  return Number(formatEther(wei));
}
