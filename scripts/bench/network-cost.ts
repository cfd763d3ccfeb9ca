import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { SegmentMessage } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";

import { createNetwork } from "../../oracle/src/network/node.ts";
import type { Network } from "../../oracle/src/network/node.ts";
import type { TaskContext } from "../../oracle/src/network/task-context.ts";
import { openDatabase } from "../../oracle/src/storage/database.ts";
import { SegmentStore } from "../../oracle/src/storage/segment-store.ts";
import { cpuTime } from "./statistics.ts";

/** Milliseconds that nodes may take to find each other, and a round to arrive. */
const MESH_TIMEOUT = 30_000;
const ROUND_TIMEOUT = 10_000;

/** What the parent tells its peers' process. */
export type PeersCommand =
  | {
      readonly kind: "start";
      readonly context: TaskContext;
      readonly bootstrap: readonly string[];
      /** Of each round, one message a peer: sent ahead, so that handing them over is not measured. */
      readonly rounds: readonly (readonly SegmentMessage[])[];
    }
  | { readonly kind: "publish"; readonly round: number }
  | { readonly kind: "stop" };

/** What the measured process does beside the network. */
export interface RoundHooks {
  /** Runs between two rounds, and is not counted. It must not let the event loop turn. */
  readonly between?: (round: number) => void;
  /** Goes on during a round, and is counted. */
  readonly beside?: (round: number) => Promise<void>;
}

/**
 * CPU milliseconds, user and system, that all threads of one node of a task spend a round on everything that has to do with
 * peers: publishing its own segment (with the write to disk), receiving, checking and storing those of the others, and
 * gossip's upkeep. CPU and not wall-clock time, so that what else the machine does is not counted; and the peers run in a
 * process of their own. The node's event loop turns in rounds only, so whatever it does falls into one.
 *
 * @param rounds of each round, one message a slot; slot 0 is the measured node's
 */
export async function measureNetwork(
  context: TaskContext,
  rounds: readonly (readonly SegmentMessage[])[],
  { between, beside }: RoundHooks,
): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), "gristmill-bench-"));
  const child = fork(fileURLToPath(new URL("./peers.ts", import.meta.url)), { serialization: "advanced" });
  const database = openDatabase(join(folder, "node.sqlite"));
  let network: Network | undefined;
  try {
    network = await createNetwork({ dataDir: folder, listen: ["/ip4/127.0.0.1/tcp/0"] });
    const arrivals = new Map<number, () => void>();
    let received = 0;
    network.joinTask(context, {
      store: new SegmentStore(database, context.taskId),
      onSegment: () => {
        received += 1;
        arrivals.get(received)?.();
      },
      onFailure: (error) => {
        throw error;
      },
    });
    const theirs = rounds.map(([, ...others]) => others);
    child.send({ kind: "start", context, bootstrap: network.addresses, rounds: theirs } satisfies PeersCommand);
    await once(child, "message", { signal: AbortSignal.timeout(MESH_TIMEOUT) });
    const samples: number[] = [];
    let expected = 0;
    for (const [round, [own, ...others]] of rounds.entries()) {
      if (own === undefined) continue;
      expected += others.length;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      arrivals.set(expected, () => {
        resolve(undefined);
      });
      between?.(round);
      const before = cpuTime();
      const meanwhile = beside?.(round);
      child.send({ kind: "publish", round } satisfies PeersCommand);
      await network.publish(context.taskId, own);
      if (received < expected) await withTimeout(promise);
      await meanwhile;
      samples.push(cpuTime() - before);
    }
    return samples;
  } finally {
    if (child.connected) child.send({ kind: "stop" } satisfies PeersCommand);
    await network?.stop();
    database.close();
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withTimeout(arrived: Promise<unknown>): Promise<void> {
  const signal = AbortSignal.timeout(ROUND_TIMEOUT);
  const late = once(signal, "abort").then(() => {
    throw new GristmillError("BENCH_STALLED", "a round of segments did not arrive in 10 s", {
      hints: ["the machine is busy with something else: measure again when it is idle"],
    });
  });
  await Promise.race([arrived, late]);
}

/** A task id for a bench that has no chain. */
export const BENCH_TASK: Hex = `0x${"be".repeat(32)}`;
