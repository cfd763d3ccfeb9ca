import type { ContractFunctionArgs, Hex } from "viem";
import { encodeAbiParameters, keccak256 } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient } from "../client/suite.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import type { TaskRef } from "./task.ts";

/** Numbers of a score, `Score` of the contracts: right answers, loss in 1/127, and the root of the Merkle sum. */
export type Score = ContractFunctionArgs<typeof taskRegistryAbi, "nonpayable", "revealScore">[2];

/**
 * Votes for a task's final state, in Submission. For the operator or owner of a slot that has committed something.
 * @throws ContractError `Registry_WrongPhase`, `Registry_NothingCommitted`, `Registry_NotIncludable`,
 *   `Registry_AlreadyDone`; GristmillError as every sending action
 */
export async function submitState(
  client: SuiteClient,
  {
    taskId,
    slot,
    stateId,
    includedSlots,
    ...options
  }: SuiteSendOptions &
    TaskRef & {
      readonly slot: number;
      readonly stateId: Hex;
      /** Bitmap of the slots whose committed heads are summed in the state. */
      readonly includedSlots: bigint;
    },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const args = [taskId, slot, stateId, includedSlots] as const;
  return { receipt: await send(client, { ...registry, functionName: "submitState", args }, options) };
}

/** keccak256(abi.encode(taskId, operator, correct, loss, root, salt)): what an evaluator seals. */
export function sealScore(taskId: Hex, operator: Hex, score: Score, salt: Hex): Hex {
  const types = [
    { type: "bytes32" },
    { type: "address" },
    { type: "uint32" },
    { type: "uint64" },
    { type: "bytes32" },
    { type: "bytes32" },
  ] as const;
  return keccak256(encodeAbiParameters(types, [taskId, operator, score.correct, score.loss, score.root, salt]));
}

/**
 * Seals an evaluator's score, in EvaluationCommit, once.
 * @throws ContractError `Registry_WrongPhase`, `Registry_NotAMember`, `Registry_AlreadyDone`; GristmillError as every
 *   sending action
 */
export async function commitScore(
  client: SuiteClient,
  {
    taskId,
    evaluator,
    sealedScore,
    ...options
  }: SuiteSendOptions &
    TaskRef & { readonly evaluator: number; /** See {@link sealScore}. */ readonly sealedScore: Hex },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const args = [taskId, evaluator, sealedScore] as const;
  return { receipt: await send(client, { ...registry, functionName: "commitScore", args }, options) };
}

/**
 * Opens a sealed score, in EvaluationReveal, once.
 * @throws ContractError `Registry_SealMismatch`, `Registry_NothingSealed`, `Registry_ScoreIsStruck`,
 *   `Registry_WrongPhase`; GristmillError as every sending action
 */
export async function revealScore(
  client: SuiteClient,
  {
    taskId,
    evaluator,
    score,
    salt,
    ...options
  }: SuiteSendOptions & TaskRef & { readonly evaluator: number; readonly score: Score; readonly salt: Hex },
): Promise<Sent> {
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const args = [taskId, evaluator, score, salt] as const;
  return { receipt: await send(client, { ...registry, functionName: "revealScore", args }, options) };
}
