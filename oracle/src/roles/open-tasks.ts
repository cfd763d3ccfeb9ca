import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import { heads } from "../chain/follow.ts";
import { applicantOf, Standing } from "./assignment.ts";
import { keepsTestSet } from "./kept-test-set.ts";
import { Role } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { isTerminal, Phase } from "./task-follower.ts";
import type { TaskView } from "./task-follower.ts";

const membership: Readonly<Record<string, Role>> = {
  miner: Role.Miner,
  supervisor: Role.Supervisor,
  evaluator: Role.Evaluator,
};

/**
 * Yields, until the node stops, each task that a node of this role can do something in: its own and those it prepared for a client, every
 * running one for a verifier, and for the others those that it has a place in, or may get one.
 */
export async function* openTasks(node: Node, role: string): AsyncGenerator<Hex, void, void> {
  const { registry } = node.contracts;
  const done = new Set<Hex>();
  let from = BigInt(node.chain.deployment.blockNumber);
  const known: { readonly taskId: Hex; readonly client: Hex }[] = [];
  for await (const head of heads(node.chain, node.signal)) {
    if (head.number >= from) {
      const events = await registry.getEvents.TaskCreated({}, { fromBlock: from, toBlock: head.number });
      for (const { args } of events)
        if (args.taskId !== undefined && args.client !== undefined)
          known.push({ taskId: args.taskId, client: args.client });
      from = head.number + 1n;
    }
    for (const { taskId, client } of known) {
      if (done.has(taskId)) continue;
      const task = await registry.read.taskOf([taskId]);
      if (isTerminal(task.phase)) {
        done.add(taskId);
        continue;
      }
      if (!(await concerns(node, role, taskId, client, task))) continue;
      done.add(taskId);
      yield taskId;
    }
  }
}

async function concerns(node: Node, role: string, taskId: Hex, client: Hex, task: TaskView): Promise<boolean> {
  const place = membership[role];
  if (place === undefined)
    return role === "verifier" || isAddressEqual(client, self(node)) || keepsTestSet(node, taskId);
  if (task.phase === Phase.Registration) return true;
  const { standing } = await applicantOf(node, taskId, place);
  const hasHope = task.phase < Phase.Training && (standing === Standing.Applied || standing === Standing.Drawn);
  return hasHope || standing === Standing.Joined;
}
