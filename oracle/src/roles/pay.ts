import { formatEther } from "viem";

import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskFollower } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";

/** Waits for the task's settlement and pulls what the registry credits this node. */
export async function collectPay(node: Node, follower: TaskFollower): Promise<void> {
  await follower.until(({ task }) => isTerminal(task.phase));
  const { registry } = node.contracts;
  const credit = await registry.read.creditOf([self(node)]);
  if (credit > 0n) {
    const { address, abi } = registry;
    await node.chain.transact({ address, abi, functionName: "withdraw", args: [] });
  }
  node.log.info({ event: "paid", task: follower.taskId, amount: formatEther(credit) });
}
