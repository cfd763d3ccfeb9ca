import type { Address, ContractFunctionReturnType, Hex } from "viem";
import { getContractEvents } from "viem/actions";

import { closestBelow, rankOf } from "../assignment/assignment.ts";
import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { send, senderOf, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { suiteFor } from "../client/suite.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import type { Role } from "../contracts/enums.ts";
import type { TaskRef } from "./task.ts";

/** A role in a task, of which there are several places. */
export interface RoleRef extends TaskRef {
  readonly role: Role;
}

/** How far the assignment of a role is, `AssignmentView` of `ITaskAssignment`. */
export type AssignmentView = ContractFunctionReturnType<typeof taskRegistryAbi, "view", "assignmentOf">;

/** How an account stands for a role, `ApplicantView` of `ITaskAssignment`. */
export type ApplicantView = ContractFunctionReturnType<typeof taskRegistryAbi, "view", "applicantOf">;

/**
 * Sets the sender's preferences for tasks that are created in later blocks.
 * @param preferences eight weights, as `encodePreferences` packs them
 * @throws ContractError `Registry_NoPreference`; GristmillError as every sending action
 */
export async function setProfile(
  client: SuiteClient,
  { preferences, ...options }: SuiteSendOptions & { readonly preferences: Hex },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "setProfile", args: [preferences] }, options) };
}

/**
 * Applies for a role, in Registration; the role's stake must be free by then and until the place is taken.
 * @throws ContractError `Registry_WrongPhase`, `Registry_StakeNotFree`, `Registry_IsBanned` and others; GristmillError as every sending action
 */
export async function applyForTask(
  client: SuiteClient,
  { taskId, role, ...options }: SuiteSendOptions & RoleRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "applyFor", args: [taskId, role] }, options) };
}

/**
 * Ends a task's registration before its time. For its client.
 * @throws ContractError `Registry_NotTheClient`, `Registry_TooFewApplicants`; GristmillError as every sending action
 */
export async function closeRegistration(
  client: SuiteClient,
  { taskId, ...options }: SuiteSendOptions & TaskRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "closeRegistration", args: [taskId] }, options) };
}

/**
 * Submits the rank that the sender drew, in Drawing. Where others come in before it at the same moment, call it again.
 * @returns the rank: the lowest join first
 * @throws ContractError `Registry_WrongPhase` and others; GristmillError as every sending action
 */
export async function drawRank(
  client: SuiteClient,
  { taskId, role, ...options }: SuiteSendOptions & RoleRef,
): Promise<Sent & { readonly rank: bigint }> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const owner = senderOf(client, options).address;
  const { seed, properties, createdIn } = await getAssignment(client, { taskId, role, ...options });
  const block = Number(createdIn - 1n);
  const preferences = await read(client, { ...registry, functionName: "preferencesOf", args: [owner, block] });
  const rank = rankOf({ seed, role, owner }, preferences, properties);
  const previous = closestBelow(await drawnRanks(client, { taskId, role, ...options }), rank);
  const args = [taskId, role, previous] as const;
  return { rank, receipt: await send(client, { ...registry, functionName: "drawRank", args }, options) };
}

/**
 * Gives up the sender's rank, in Joining: the next one gets the place.
 * @throws ContractError `Registry_WrongPhase` and others; GristmillError as every sending action
 */
export async function declinePlace(
  client: SuiteClient,
  { taskId, role, ...options }: SuiteSendOptions & RoleRef,
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "decline", args: [taskId, role] }, options) };
}

/** @throws GristmillError CALL_FAILED */
export async function getAssignment(
  client: SuiteClient,
  { taskId, role, ...options }: SuiteOptions & RoleRef,
): Promise<AssignmentView> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return read(client, { ...registry, functionName: "assignmentOf", args: [taskId, role] });
}

/** @throws GristmillError CALL_FAILED */
export async function getApplicant(
  client: SuiteClient,
  { taskId, role, account, ...options }: SuiteOptions & RoleRef & { readonly account: Address },
): Promise<ApplicantView> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return read(client, { ...registry, functionName: "applicantOf", args: [taskId, role, account] });
}

async function drawnRanks(client: SuiteClient, { taskId, role, ...options }: SuiteOptions & RoleRef) {
  const { contracts, blockNumber } = await suiteFor(client, options);
  const events = await getContractEvents(client, {
    address: contracts.TaskRegistry,
    abi: taskRegistryAbi,
    eventName: "RankDrawn",
    args: { taskId, role },
    fromBlock: BigInt(blockNumber),
    toBlock: "latest",
    strict: true,
  }).catch((cause: unknown) => {
    throw contractErrorOf("getLogs of RankDrawn", cause);
  });
  return events.map(({ args: { owner, rank } }) => ({ owner, rank }));
}
