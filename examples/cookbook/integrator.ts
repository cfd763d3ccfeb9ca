// An integrator that handles money by contract calls: puts GRIST into stake and takes it out again, and takes back the
// deposits of all its samples of a shared model that may be taken back by now.
//
//   node examples/cookbook/integrator.ts stake AMOUNT
//   node examples/cookbook/integrator.ts unstake AMOUNT
//   node examples/cookbook/integrator.ts withdraw
//   node examples/cookbook/integrator.ts refund TRAINER [CURSOR]

import {
  collaborativeTrainer64Abi,
  type EventCursor,
  getContribution,
  getStake,
  isContractError,
  readSharedModel,
  refundData,
  requestUnstake,
  stake,
  streamEvents,
  withdrawStake,
} from "@gristmill/sdk";
import { type Address, formatEther, isAddressEqual, parseEther } from "viem";

import { connect } from "./connect.ts";

const { client, suite } = await connect();
const account = client.account.address;

async function showStake(): Promise<void> {
  const { free, locked, unbonding } = await getStake(client, { suite, account });
  console.log(`free ${formatEther(free)}, locked ${formatEther(locked)}, unbonding ${formatEther(unbonding)} GRIST`);
}

async function withdraw(): Promise<void> {
  try {
    const { amount } = await withdrawStake(client, { suite });
    console.log(`withdrew ${formatEther(amount)} GRIST`);
  } catch (error) {
    if (!isContractError(error, "StakeManager_StillUnbonding")) throw error;
    console.log(`not before ${new Date(Number(error.args.availableAt) * 1_000).toISOString()}`);
  }
}

/** Reads the trainer's log to its end; the cursor it prints last is where a later run may go on. */
async function refund(trainer: Address, cursor: EventCursor | undefined): Promise<void> {
  const model = await readSharedModel(client, trainer);
  const toBlock = await client.getBlockNumber();
  const items = streamEvents(client, {
    address: trainer,
    abi: collaborativeTrainer64Abi,
    fromBlock: BigInt(suite.blockNumber),
    toBlock,
    cursor,
  });
  let reached = cursor;
  for await (const item of items) {
    reached = item.cursor;
    // Nothing is kept of the events here, so there is nothing to undo after a reorganisation.
    if (item.kind === "rollback" || item.event.eventName !== "AddData") continue;
    const { d: data, c: classification, t: addedTime, sender } = item.event.args;
    if (!isAddressEqual(sender, account)) continue;
    const sample = { model, data, classification, addedTime };
    if ((await getContribution(client, { ...sample, author: account })).claimable === 0n) continue;
    try {
      const { amount } = await refundData(client, sample);
      console.log(`refunded ${formatEther(amount)} ether`);
    } catch (error) {
      if (isContractError(error, "Stakeable64_TooEarly")) console.log("too early for a sample");
      else if (isContractError(error, "Stakeable64_ModelDisagrees")) console.log("the model disagrees with a sample");
      else throw error;
    }
  }
  console.log(`cursor ${reached ?? "none"}`);
}

const [command, subject = "", cursor] = process.argv.slice(2);
if (command === "stake") {
  await stake(client, { suite, amount: parseEther(subject) });
  await showStake();
} else if (command === "unstake") {
  await requestUnstake(client, { suite, amount: parseEther(subject) });
  await showStake();
} else if (command === "withdraw") await withdraw();
else if (command === "refund") await refund(subject as Address, cursor as EventCursor | undefined);
else console.log("integrator.ts stake AMOUNT | unstake AMOUNT | withdraw | refund TRAINER [CURSOR]");
