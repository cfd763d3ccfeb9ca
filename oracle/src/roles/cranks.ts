import { Phase, Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { hexToBigInt, isAddressEqual, zeroAddress } from "viem";

import { isRevert } from "../chain/chain.ts";
import { epochAt, headerOf } from "../chain/epochs.ts";
import { catalogueReveal, isCatalogued, isFiller } from "./filler-catalogue.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskFollower, TaskMoment } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/** Blocks a node that is not the client leaves to others before it pays for a crank, and how far these spread. */
const COURTESY = 2;
const SPREAD = 3n;

/** Of equal length, of a task's Joining (contracts/tasks/TaskLottery.sol). */
const JOINING_ROUNDS = 3n;

/** Does a role's work on a task and turns the task's cranks beside it until the work is done. */
export async function withCranks(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  work: () => Promise<void>,
): Promise<void> {
  const done = new AbortController();
  try {
    await Promise.race([work(), crank(node, follower, terms, AbortSignal.any([node.signal, done.signal]))]);
  } finally {
    done.abort();
  }
}

/**
 * Turns the task's cranks while it lives: proves the seed, passes places on, drops silent slots, reveals what is
 * public, settles. Anybody may, so the work
 * goes on whoever is gone; the client goes first and the others wait a few blocks, so that mostly one pays.
 * Never resolves before the signal aborts.
 */
async function crank(node: Node, follower: TaskFollower, terms: TaskTerms, signal: AbortSignal): Promise<void> {
  const patience = isAddressEqual(terms.client, self(node)) ? 0 : COURTESY + Number(hexToBigInt(self(node)) % SPREAD);
  let due: { readonly action: string; readonly since: bigint } | undefined;
  for (let moment = await follower.now(); !signal.aborted; moment = await follower.next()) {
    const turn = await dueCrank(node, terms, moment);
    if (turn === undefined) {
      due = undefined;
      continue;
    }
    if (due?.action !== turn.action) due = { action: turn.action, since: moment.head.number };
    if (moment.head.number - due.since < BigInt(patience)) continue;
    due = undefined;
    try {
      await turn.send();
      node.log.info({ event: "crank", task: terms.taskId, action: turn.action });
    } catch (error) {
      // Somebody else was first, or the state moved on: the next moment shows what is due then.
      if (!isRevert(error)) throw error;
      node.log.debug({ event: "crank-refused", task: terms.taskId, action: turn.action, error });
    }
  }
}

interface Crank {
  readonly action: string;
  readonly send: () => Promise<unknown>;
}

async function dueCrank(node: Node, terms: TaskTerms, { task, head }: TaskMoment): Promise<Crank | undefined> {
  const { beacon, registry } = node.contracts;
  const { address, abi } = registry;
  const { taskId } = terms;
  const advance: Crank = {
    action: "advance",
    send: () => node.chain.transact({ address, abi, functionName: "advance", args: [taskId] }),
  };
  switch (task.phase) {
    case Phase.Registration:
      if (!node.config.closeEarly || !isAddressEqual(terms.client, self(node))) return undefined;
      if (!(await everyPlaceHasAnApplicant(node, taskId))) return undefined;
      return {
        action: "close registration",
        send: () => node.chain.transact({ address, abi, functionName: "closeRegistration", args: [taskId] }),
      };
    case Phase.Seeding: {
      // Reached by the deadline of the registration: somebody has to say so before a block can be fixed.
      if (task.seedBase === 0n) return advance;
      const block = await beacon.read.randomnessBlock([task.seedBase]);
      if (block > head.number) return undefined;
      return {
        action: "prove seed",
        send: async () =>
          node.chain.transact({
            address,
            abi,
            functionName: "proveTaskSeed",
            args: [taskId, await headerOf(node.chain, block)],
          }),
      };
    }
    case Phase.Joining: {
      const role = await roleToPassOn(node, terms, { task, head });
      if (role === undefined) return undefined;
      return {
        action: `pass on role ${String(role)}`,
        send: () => node.chain.transact({ address, abi, functionName: "passOn", args: [taskId, role] }),
      };
    }
    case Phase.Training: {
      // Reached by the deadline for joining: the training begins with the transaction that says so.
      if (BigInt(task.trainingSeed) === 0n) return advance;
      const slot = await silentSlot(node, terms, { task, head });
      if (slot === undefined) return undefined;
      return {
        action: `drop slot ${String(slot)}`,
        send: () => node.chain.transact({ address, abi, functionName: "dropSilent", args: [taskId, slot] }),
      };
    }
    case Phase.Reveal:
      return isFiller(node, terms) ? fillerReveal(node, terms) : undefined;
    case Phase.Closing:
    case Phase.Cancelled:
    case Phase.Failed:
      if (!(await canSettle(node, taskId))) return undefined;
      return {
        action: "settle",
        send: () => node.chain.transact({ address, abi, functionName: "settle", args: [taskId] }),
      };
    default:
      return undefined;
  }
}

/** The test sets of the catalogue are everybody's to reveal; of a task of the queue, its proposer's. */
async function fillerReveal(node: Node, terms: TaskTerms): Promise<Crank | undefined> {
  if (!(await isCatalogued(node, terms))) return undefined;
  const { address, abi } = node.contracts.fillers;
  return {
    action: "reveal test set",
    send: async () => {
      const args = await catalogueReveal(node, terms);
      return node.chain.transact({ address, abi, functionName: "revealTestSet", args });
    },
  };
}

async function everyPlaceHasAnApplicant(node: Node, taskId: Hex): Promise<boolean> {
  const roles = Object.values(Role).map((role) => node.contracts.registry.read.assignmentOf([taskId, role]));
  return (await Promise.all(roles)).every(({ applied, wanted }) => applied >= wanted);
}

/** A role whose places are free after the first round of joining, if the registry would let the next ones in. */
async function roleToPassOn(node: Node, { taskId, onChain }: TaskTerms, { task, head }: TaskMoment) {
  const duration = BigInt(onChain.durations.registration);
  if ((head.timestamp + duration - task.phaseEndsAt) * JOINING_ROUNDS < duration) return undefined;
  const { registry } = node.contracts;
  for (const role of Object.values(Role)) {
    const { cutoff, joined, wanted } = await registry.read.assignmentOf([taskId, role]);
    if (joined === wanted || cutoff === zeroAddress) continue;
    const allowed = await registry.simulate
      .passOn([taskId, role], { account: self(node) })
      .then(() => true)
      .catch(() => false);
    if (allowed) return role;
  }
  return undefined;
}

/** Whether the task's claim windows are over and nobody has settled it yet; ended tasks without a model settle too. */
export async function canSettle(node: Node, taskId: Hex): Promise<boolean> {
  return node.contracts.registry.simulate
    .settle([taskId], { account: self(node) })
    .then(() => true)
    .catch(() => false);
}

/** A slot that the registry would let anybody drop: it has committed nothing for the agreed number of whole epochs. */
async function silentSlot(node: Node, terms: TaskTerms, { task, head }: TaskMoment): Promise<number | undefined> {
  const { registry } = node.contracts;
  const epoch = epochAt(node.schedule, head.number);
  // Worth a look once an epoch: in the first block that can see a whole further epoch of silence.
  if ((head.number - node.schedule.genesisBlock) % node.schedule.epochBlocks > 4n) return undefined;
  for (let slot = 0; slot < task.slotsJoined; slot += 1) {
    const state = await registry.read.slotOf([terms.taskId, slot]);
    if (state.dropped || state.next >= task.iterations) continue;
    if (epoch <= state.lastCommitEpoch + BigInt(terms.onChain.maxSilentEpochs)) continue;
    const allowed = await registry.simulate
      .dropSilent([terms.taskId, slot], { account: self(node) })
      .then(() => true)
      .catch(() => false);
    if (allowed) return slot;
  }
  return undefined;
}
