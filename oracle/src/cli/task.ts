import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import type { Hex } from "viem";
import { formatEther } from "viem";

import { heads } from "../chain/follow.ts";
import type { Reader } from "../operator/reader.ts";
import type { ListedTask } from "../operator/tasks.ts";
import { minersOf, proposalsOf, taskSummary, tasksOf } from "../operator/tasks.ts";
import { fetchModel } from "../roles/fetch-model.ts";
import type { Node } from "../roles/node.ts";
import { startNode, startReader } from "../roles/start-node.ts";
import type { SpecChanges } from "../roles/task-order.ts";
import { proposeTask, readTaskFile, submitTask } from "../roles/task-order.ts";
import { isTerminal, phaseName } from "../roles/task-follower.ts";
import { liveViewOf } from "./live-view.ts";
import { configOf, withOutput, withSettings } from "./options.ts";
import { fieldsOf, show, tableOf, timeOf } from "./output.ts";
import { startViewer } from "./reader.ts";
import { takePart, taskIdOf } from "./run.ts";
import { serveApi } from "./serve-api.ts";
import { untilStopped } from "./signals.ts";

type Options = Readonly<Record<string, unknown>>;

/** `oracle-miner task submit|propose|queue|list|status|watch|cancel|fetch` */
export function taskCommand(): Command {
  const command = new Command("task").description("training tasks");
  command.addCommand(
    withOutput(
      new Command("submit")
        .argument("<files...>", "task specs, YAML")
        .description("compile a task, publish its data, escrow the fee, and see the task to its end; then the next")
        .option("--miners <n>", "miners wanted, instead of what the file says")
        .option("--supervisors <n>", "supervisors wanted, instead of what the file says")
        .option("--evaluators <n>", "evaluators wanted, instead of what the file says")
        .option("--detach", "exit once the task is created; `run --role client` serves it then"),
    ).action(async (files: readonly string[], options: Options) => {
      const roles = ["miners", "supervisors", "evaluators"] as const;
      const wanted = roles.filter((role) => options[role] !== undefined).map((role) => [role, Number(options[role])]);
      const changes = Object.fromEntries(wanted) as SpecChanges;
      await asClient(options, async (node) => {
        for (const file of files) {
          const taskId = await submitTask(node, await readTaskFile(file, changes));
          if (options["detach"] !== true) await takePart(node, "client", taskId);
        }
      });
    }),
  );
  command.addCommand(
    withOutput(
      new Command("propose")
        .argument("<file>", "task spec, YAML; its fee does not count")
        .description(
          "put a task in the public interest into the queue of filler tasks, for a burn; `run --role client` serves it",
        ),
    ).action(async (file: string, options: Options) => {
      await asClient(options, async (node) => {
        await proposeTask(node, await readTaskFile(file));
      });
    }),
  );
  command.addCommand(
    withOutput(new Command("queue").description("tasks that were proposed as filler tasks, the oldest first")).action(
      queue,
    ),
  );
  command.addCommand(
    withOutput(new Command("list").description("all tasks of the registry, the newest last")).action(list),
  );
  command.addCommand(
    withOutput(
      new Command("status").argument("<task>", "task id").description("where a task stands, and what each slot did"),
    ).action(status),
  );
  command.addCommand(
    withOutput(
      new Command("watch")
        .argument("<task>", "task id")
        .description("follow a task until it is over, a line each change"),
    ).action(watch),
  );
  command.addCommand(
    withOutput(
      new Command("cancel")
        .argument("<task>", "task id")
        .description("cancel an own task that has not begun: the fee comes back"),
    ).action(cancel),
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

/** Runs work on a client's node, with its API. */
async function asClient(options: Options, work: (node: Node) => Promise<void>): Promise<void> {
  const config = configOf(options);
  const view = liveViewOf(options);
  await untilStopped(async (signal) => {
    const { node, stop } = await serveApi(await startNode(config, "client", signal, view?.take), "client");
    try {
      await work(node);
    } finally {
      await stop();
      view?.stop();
    }
  });
}

async function queue(options: Options): Promise<void> {
  const proposals = await proposalsOf(await startViewer(configOf(options)));
  show(options, { proposals }, () =>
    tableOf(
      ["number", "entry", "proposer", "task"],
      proposals.map(({ number, entry, proposer, task }) => [String(number), entry, proposer, task ?? "waits"]),
      "nothing was proposed",
    ),
  );
}

async function list(options: Options): Promise<void> {
  const tasks = await tasksOf(await startViewer(configOf(options)));
  show(options, { tasks: tasks.map(taskSummary) }, () =>
    tableOf(
      ["task", "phase", "miners", "iterations", "fee"],
      tasks.map(({ taskId, view, fee, slots }) => [
        taskId,
        phaseName(view.phase),
        `${String(view.slotsJoined)}/${String(slots)}`,
        String(view.iterations),
        `${formatEther(fee)} GRIST`,
      ]),
      "no tasks",
    ),
  );
}

async function status(task: string, options: Options): Promise<void> {
  const reader = await startViewer(configOf(options));
  const found = await taskOf(reader, taskIdOf(task));
  const { view } = found;
  const miners = await minersOf(reader, found.taskId, view);
  show(options, { ...taskSummary(found), miners }, () =>
    [
      fieldsOf([
        ["task", found.taskId],
        [
          "phase",
          `${phaseName(view.phase)}${view.phaseEndsAt === 0n ? "" : `, until ${timeOf(Number(view.phaseEndsAt))}`}`,
        ],
        ["client", view.client],
        ["fee", `${formatEther(found.fee)} GRIST, ${formatEther(view.burned)} burned`],
        ["model", BigInt(view.finalState) === 0n ? undefined : view.finalState],
        ["score", view.scored ? `${String(view.score.correct)} right, loss ${String(view.score.loss)}/127` : undefined],
      ]),
      tableOf(
        ["slot", "miner", "iterations", ""],
        miners.map(({ slot, owner, iterations, dropped, convicted }) => [
          String(slot),
          owner,
          `${String(iterations)}/${String(view.iterations)}`,
          convicted ? "convicted" : dropped ? "dropped" : "",
        ]),
        "no miners yet",
      ),
    ].join("\n\n"),
  );
}

async function watch(task: string, options: Options): Promise<void> {
  const reader = await startViewer(configOf(options));
  const taskId = taskIdOf(task);
  await untilStopped(async (signal) => {
    let last = "";
    for await (const head of heads(reader.chain, signal)) {
      const { view } = await taskOf(reader, taskId);
      const miners = await minersOf(reader, taskId, view);
      const line = {
        task: taskId,
        phase: phaseName(view.phase),
        slotsJoined: view.slotsJoined,
        committed: miners.map(({ iterations }) => iterations),
      };
      const told = JSON.stringify(line);
      if (told !== last)
        show(options, { block: Number(head.number), ...line }, () =>
          [
            `block ${String(head.number).padEnd(8)}`,
            line.phase.padEnd(16),
            `${String(line.slotsJoined)}/${String(view.slots)} miners`,
            line.committed.map((count) => `${String(count)}/${String(view.iterations)}`).join("  "),
          ].join("  "),
        );
      last = told;
      if (isTerminal(view.phase)) return;
    }
  });
}

async function cancel(task: string, options: Options): Promise<void> {
  const reader = await startReader(configOf(options));
  const taskId = taskIdOf(task);
  const { address, abi } = reader.contracts.registry;
  await reader.chain.transact({ address, abi, functionName: "cancel", args: [taskId] });
  const found = await taskOf(reader, taskId);
  show(
    options,
    taskSummary(found),
    () => `cancelled: \`oracle-miner rewards claim\` takes the fee back once it is settled`,
  );
}

/** @throws GristmillError TASK_UNKNOWN */
async function taskOf(reader: Reader, taskId: Hex): Promise<ListedTask> {
  const [task] = await tasksOf(reader, taskId);
  if (task !== undefined) return task;
  throw new GristmillError("TASK_UNKNOWN", `the registry knows no task ${taskId}`, {
    hints: ["check the id with `oracle-miner task list`, and that --rpc names the chain it was created on"],
  });
}
