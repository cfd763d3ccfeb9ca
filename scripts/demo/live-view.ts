import Table from "cli-table3";
import { createLogUpdate } from "log-update";
import pc from "picocolors";

import { bar } from "../../oracle/src/cli/output.ts";
import type { MinerState, RunState } from "./run-state.ts";

/** Milliseconds between two pictures. */
const REFRESH = 200;

/** Latest notices shown: a whole dispute over one element. */
const NOTICES = 14;

/** Shows a run on a terminal while it goes on. */
export class LiveView {
  readonly #state: RunState;
  readonly #started = Date.now();
  readonly #update = createLogUpdate(process.stdout);
  #timer: NodeJS.Timeout | undefined;

  constructor(state: RunState) {
    this.#state = state;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#update(this.#picture());
    }, REFRESH);
  }

  /** Leaves the last picture standing. */
  stop(): void {
    clearInterval(this.#timer);
    this.#update(this.#picture());
    this.#update.done();
  }

  #picture(): string {
    const { block, tasks } = this.#state;
    const latest = [...tasks.values()].at(-1);
    const seconds = Math.round((Date.now() - this.#started) / 1000);
    const time = `block ${String(block)}  ${String(seconds)} s`;
    if (latest === undefined) return `${pc.bold("Gristmill")}  ${time}`;
    const { isFiller, phase, claimed, confirmed, refuted, notices, miners } = latest;
    const kind = isFiller ? "filler task" : "task";
    const head = `${pc.bold("Gristmill")}  ${kind} ${String(tasks.size)}  phase ${pc.cyan(phase)}  ${time}`;
    const claims = `claims ${String(claimed)}, confirmed ${pc.green(String(confirmed.size))}, refuted ${refuted > 0 ? pc.red(String(refuted)) : "0"}`;
    return [
      head,
      minerTable([...miners.values()]),
      claims,
      ...notices.slice(-NOTICES).map((line) => pc.yellow(line)),
    ].join("\n");
  }
}

/** One row a miner. */
function minerTable(miners: readonly MinerState[]): string {
  const table = new Table({
    head: ["miner", "progress", "iterations", "loss", "accuracy", "update size", "tickets", "lucky", "minted", "state"],
    style: { head: ["cyan"], compact: true },
  });
  for (const miner of miners)
    table.push([
      miner.name,
      bar(miner.iteration, miner.iterations),
      `${String(miner.iteration)}/${String(miner.iterations)}`,
      miner.loss?.toFixed(3) ?? "",
      miner.accuracy === undefined ? "" : `${(100 * miner.accuracy).toFixed(1)} %`,
      miner.updates?.toFixed(0) ?? "",
      String(miner.tickets),
      String(miner.lucky),
      miner.minted === 0 ? "" : miner.minted.toFixed(2),
      miner.state === "killed" || miner.state === "convicted" ? pc.red(miner.state) : miner.state,
    ]);
  return table.toString();
}
