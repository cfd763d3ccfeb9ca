import { join } from "node:path";

import type { TestSetSecret } from "@gristmill/sdk";
import { fillerEntry, GristmillError } from "@gristmill/sdk";
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

/** Keeps, durably, what opens the commitment to a test set: a client that forgets it cannot reveal. */
export function keepSecret(node: Node, scope: Hex, secret: TestSetSecret): void {
  new KeyValueStore(node.database, scope).setDurably(SECRET, new TextEncoder().encode(JSON.stringify(secret)));
}

/** Whether this data folder holds a task's test set. */
export function ownsTestSet(node: Node, task: Pick<TaskTerms, "taskId" | "client" | "onChain">): boolean {
  return new KeyValueStore(node.database, secretScope(node, task)).getText(SECRET) !== undefined;
}

/**
 * What opens the commitment to a task's test set.
 * @throws GristmillError TEST_SET_LOST
 */
export function readSecret(node: Node, terms: TaskTerms): TestSetSecret {
  const kept = new KeyValueStore(node.database, secretScope(node, terms)).getText(SECRET);
  if (kept === undefined)
    throw new GristmillError("TEST_SET_LOST", `this data folder does not hold the test set of task ${terms.taskId}`, {
      hints: ["run the client with the --data-dir it submitted the task from"],
    });
  return schema.parse(JSON.parse(kept));
}

/** Where a client keeps a test set until the reveal. */
export function testSetPath(node: Node, scope: Hex): string {
  return join(node.config.dataDir, `test-set-${scope}.bin`);
}
