import type { Address, ContractFunctionReturnType, Hex } from "viem";
import { getContractEvents } from "viem/actions";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import { type SuiteClient, suiteFor, type SuiteOptions } from "../client/suite.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { Phase } from "../contracts/enums.ts";
import { GristmillError } from "../errors.ts";
import { ensureAllowance } from "./grist.ts";
import { type TaskParameters, type TestSetSecret, validateTaskParameters } from "./task-parameters.ts";

/** What names a task in an action. */
export interface TaskRef {
  readonly taskId: Hex;
}

/** What the registry says of a task, `TaskView` of `ITaskRegistry`, the phase as of now. */
export type TaskView = ContractFunctionReturnType<typeof taskRegistryAbi, "view", "taskOf">;

/** What the event of its creation says of a task. */
export interface CreatedTask {
  readonly taskId: Hex;
  readonly client: Address;
  readonly parameters: TaskParameters;
  /** Multiply-accumulates of one iteration. */
  readonly macs: bigint;
  /** Of the training set. */
  readonly batches: number;
  /** Block in which it was created: no event of it is older. */
  readonly blockNumber: bigint;
}

/**
 * Creates a task of the sender's and escrows its fee; approves the fee first where the allowance is short. Serve the data
 * that `parameters.manifest` names before: workers join only when they have it.
 *
 * @throws ContractError `Registry_TaskExists`, `ERC20InsufficientBalance`; GristmillError TASK_PARAMETERS,
 *   PROGRAM_MALFORMED, PARAMETER_RANGE and those of every sending action
 */
export async function createTask(
  client: SuiteClient,
  { parameters, ...options }: SuiteSendOptions & { readonly parameters: TaskParameters },
): Promise<Sent & TaskRef> {
  validateTaskParameters(parameters);
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  await ensureAllowance(client, { ...options, spender: registry.address, amount: parameters.fee });
  const receipt = await send(client, { ...registry, functionName: "createTask", args: [parameters] }, options);
  return { receipt, taskId: eventIn(receipt, taskRegistryAbi, "TaskCreated").args.taskId };
}

/**
 * Takes the sender's task back while it is in Registration. {@link settleTask} then returns the fee.
 * @throws ContractError `Registry_NotTheClient`, `Registry_WrongPhase`; GristmillError as every sending action
 */
export async function cancelTask(
  client: SuiteClient,
  { taskId, ...options }: SuiteSendOptions & TaskRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "cancel", args: [taskId] }, options) };
}

/**
 * Opens the commitment to the test set, in Reveal. A client that does not pays the bonus in full.
 * @throws ContractError `Registry_NotTheClient`, `Registry_WrongPhase`, `Registry_SealMismatch`; GristmillError as every
 *   sending action
 */
export async function revealTestSet(
  client: SuiteClient,
  {
    taskId,
    secret,
    manifest,
    ...options
  }: SuiteSendOptions &
    TaskRef & { readonly secret: TestSetSecret; /** Content address of the test set. */ readonly manifest: string },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const args = [taskId, secret.testRoot, secret.testBatches, secret.salt, manifest] as const;
  return { receipt: await send(client, { ...registry, functionName: "revealTestSet", args }, options) };
}

/**
 * Carries out the transitions of a task that are due. Whoever calls, its phase is the same.
 * @throws ContractError `Registry_UnknownTask`; GristmillError as every sending action
 */
export async function advanceTask(
  client: SuiteClient,
  { taskId, ...options }: SuiteSendOptions & TaskRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "advance", args: [taskId] }, options) };
}

/**
 * Pays a task that is Closing, Failed or Cancelled: releases its stakes and credits everybody, for
 * {@link withdrawCredit}. One transaction settles 80 places; the task is Settled when the last is.
 *
 * @throws ContractError `Registry_TooEarly`, `Registry_ScoresChallengeable`, `Registry_Disputed`, `Registry_WrongPhase`,
 *   `Registry_AlreadySettled`; GristmillError as every sending action
 */
export async function settleTask(
  client: SuiteClient,
  { taskId, ...options }: SuiteSendOptions & TaskRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "settle", args: [taskId] }, options) };
}

/**
 * Where a task stands.
 * @throws GristmillError TASK_UNKNOWN, SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getTask(client: SuiteClient, { taskId, ...options }: SuiteOptions & TaskRef): Promise<TaskView> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const view = await read(client, { ...registry, functionName: "taskOf", args: [taskId] });
  if (view.phase === Phase.None) throw unknownTask(taskId);
  return view;
}

/**
 * What a task was created with.
 * @throws GristmillError TASK_UNKNOWN, SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getCreatedTask(
  client: SuiteClient,
  { taskId, ...options }: SuiteOptions & TaskRef,
): Promise<CreatedTask> {
  const [task] = await createdTasks(client, { taskId }, options);
  if (task === undefined) throw unknownTask(taskId);
  return task;
}

/** Which tasks {@link listTasks} lists. */
export interface TaskFilter {
  /** Tasks of this client only. */
  readonly client?: Address | undefined;
}

/**
 * All tasks of the registry, or of one client, the newest last, from the chain's logs.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function listTasks(
  client: SuiteClient,
  { client: owner, ...options }: SuiteOptions & TaskFilter = {},
): Promise<CreatedTask[]> {
  return createdTasks(client, owner === undefined ? {} : { client: owner }, options);
}

async function createdTasks(
  client: SuiteClient,
  args: { readonly taskId?: Hex; readonly client?: Address },
  options: SuiteOptions,
): Promise<CreatedTask[]> {
  const { contracts, blockNumber } = await suiteFor(client, options);
  const events = await getContractEvents(client, {
    address: contracts.TaskRegistry,
    abi: taskRegistryAbi,
    eventName: "TaskCreated",
    args,
    fromBlock: BigInt(blockNumber),
    toBlock: "latest",
    strict: true,
  }).catch((cause: unknown) => {
    throw contractErrorOf("getLogs of TaskCreated", cause);
  });
  return events.map((event) => ({ ...event.args, blockNumber: event.blockNumber }));
}

function unknownTask(taskId: Hex): GristmillError {
  return new GristmillError("TASK_UNKNOWN", `The registry knows no task ${taskId}.`, {
    hints: ["check the id, and that the client is on the chain that the task was created on"],
  });
}
