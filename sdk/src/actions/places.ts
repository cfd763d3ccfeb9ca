import type { Address, ContractFunctionReturnType, Hex } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, senderOf, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { Role } from "../contracts/enums.ts";
import { getTask, type TaskRef } from "./task.ts";

/** What names a place in a task: a miner's is a slot. */
export interface PlaceRef extends TaskRef {
  readonly role: Role;
  /** Counted from 0. */
  readonly index: number;
}

/** Who has a place: whose stake it is, and who signs for it. */
export interface Member {
  readonly owner: Address;
  readonly operator: Address;
}

/** What the registry says of a slot, `SlotView` of `ITaskRegistry`. */
export type SlotView = ContractFunctionReturnType<typeof taskRegistryAbi, "view", "slotOf">;

/** What answers for a place's claims, `PlaceView` of `ITaskRegistry`: its stake, and what disputes did to it. */
export type PlaceView = ContractFunctionReturnType<typeof taskRegistryAbi, "view", "placeOf">;

/**
 * Takes a place of a role for which the sender's rank is admitted, in Joining, and locks the role's stake out of the
 * sender's free stake. The last join begins the training.
 *
 * @returns the index of the place
 * @throws ContractError `StakeManager_NotEnoughFree`, `Registry_NotAdmitted`, `Registry_OperatorTaken`,
 *   `Registry_ConflictOfInterest`, `Registry_WrongPhase`; GristmillError as every sending action
 */
export async function joinTask(
  client: SuiteClient,
  {
    taskId,
    role,
    operator,
    ...options
  }: SuiteSendOptions &
    TaskRef & {
      readonly role: Role;
      /** Signs and commits; the sender if left out. */ readonly operator?: Address | undefined;
    },
): Promise<Sent & { readonly index: number }> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const signer = operator ?? senderOf(client, options).address;
  const receipt = await send(client, { ...registry, functionName: "join", args: [taskId, role, signer] }, options);
  return { receipt, index: eventIn(receipt, taskRegistryAbi, "MemberJoined").args.index };
}

/**
 * Commits a slot's head for the current epoch. For the slot's operator or owner, once an epoch.
 * @throws ContractError `Registry_NotASegmentEnd`, `Registry_AlreadyCommitted`, `Registry_LastOutOfRange` and others;
 *   GristmillError as every sending action
 */
export async function commitSlot(
  client: SuiteClient,
  {
    taskId,
    slot,
    last,
    segmentId,
    segmentsRoot,
    ...options
  }: SuiteSendOptions &
    TaskRef & {
      readonly slot: number;
      /** Last iteration committed, inclusive. */
      readonly last: number;
      /** Of the segment that ends with it. */
      readonly segmentId: Hex;
      /** Merkle root over the ids of the epoch's segments, in order. */
      readonly segmentsRoot: Hex;
    },
): Promise<Sent & { readonly epoch: bigint }> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const args = [taskId, slot, last, segmentId, segmentsRoot] as const;
  const receipt = await send(client, { ...registry, functionName: "commit", args }, options);
  return { receipt, epoch: eventIn(receipt, taskRegistryAbi, "Committed").args.epoch };
}

/**
 * Drops a slot that has committed nothing for `maxSilentEpochs` whole epochs. Anyone may.
 * @throws ContractError `Registry_NotSilent`, `Registry_SlotIsFinished`, `Registry_SlotIsDropped`; GristmillError as every
 *   sending action
 */
export async function dropSilentSlot(
  client: SuiteClient,
  { taskId, slot, ...options }: SuiteSendOptions & TaskRef & { readonly slot: number },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return { receipt: await send(client, { ...registry, functionName: "dropSilent", args: [taskId, slot] }, options) };
}

/**
 * Where a slot's training stands.
 * @throws ContractError `Registry_NotAMember`; GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getSlot(
  client: SuiteClient,
  { taskId, slot, ...options }: SuiteOptions & TaskRef & { readonly slot: number },
): Promise<SlotView> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return read(client, { ...registry, functionName: "slotOf", args: [taskId, slot] });
}

/**
 * What answers for a place's claims.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getPlace(
  client: SuiteClient,
  { taskId, role, index, ...options }: SuiteOptions & PlaceRef,
): Promise<PlaceView> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  return read(client, { ...registry, functionName: "placeOf", args: [taskId, role, index] });
}

/**
 * All members of a role, in the order of their places.
 * @throws GristmillError TASK_UNKNOWN, SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getMembers(
  client: SuiteClient,
  { taskId, role, ...options }: SuiteOptions & TaskRef & { readonly role: Role },
): Promise<Member[]> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const task = await getTask(client, { taskId, ...options });
  const joined = {
    [Role.Miner]: task.slotsJoined,
    [Role.Supervisor]: task.supervisorsJoined,
    [Role.Evaluator]: task.evaluatorsJoined,
  }[role];
  return Promise.all(
    Array.from({ length: joined }, async (_, index) => {
      const args = [taskId, role, index] as const;
      const [owner, operator] = await read(client, { ...registry, functionName: "memberOf", args });
      return { owner, operator };
    }),
  );
}
