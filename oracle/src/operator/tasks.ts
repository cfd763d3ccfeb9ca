import { Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther, zeroHash } from "viem";

import type { Member } from "../roles/membership.ts";
import { membersOf } from "../roles/membership.ts";
import type { TaskView } from "../roles/task-follower.ts";
import { phaseName } from "../roles/task-follower.ts";
import type { Reader } from "./reader.ts";

/** A task of the registry with what its client fixed. */
export interface ListedTask {
  readonly taskId: Hex;
  readonly view: TaskView;
  /** GRIST wei. */
  readonly fee: bigint;
  /** Places for miners. */
  readonly slots: number;
}

/** All tasks of the registry, or the one of the given id, the newest last. */
export async function tasksOf({ chain, contracts }: Reader, taskId?: Hex): Promise<ListedTask[]> {
  const events = await contracts.registry.getEvents.TaskCreated(taskId === undefined ? {} : { taskId }, {
    fromBlock: BigInt(chain.deployment.blockNumber),
    toBlock: "latest",
  });
  const tasks = events.flatMap(({ args }) =>
    args.taskId === undefined || args.parameters === undefined
      ? []
      : [{ taskId: args.taskId, fee: args.parameters.fee, slots: args.parameters.slots }],
  );
  return Promise.all(
    tasks.map(async (task) => ({ ...task, view: await contracts.registry.read.taskOf([task.taskId]) })),
  );
}

/** A task as programs read it; amounts in GRIST, times in Unix seconds. */
export function taskSummary({ taskId, view, fee, slots }: ListedTask) {
  return {
    task: taskId,
    phase: phaseName(view.phase),
    phaseEndsAt: view.phaseEndsAt === 0n ? undefined : Number(view.phaseEndsAt),
    client: view.client,
    fee: formatEther(fee),
    burned: formatEther(view.burned),
    iterations: view.iterations,
    slots,
    slotsJoined: view.slotsJoined,
    model: view.finalState === zeroHash ? undefined : view.finalState,
    score: view.scored ? { correct: view.score.correct, loss: Number(view.score.loss) } : undefined,
  };
}

/** A slot of a task and who has it. */
export interface MinerView extends Member {
  readonly slot: number;
  /** Iterations committed. */
  readonly iterations: number;
  readonly dropped: boolean;
  readonly convicted: boolean;
}

/** The miners of a task, by slot. */
export async function minersOf(reader: Reader, taskId: Hex, view: TaskView): Promise<MinerView[]> {
  const members = await membersOf(reader, taskId, view, Role.Miner);
  return Promise.all(
    members.map(async (member, slot) => {
      const { next, dropped, convicted } = await reader.contracts.registry.read.slotOf([taskId, slot]);
      return { ...member, slot, iterations: next, dropped, convicted };
    }),
  );
}

/** A task in the queue of filler tasks. */
export interface Proposal {
  readonly number: number;
  /** What the queue knows it by. */
  readonly entry: Hex;
  readonly proposer: Hex;
  /** The task that it became, if it has been drawn. */
  readonly task: Hex | undefined;
}

/** All proposals, the oldest first: the queue is served in this order. */
export async function proposalsOf({ chain, contracts }: Reader): Promise<Proposal[]> {
  const range = { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest" } as const;
  const [proposed, opened] = await Promise.all([
    contracts.fillers.getEvents.TaskProposed({}, range),
    contracts.fillers.getEvents.FillerOpened({}, range),
  ]);
  const served = opened.filter(({ args }) => args.queued);
  return proposed.flatMap(({ args: { entry, proposer } }, number) =>
    entry === undefined || proposer === undefined
      ? []
      : [{ number, entry, proposer, task: served[number]?.args.taskId }],
  );
}
