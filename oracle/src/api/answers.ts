import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { epochAt } from "../chain/epochs.ts";
import { claimsOf, claimSummary } from "../operator/claims.ts";
import { disputesOf, disputeSummary, isSide } from "../operator/disputes.ts";
import { explain } from "../operator/explain.ts";
import { readRewards } from "../operator/rewards.ts";
import { readStake } from "../operator/stake.ts";
import type { ListedTask } from "../operator/tasks.ts";
import { minersOf, taskSummary, tasksOf } from "../operator/tasks.ts";
import type { Node } from "../roles/node.ts";
import type { TaskParts } from "./task-parts.ts";
import type { Answer } from "./schemas.ts";

/** Who answers. */
export interface Identity {
  readonly role: string;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** The API's answers to reads, from the chain and the running node. */
export class Answers {
  readonly #node: Node;
  readonly #identity: Identity;
  readonly #parts: TaskParts;

  constructor(node: Node, identity: Identity, parts: TaskParts) {
    this.#node = node;
    this.#identity = identity;
    this.#parts = parts;
  }

  async status(): Promise<Answer<"status">> {
    const { chain, config, network, schedule } = this.#node;
    const [head, baseFee] = await Promise.all([chain.head(), chain.baseFee()]);
    const { role, version, startedAt } = this.#identity;
    return {
      name: config.name,
      role,
      version,
      startedAt: Math.floor(startedAt / 1000),
      account: chain.address,
      peerId: network.peerId,
      addresses: [...network.addresses],
      peers: network.peers.length,
      chain: {
        id: chain.deployment.chainId,
        block: Number(head.number),
        timestamp: Number(head.timestamp),
        epoch: Number(epochAt(schedule, head.number)),
        baseFee: String(baseFee),
        endpoints: [...chain.endpoints],
      },
    };
  }

  async tasks(): Promise<Answer<"tasks">> {
    return { tasks: (await tasksOf(this.#node)).map((task) => this.#describe(task)) };
  }

  /** @throws GristmillError TASK_UNKNOWN */
  async task(taskId: Hex): Promise<Answer<"task">> {
    const [task] = await tasksOf(this.#node, taskId);
    if (task === undefined) throw new GristmillError("TASK_UNKNOWN", `the registry knows no task ${taskId}`);
    return { ...this.#describe(task), miners: await minersOf(this.#node, taskId, task.view) };
  }

  async claims(): Promise<Answer<"claims">> {
    return { claims: (await claimsOf(this.#node, this.#node.chain.account.address)).map(claimSummary) };
  }

  async disputes(): Promise<Answer<"disputes">> {
    const { chain, contracts } = this.#node;
    return {
      disputes: await Promise.all(
        (await disputesOf(this.#node)).map(async (dispute) => ({
          ...disputeSummary(dispute, await contracts.court.read.disputeOf([dispute.disputeId])),
          mine: chain.address !== undefined && (await isSide(this.#node, dispute, chain.address)),
        })),
      ),
    };
  }

  async stake(): Promise<Answer<"stake">> {
    const { account, unbondingUntil, ...amounts } = await readStake(this.#node, this.#node.chain.account.address);
    return {
      account,
      free: formatEther(amounts.free),
      locked: formatEther(amounts.locked),
      unbonding: formatEther(amounts.unbonding),
      unbondingUntil,
      wallet: formatEther(amounts.wallet),
      ether: formatEther(amounts.ether),
    };
  }

  async rewards(): Promise<Answer<"rewards">> {
    const { account, credit, minted, pending, expected } = await readRewards(
      this.#node,
      this.#node.chain.account.address,
    );
    return {
      account,
      credit: formatEther(credit),
      minted: formatEther(minted),
      pending: { claims: pending.length, expected: formatEther(expected) },
    };
  }

  /** @throws GristmillError ID_UNKNOWN */
  async explain(id: Hex): Promise<Answer<"explanation">> {
    const { story, ...told } = await explain(this.#node, this.#node.chain.account.address, id);
    return { ...told, story: [...story] };
  }

  peers(): Answer<"peers"> {
    const { network } = this.#node;
    const tasks = this.#parts.tasks.map((taskId) => ({ taskId, peers: new Set(network.taskPeers(taskId)) }));
    return {
      self: { id: network.peerId, addresses: [...network.addresses] },
      peers: network.peers.map((id) => ({
        id,
        tasks: tasks.filter(({ peers }) => peers.has(id)).map(({ taskId }) => taskId),
      })),
      messages: { ...network.counts() },
    };
  }

  #describe(task: ListedTask): Answer<"tasks">["tasks"][number] {
    return { ...taskSummary(task), part: this.#parts.of(task.taskId) };
  }
}
