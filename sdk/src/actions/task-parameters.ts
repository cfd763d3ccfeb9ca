import { randomBytes } from "@noble/hashes/utils.js";
import type { Address, ContractFunctionArgs, Hex } from "viem";
import { bytesToHex, encodeAbiParameters, keccak256, size, stringToBytes } from "viem";

import type { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { decodeProgram, encodeProgram } from "../contracts/program.ts";
import { GristmillError } from "../errors.ts";
import { batchLeaf } from "../mlp/batch.ts";
import type { BatchSet } from "../spec/batch-set.ts";
import type { CompiledTask } from "../spec/compile-task.ts";
import { datasetRoot } from "../tensor/merkle.ts";

/** What a client fixes when it creates a task, `TaskParameters` of the contracts. */
export type TaskParameters = ContractFunctionArgs<typeof taskRegistryAbi, "nonpayable", "createTask">[0];

/** What opens a client's commitment to its test set. Kept by the client until the reveal: without it the bonus is lost. */
export interface TestSetSecret {
  readonly testRoot: Hex;
  readonly testBatches: number;
  readonly salt: Hex;
}

/** Longest content address that the registry takes, in bytes. */
const MAX_MANIFEST_BYTES = 256;

const YEAR_SECONDS = 365 * 86_400;

/**
 * What to create a compiled task with, once its data is published.
 *
 * @param manifest content address of the manifest, the blob that names spec and training set
 * @returns the parameters, and what {@link revealTestSet} needs later
 */
export function taskParameters(
  task: CompiledTask,
  { manifest }: { readonly manifest: string },
): { readonly parameters: TaskParameters; readonly secret: TestSetSecret } {
  const secret = { testRoot: rootOf(task.test), testBatches: task.test.batches.length, salt: randomSalt() };
  const parameters = {
    ...task.payment,
    salt: randomSalt(),
    specHash: task.specHash,
    datasetRoot: rootOf(task.train),
    testCommitment: commitTestSet(secret),
    manifest,
    program: encodeProgram(task.parameters),
  };
  return { parameters, secret };
}

/** keccak256(abi.encode(testRoot, testBatches, salt)): what the registry opens in the reveal. */
export function commitTestSet({ testRoot, testBatches, salt }: TestSetSecret): Hex {
  const types = [{ type: "bytes32" }, { type: "uint256" }, { type: "bytes32" }] as const;
  return keccak256(encodeAbiParameters(types, [testRoot, BigInt(testBatches), salt]));
}

/** What decides a task's id. */
export interface TaskIdentity {
  readonly chainId: number;
  readonly registry: Address;
  readonly client: Address;
  readonly specHash: Hex;
  readonly salt: Hex;
}

/** The id that the registry gives a task: keccak256(abi.encode(chainid, registry, client, specHash, salt)). */
export function taskIdOf({ chainId, registry, client, specHash, salt }: TaskIdentity): Hex {
  const types = [
    { type: "uint256" },
    { type: "address" },
    { type: "address" },
    { type: "bytes32" },
    { type: "bytes32" },
  ] as const;
  return keccak256(encodeAbiParameters(types, [BigInt(chainId), registry, client, specHash, salt]));
}

/**
 * Checks what the registry and its template would refuse.
 * @throws GristmillError TASK_PARAMETERS naming every parameter that is wrong; PROGRAM_MALFORMED, PARAMETER_RANGE
 */
export function validateTaskParameters(p: TaskParameters): void {
  decodeProgram(p.program);
  const problems: string[] = [];
  const between = (name: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most)) problems.push(`${name} is ${value}, but must be from ${least} to ${most}`);
  };
  const manifestBytes = stringToBytes(p.manifest).length;
  between("manifest's length", manifestBytes, 1, MAX_MANIFEST_BYTES);
  between("slots", p.slots, 1, 80);
  between("minSlots", p.minSlots, 1, p.slots);
  between("supervisors", p.supervisors, 0, 80);
  between("evaluators", p.evaluators, 1, 80);
  between("segmentLength", p.segmentLength, 1, 64);
  between("(slots - 1) * segmentLength", (p.slots - 1) * p.segmentLength, 0, 128);
  between("iterations", p.iterations, 1, 2 ** 32 - 1);
  between("maxSilentEpochs", p.maxSilentEpochs, 1, 255);
  between("attestations", p.attestations, 1, 65_535);
  between("goal", p.goal, p.baseline + 1, 2 ** 32 - 1);
  between("shares.burn", p.shares.burn, 1_000, 5_000);
  const sum = Object.values(p.shares).reduce((total, share) => total + share, 0);
  if (sum !== 10_000) problems.push(`shares sum to ${sum} basis points, but must to 10000`);
  for (const [phase, seconds] of Object.entries(p.durations)) between(`durations.${phase}`, seconds, 1, YEAR_SECONDS);
  for (const name of ["salt", "specHash", "datasetRoot", "testCommitment"] as const) {
    if (size(p[name]) !== 32) problems.push(`${name} has ${size(p[name])} bytes, but must have 32`);
  }
  if (problems.length > 0) {
    throw new GristmillError("TASK_PARAMETERS", `The registry would refuse this task: ${problems.join("; ")}.`, {
      hints: ["take the parameters of a compiled task: taskParameters(await compileTask(...), { manifest })"],
    });
  }
}

function rootOf(set: BatchSet): Hex {
  return datasetRoot(set.batches.map((batch) => batchLeaf(batch)));
}

function randomSalt(): Hex {
  return bytesToHex(randomBytes(32));
}
