import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { BatchSet, TestSetSecret } from "@gristmill/sdk";
import { encodeBatchSet, GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { z } from "zod";

import { KeyValueStore } from "../storage/key-value-store.ts";
import type { Node } from "./node.ts";

const hex = z.custom<Hex>((value) => typeof value === "string");
const secretSchema = z.object({ testRoot: hex, testBatches: z.number(), salt: hex });

const SECRET = "test-set";

/** Keeps a test set and what opens the commitment to it. On return both survive a crash. */
export async function keepTestSet(node: Node, taskId: Hex, test: BatchSet, secret: TestSetSecret): Promise<void> {
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(fileOf(node, taskId), encodeBatchSet(test), { mode: 0o600 });
  new KeyValueStore(node.database, taskId).setDurably(SECRET, new TextEncoder().encode(JSON.stringify(secret)));
}

/** Whether this node keeps a task's test set: then it is this node that sees the task to its end for its client. */
export function keepsTestSet(node: Node, taskId: Hex): boolean {
  return new KeyValueStore(node.database, taskId).get(SECRET) !== undefined;
}

/** The kept test set as it was encoded. */
export async function readTestSet(node: Node, taskId: Hex): Promise<Uint8Array> {
  return new Uint8Array(await readFile(fileOf(node, taskId)));
}

/**
 * Serves the test set to peers, which ends its secrecy, and says what opens the commitment.
 * @returns the secret, and the content address of the test set
 * @throws GristmillError TEST_SET_LOST
 */
export async function publishTestSet(
  node: Node,
  taskId: Hex,
): Promise<{ readonly secret: TestSetSecret; readonly manifest: string }> {
  const kept = new KeyValueStore(node.database, taskId).getText(SECRET);
  if (kept === undefined)
    throw new GristmillError("TEST_SET_LOST", `this data folder does not hold the test set of task ${taskId}`, {
      hints: ["run the client with the --data-dir it submitted the task from"],
    });
  const secret = secretSchema.parse(JSON.parse(kept));
  return { secret, manifest: await node.network.blobs.put(await readTestSet(node, taskId)) };
}

function fileOf(node: Node, taskId: Hex): string {
  return join(node.config.dataDir, `test-set-${taskId}.bin`);
}
