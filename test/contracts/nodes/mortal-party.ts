import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { segmentDomain } from "@gristmill/sdk";
import type { EthereumProvider } from "hardhat/types/providers";
import { pino } from "pino";
import { type Hex, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../../oracle/src/chain/deployment.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import { takePart } from "../../../oracle/src/cli/run.ts";
import { loadConfig } from "../../../oracle/src/config/config.ts";
import { createNetwork } from "../../../oracle/src/network/node.ts";
import { keepProfile } from "../../../oracle/src/roles/assignment.ts";
import type { Node } from "../../../oracle/src/roles/node.ts";
import { honestWork, type SlotWork } from "../../../oracle/src/roles/slot-work.ts";
import { readTaskFile, submitTask } from "../../../oracle/src/roles/task-order.ts";
import { enlist } from "../../../oracle/src/roles/verifier.ts";
import { TransactionStore } from "../../../oracle/src/storage/transaction-store.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import { runSegment } from "../../../oracle/src/training/slot-replica.ts";
import { inThisThread } from "../../../scripts/demo/cheats/cheating-work.ts";
import { freePort } from "../../../scripts/demo/local-chain.ts";
import { Life, MortalDatabase, mortalNetwork, mortalTransport } from "./mortal-life.ts";

/** What each role stakes, in GRIST. */
export const STAKES = { client: 0, miner: 100, supervisor: 100, evaluator: 100, verifier: 1_000 } as const;

/** A line of a node's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

/** Where all parties live. */
export interface Stage {
  readonly provider: Pick<EthereumProvider, "request">;
  readonly deployment: Deployment;
  readonly folder: string;
  /** Where peers listen; grows until the first life begins. */
  readonly addresses: string[];
  /** Ends all lives. */
  readonly over: AbortSignal;
}

const sameThread: SlotWork = {
  ...honestWork,
  start: async (setup) => inThisThread(setup, await createEngine(setup.backend), runSegment),
};

/** One node over all of its lives, each of which begins with what the last one left on the disk. */
export class MortalParty {
  readonly role: keyof typeof STAKES;
  readonly account: Hex;
  readonly dataDir: string;
  /** Changes of state at which it was killed. */
  readonly deaths = new Set<string>();
  readonly lines: Line[] = [];
  /** Resolves when it is known to the contracts as what it wants to be: enlisted, or with a profile. */
  readonly ready: Promise<void>;
  readonly #isReady: () => void;
  readonly #stage: Stage;
  readonly #key = generatePrivateKey();
  readonly #address: string;
  /** Last block that it looked at in this life; infinite when it has done its part. */
  #looked = 0;
  /** Whether it needs blocks to go on, as one that is being started does for its transactions. */
  #isWaiting = true;

  private constructor(stage: Stage, role: keyof typeof STAKES, name: string, port: number) {
    this.role = role;
    ({ promise: this.ready, resolve: this.#isReady } = Promise.withResolvers());
    this.account = privateKeyToAddress(this.#key);
    this.dataDir = join(stage.folder, name);
    this.#stage = stage;
    this.#address = `/ip4/127.0.0.1/tcp/${String(port)}`;
    stage.addresses.push(this.#address);
    mkdirSync(this.dataDir);
  }

  static async create(stage: Stage, role: keyof typeof STAKES, name: string): Promise<MortalParty> {
    return new MortalParty(stage, role, name, await freePort());
  }

  /** Whether the block after this head takes nothing from it: it has looked at the head, or waits for a block. */
  isReadyAfter(head: number): boolean {
    return this.#isWaiting || this.#looked >= head;
  }

  /** One life after the other, until the party has done its part in the task. */
  async live(taskId: Promise<Hex>): Promise<void> {
    while (!this.#stage.over.aborted) {
      const life = new Life(this.deaths, this.#stage.over);
      let node: Node | undefined;
      try {
        node = await this.#start(life);
        this.#isWaiting = true;
        if (this.role === "verifier") await enlist(node, parseEther(String(STAKES.verifier)));
        else if (this.role !== "client") await keepProfile(node);
        this.#isReady();
        const task = await taskId;
        this.#isWaiting = false;
        await takePart(node, this.role, task, sameThread);
        this.#looked = Infinity;
        return;
      } catch (error) {
        if (!life.signal.aborted) throw error;
        [this.#looked, this.#isWaiting] = [0, false];
      } finally {
        life.end();
        await node?.network.stop();
      }
    }
  }

  /** Submits a task in a life that nothing ends: who is killed before its task is there submits it again. */
  async submit(file: string): Promise<Hex> {
    const life = new Life("immortal", this.#stage.over);
    const node = await this.#start(life);
    this.#isWaiting = true;
    try {
      return await submitTask(node, await readTaskFile(file));
    } finally {
      life.end();
      await node.network.stop();
    }
  }

  /** What `startNode` does, of parts that can die. */
  async #start(life: Life): Promise<Node> {
    const { provider, deployment, addresses } = this.#stage;
    const { dataDir } = this;
    const database = MortalDatabase.open(join(dataDir, "node.sqlite"), life);
    const serializers = { error: ({ message }: Error) => message };
    const log = pino({ serializers }, { write: (line: string) => this.lines.push(JSON.parse(line) as Line) });
    const chain = await Chain.connect({
      rpcUrl: "in this process",
      transport: mortalTransport(provider, life, (head) => {
        this.#looked = head;
      }),
      deployment,
      privateKey: this.#key,
      outboxOf: (account) => new TransactionStore(database, account),
      signal: life.signal,
    });
    this.#isWaiting = true;
    await chain.settleOutbox();
    this.#isWaiting = false;
    const contracts = contractsOf(chain);
    const schedule = await readSchedule(contracts);
    const peers = await createNetwork({ dataDir, listen: [this.#address], bootstrap: addresses });
    const settings = { dataDir, privateKey: this.#key, autoStake: true, closeEarly: true, maxLead: 0 };
    return {
      config: loadConfig({ ...settings, backend: "cpu", hasher: "wasm", hasherThreads: 1 }, {}),
      chain,
      contracts,
      schedule,
      domain: segmentDomain(deployment.chainId, deployment.contracts.TaskRegistry),
      network: mortalNetwork(peers, life),
      database,
      log,
      signal: life.signal,
    };
  }
}
