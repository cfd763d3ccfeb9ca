import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

import type { CompiledTask, CompileOptions, TaskParameters } from "@gristmill/sdk";
import { compileTask, encodeBatchSet, fillerEntry, fillerParameters, taskIdOf, taskParameters } from "@gristmill/sdk";
import type { Address, Hex } from "viem";
import { formatEther } from "viem";

import { ensureAllowance } from "../chain/allowance.ts";
import { keepTestSet } from "./kept-test-set.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { encodeManifest } from "./terms.ts";

/** A task file, what reads the files that it names, and what a client changes of it. */
export interface TaskFile extends CompileOptions {
  /** YAML or JSON. */
  readonly text: string;
}

/** How many of each role a task wants, in the place of what its file says. */
export type SpecChanges = Pick<CompileOptions, "miners" | "supervisors" | "evaluators">;

/** A task file on the disk; the files that it names are relative to it. */
export async function readTaskFile(file: string, changes: SpecChanges = {}): Promise<TaskFile> {
  return {
    text: await readFile(file, "utf8"),
    baseDir: dirname(file),
    readFile: async (path) => new Uint8Array(await readFile(path)),
    ...changes,
  };
}

/** A task that its client has only to create: this node serves its data and keeps its test set. */
export interface PreparedTask {
  /** The id that the registry will give it. */
  readonly taskId: Hex;
  readonly parameters: TaskParameters;
  readonly compiled: CompiledTask;
}

/**
 * Compiles a task file, publishes its training data, and keeps its test set, of which only the salted commitment leaves
 * the node before the reveal. All of it before the task exists: a client that forgets its test set cannot reveal it.
 *
 * @param client account that will create the task; the registry makes the task's id from it
 * @throws GristmillError those of `compileTask`
 */
export async function prepareTask(node: Node, file: TaskFile, client: Address): Promise<PreparedTask> {
  const { compiled, manifest } = await publish(node, file);
  const { parameters, secret } = taskParameters(compiled, { manifest });
  const { chainId, contracts } = node.chain.deployment;
  const { specHash, salt } = parameters;
  const taskId = taskIdOf({ chainId, registry: contracts.TaskRegistry, client, specHash, salt });
  await keepTestSet(node, taskId, compiled.test, secret);
  return { taskId, parameters, compiled };
}

/**
 * Prepares a task, escrows its fee from the node's account, and creates it.
 * @returns the task's id
 */
export async function submitTask(node: Node, file: TaskFile): Promise<Hex> {
  const { chain, contracts, log } = node;
  const { taskId, parameters, compiled } = await prepareTask(node, file, self(node));
  const { registry } = contracts;
  await ensureAllowance(node, registry.address, parameters.fee);
  await chain.transact({
    address: registry.address,
    abi: registry.abi,
    functionName: "createTask",
    args: [parameters],
  });
  log.info({
    event: "task-created",
    task: taskId,
    fee: formatEther(parameters.fee),
    slots: parameters.slots,
    iterations: parameters.iterations,
    sizes: compiled.parameters.sizes,
  });
  return taskId;
}

/**
 * Puts a task file into the queue of filler tasks, for a burn: miners train it when the protocol draws it, for newly minted
 * GRIST. Its test set stays in the data folder until then.
 *
 * @returns what the queue knows it by
 */
export async function proposeTask(node: Node, file: TaskFile): Promise<Hex> {
  const { chain, contracts, log } = node;
  const { compiled, manifest } = await publish(node, file);
  const { parameters, secret } = fillerParameters(compiled, { manifest, isPublic: false });
  const entry = fillerEntry(parameters);
  await keepTestSet(node, entry, compiled.test, secret);
  const { fillers } = contracts;
  const burn = await fillers.read.proposalBurn();
  await ensureAllowance(node, fillers.address, burn);
  const { address, abi } = fillers;
  await chain.transact({ address, abi, functionName: "propose", args: [parameters] });
  log.info({ event: "task-proposed", entry, burned: formatEther(burn), waiting: Number(await fillers.read.waiting()) });
  return entry;
}

/** Compiles a task file and publishes what its miners need. */
async function publish(node: Node, { text, ...options }: TaskFile) {
  const { log, network } = node;
  const compiled = await compileTask(text, options);
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const spec = await network.blobs.put(compiled.specBytes);
  const train = await network.blobs.put(encodeBatchSet(compiled.train));
  const manifest = await network.blobs.put(encodeManifest({ version: 1, spec, train }));
  return { compiled, manifest };
}
