import type { ClockEntry } from "@gristmill/sdk";
import { GristmillError, Phase } from "@gristmill/sdk";
import { zeroHash } from "viem";

import { isRevert } from "../chain/chain.ts";
import { sumState } from "./final-state.ts";
import type { FinalState } from "./final-state.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { TaskFollower, TaskView } from "./task-follower.ts";

/** Milliseconds in which a node gathers the chains that it misses before it sums what it has. */
const GATHERING = 15_000;

/**
 * The head that each slot committed on-chain, final once the training phase is over; none for slots that the final
 * state leaves out: those that it does not include, or, as long as the registry holds none, the convicted.
 */
async function headsToSum(node: Node, session: TaskSession, task: TaskView): Promise<ClockEntry[]> {
  const agreed = BigInt(task.finalState) !== 0n;
  return Promise.all(
    Array.from({ length: task.slotsJoined }, async (_, slot) => {
      const { next, head, convicted } = await node.contracts.registry.read.slotOf([session.terms.taskId, slot]);
      const included = agreed ? (task.includedSlots & (1n << BigInt(slot))) !== 0n : !convicted;
      return included ? { count: next, segmentId: head } : { count: 0, segmentId: zeroHash };
    }),
  );
}

/** Gathers what is missing of the committed chains that the final state sums, and sums them. */
export async function gatherFinalState(node: Node, session: TaskSession, task: TaskView): Promise<FinalState> {
  return sumOf(node, session, await headsToSum(node, session, task));
}

async function sumOf(node: Node, session: TaskSession, heads: readonly ClockEntry[]): Promise<FinalState> {
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

/**
 * Once training is over, submits the state that the committed chains sum up to, and does so again whenever a conviction
 * starts the submissions over.
 */
export async function submitFinalState(
  node: Node,
  follower: TaskFollower,
  session: TaskSession,
  slot: number,
): Promise<void> {
  const { registry } = node.contracts;
  let tried: string | undefined;
  let { task } = await follower.until((moment) => moment.task.phase > Phase.Training);
  for (; task.phase === Phase.Submission; { task } = await follower.next()) {
    const state = await registry.read.slotOf([session.terms.taskId, slot]);
    if (state.dropped) return;
    if (state.submittedState !== zeroHash) continue;
    const heads = await headsToSum(node, session, task);
    const sum = heads.map(({ segmentId }) => segmentId).join();
    // What was refused is refused until somebody else is convicted.
    if (sum === tried) continue;
    tried = sum;
    await submit(node, session, slot, await sumOf(node, session, heads));
  }
}

async function submit(node: Node, session: TaskSession, slot: number, final: FinalState): Promise<void> {
  const { address, abi } = node.contracts.registry;
  const { taskId } = session.terms;
  node.log.info({
    event: "final-state",
    task: taskId,
    slot,
    stateId: final.stateId,
    included: final.included.toString(2),
  });
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
