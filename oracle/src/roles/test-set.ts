import type { BatchSet } from "@gristmill/sdk";
import { batchLeaf, datasetRoot, decodeBatchSet, GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { Node } from "./node.ts";
import type { TaskTerms } from "./terms.ts";

/** Milliseconds to fetch the revealed test set, and its greatest size. */
const FETCH_TIMEOUT = 15_000;
const MAX_TEST_BYTES = 2 ** 30;

/**
 * Fetches the test set that the client revealed and checks it against the revealed root.
 * @throws GristmillError TEST_SET_UNAVAILABLE, TEST_SET_FALSE
 */
export async function fetchTestSet(node: Node, terms: TaskTerms, testRoot: Hex): Promise<BatchSet> {
  const events = await node.contracts.registry.getEvents.TestSetRevealed(
    { taskId: terms.taskId },
    { fromBlock: terms.createdAt, toBlock: "latest" },
  );
  const manifest = events.at(-1)?.args.manifest;
  if (manifest === undefined)
    throw new GristmillError("TEST_SET_UNAVAILABLE", `the client of task ${terms.taskId} has not revealed a test set`);
  const bytes = await node.network.blobs.get(manifest, {
    signal: AbortSignal.any([node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]),
    maxBytes: MAX_TEST_BYTES,
  });
  const test = decodeBatchSet(bytes);
  if (datasetRoot(test.batches.map((batch) => batchLeaf(batch))) !== testRoot)
    throw new GristmillError("TEST_SET_FALSE", `the test set at ${manifest} is not the one that was revealed`);
  return test;
}
