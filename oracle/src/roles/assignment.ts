import {
  closestBelow,
  decodePreferences,
  encodePreferences,
  GristmillError,
  isReserve,
  Phase,
  rankOf,
  type Role,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import { isRevert } from "../chain/chain.ts";
import { ensureStake, membersOf } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskFollower, TaskView } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/** Standings in the order of `contracts/types/AssignmentTypes.sol`. */
export const Standing = { None: 0, Applied: 1, Drawn: 2, Joined: 3, Declined: 4 } as const;

/** A place in a task, and what was checked before it was taken. */
export interface Place<T> {
  readonly index: number;
  readonly checked: T;
}

/** For a role whose data comes later. */
export function nothingToCheck(): Promise<void> {
  return Promise.resolve();
}

/** Brings the profile on the chain in line with the settings. It counts for tasks that are created later. */
export async function keepProfile(node: Node): Promise<void> {
  const { address, abi, read } = node.contracts.registry;
  const wanted = encodePreferences(node.config.preferences);
  const { number } = await node.chain.head();
  if ((await read.preferencesOf([self(node), Number(number)])) === wanted) return;
  await node.chain.transact({ address, abi, functionName: "setProfile", args: [wanted] });
  node.log.info({ event: "profile-set", preferences: decodePreferences(wanted) });
}

/** How this node stands in the assignment of a role. */
export async function applicantOf(node: Node, taskId: Hex, role: Role) {
  return node.contracts.registry.read.applicantOf([taskId, role, self(node)]);
}

/**
 * Gets this node a place in the task: the one it has already, or one that it applies for and is drawn for. It checks what
 * it will need first, and declines if it cannot have it.
 *
 * @param check fetches and checks the data that the role works on
 * @returns undefined if others got the places, the task was cancelled, or the node declined
 * @throws GristmillError REGISTRATION_CLOSED, STAKE_MISSING
 */
export async function takePlace<T>(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  role: Role,
  check: () => Promise<T>,
): Promise<Place<T> | undefined> {
  const { task } = await follower.until((moment) => moment.task.phase !== Phase.None);
  const index = await findPlace(node, terms.taskId, task, role);
  if (index !== undefined) return { index, checked: await check() };
  await applyFor(node, task, terms, role);
  await drawRank(node, follower, terms, role);
  const place = await joinInTurn(node, follower, terms, role, check);
  if (place === undefined) node.log.info({ event: "no-place", task: terms.taskId });
  else node.log.info({ event: "joined", task: terms.taskId, place: place.index });
  return place;
}

async function findPlace(node: Node, taskId: Hex, task: TaskView, role: Role): Promise<number | undefined> {
  const members = await membersOf(node, taskId, task, role);
  const index = members.findIndex(({ operator }) => isAddressEqual(operator, self(node)));
  return index < 0 ? undefined : index;
}

async function applyFor(node: Node, task: TaskView, { taskId, onChain }: TaskTerms, role: Role): Promise<void> {
  if ((await applicantOf(node, taskId, role)).standing !== Standing.None) return;
  if (task.phase !== Phase.Registration)
    throw new GristmillError("REGISTRATION_CLOSED", `task ${taskId} no longer takes applications`, {
      hints: ["choose a task that is still in registration"],
    });
  const { minerStake, supervisorStake, evaluatorStake } = onChain;
  await ensureStake(node, [minerStake, supervisorStake, evaluatorStake][role] ?? 0n);
  const { address, abi } = node.contracts.registry;
  await node.chain.transact({ address, abi, functionName: "applyFor", args: [taskId, role] });
  node.log.info({ event: "applied", task: taskId });
}

/** Submits the rank that the seed gives this node. Where others come in before it, it looks for its place again. */
async function drawRank(node: Node, follower: TaskFollower, terms: TaskTerms, role: Role): Promise<void> {
  const { taskId, createdAt } = terms;
  const { address, abi, read, getEvents } = node.contracts.registry;
  let moment = await follower.until(({ task }) => task.phase >= Phase.Drawing);
  for (; moment.task.phase === Phase.Drawing; moment = await follower.next()) {
    if ((await applicantOf(node, taskId, role)).standing !== Standing.Applied) return;
    const { seed, properties, createdIn } = await read.assignmentOf([taskId, role]);
    const preferences = await read.preferencesOf([self(node), Number(createdIn - 1n)]);
    const rank = rankOf({ seed, role, owner: self(node) }, preferences, properties);
    const drawn = await getEvents.RankDrawn({ taskId, role }, { fromBlock: createdAt, toBlock: "latest" });
    const ranks = drawn.flatMap(({ args }) =>
      args.owner === undefined || args.rank === undefined ? [] : [{ owner: args.owner, rank: args.rank }],
    );
    try {
      const args = [taskId, role, closestBelow(ranks, rank)] as const;
      await node.chain.transact({ address, abi, functionName: "drawRank", args });
    } catch (error) {
      if (!isRevert(error)) throw error;
      node.log.warn({ event: "draw-refused", task: taskId, error });
      continue;
    }
    node.log.info({ event: "drawn", task: taskId, rank: `0x${rank.toString(16)}`, reserve: isReserve(rank) });
    return;
  }
}

/** Waits until this node's rank is admitted, checks the data, and joins or declines. */
async function joinInTurn<T>(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  role: Role,
  check: () => Promise<T>,
): Promise<Place<T> | undefined> {
  const { taskId } = terms;
  const { address, abi, read } = node.contracts.registry;
  let moment = await follower.until(({ task }) => task.phase >= Phase.Joining);
  for (; moment.task.phase === Phase.Joining; moment = await follower.next()) {
    const { wanted, joined } = await read.assignmentOf([taskId, role]);
    const { standing, admitted } = await applicantOf(node, taskId, role);
    if (standing !== Standing.Drawn || joined === wanted) return undefined;
    if (!admitted) continue;
    const checked = await checkOrDecline(node, taskId, role, check);
    if (checked === undefined) return undefined;
    try {
      await node.chain.transact({ address, abi, functionName: "join", args: [taskId, role, self(node)] });
    } catch (error) {
      if (!isRevert(error)) throw error;
      node.log.warn({ event: "join-refused", task: taskId, error });
      continue;
    }
    const index = await findPlace(node, taskId, await read.taskOf([taskId]), role);
    if (index === undefined)
      throw new GristmillError(
        "JOIN_LOST",
        `the join of task ${taskId} was mined, but the registry has no such member`,
      );
    return { index, checked: checked.value };
  }
  return undefined;
}

/** What was checked, or undefined if it does not hold: then the next one gets the place. */
async function checkOrDecline<T>(
  node: Node,
  taskId: Hex,
  role: Role,
  check: () => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await check() };
  } catch (error) {
    if (node.signal.aborted || !(error instanceof GristmillError)) throw error;
    const { address, abi } = node.contracts.registry;
    await node.chain.transact({ address, abi, functionName: "decline", args: [taskId, role] });
    node.log.warn({ event: "declined", task: taskId, error });
    return undefined;
  }
}
