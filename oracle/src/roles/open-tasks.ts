import { Phase, Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import type { Head } from "../chain/chain.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { heads } from "../chain/follow.ts";
import { applicantOf, Standing } from "./assignment.ts";
import { isFiller } from "./filler-catalogue.ts";
import { keepsTestSet, secretScope } from "./kept-test-set.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { isTerminal } from "./task-follower.ts";
import type { TaskView } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

const membership: Readonly<Record<string, Role>> = {
  miner: Role.Miner,
  supervisor: Role.Supervisor,
  evaluator: Role.Evaluator,
};

/** A task as the event of its creation tells it. */
type Created = Pick<TaskTerms, "taskId" | "client" | "onChain">;

/**
 * Yields, until the node stops, each task that a node of this role can do something in: its own for a client, and
 * those it keeps the test set of, every running one for a verifier, and for the others those that it has a place in, or may get one. Filler tasks are for those
 * whose operators want them.
 *
 * @param idle is called at each head at which there is none
 */
export async function* openTasks(
  node: Node,
  role: string,
  idle: (head: Head) => Promise<void> = () => Promise.resolve(),
): AsyncGenerator<Hex, void, void> {
  const { registry } = node.contracts;
  const done = new Set<Hex>();
  const feed = new EventFeed(node.chain, BigInt(node.chain.deployment.blockNumber), (fromBlock, toBlock) =>
    registry.getEvents.TaskCreated({}, { fromBlock, toBlock }),
  );
  const known = new Map<Hex, Created>();
  for await (const head of heads(node.chain, node.signal)) {
    const { undone, added } = await feed.take(head.number);
    for (const { args } of undone) if (args.taskId !== undefined) known.delete(args.taskId);
    for (const { args } of added)
      if (args.taskId !== undefined && args.client !== undefined && args.parameters !== undefined)
        known.set(args.taskId, { taskId: args.taskId, client: args.client, onChain: args.parameters });
    let found = false;
    for (const created of known.values()) {
      const { taskId } = created;
      if (done.has(taskId)) continue;
      const task = await registry.read.taskOf([taskId]);
      if (isTerminal(task.phase)) {
        done.add(taskId);
        continue;
      }
      if (!(await concerns(node, role, created, task))) continue;
      done.add(taskId);
      found = true;
      yield taskId;
    }
    if (!found) await idle(head);
  }
}

async function concerns(node: Node, role: string, created: Created, task: TaskView): Promise<boolean> {
  const { taskId, client } = created;
  const place = membership[role];
  if (place === undefined)
    return role === "verifier" || isAddressEqual(client, self(node)) || keepsTestSet(node, secretScope(node, created));
  const { standing } = await applicantOf(node, taskId, place);
  if (standing === Standing.Joined) return true;
  // Who was convicted gets no place any more.
  if (await node.contracts.registry.read.isBanned([self(node)])) return false;
  if (task.phase === Phase.Registration) return node.config.filler || !isFiller(node, created);
  return task.phase < Phase.Training && (standing === Standing.Applied || standing === Standing.Drawn);
}
