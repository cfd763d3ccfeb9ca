import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import { isHex, parseEther, size } from "viem";
import type { Hex } from "viem";

import type { DisputeAgent } from "../disputes/agent.ts";
import { keepProfile } from "../roles/assignment.ts";
import { runClient } from "../roles/client.ts";
import { attendDisputes, createDisputeAgent } from "../roles/dispute-duty.ts";
import { serveCatalogueTask } from "../roles/filler-catalogue.ts";
import { FillerOpener } from "../roles/filler-opener.ts";
import { runEvaluator } from "../roles/evaluator.ts";
import { runMiner } from "../roles/miner.ts";
import type { Node } from "../roles/node.ts";
import type { SlotWork } from "../roles/slot-work.ts";
import { honestWork } from "../roles/slot-work.ts";
import { startNode } from "../roles/start-node.ts";
import { runSupervisor } from "../roles/supervisor.ts";
import { TaskFollower } from "../roles/task-follower.ts";
import { runProspector } from "../roles/prospector.ts";
import { openTasks } from "../roles/open-tasks.ts";
import type { TaskTerms } from "../roles/terms.ts";
import { readTerms } from "../roles/terms.ts";
import { enlist, runVerifier } from "../roles/verifier.ts";
import { liveViewOf } from "./live-view.ts";
import { configOf, withOutput } from "./options.ts";
import { serveApi } from "./serve-api.ts";
import { untilStopped } from "./signals.ts";

type RoleRunner = (
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
  work: SlotWork,
) => Promise<void>;

/** Finds GRIST without a stake and without tasks. */
const PROSPECTOR = "prospector";

const roles: Readonly<Record<string, RoleRunner>> = {
  client: runClient,
  miner: runMiner,
  supervisor: runSupervisor,
  evaluator: runEvaluator,
  verifier: runVerifier,
};

/** Roles whose places are assigned, by preferences too. */
const applicants = new Set(["miner", "supervisor", "evaluator"]);

/** Codes of errors by which a node cannot have a part in a task. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(["STAKE_MISSING", "REGISTRATION_CLOSED"]);

/** What a node can do: in tasks, and beside them. */
export const roleNames: readonly string[] = [...Object.keys(roles), PROSPECTOR];

/**
 * `oracle-miner run --role ROLE [--task ID]`
 * @param work how a miner's segments come about
 */
export function runCommand(work: SlotWork): Command {
  const command = new Command("run")
    .description("take part in tasks in one role, and say what happens")
    .option("--task <id>", "this task only, then exit (default: every task that opens, until stopped)");
  return withOutput(command).action(async (options: Readonly<Record<string, unknown>>) => {
    const config = configOf(options);
    const role = roleOf(config.role);
    const only = options["task"] === undefined ? undefined : taskIdOf(options["task"]);
    const view = liveViewOf(options);
    await untilStopped(async (signal) => {
      const { node, stop } = await serveApi(await startNode(config, role, signal, view?.take), role);
      try {
        if (applicants.has(role)) await keepProfile(node);
        if (role === PROSPECTOR) {
          await runProspector(node);
          return;
        }
        if (role === "verifier") await enlist(node, parseEther(String(config.verifierStake)));
        if (only !== undefined) await takePart(node, role, only, work);
        else if (role === "client") await serveClients(node);
        else await takeParts(node, role, work);
      } finally {
        await stop();
        view?.stop();
      }
    });
  });
}

/** @throws GristmillError ROLE_UNKNOWN */
function roleOf(role: string | undefined): string {
  if (role !== undefined && roleNames.includes(role)) return role;
  throw new GristmillError("ROLE_UNKNOWN", role === undefined ? "no role is given" : `there is no role ${role}`, {
    hints: [`choose one with --role: ${roleNames.join(", ")}`],
  });
}

/** Does a role's part in one task after the other, until the node stops. */
async function takeParts(node: Node, role: string, work: SlotWork): Promise<void> {
  const fillers = role === "miner" && node.config.filler ? new FillerOpener(node) : undefined;
  for await (const task of openTasks(node, role, async (head) => fillers?.idle(head)))
    try {
      await takePart(node, role, task, work);
    } catch (error) {
      // What keeps it out of one task does not keep it out of the next.
      if (node.signal.aborted || !(error instanceof GristmillError) || !OUT_OF_REACH.has(error.code)) throw error;
      node.log.warn({ event: "part-refused", task, error });
    }
}

/**
 * Sees all tasks of a client through at once: no reveal may wait for the end of another task, and none may end with the
 * failure of another.
 */
async function serveClients(node: Node): Promise<void> {
  const parts: Promise<void>[] = [];
  try {
    for await (const task of openTasks(node, "client"))
      parts.push(
        takePart(node, "client", task).catch((error: unknown) => {
          if (!node.signal.aborted) node.log.error({ event: "part-failed", task, error });
        }),
      );
  } finally {
    await Promise.all(parts);
  }
}

/** Does a role's part in one task, from wherever the task stands to its end. */
export async function takePart(node: Node, role: string, taskId: Hex, work: SlotWork = honestWork): Promise<void> {
  const run = roles[role];
  if (run === undefined) throw new GristmillError("ROLE_UNKNOWN", `there is no role ${role}`);
  const terms = await readTerms(node, taskId);
  const done = new AbortController();
  const follower = new TaskFollower(node, taskId, AbortSignal.any([node.signal, done.signal]));
  const disputes = createDisputeAgent(node, role, terms);
  const attending = attendDisputes(node, follower, disputes);
  node.log.info({ event: "part-began", task: taskId });
  try {
    await serveCatalogueTask(node, terms);
    await Promise.race([run(node, follower, terms, disputes, work), attending]);
  } finally {
    done.abort(new GristmillError("TASK_DONE", `the part in task ${taskId} is done`));
    // A look that is under way still writes to the database.
    await attending.catch(() => undefined);
  }
  // Supervisors go on serving what they logged; who needs anything else of a task has had it when it ends.
  if (role !== "supervisor") node.network.leaveTask(taskId);
  node.log.info({ event: "part-ended", task: taskId });
}

/** A task id from the command line. */
export function taskIdOf(value: unknown): Hex {
  if (typeof value === "string" && isHex(value) && size(value) === 32) return value;
  throw new GristmillError("TASK_ID_INVALID", `${String(value)} is not a task id`, {
    hints: ["0x and 64 hexadecimal digits, as `oracle-miner task list` prints them"],
  });
}
