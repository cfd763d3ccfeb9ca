import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";

import { encodeWeights } from "./checkpoint.ts";
import type { Node } from "./node.ts";
import { joinSession } from "./session.ts";
import { gatherModel } from "./submission.ts";
import { phaseName, TaskFollower } from "./task-follower.ts";
import { readTerms } from "./terms.ts";

/**
 * Fetches the model of a task that has one, checks it against the state id on the chain, and writes `weights.bin` and
 * `model.json` to a folder.
 * @throws GristmillError MODEL_NOT_READY, MODEL_UNAVAILABLE
 */
export async function fetchModel(node: Node, taskId: Hex, folder: string): Promise<void> {
  const terms = await readTerms(node, taskId);
  const done = new AbortController();
  const follower = new TaskFollower(node, taskId, AbortSignal.any([node.signal, done.signal]));
  try {
    const { task } = await follower.now();
    if (BigInt(task.finalState) === 0n)
      throw new GristmillError(
        "MODEL_NOT_READY",
        `task ${taskId} has no model: it is in phase ${phaseName(task.phase)}`,
        {
          hints: ["wait for the end of its submission phase"],
        },
      );
    const session = await joinSession(node, follower, terms);
    const weights = await gatherModel(node, session, task);
    await writeModel(folder, weights, {
      task: taskId,
      stateId: task.finalState,
      sizes: terms.program.sizes,
      shift: terms.program.shift,
      ...(task.scored ? { correct: task.score.correct } : {}),
    });
    node.log.info({ event: "model", task: taskId, stateId: task.finalState, path: folder });
  } finally {
    done.abort(new GristmillError("TASK_DONE", "the model was fetched"));
  }
}

/** What stands in `model.json` beside the weights. */
export interface ModelCard {
  readonly task: Hex;
  readonly stateId: Hex;
  readonly sizes: readonly number[];
  readonly shift: readonly number[];
  /** Right answers on the hidden test set, once known. */
  readonly correct?: number;
  readonly examples?: number;
  readonly accuracy?: number;
}

/** Where a node keeps the model of a task. */
export function modelFolder(dataDir: string, taskId: Hex): string {
  return join(dataDir, "models", taskId);
}

/**
 * Writes a model: `weights.bin` (W_1..W_L, row-major i32 little-endian, 8 fractional bits, bias column last) and its
 * card `model.json`.
 */
export async function writeModel(folder: string, weights: readonly Int32Array[], card: ModelCard): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "weights.bin"), encodeWeights(weights));
  await writeFile(join(folder, "model.json"), `${JSON.stringify(card, undefined, 2)}\n`);
}
