// A miner's operator: stakes what the newest open task asks for and applies, draws the rank that decides who gets a place,
// takes the place for another key that will sign, and shows where its slots stand. oracle-miner does all of this by itself
// (`oracle-miner run --role miner`); this is for who applies from another wallet, or wants to see each step.
//
//   node examples/cookbook/operator.ts apply
//   node examples/cookbook/operator.ts draw TASK_ID
//   node examples/cookbook/operator.ts join TASK_ID OPERATOR_ADDRESS
//   node examples/cookbook/operator.ts status TASK_ID

import {
  applyForTask,
  drawRank,
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

async function apply(): Promise<void> {
  for (const { taskId, parameters } of (await listTasks(client, { suite })).reverse()) {
    const { phase } = await getTask(client, { suite, taskId });
    if (phase !== Phase.Registration) continue;
    const { free } = await getStake(client, { suite, account });
    const missing = parameters.minerStake - free;
    if (missing > 0n) {
      await stakeWithPermit(client, { suite, amount: missing });
      console.log(`staked ${formatEther(missing)} GRIST`);
    }
    await applyForTask(client, { suite, taskId, role: Role.Miner });
    console.log(`applied for ${taskId}`);
    return;
  }
  console.log("no task takes applications now");
}

async function draw(taskId: Hex): Promise<void> {
  const { rank } = await drawRank(client, { suite, taskId, role: Role.Miner });
  console.log(`drew rank ${rank}: the lowest take their places first`);
}

async function join(taskId: Hex, operator: Address): Promise<void> {
  const { index } = await joinTask(client, { suite, taskId, role: Role.Miner, operator });
  console.log(`joined ${taskId} as slot ${index}`);
}

async function status(taskId: Hex): Promise<void> {
  const { parameters } = await getCreatedTask(client, { suite, taskId });
  const members = await getMembers(client, { suite, taskId, role: Role.Miner });
  const mine = [...members.entries()].filter(([, { owner }]) => isAddressEqual(owner, account));
  if (mine.length === 0) console.log(`no place in ${taskId}`);
  for (const [slot, { operator }] of mine) {
    const { next, dropped, convicted } = await getSlot(client, { suite, taskId, slot });
    const standing = convicted ? "convicted" : dropped ? "dropped" : "in good standing";
    console.log(
      `slot ${slot}: ${next} of ${parameters.iterations} iterations committed, ${standing}; ${operator} signs`,
    );
  }
}

const [command, taskId, operator] = process.argv.slice(2);
if (command === "apply") await apply();
else if (command === "draw" && taskId) await draw(taskId as Hex);
else if (command === "join" && taskId && operator) await join(taskId as Hex, operator as Address);
else if (command === "status" && taskId) await status(taskId as Hex);
else console.log("operator.ts apply | draw TASK_ID | join TASK_ID OPERATOR_ADDRESS | status TASK_ID");
