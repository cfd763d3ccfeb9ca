// A miner's operator: stakes what the newest open task asks for, joins it for another key that will sign, and shows where
// its slots stand. Training is oracle-miner's, which finds the place by its key:
// `oracle-miner run --role miner --task TASK_ID`.
//
//   node examples/cookbook/operator.ts join OPERATOR_ADDRESS
//   node examples/cookbook/operator.ts status TASK_ID

import {
  getCreatedTask,
  getMembers,
  getSlot,
  getStake,
  getTask,
  joinTask,
  listTasks,
  Phase,
  Role,
  stakeWithPermit,
} from "@gristmill/sdk";
import { type Address, formatEther, type Hex, isAddressEqual } from "viem";

import { connect } from "./connect.ts";

const { client, suite } = await connect();
const account = client.account.address;

async function join(operator: Address): Promise<void> {
  for (const { taskId, parameters } of (await listTasks(client, { suite })).reverse()) {
    const { phase, slots, slotsJoined } = await getTask(client, { suite, taskId });
    if (phase !== Phase.Registration || slotsJoined === slots) continue;
    const { free } = await getStake(client, { suite, account });
    const missing = parameters.minerStake - free;
    if (missing > 0n) {
      await stakeWithPermit(client, { suite, amount: missing });
      console.log(`staked ${formatEther(missing)} GRIST`);
    }
    const { index } = await joinTask(client, { suite, taskId, role: Role.Miner, operator });
    console.log(`joined ${taskId} as slot ${index}`);
    return;
  }
  console.log("no task takes miners now");
}

async function status(taskId: Hex): Promise<void> {
  const { parameters } = await getCreatedTask(client, { suite, taskId });
  const members = await getMembers(client, { suite, taskId, role: Role.Miner });
  for (const [slot, { owner, operator }] of members.entries()) {
    if (!isAddressEqual(owner, account)) continue;
    const { next, dropped, convicted } = await getSlot(client, { suite, taskId, slot });
    const standing = convicted ? "convicted" : dropped ? "dropped" : "in good standing";
    console.log(
      `slot ${slot}: ${next} of ${parameters.iterations} iterations committed, ${standing}; ${operator} signs`,
    );
  }
}

const [command, subject = ""] = process.argv.slice(2);
if (command === "join") await join(subject as Address);
else if (command === "status") await status(subject as Hex);
else console.log("operator.ts join OPERATOR_ADDRESS | status TASK_ID");
