import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { claimIdOf, Phase, ticketsOf } from "@gristmill/sdk";
import { expect } from "chai";
import hre, { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import { custom, type Hex, numberToHex, parseEther } from "viem";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { claimStateName } from "../../../oracle/src/chain/claim-state.ts";
import { type Contracts, contractsOf } from "../../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../../oracle/src/chain/deployment.ts";
import { openDatabase } from "../../../oracle/src/storage/database.ts";
import { SegmentStore } from "../../../oracle/src/storage/segment-store.ts";
import { deploySuite } from "../../../scripts/deploy/deploy-suite.ts";
import { MortalParty, STAKES } from "./mortal-party.ts";

/** Epochs and rounds leave time to be killed in; every ticket is lucky, so what is to be earned does not hang on the seeds. */
const PARAMETERS = {
  stake: { unbondingDelay: 2_400 },
  beacon: { epochBlocks: 24, attestationBlocks: 20, attestationRounds: 2 },
  mint: { macsPerTicket: 500_000, wantedClaims: 1_000, initialTarget: String(2n ** 256n - 1n) },
};

const TASK = `
version: 1
payment: { fee: 1000, attestations: 8 }
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

const ROLES = ["client", "miner", "miner", "supervisor", "evaluator", "verifier"] as const;

/**
 * A block is mined when all nodes have looked at the last one and have nothing to compute: they share this process, and of so
 * many milliseconds less than so much is theirs. So the machine's load does not decide who is in time.
 */
const LOOK_MS = 50;
const IDLE = 0.4;

/** After so many blocks in which nobody was killed everybody waits for time to pass: it passes by so many blocks at once. */
const QUIET_BLOCKS = 16;
const BLOCKS_AT_ONCE = 4;

describe("a whole run in which every node is killed at each of its changes of state", function () {
  // A minute where the machine is free; it shares it with everything else that is tested.
  this.timeout(600_000);
  let folder: string;
  let connection: NetworkConnection;
  let deployment: Deployment;
  const over = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-killed-"));
    connection = await network.create();
    const parametersFile = join(folder, "parameters.json");
    writeFileSync(parametersFile, JSON.stringify(PARAMETERS));
    const record = await deploySuite({ hre, connection, recordFile: undefined, parametersFile, say: () => undefined });
    deployment = { ...record, contracts: record.contracts as Deployment["contracts"] };
  });

  after(async () => {
    over.abort();
    await ended;
    await connection.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends without equivocation, double bond, repeated transaction or lost reward", async () => {
    const { provider } = connection;
    const stage = { provider, deployment, folder, addresses: [], over: over.signal };
    const parties: MortalParty[] = [];
    for (const [index, role] of ROLES.entries())
      parties.push(await MortalParty.create(stage, role, `${role}-${String(index)}`));
    await fund(parties);
    const taskId = await run(parties);

    const transport = custom(provider);
    const contracts = contractsOf(await Chain.connect({ rpcUrl: "in this process", transport, deployment }));
    expect((await contracts.registry.read.taskOf([taskId])).phase).to.equal(Phase.Settled);
    expect(await expectAllPaid(contracts, taskId), "tickets").to.equal(2);
    for (const { role, account, dataDir, deaths, lines } of parties) {
      expect(await contracts.registry.read.creditOf([account]), `credit of the ${role}`).to.equal(0n);
      const { stake } = contracts;
      const staked = (await stake.read.freeOf([account])) + (await stake.read.lockedOf([account]));
      expect(staked, `stake of the ${role}`).to.equal(parseEther(String(STAKES[role])));
      expect(lines.filter(({ event }) => event === "equivocation")).to.deep.equal([]);
      expect(versionsIn(dataDir, taskId), `segments that the ${role} holds`).to.deep.equal([]);
      expect(deaths.size, `deaths of the ${role}`).to.be.above(role === "client" ? 5 : 15);
    }
    expect(await repeatedTransactions(parties)).to.deep.equal([]);
  });

  async function fund(parties: readonly MortalParty[]): Promise<void> {
    const token = await connection.ethers.getContractAt("GristToken", deployment.contracts.GristToken);
    for (const { account } of parties) {
      await connection.networkHelpers.setBalance(account, parseEther("10"));
      await token.transfer(account, parseEther("10000"));
    }
  }

  /** Lets the parties live until the task is over. */
  async function run(parties: readonly MortalParty[]): Promise<Hex> {
    const mining = mine(parties);
    const file = join(folder, "task.yaml");
    writeFileSync(file, TASK);
    const [client] = parties;
    const workers = parties.filter((party) => party !== client);
    const submitted = Promise.all(workers.map(({ ready }) => ready)).then(async () => {
      // Verifiers are drawn from those who were enlisted when an epoch began.
      await connection.networkHelpers.mine(PARAMETERS.beacon.epochBlocks);
      return client!.submit(file);
    });
    const lives = [...workers.map((party) => party.live(submitted)), submitted.then(() => client!.live(submitted))];
    // The client's begins with the task, which there may never be.
    ended = Promise.allSettled([...lives.slice(0, -1), mining]);
    try {
      await Promise.all(lives);
    } finally {
      over.abort();
      await ended;
    }
    return submitted;
  }

  /** The chain's time stands still while a node is being started or computes, and runs no faster than the nodes look. */
  async function mine(parties: readonly MortalParty[]): Promise<void> {
    const { provider } = connection;
    await provider.request({ method: "evm_setAutomine", params: [false] });
    let [deaths, since] = [0, 0];
    for (let before = performance.eventLoopUtilization(); !over.signal.aborted;) {
      await delay(LOOK_MS);
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const head = Number(await provider.request({ method: "eth_blockNumber" }));
      if (utilization > IDLE || !parties.every((party) => party.isReadyAfter(head))) continue;
      const died = parties.reduce((sum, party) => sum + party.deaths.size, 0);
      if (died > deaths) [deaths, since] = [died, head];
      const blocks = head < since + QUIET_BLOCKS ? 1 : BLOCKS_AT_ONCE;
      await provider.request({ method: "hardhat_mine", params: [numberToHex(blocks)] });
    }
  }

  /** All iterations are committed, and each of their tickets is claimed, minted, and its verifiers paid; how many there are. */
  async function expectAllPaid({ registry, mint }: Contracts, taskId: Hex): Promise<number> {
    const { macs, iterations, slotsJoined } = await registry.read.taskOf([taskId]);
    expect(slotsJoined).to.equal(2);
    const macsPerTicket = await mint.read.macsPerTicket();
    let tickets = 0;
    for (let slot = 0; slot < slotsJoined; slot++) {
      const { next, dropped, convicted } = await registry.read.slotOf([taskId, slot]);
      expect([next, dropped, convicted]).to.deep.equal([iterations, false, false]);
      for (let index = 0; index < iterations; index++)
        for (let ticket = 0; ticket < Number(ticketsOf(macs, macsPerTicket, index)); ticket++, tickets++) {
          const { state } = await mint.read.claimOf([claimIdOf({ taskId, slot, index, ticket })]);
          expect(claimStateName(state), `ticket ${ticket} of iteration ${index} of slot ${slot}`).to.equal("Paid");
        }
    }
    return tickets;
  }

  /** Calls that took effect more than once: of the same account, to the same contract, with the same data. */
  async function repeatedTransactions(parties: readonly MortalParty[]): Promise<string[]> {
    const chain = connection.ethers.provider;
    const accounts = new Set<string>(parties.map(({ account }) => account));
    const seen = new Set<string>();
    const repeated: string[] = [];
    const head = await chain.getBlockNumber();
    for (let number = 0; number <= head; number++)
      for (const { hash, from, to, data } of (await chain.getBlock(number, true))?.prefetchedTransactions ?? []) {
        if (!accounts.has(from) || (await chain.getTransactionReceipt(hash))?.status !== 1) continue;
        const call = `${from} ${String(to)} ${data}`;
        if (seen.has(call)) repeated.push(call);
        seen.add(call);
      }
    return repeated;
  }
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
