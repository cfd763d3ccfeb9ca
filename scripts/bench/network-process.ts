// Nodes of `network-cost.ts`, in a process of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize } from "node:v8";

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
      /** Of each round, a message for each node, serialized: sent ahead, so that handing them over is not measured. */
      readonly rounds: readonly (readonly Uint8Array[])[];
    }
  | { readonly kind: "meet" }
  /** From now on its first node follows the others, round by round, without being told. */
  | { readonly kind: "follow" }
  | { readonly kind: "round"; readonly round: number }
  | { readonly kind: "samples" }
  | { readonly kind: "stop" };

/** What it answers, when that is done. */
export interface NetworkAnswer {
  /** Under which its first node is reached, once it has started. */
  readonly addresses: readonly string[];
  /** CPU milliseconds of the process from the end of each round that it followed to the end of the next. */
  readonly samples: readonly number[];
}

const folder = mkdtempSync(join(tmpdir(), "gristmill-bench-"));

/** A node, its messages round by round, and how many of the others' have reached it. */
class BenchNode {
  readonly network: Network;
  readonly #context: TaskContext;
  readonly #rounds: readonly Uint8Array[];
  readonly #others: number;
  #received = 0;
  #onReceived: () => void = () => undefined;

  private constructor(network: Network, context: TaskContext, dataDir: string, rounds: readonly Uint8Array[]) {
    this.network = network;
    this.#context = context;
    this.#rounds = rounds;
    this.#others = context.operators.length - 1;
    network.joinTask(context, {
      store: new SegmentStore(openDatabase(join(dataDir, "node.sqlite")), context.taskId),
      onSegment: () => {
        this.#received += 1;
        this.#onReceived();
      },
      onFailure: fail,
    });
  }

  static async start(
    context: TaskContext,
    bootstrap: readonly string[],
    index: number,
    rounds: readonly Uint8Array[],
  ): Promise<BenchNode> {
    const dataDir = join(folder, String(index));
    const network = await createNetwork({ dataDir, listen: ["/ip4/127.0.0.1/tcp/0"], bootstrap });
    return new BenchNode(network, context, dataDir, rounds);
  }

  /** Until it sees all the others in the topic, and a heartbeat of gossip's mesh more. */
  async meet(): Promise<void> {
    while (this.network.taskPeers(this.#context.taskId).length < this.#others) await sleep(50);
    await sleep(1_500);
  }

  /** Publishes, and waits for what the others publish in the round. */
  async round(round: number): Promise<void> {
    const complete = new Promise<void>((resolve) => {
      this.#onReceived = () => {
        if (this.#received >= this.#others * (round + 1)) resolve();
      };
    });
    await this.#publish(round);
    this.#onReceived();
    await complete;
  }

  /** Publishes whenever a round's first message arrives, and calls back when it has them all. */
  follow(onRound: () => void): void {
    let open = Promise.resolve();
    this.#onReceived = () => {
      const [round, rest] = [Math.floor((this.#received - 1) / this.#others), this.#received % this.#others];
      if (rest === 1 % this.#others) open = this.#publish(round);
      if (rest === 0) void open.then(onRound, fail);
    };
  }

  async #publish(round: number): Promise<void> {
    const message = this.#rounds[round];
    // As a node's training thread hands it to the network's.
    if (message !== undefined) await this.network.publish(this.#context.taskId, deserialize(message) as SegmentMessage);
  }
}

let nodes: readonly BenchNode[] = [];
const samples: number[] = [];

process.on("message", (command: NetworkCommand) => {
  void obey(command);
});

async function obey(command: NetworkCommand): Promise<void> {
  switch (command.kind) {
    case "start": {
      const { context, bootstrap, rounds } = command;
      nodes = await Promise.all(
        (rounds[0] ?? []).map((_, index) =>
          BenchNode.start(
            context,
            bootstrap,
            index,
            rounds.map((messages) => messages[index] ?? new Uint8Array()),
          ),
        ),
      );
      break;
    }
    case "meet":
      await Promise.all(nodes.map((node) => node.meet()));
      break;
    case "follow": {
      let before = cpuTime();
      nodes[0]?.follow(() => {
        const now = cpuTime();
        samples.push(now - before);
        before = now;
      });
      break;
    }
    case "round":
      await Promise.all(nodes.map((node) => node.round(command.round)));
      break;
    case "samples":
      break;
    case "stop":
      await Promise.all(nodes.map(({ network }) => network.stop()));
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
  }
  const addresses = command.kind === "start" ? (nodes[0]?.network.addresses ?? []) : [];
  process.send?.({ addresses, samples: command.kind === "samples" ? samples : [] } satisfies NetworkAnswer);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((wake) => setTimeout(wake, ms));
}

/** Ends the bench: what it would go on to measure is no network that works. */
function fail(error: unknown): never {
  throw error;
}
