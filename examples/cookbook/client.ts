// A client: compiles a task file, creates the task, and looks at it. Called again with the task's id it takes the task back
// if nobody came, and the fee with it.
//
//   node examples/cookbook/client.ts create TASK.yaml MANIFEST
//   node examples/cookbook/client.ts cancel TASK_ID
//
// MANIFEST is the content address of the blob that names spec and training set; `oracle-miner task submit` makes it, serves
// the data to the workers, and does all of this in one command.

import { readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import {
  cancelTask,
  compileTask,
  createTask,
  getTask,
  isContractError,
  settleTask,
  taskParameters,
  withdrawCredit,
} from "@gristmill/sdk";
import { formatEther, type Hex } from "viem";

import { connect } from "./connect.ts";

const { client, suite } = await connect();

async function create(file: string, manifest: string): Promise<void> {
  const task = await compileTask(await readFile(file, "utf8"), {
    baseDir: dirname(file),
    readFile: async (path) => new Uint8Array(await readFile(path)),
  });
  for (const warning of task.warnings) console.error(warning);
  const { parameters, secret } = taskParameters(task, { manifest });
  // Approves the fee and escrows it; a mistake in the parameters is named before anything is sent.
  const { taskId } = await createTask(client, { suite, parameters });
  // What opens the commitment to the test set: without it the bonus is paid in full.
  await writeFile(`${taskId}.secret.json`, JSON.stringify(secret), { mode: 0o600 });
  const { phaseEndsAt } = await getTask(client, { suite, taskId });
  console.log(`task ${taskId}`);
  console.log(`escrowed ${formatEther(parameters.fee)} GRIST`);
  console.log(`workers may join until ${new Date(Number(phaseEndsAt) * 1_000).toISOString()}`);
}

async function cancel(taskId: Hex): Promise<void> {
  try {
    await cancelTask(client, { suite, taskId });
  } catch (error) {
    if (!isContractError(error, "Registry_WrongPhase")) throw error;
    console.log(`too late: the task is in phase ${error.args.phase}`);
    return;
  }
  await settleTask(client, { suite, taskId });
  const { amount } = await withdrawCredit(client, { suite });
  console.log(`took back ${formatEther(amount)} GRIST`);
}

const [command, subject = "", manifest = ""] = process.argv.slice(2);
if (command === "create") await create(subject, manifest);
else if (command === "cancel") await cancel(subject as Hex);
else console.log("client.ts create TASK.yaml MANIFEST | cancel TASK_ID");
