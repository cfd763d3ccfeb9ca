import type { CompiledTask, CompileOptions, TaskParameters } from "@gristmill/sdk";
import { compileTask, encodeBatchSet, taskIdOf, taskParameters } from "@gristmill/sdk";
import type { Address, Hex } from "viem";
import { formatEther } from "viem";

import { keepTestSet } from "./kept-test-set.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { encodeManifest } from "./terms.ts";

/** A task file, what reads the files that it names, and what a client changes of it. */
export interface TaskFile extends CompileOptions {
  /** YAML or JSON. */
  readonly text: string;
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
export async function prepareTask(node: Node, { text, ...options }: TaskFile, client: Address): Promise<PreparedTask> {
  const { chain, log, network } = node;
  const compiled = await compileTask(text, options);
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const [spec, train] = [
    await network.blobs.put(compiled.specBytes),
    await network.blobs.put(encodeBatchSet(compiled.train)),
  ];
  const manifest = await network.blobs.put(encodeManifest({ version: 1, spec, train }));
  const { parameters, secret } = taskParameters(compiled, { manifest });
  const { chainId, contracts } = chain.deployment;
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
  const { token, registry } = contracts;
  await chain.transact({
    address: token.address,
    abi: token.abi,
    functionName: "approve",
    args: [registry.address, parameters.fee],
  });
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
