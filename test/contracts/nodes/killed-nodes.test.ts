import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { claimIdOf, segmentDomain, ticketsOf } from "@gristmill/sdk";
import { expect } from "chai";
import hre, { network } from "hardhat";
import { pino } from "pino";
import { custom, type Hex, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { claimStateName } from "../../../oracle/src/chain/claim-state.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../../oracle/src/chain/deployment.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import { takePart } from "../../../oracle/src/cli/run.ts";
import { loadConfig } from "../../../oracle/src/config/config.ts";
import { createNetwork } from "../../../oracle/src/network/node.ts";
import { keepProfile } from "../../../oracle/src/roles/assignment.ts";
import { submitTask } from "../../../oracle/src/roles/client.ts";
import type { Node } from "../../../oracle/src/roles/node.ts";
import { honestWork, type SlotWork } from "../../../oracle/src/roles/slot-work.ts";
import { Phase } from "../../../oracle/src/roles/task-follower.ts";
import { enlist } from "../../../oracle/src/roles/verifier.ts";
import { openDatabase } from "../../../oracle/src/storage/database.ts";
import { SegmentStore } from "../../../oracle/src/storage/segment-store.ts";
import { TransactionStore } from "../../../oracle/src/storage/transaction-store.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import { runSegment } from "../../../oracle/src/training/slot-replica.ts";
import { inThisThread } from "../../../scripts/demo/cheats/cheating-work.ts";
import { freePort } from "../../../scripts/demo/local-chain.ts";
import { deploySuite } from "../../../scripts/deploy/deploy-suite.ts";
import { Life, MortalDatabase, mortalNetwork, mortalTransport } from "./mortal-life.ts";

/** Whole epochs leave time to be killed in; every ticket is lucky, so what is to be earned does not hang on the seeds. */
const PARAMETERS = {
  beacon: { epochBlocks: 24, attestationBlocks: 8, attestationRounds: 1 },
  mint: { macsPerTicket: 500_000, wantedClaims: 1_000, initialTarget: String(2n ** 256n - 1n) },
};

const TASK = `
version: 1
payment: { fee: 1000 }
ml:
  dataset: { format: synthetic-digits, source: { seed: 7 }, training-set-size: 64, test-set-size: 32 }
  optimizer:
    type: SGD
    optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 }
    epochs: 4
    batch-size: 16
  model:
    type: FC-DNN
    hidden-units:
      - { id: 1, type: Dense, nodes: 8, activation: relu }
    loss: SoftmaxCrossEntropy
  evaluation-metrics: [accuracy]
exact: { segment-length: 4 }
coordination: { miners: 2 }
`;

/** What each role stakes, in GRIST. */
const STAKES = { client: 0, miner: 100, supervisor: 100, evaluator: 100, verifier: 1_000 } as const;
const ROLES = ["client", "miner", "miner", "supervisor", "evaluator", "verifier"] as const;
const GRIST_EACH = parseEther("10000");

/** A block is mined when all nodes have looked at the last one, and so many milliseconds later. */
const BLOCK_MS = 200;

type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

/** One node over all of its lives. */
interface Party {
  readonly role: keyof typeof STAKES;
  readonly key: Hex;
  readonly account: Hex;
  readonly dataDir: string;
  readonly port: number;
  /** Changes of state at which it was killed. */
  readonly deaths: Set<string>;
  readonly lines: Line[];
  /** Last block that it looked at in this life; infinite when it has done its part. */
  looked: number;
  /** Whether it needs blocks to go on, as one that is being started does for its transactions. */
  isWaiting: boolean;
}

const sameThread: SlotWork = {
  ...honestWork,
  start: async (setup) => inThisThread(setup, await createEngine(setup.backend), runSegment),
};

describe("a whole run in which every node is killed at each of its changes of state", function () {
  this.timeout(240_000);
  let folder: string;
  const connections: Awaited<ReturnType<typeof network.create>>[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-killed-"));
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends without equivocation, double bond, repeated transaction or lost reward", async () => {
    const connection = await network.create();
    connections.push(connection);
    const { provider } = connection;
    const deployment = await deploy(connection);
    const parties = await Promise.all(ROLES.map((role, index) => makeParty(role, `${role}-${index}`)));
    const over = new AbortController();

    async function deploy(where: typeof connection): Promise<Deployment> {
      const parametersFile = join(folder, "parameters.json");
      writeFileSync(parametersFile, JSON.stringify(PARAMETERS));
      const say = () => undefined;
      const record = await deploySuite({ hre, connection: where, recordFile: undefined, parametersFile, say });
      return { ...record, contracts: record.contracts as Deployment["contracts"] };
    }

    async function makeParty(role: Party["role"], name: string): Promise<Party> {
      const dataDir = join(folder, name);
      mkdirSync(dataDir);
      const key = generatePrivateKey();
      const account = privateKeyToAddress(key);
      const port = await freePort();
      return { role, key, account, dataDir, port, deaths: new Set(), lines: [], looked: 0, isWaiting: true };
    }

    async function fund(): Promise<void> {
      const token = await connection.ethers.getContractAt("GristToken", deployment.contracts.GristToken);
      for (const { account } of parties) {
        await connection.networkHelpers.setBalance(account, parseEther("10"));
        await token.transfer(account, GRIST_EACH);
      }
    }

    /** The chain's time stands still while a node is being started, and runs no faster than the nodes look. */
    async function mine(): Promise<void> {
      await provider.request({ method: "evm_setAutomine", params: [false] });
      while (!over.signal.aborted) {
        await delay(BLOCK_MS);
        const head = Number(await provider.request({ method: "eth_blockNumber" }));
        if (parties.every(({ looked, isWaiting }) => isWaiting || looked >= head))
          await provider.request({ method: "evm_mine", params: [] });
      }
    }

    /** What `startNode` does, of parts that can die. */
    async function start(party: Party, life: Life): Promise<Node> {
      const { dataDir, key, lines } = party;
      const database = MortalDatabase.open(join(dataDir, "node.sqlite"), life);
      const serializers = { error: ({ message }: Error) => message };
      const log = pino({ serializers }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
      const chain = await Chain.connect({
        rpcUrl: "in this process",
        transport: mortalTransport(provider, life, (head) => {
          party.looked = head;
        }),
        deployment,
        privateKey: key,
        outboxOf: (account) => new TransactionStore(database, account),
        signal: life.signal,
      });
      party.isWaiting = true;
      await chain.settleOutbox();
      party.isWaiting = false;
      const contracts = contractsOf(chain);
      const schedule = await readSchedule(contracts);
      const listen = [`/ip4/127.0.0.1/tcp/${String(party.port)}`];
      const bootstrap = parties.map(({ port }) => `/ip4/127.0.0.1/tcp/${String(port)}`);
      const peers = mortalNetwork(await createNetwork({ dataDir, listen, bootstrap }), life);
      const settings = { dataDir, privateKey: key, autoStake: true, closeEarly: true, maxLead: 0 };
      return {
        config: loadConfig({ ...settings, backend: "cpu", hasher: "reference" }, {}),
        chain,
        contracts,
        schedule,
        domain: segmentDomain(deployment.chainId, deployment.contracts.TaskRegistry),
        network: peers,
        database,
        log,
        signal: life.signal,
      };
    }

    /** One life after the other, until the party has done its part in the task. */
    async function live(party: Party, taskId: Promise<Hex>): Promise<void> {
      while (!over.signal.aborted) {
        const life = new Life(party.deaths);
        const end = (): void => {
          life.end();
        };
        over.signal.addEventListener("abort", end);
        let node: Node | undefined;
        try {
          node = await start(party, life);
          const { role } = party;
          party.isWaiting = true;
          if (role === "verifier") await enlist(node, parseEther(String(STAKES.verifier)));
          else if (role !== "client") await keepProfile(node);
          const task = await taskId;
          party.isWaiting = false;
          await takePart(node, role, task, sameThread);
          life.end();
          party.looked = Infinity;
          return;
        } catch (error) {
          if (!life.signal.aborted) throw error;
          [party.looked, party.isWaiting] = [0, false];
        } finally {
          end();
          over.signal.removeEventListener("abort", end);
          await node?.network.stop();
        }
      }
    }

    /** Its data is lost with nothing but an approval if this one is killed: whoever submits a task submits it again. */
    async function submit(party: Party): Promise<Hex> {
      const file = join(folder, "task.yaml");
      writeFileSync(file, TASK);
      const life = new Life(party.deaths);
      life.changed = () => {
        life.check();
      };
      const node = await start(party, life);
      party.isWaiting = true;
      const taskId = await submitTask(node, file);
      life.end();
      await node.network.stop();
      return taskId;
    }

    async function readContracts() {
      const transport = custom(provider);
      return contractsOf(await Chain.connect({ rpcUrl: "in this process", transport, deployment }));
    }

    /** Transactions of the nodes that took effect more than once: of the same account, to the same contract, with the same data. */
    async function repeatedTransactions(): Promise<string[]> {
      const seen = new Set<string>();
      const repeated: string[] = [];
      const head = await connection.ethers.provider.getBlockNumber();
      for (let number = 0; number <= head; number++) {
        const block = await connection.ethers.provider.getBlock(number, true);
        for (const { hash, from, to, data } of block?.prefetchedTransactions ?? []) {
          if (parties.every(({ account }) => account !== from)) continue;
          const receipt = await connection.ethers.provider.getTransactionReceipt(hash);
          const call = `${from} ${String(to)} ${data}`;
          if (receipt?.status === 1 && seen.has(call)) repeated.push(call.slice(0, 120));
          if (receipt?.status === 1) seen.add(call);
        }
      }
      return repeated;
    }

    await fund();
    const [client] = parties;
    const mining = mine();
    const submitted = Promise.withResolvers<Hex>();
    const lives = parties.map(async (party) => {
      if (party === client) submitted.resolve(await submit(party));
      await live(party, submitted.promise);
    });
    try {
      await Promise.all(lives);
    } finally {
      over.abort();
      await Promise.allSettled([...lives, mining]);
    }
    const taskId = await submitted.promise;
    const { registry, mint, stake } = await readContracts();

    const { phase, macs, iterations, slotsJoined } = await registry.read.taskOf([taskId]);
    expect(phase).to.equal(Phase.Settled);
    expect(slotsJoined).to.equal(2);
    const macsPerTicket = await mint.read.macsPerTicket();
    let claims = 0;
    for (let slot = 0; slot < slotsJoined; slot++) {
      const { next, dropped, convicted } = await registry.read.slotOf([taskId, slot]);
      expect([next, dropped, convicted]).to.deep.equal([iterations, false, false]);
      for (let index = 0; index < iterations; index++)
        for (let ticket = 0; ticket < Number(ticketsOf(macs, macsPerTicket, index)); ticket++, claims++) {
          const { state } = await mint.read.claimOf([claimIdOf({ taskId, slot, index, ticket })]);
          expect(claimStateName(state), `ticket ${ticket} of iteration ${index} of slot ${slot}`).to.equal("Paid");
        }
    }
    expect(claims).to.be.above(3);

    for (const { role, account, dataDir, deaths, lines } of parties) {
      expect(await registry.read.creditOf([account]), `credit of the ${role}`).to.equal(0n);
      const staked = (await stake.read.freeOf([account])) + (await stake.read.lockedOf([account]));
      expect(staked, `stake of the ${role}`).to.equal(parseEther(String(STAKES[role])));
      expect(lines.filter(({ event }) => event === "equivocation")).to.deep.equal([]);
      expect(versionsIn(dataDir, taskId), `segments that the ${role} holds`).to.deep.equal([]);
      expect(deaths.size, `deaths of the ${role}`).to.be.above(role === "client" ? 5 : 15);
    }
    expect(await repeatedTransactions()).to.deep.equal([]);
  });
});

/** Segments in a node's log that are not the only ones over their iterations. */
function versionsIn(dataDir: string, taskId: Hex): string[] {
  const database = openDatabase(join(dataDir, "node.sqlite"));
  try {
    const store = new SegmentStore(database, taskId);
    return [...store].flatMap(({ slot, first, last, segmentId }) =>
      store.touching(slot, first, last).length > 1 ? [`${slot}: ${first} to ${last}: ${segmentId}`] : [],
    );
  } finally {
    database.close();
  }
}
