import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { TaskContext } from "../../oracle/src/network/task-context.ts";
import type { NetworkAnswer, NetworkCommand } from "./network-process.ts";

/** Milliseconds that nodes may take to start and to find each other, and a round to arrive. */
const START_TIMEOUT = 30_000;
const ROUND_TIMEOUT = 10_000;

/** What goes on beside the network. */
export interface RoundHooks {
  /** Runs between two rounds. */
  readonly between?: (round: number) => void;
  /** Goes on during a round, which lasts until it has ended. */
  readonly beside?: (round: number) => Promise<void>;
}

/**
 * CPU milliseconds, user and system, that all threads of one node of a task spend from one round to the next on everything
 * that has to do with peers: publishing its own segment (with the write to disk), receiving, checking and storing those of
 * the others, and gossip's upkeep, also while it waits. CPU and not wall-clock time, so that what else the machine does is
 * not counted. The node has a process of its own, as its main thread has in a running node a heap of its own: training's
 * garbage is not the network's. Nobody speaks to that process while it is measured, which alone would cost it a
 * millisecond a round: it publishes when the others do. They have a process too.
 *
 * @param rounds of each round, one message a slot, serialized by `node:v8`; slot 0 is the measured node's
 * @throws GristmillError BENCH_STALLED
 */
export async function measureNetwork(
  context: TaskContext,
  rounds: readonly (readonly Uint8Array[])[],
  { between, beside }: RoundHooks,
): Promise<readonly number[]> {
  const [measured, peers] = [start(), start()];
  try {
    const own = rounds.map((messages) => messages.slice(0, 1));
    const theirs = rounds.map((messages) => messages.slice(1));
    const { addresses } = await ask(measured, { kind: "start", context, bootstrap: [], rounds: own }, START_TIMEOUT);
    await ask(peers, { kind: "start", context, bootstrap: addresses, rounds: theirs }, START_TIMEOUT);
    await Promise.all([measured, peers].map((child) => ask(child, { kind: "meet" }, START_TIMEOUT)));
    await ask(measured, { kind: "follow" }, START_TIMEOUT);
    for (const round of rounds.keys()) {
      between?.(round);
      await Promise.all([beside?.(round), ask(peers, { kind: "round", round }, ROUND_TIMEOUT)]);
    }
    const { samples } = await ask(measured, { kind: "samples" }, ROUND_TIMEOUT);
    return samples;
  } finally {
    await Promise.all([measured, peers].map(stop));
  }
}

function start(): ChildProcess {
  return fork(fileURLToPath(new URL("./network-process.ts", import.meta.url)), { serialization: "advanced" });
}

async function ask(child: ChildProcess, command: NetworkCommand, timeout: number): Promise<NetworkAnswer> {
  const answer = once(child, "message", { signal: AbortSignal.timeout(timeout) });
  child.send(command);
  try {
    return ((await answer) as [NetworkAnswer])[0];
  } catch (cause) {
    throw new GristmillError("BENCH_STALLED", `the network did not ${command.kind} in ${timeout / 1_000} s`, {
      cause,
      hints: ["the machine is busy with something else: measure again when it is idle"],
    });
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.send({ kind: "stop" } satisfies NetworkCommand);
  const kill = setTimeout(() => child.kill("SIGKILL"), ROUND_TIMEOUT);
  await ended;
  clearTimeout(kill);
}

/** A task id for a bench that has no chain. */
export const BENCH_TASK: Hex = `0x${"be".repeat(32)}`;
