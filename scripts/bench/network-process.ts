// Nodes of `network-cost.ts`, in a process of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SegmentMessage } from "@gristmill/sdk";

import { createNetwork } from "../../oracle/src/network/node.ts";
import type { Network } from "../../oracle/src/network/node.ts";
import type { TaskContext } from "../../oracle/src/network/task-context.ts";
import { openDatabase } from "../../oracle/src/storage/database.ts";
import { SegmentStore } from "../../oracle/src/storage/segment-store.ts";
import { cpuTime } from "./statistics.ts";

/** What the bench tells a process, which answers each but the last. */
export type NetworkCommand =
  | {
      readonly kind: "start";
      readonly context: TaskContext;
      readonly bootstrap: readonly string[];
      /** Of each round, a message for each node: sent ahead, so that handing them over is not measured. */
      readonly rounds: readonly (readonly SegmentMessage[])[];
    }
  | { readonly kind: "meet" }
  | { readonly kind: "round"; readonly round: number }
  | { readonly kind: "stop" };

/** What it answers, when that is done. */
export interface NetworkAnswer {
  /** Under which its first node is reached, once it has started. */
  readonly addresses: readonly string[];
  /** CPU milliseconds of the process since its start. */
  readonly cpu: number;
}

const folder = mkdtempSync(join(tmpdir(), "gristmill-bench-"));

/** A node, and how many messages have reached it. */
class BenchNode {
  readonly network: Network;
  readonly #context: TaskContext;
  #received = 0;
  #wanted = 0;
  #arrived: (() => void) | undefined;

  private constructor(network: Network, context: TaskContext, dataDir: string) {
    this.network = network;
    this.#context = context;
    network.joinTask(context, {
      store: new SegmentStore(openDatabase(join(dataDir, "node.sqlite")), context.taskId),
      onSegment: () => {
        this.#received += 1;
        if (this.#received === this.#wanted) this.#arrived?.();
      },
      onFailure: (error) => {
        throw error;
      },
    });
  }

  static async start(context: TaskContext, bootstrap: readonly string[], index: number): Promise<BenchNode> {
    const dataDir = join(folder, String(index));
    return new BenchNode(
      await createNetwork({ dataDir, listen: ["/ip4/127.0.0.1/tcp/0"], bootstrap }),
      context,
      dataDir,
    );
  }

  /** Until it sees all the others in the topic, and a heartbeat of gossip's mesh more. */
  async meet(): Promise<void> {
    const others = this.#context.operators.length - 1;
    while (this.network.taskPeers(this.#context.taskId).length < others) await sleep(50);
    await sleep(1_500);
  }

  /** Publishes, and waits for what the others publish in the round. */
  async round(round: number, message: SegmentMessage | undefined): Promise<void> {
    if (message === undefined) return;
    this.#wanted = (this.#context.operators.length - 1) * (round + 1);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#arrived = () => {
      resolve(undefined);
    };
    await this.network.publish(this.#context.taskId, message);
    if (this.#received < this.#wanted) await promise;
  }
}

let nodes: readonly BenchNode[] = [];
let rounds: readonly (readonly SegmentMessage[])[] = [];

process.on("message", (command: NetworkCommand) => {
  void obey(command);
});

async function obey(command: NetworkCommand): Promise<void> {
  switch (command.kind) {
    case "start": {
      const { context, bootstrap } = command;
      rounds = command.rounds;
      nodes = await Promise.all((rounds[0] ?? []).map((_, index) => BenchNode.start(context, bootstrap, index)));
      break;
    }
    case "meet":
      await Promise.all(nodes.map((node) => node.meet()));
      break;
    case "round": {
      const messages = rounds[command.round] ?? [];
      await Promise.all(nodes.map((node, index) => node.round(command.round, messages[index])));
      break;
    }
    case "stop":
      await Promise.all(nodes.map(({ network }) => network.stop()));
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
  }
  // Looking addresses up takes time that is the bench's and not the network's.
  const addresses = command.kind === "start" ? (nodes[0]?.network.addresses ?? []) : [];
  process.send?.({ addresses, cpu: cpuTime() } satisfies NetworkAnswer);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((wake) => setTimeout(wake, ms));
}
