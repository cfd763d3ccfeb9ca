import type { MlpParameters } from "@gristmill/sdk";
import { decodeProgram, Phase, taskRegistryAbi } from "@gristmill/sdk";
import type { Hex } from "viem";

import { readEvents } from "./read-events.ts";
import type { Suite } from "./suite.ts";

/** Phases of a task in words, by the registry's numbers. */
export const PHASES: readonly string[] = Object.keys(Phase).map((name) =>
  name.replace(/(?<=[a-z])[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`),
);

/** The phases that a task passes through if all goes well. */
export const RAIL = PHASES.slice(Phase.Registration, Phase.Settled + 1);

/** Whether a task in this phase still goes on. */
export function isRunning(phase: number): boolean {
  return phase >= Phase.Registration && phase < Phase.Settled;
}

/** Tasks that a page lists at most, the newest. */
const LISTED = 50;

/** The task's event, which has all of its parameters. */
async function readCreations({ client, contracts, since }: Suite, taskId?: Hex) {
  return readEvents(client, {
    address: contracts.TaskRegistry,
    abi: taskRegistryAbi,
    eventName: "TaskCreated",
    ...(taskId === undefined ? {} : { args: { taskId } }),
    since,
  });
}

/** A task as it stands, with what its client fixed. */
export async function readTask(suite: Suite, taskId: Hex) {
  const { client, contracts } = suite;
  const [[created], view] = await Promise.all([
    readCreations(suite, taskId),
    client.readContract({
      address: contracts.TaskRegistry,
      abi: taskRegistryAbi,
      functionName: "taskOf",
      args: [taskId],
    }),
  ]);
  if (created === undefined) return undefined;
  return { taskId, view, created: created.args, block: created.blockNumber };
}

/** The newest tasks, newest first, and how many there are in all. */
export async function readTasks(suite: Suite) {
  const creations = await readCreations(suite);
  const latest = creations.slice(-LISTED).reverse();
  const views = await Promise.all(
    latest.map(async ({ args }) =>
      suite.client.readContract({
        address: suite.contracts.TaskRegistry,
        abi: taskRegistryAbi,
        functionName: "taskOf",
        args: [args.taskId],
      }),
    ),
  );
  const tasks = latest.flatMap(({ args }, index) => {
    const view = views[index];
    return view === undefined ? [] : [{ taskId: args.taskId, view, parameters: args.parameters }];
  });
  return { tasks, count: creations.length };
}

/** What a perceptron's program says, undefined for other templates. */
export function programOf(program: Hex): MlpParameters | undefined {
  try {
    return decodeProgram(program);
  } catch {
    return undefined;
  }
}
