import type { Hex } from "viem";
import { BaseError, ContractFunctionRevertedError, formatEther } from "viem";

import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskFollower } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";

/** Waits for the task's settlement and pulls what the registry credits this node. */
export async function collectPay(node: Node, follower: TaskFollower): Promise<void> {
  await follower.until(({ task }) => isTerminal(task.phase));
  // A task that failed or was cancelled is over before it is settled: what comes back of its fee is not credited yet.
  while (!(await isSettled(node, follower.taskId))) await follower.next();
  const { registry } = node.contracts;
  const credit = await registry.read.creditOf([self(node)]);
  if (credit > 0n) {
    const { address, abi } = registry;
    await node.chain.transact({ address, abi, functionName: "withdraw", args: [] });
  }
  node.log.info({ event: "paid", task: follower.taskId, amount: formatEther(credit) });
}

async function isSettled(node: Node, taskId: Hex): Promise<boolean> {
  try {
    await node.contracts.registry.simulate.settle([taskId], { account: self(node) });
    return false;
  } catch (error) {
    const revert =
      error instanceof BaseError ? error.walk((cause) => cause instanceof ContractFunctionRevertedError) : null;
    return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === "Registry_AlreadySettled";
  }
}
