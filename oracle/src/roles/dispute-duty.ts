import type { DisputeMode } from "../config/dispute-modes.ts";
import { DisputeAgent } from "../disputes/agent.ts";
import type { Node } from "./node.ts";
import type { TaskFollower } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/** What each role does in disputes unless its operator says otherwise. */
const DEFAULT_MODES: Readonly<Record<string, DisputeMode>> = {
  miner: "defend",
  supervisor: "challenge",
  evaluator: "challenge",
  verifier: "challenge",
};

/** The agent for a node's part in a task's disputes. */
export function createDisputeAgent(node: Node, role: string, terms: TaskTerms): DisputeAgent {
  const { chain, contracts, database, log, config } = node;
  const mode = config.disputes ?? DEFAULT_MODES[role] ?? "watch";
  return new DisputeAgent({
    chain,
    contracts,
    database,
    log,
    mode,
    taskId: terms.taskId,
    since: terms.createdAt,
    parameters: terms.onChain,
  });
}

/** Lets an agent look at every head until the follower ends. What fails once is tried again at the next head. */
export async function attendDisputes(node: Node, follower: TaskFollower, agent: DisputeAgent): Promise<never> {
  for (let moment = await follower.now(); ; moment = await follower.next())
    try {
      await agent.look(moment.head);
    } catch (error) {
      if (node.signal.aborted) throw error;
      node.log.warn({ event: "disputes-failed", task: follower.taskId, error });
    }
}
