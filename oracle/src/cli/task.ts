import { Command } from "commander";
import { formatEther } from "viem";

import { submitTask } from "../roles/client.ts";
import { fetchModel } from "../roles/fetch-model.ts";
import { membersOf, Role } from "../roles/membership.ts";
import { startNode, startReader } from "../roles/start-node.ts";
import { phaseName } from "../roles/task-follower.ts";
import { configOf, withSettings } from "./options.ts";
import { takePart, taskIdOf } from "./run.ts";
import { serveApi } from "./serve-api.ts";
import { untilStopped } from "./signals.ts";

/** `oracle-miner task submit|list|status|fetch` */
export function taskCommand(): Command {
  const command = new Command("task").description("training tasks");
  command.addCommand(
    withSettings(
      new Command("submit")
        .argument("<file>", "task spec, YAML")
        .description("compile a task, publish its data, escrow the fee, and see the task to its end")
        .option("--miners <n>", "miners wanted, instead of what the file says")
        .option("--detach", "exit once the task is created; `run --role client` serves it then"),
    ).action(async (file: string, options: Readonly<Record<string, unknown>>) => {
      const config = configOf(options);
      await untilStopped(async (signal) => {
        const { node, stop } = await serveApi(await startNode(config, "client", signal), "client");
        try {
          const taskId = await submitTask(
            node,
            file,
            options["miners"] === undefined ? {} : { miners: Number(options["miners"]) },
          );
          if (options["detach"] !== true) await takePart(node, "client", taskId);
        } finally {
          await stop();
        }
      });
    }),
  );
  command.addCommand(
    withSettings(new Command("list").description("all tasks of the registry, the newest last")).action(
      async (options: Readonly<Record<string, unknown>>) => {
        const { contracts, chain } = await startReader(configOf(options));
        const events = await contracts.registry.getEvents.TaskCreated(
          {},
          { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest" },
        );
        for (const { args } of events) {
          if (args.taskId === undefined || args.parameters === undefined) continue;
          const { phase } = await contracts.registry.read.taskOf([args.taskId]);
          console.log(`${args.taskId}  ${phaseName(phase).padEnd(16)}  ${formatEther(args.parameters.fee)} GRIST`);
        }
      },
    ),
  );
  command.addCommand(
    withSettings(
      new Command("status").argument("<task>", "task id").description("where a task stands, and what each slot did"),
    ).action(async (task: string, options: Readonly<Record<string, unknown>>) => {
      const taskId = taskIdOf(task);
      const reader = await startReader(configOf(options));
      const view = await reader.contracts.registry.read.taskOf([taskId]);
      const ends = view.phaseEndsAt === 0n ? "" : `, until ${new Date(Number(view.phaseEndsAt) * 1000).toISOString()}`;
      console.log(`task      ${taskId}\nphase     ${phaseName(view.phase)}${ends}\nclient    ${view.client}`);
      console.log(`burned    ${formatEther(view.burned)} GRIST`);
      if (BigInt(view.finalState) !== 0n) console.log(`model     ${view.finalState}`);
      if (view.scored)
        console.log(`score     ${String(view.score.correct)} right, loss ${String(view.score.loss)}/127`);
      const members = await membersOf(reader, taskId, view, Role.Miner);
      for (const [slot, { owner }] of members.entries()) {
        const { next, dropped, convicted } = await reader.contracts.registry.read.slotOf([taskId, slot]);
        const standing = convicted ? ", convicted" : dropped ? ", dropped" : "";
        console.log(
          `slot ${String(slot)}    ${owner}  ${String(next)}/${String(view.iterations)} iterations${standing}`,
        );
      }
    }),
  );
  command.addCommand(
    withSettings(
      new Command("fetch")
        .argument("<task>", "task id")
        .option("--out <folder>", "where to write the model", ".")
        .description("fetch a finished task's model from the network and check it against the chain"),
    ).action(async (task: string, options: Readonly<Record<string, unknown>>) => {
      const taskId = taskIdOf(task);
      const config = configOf(options);
      await untilStopped(async (signal) => {
        const { node, stop } = await startNode(config, "reader", signal);
        try {
          await fetchModel(node, taskId, String(options["out"]));
        } finally {
          await stop();
        }
      });
    }),
  );
  return command;
}
