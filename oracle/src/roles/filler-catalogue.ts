import { setImmediate } from "node:timers/promises";

import type { CompiledTask, FillerScale, TaskParameters, TestSetSecret } from "@gristmill/sdk";
import {
  compileTask,
  encodeBatchSet,
  fillerCount,
  fillerEntry,
  fillerParameters,
  fillerScales,
  fillerSpec,
  GristmillError,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import { blobAddress } from "../network/blob-exchange.ts";
import type { Node } from "./node.ts";
import type { TaskTerms } from "./terms.ts";
import { encodeManifest } from "./terms.ts";

/** A task of the catalogue, made anew by its rule. */
interface CatalogueTask {
  readonly parameters: TaskParameters;
  readonly secret: TestSetSecret;
  /** Spec, training set, manifest, and test set: all that its peers may ask for. */
  readonly blobs: readonly Uint8Array[];
  /** Content address of the test set. */
  readonly test: string;
}

/** The catalogue that a deployment fixes: what each entry of the scale is known by, in order. */
export async function catalogueEntries(scale: FillerScale): Promise<Hex[]> {
  const entries: Hex[] = [];
  for (let entry = 0; entry < fillerCount(scale); entry += 1) {
    entries.push(fillerEntry((await catalogueTask(scale, entry)).parameters));
    // All of that is computation: connections that were closed meanwhile must be noticed before they are used again.
    await setImmediate();
  }
  return entries;
}

/** Whether the protocol is the task's client. */
export function isFiller(node: Pick<Node, "contracts">, { client }: Pick<TaskTerms, "client">): boolean {
  return isAddressEqual(client, node.contracts.fillers.address);
}

/** Whether a filler task is of the catalogue, and so anybody's to make; the others are of the queue. */
export async function isCatalogued(node: Node, { onChain }: TaskTerms): Promise<boolean> {
  return (await node.contracts.fillers.read.catalogue()).includes(fillerEntry(onChain));
}

/**
 * What an entry of the catalogue is opened with.
 * @throws GristmillError FILLER_RULE_DIFFERS
 */
export async function catalogueParameters(node: Node, entry: Hex): Promise<TaskParameters> {
  return (await taskOf(node, entry)).parameters;
}

/** Makes the data of a task of the catalogue and serves it; leaves other tasks alone, and what it cannot make to its peers. */
export async function serveCatalogueTask(node: Node, terms: TaskTerms): Promise<void> {
  if (!isFiller(node, terms) || !(await isCatalogued(node, terms))) return;
  try {
    const task = await taskOf(node, fillerEntry(terms.onChain));
    for (const blob of task.blobs) await node.network.blobs.put(blob);
    node.log.info({ event: "filler-data", task: terms.taskId });
  } catch (error) {
    if (!(error instanceof GristmillError)) throw error;
    node.log.warn({ event: "filler-refused", task: terms.taskId, error });
  }
}

/** The arguments that reveal the test set of a task of the catalogue. */
export async function catalogueReveal(node: Node, terms: TaskTerms) {
  const task = await taskOf(node, fillerEntry(terms.onChain));
  const { testRoot, testBatches, salt } = task.secret;
  return [terms.taskId, testRoot, testBatches, salt, task.test] as const;
}

/**
 * The task of the chain's catalogue that is known by an entry.
 * @throws GristmillError FILLER_RULE_DIFFERS
 */
async function taskOf(node: Pick<Node, "contracts">, entry: Hex): Promise<CatalogueTask> {
  const catalogue = await node.contracts.fillers.read.catalogue();
  const number = catalogue.indexOf(entry);
  for (const scale of Object.values(fillerScales)) {
    if (fillerCount(scale) !== catalogue.length) continue;
    const task = await catalogueTask(scale, number);
    if (fillerEntry(task.parameters) === entry) return task;
  }
  throw new GristmillError("FILLER_RULE_DIFFERS", `filler task ${String(number)} is not the one that this node makes`, {
    hints: ["the contracts were deployed with another catalogue: use the release of oracle-miner that goes with them"],
  });
}

async function catalogueTask(scale: FillerScale, entry: number): Promise<CatalogueTask> {
  const compiled: CompiledTask = await compileTask(fillerSpec(scale, entry), {
    baseDir: ".",
    readFile: (path) => {
      throw new GristmillError("FILLER_READS_FILE", `the rule of filler tasks generates its data, but names ${path}`);
    },
  });
  const spec = compiled.specBytes;
  const train = encodeBatchSet(compiled.train);
  const test = encodeBatchSet(compiled.test);
  const manifest = encodeManifest({ version: 1, spec: await blobAddress(spec), train: await blobAddress(train) });
  const { parameters, secret } = fillerParameters(compiled, { manifest: await blobAddress(manifest), isPublic: true });
  return { parameters, secret, blobs: [spec, train, manifest, test], test: await blobAddress(test) };
}
