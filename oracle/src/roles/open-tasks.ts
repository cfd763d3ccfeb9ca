import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import { EventFeed } from "../chain/event-feed.ts";
import { heads } from "../chain/follow.ts";
import { applicantOf, Standing } from "./assignment.ts";
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
 * Yields, until the node stops, each task that a node of this role can do something in: its own for a client, every
 * running one for a verifier, and for the others those that it has a place in, or may get one.
 */
export async function* openTasks(node: Node, role: string): AsyncGenerator<Hex, void, void> {
  const { registry } = node.contracts;
  const done = new Set<Hex>();
  const created = new EventFeed(node.chain, BigInt(node.chain.deployment.blockNumber), (fromBlock, toBlock) =>
    registry.getEvents.TaskCreated({}, { fromBlock, toBlock }),
  );
  /** Clients by task. */
  const known = new Map<Hex, Hex>();
  for await (const head of heads(node.chain, node.signal)) {
    const { undone, added } = await created.take(head.number);
    for (const { args } of undone) if (args.taskId !== undefined) known.delete(args.taskId);
    for (const { args } of added)
      if (args.taskId !== undefined && args.client !== undefined) known.set(args.taskId, args.client);
    for (const [taskId, client] of known) {
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
  if (place === undefined) return role === "verifier" || isAddressEqual(client, self(node));
  if (task.phase === Phase.Registration) return true;
  const { standing } = await applicantOf(node, taskId, place);
  const hasHope = task.phase < Phase.Training && (standing === Standing.Applied || standing === Standing.Drawn);
  return hasHope || standing === Standing.Joined;
}
