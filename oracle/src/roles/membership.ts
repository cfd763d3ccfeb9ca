import type { Role } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { ensureAllowance } from "../chain/allowance.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskView } from "./task-follower.ts";

/** A member of a task: whose stake it is, and who signs. */
export interface Member {
  readonly owner: Hex;
  readonly operator: Hex;
}

function joined(task: TaskView, role: Role): number {
  return [task.slotsJoined, task.supervisorsJoined, task.evaluatorsJoined][role] ?? 0;
}

/** All members of a role, in the order of their places. */
export async function membersOf(
  node: Pick<Node, "contracts">,
  taskId: Hex,
  task: TaskView,
  role: Role,
): Promise<Member[]> {
  return Promise.all(
    Array.from({ length: joined(task, role) }, async (_, index) => {
      const [owner, operator] = await node.contracts.registry.read.memberOf([taskId, role, index]);
      return { owner, operator };
    }),
  );
}

/**
 * Makes sure of so much free stake, staking what is missing from the wallet if the operator allows it.
 * @throws GristmillError STAKE_MISSING
 */
export async function ensureStake(node: Node, wanted: bigint): Promise<void> {
  const { stake, token } = node.contracts;
  const free = await stake.read.freeOf([self(node)]);
  if (free >= wanted) return;
  const missing = wanted - free;
  const balance = await token.read.balanceOf([self(node)]);
  if (!node.config.autoStake || balance < missing)
    throw new GristmillError(
      "STAKE_MISSING",
      `${formatEther(wanted)} GRIST of free stake are needed, ${formatEther(free)} are there (and ${formatEther(balance)} in the wallet)`,
      {
        hints: [
          balance < missing
            ? `send at least ${formatEther(missing - balance)} GRIST to ${self(node)}`
            : `stake them: oracle-miner stake add ${formatEther(missing)}, or run with --auto-stake`,
        ],
      },
    );
  await ensureAllowance(node, stake.address, missing);
  await node.chain.transact({ address: stake.address, abi: stake.abi, functionName: "stake", args: [missing] });
  node.log.info({ event: "staked", amount: formatEther(missing) });
}
