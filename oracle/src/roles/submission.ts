import type { ClockEntry } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import { zeroHash } from "viem";

import { isRevert } from "../chain/chain.ts";
import { sumState } from "./final-state.ts";
import type { FinalState } from "./final-state.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { TaskFollower, TaskView } from "./task-follower.ts";
import { Phase } from "./task-follower.ts";

/** Milliseconds in which a node gathers the chains that it misses before it sums what it has. */
const GATHERING = 15_000;

/** The head that each slot committed on-chain: final once the training phase is over. */
export async function committedHeads(node: Node, session: TaskSession, task: TaskView): Promise<ClockEntry[]> {
  return Promise.all(
    Array.from({ length: task.slotsJoined }, async (_, slot) => {
      const { next, head } = await node.contracts.registry.read.slotOf([session.terms.taskId, slot]);
      return { count: next, segmentId: head };
    }),
  );
}

/**
 * Gathers what is missing of the committed chains and sums them: all of them, or once the registry holds a final state
 * those that it includes.
 */
export async function gatherFinalState(node: Node, session: TaskSession, task: TaskView): Promise<FinalState> {
  const agreed = BigInt(task.finalState) !== 0n;
  const heads = (await committedHeads(node, session, task)).map((head, slot) =>
    agreed && (task.includedSlots & (1n << BigInt(slot))) === 0n ? { count: 0, segmentId: zeroHash } : head,
  );
  const signal = AbortSignal.any([node.signal, AbortSignal.timeout(GATHERING)]);
  await Promise.all(heads.map((head, slot) => session.gather(slot, head, signal)));
  return sumState(session.terms.program, session.seed, session.log, heads);
}

/**
 * The agreed final model of a task, checked against the chain.
 * @throws GristmillError MODEL_UNAVAILABLE
 */
export async function gatherModel(node: Node, session: TaskSession, task: TaskView): Promise<readonly Int32Array[]> {
  const { stateId, weights } = await gatherFinalState(node, session, task);
  if (stateId !== task.finalState)
    throw new GristmillError(
      "MODEL_UNAVAILABLE",
      `the segments at hand sum up to ${stateId}, the model is ${task.finalState}`,
      {
        hints: ["peers that hold the missing segments are not connected: try again later"],
      },
    );
  return weights;
}

/** Once training is over, submits the state that the committed chains sum up to. */
export async function submitFinalState(
  node: Node,
  follower: TaskFollower,
  session: TaskSession,
  slot: number,
): Promise<void> {
  const { task } = await follower.until((moment) => moment.task.phase > Phase.Training);
  if (task.phase !== Phase.Submission) return;
  const { registry } = node.contracts;
  const { taskId } = session.terms;
  const state = await registry.read.slotOf([taskId, slot]);
  const final = await gatherFinalState(node, session, task);
  node.log.info({
    event: "final-state",
    task: taskId,
    slot,
    stateId: final.stateId,
    included: final.included.toString(2),
  });
  if (state.dropped || state.submittedSlots > 0n) return;
  const { address, abi } = registry;
  try {
    await node.chain.transact({
      address,
      abi,
      functionName: "submitState",
      args: [taskId, slot, final.stateId, final.included],
    });
  } catch (error) {
    if (!isRevert(error)) throw error;
    node.log.warn({ event: "submission-refused", task: taskId, slot, error });
  }
}
