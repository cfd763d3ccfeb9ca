import type { Hex } from "viem";
import { encodeAbiParameters, getAbiItem, keccak256, zeroHash } from "viem";

import type { TaskParameters, TestSetSecret } from "../actions/task-parameters.ts";
import { commitTestSet, taskParameters } from "../actions/task-parameters.ts";
import { fillerTasksAbi } from "../contracts/abis/filler-tasks.ts";
import type { CompiledTask } from "../spec/compile-task.ts";

/** A task's parameters as {@link fillerEntry} knows them: salt and fee are the protocol's, whatever they came to be. */
function blank(parameters: TaskParameters): TaskParameters {
  return { ...parameters, salt: zeroHash, fee: 0n };
}

/** keccak256(abi.encode(parameters)) without salt and fee: what catalogue and queue of `FillerTasks` name a task by. */
export function fillerEntry(parameters: TaskParameters): Hex {
  const { inputs } = getAbiItem({ abi: fillerTasksAbi, name: "propose" });
  return keccak256(encodeAbiParameters(inputs, [blank(parameters)]));
}

/**
 * What to open or propose a compiled task with, once its data is published.
 *
 * @param manifest content address of the manifest
 * @param isPublic whether the test set is anybody's, as in the catalogue: then the salt that seals it is zero
 */
export function fillerParameters(
  task: CompiledTask,
  { manifest, isPublic }: { readonly manifest: string; readonly isPublic: boolean },
): { readonly parameters: TaskParameters; readonly secret: TestSetSecret } {
  const { parameters, secret } = taskParameters(task, { manifest });
  const kept = isPublic ? { ...secret, salt: zeroHash } : secret;
  return { parameters: blank({ ...parameters, testCommitment: commitTestSet(kept) }), secret: kept };
}
