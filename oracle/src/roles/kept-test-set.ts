import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { BatchSet, TestSetSecret } from "@gristmill/sdk";
import { encodeBatchSet, fillerEntry, GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isHex } from "viem";
import { z } from "zod";

import { KeyValueStore } from "../storage/key-value-store.ts";
import { isFiller } from "./filler-catalogue.ts";
import type { Node } from "./node.ts";
import type { TaskTerms } from "./terms.ts";

const SECRET = "test-set";
const hash = z.custom<Hex>((value) => typeof value === "string" && isHex(value));
const schema = z.object({ testRoot: hash, testBatches: z.number(), salt: hash });

/** Under what a client keeps a task's test set: the id, or the entry where the protocol will create the task. */
export function secretScope(node: Node, { taskId, ...created }: Pick<TaskTerms, "taskId" | "client" | "onChain">): Hex {
  return isFiller(node, created) ? fillerEntry(created.onChain) : taskId;
}

/** Keeps, durably, a test set and what opens the commitment to it: a client that forgets them cannot reveal. */
export async function keepTestSet(node: Node, scope: Hex, test: BatchSet, secret: TestSetSecret): Promise<void> {
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(fileOf(node, scope), encodeBatchSet(test), { mode: 0o600, flush: true });
  new KeyValueStore(node.database, scope).setDurably(SECRET, new TextEncoder().encode(JSON.stringify(secret)));
}

/** Whether this data folder holds a test set: then it is this node that sees its task to the end. */
export function keepsTestSet(node: Pick<Node, "database">, scope: Hex): boolean {
  return new KeyValueStore(node.database, scope).get(SECRET) !== undefined;
}

/** A kept test set as it was encoded. */
export async function readTestSet(node: Node, scope: Hex): Promise<Uint8Array> {
  return new Uint8Array(await readFile(fileOf(node, scope)));
}

/**
 * Serves a test set to peers, which ends its secrecy, and says what opens the commitment.
 * @returns the secret, and the content address of the test set
 * @throws GristmillError TEST_SET_LOST
 */
export async function publishTestSet(
  node: Node,
  scope: Hex,
): Promise<{ readonly secret: TestSetSecret; readonly manifest: string }> {
  const kept = new KeyValueStore(node.database, scope).getText(SECRET);
  if (kept === undefined)
    throw new GristmillError("TEST_SET_LOST", `this data folder does not hold the test set of task ${scope}`, {
      hints: ["run the client with the --data-dir it submitted the task from"],
    });
  return {
    secret: schema.parse(JSON.parse(kept)),
    manifest: await node.network.blobs.put(await readTestSet(node, scope)),
  };
}

function fileOf(node: Node, scope: Hex): string {
  return join(node.config.dataDir, `test-set-${scope}.bin`);
}
