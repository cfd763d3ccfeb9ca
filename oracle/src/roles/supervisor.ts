import { merkleRoot } from "@gristmill/sdk";

import { isRevert } from "../chain/chain.ts";
import { nothingToCheck, takePlace } from "./assignment.ts";
import { withCranks } from "./cranks.ts";
import { Role } from "./membership.ts";
import type { Node } from "./node.ts";
import { collectPay } from "./pay.ts";
import { joinSession } from "./session.ts";
import { gatherFinalState } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { Phase } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/**
 * A supervisor's part: keeps every signed segment of the task, serves them to whoever missed some, and commits to the
 * log's Merkle root when the final state is agreed on.
 */
export async function runSupervisor(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const place = await takePlace(node, follower, terms, Role.Supervisor, nothingToCheck);
    if (place === undefined) return;
    const { task: begun } = await follower.until(({ task }) => task.phase >= Phase.Training);
    if (begun.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    // Until the submissions are over a conviction may still change what the final state sums.
    const { task } = await follower.until((moment) => moment.task.phase > Phase.Submission);
    const final = await gatherFinalState(node, session, task);

    // The log in one order that everybody finds again: slot by slot, each chain from its start.
    const ids = Array.from({ length: session.log.slots }, (_, slot) =>
      session.log.chain(slot).map(({ id }) => id),
    ).flat();
    const { address, abi } = node.contracts.registry;
    const logRoot = merkleRoot(ids);
    try {
      await node.chain.transact({
        address,
        abi,
        functionName: "submitLog",
        args: [terms.taskId, place.index, logRoot, ids.length],
      });
      node.log.info({ event: "log", task: terms.taskId, logRoot, segments: ids.length, stateId: final.stateId });
    } catch (error) {
      if (!isRevert(error)) throw error;
      node.log.warn({ event: "log-refused", task: terms.taskId, error });
    }
    await collectPay(node, follower);
  });
}
