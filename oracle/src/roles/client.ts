import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { BatchSet, TestSetSecret } from "@gristmill/sdk";
import {
  batchLeaf,
  compileTask,
  datasetRoot,
  decodeBatchSet,
  encodeBatchSet,
  encodeProgram,
  evaluate,
  fillerEntry,
  fillerParameters,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, encodeAbiParameters, formatEther, keccak256 } from "viem";

import { ensureAllowance } from "../chain/allowance.ts";
import { createEngine } from "../training/create-engine.ts";
import { engineProduct } from "../training/exact-product.ts";
import { withCranks } from "./cranks.ts";
import { isFiller } from "./filler-catalogue.ts";
import { writeModel } from "./fetch-model.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import type { TaskSession } from "./session.ts";
import { joinSession } from "./session.ts";
import { gatherModel } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { Phase } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";
import { keepSecret, readSecret, secretScope, testSetPath } from "./test-set-secret.ts";
import { encodeManifest } from "./terms.ts";

/** keccak256(abi.encode(testRoot, testBatches, salt)): what the registry opens in the reveal. */
export function commitTestSet(testRoot: Hex, testBatches: number, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "uint256" }, { type: "bytes32" }],
      [testRoot, BigInt(testBatches), salt],
    ),
  );
}

/** keccak256(abi.encode(chainid, registry, client, specHash, salt)): the id that the registry will give the task. */
function taskIdOf(node: Node, specHash: Hex, salt: Hex): Hex {
  const { chainId, contracts } = node.chain.deployment;
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint256" }, { type: "address" }, { type: "address" }, { type: "bytes32" }, { type: "bytes32" }],
      [BigInt(chainId), contracts.TaskRegistry, self(node), specHash, salt],
    ),
  );
}

/** How many of each role a task wants, in the place of what its file says. */
export interface SpecChanges {
  readonly miners?: number;
  readonly supervisors?: number;
  readonly evaluators?: number;
}

/**
 * Compiles a task file, publishes its training data, escrows the fee, and creates the task. The test set stays in the
 * data folder: only its salted commitment leaves the node before the reveal.
 *
 * @returns the task's id
 */
export async function submitTask(node: Node, file: string, changes: SpecChanges = {}): Promise<Hex> {
  const { chain, contracts, log } = node;
  const { compiled, manifest } = await publish(node, file, changes);
  const testRoot = rootOf(compiled.test);
  const testBatches = compiled.test.batches.length;
  const salt = bytesToHex(randomBytes(32));
  const parameters = {
    ...compiled.payment,
    salt: bytesToHex(randomBytes(32)),
    specHash: compiled.specHash,
    datasetRoot: rootOf(compiled.train),
    testCommitment: commitTestSet(testRoot, testBatches, salt),
    manifest,
    program: encodeProgram(compiled.parameters),
  };
  const { registry } = contracts;
  await ensureAllowance(node, registry.address, parameters.fee);
  const taskId = taskIdOf(node, parameters.specHash, parameters.salt);
  await keepTestSet(node, taskId, compiled.test, { testRoot, testBatches, salt });
  await chain.transact({
    address: registry.address,
    abi: registry.abi,
    functionName: "createTask",
    args: [parameters],
  });
  log.info({
    event: "task-created",
    task: taskId,
    fee: formatEther(parameters.fee),
    slots: parameters.slots,
    iterations: parameters.iterations,
    sizes: compiled.parameters.sizes,
  });
  return taskId;
}

/**
 * Puts a task file into the queue of filler tasks, for a burn: miners train it when the protocol draws it, for newly minted
 * GRIST. Its test set stays in the data folder until then.
 *
 * @returns what the queue knows it by
 */
export async function proposeTask(node: Node, file: string): Promise<Hex> {
  const { chain, contracts, log } = node;
  const { compiled, manifest } = await publish(node, file, {});
  const { parameters, secret } = fillerParameters(compiled, { manifest, isPublic: false });
  const entry = fillerEntry(parameters);
  await keepTestSet(node, entry, compiled.test, secret);
  const { fillers } = contracts;
  const burn = await fillers.read.proposalBurn();
  await ensureAllowance(node, fillers.address, burn);
  const { address, abi } = fillers;
  await chain.transact({ address, abi, functionName: "propose", args: [parameters] });
  log.info({ event: "task-proposed", entry, burned: formatEther(burn), waiting: Number(await fillers.read.waiting()) });
  return entry;
}

/** Compiles a task file and publishes what its miners need. */
async function publish(node: Node, file: string, changes: SpecChanges) {
  const { log, network } = node;
  const compiled = await compileTask(await readFile(file, "utf8"), {
    baseDir: dirname(file),
    ...changes,
    readFile: async (path: string) => new Uint8Array(await readFile(path)),
  });
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const spec = await network.blobs.put(compiled.specBytes);
  const train = await network.blobs.put(encodeBatchSet(compiled.train));
  const manifest = await network.blobs.put(encodeManifest({ version: 1, spec, train }));
  return { compiled, manifest };
}

/** Keeps a test set before its task exists: a client that forgets it cannot reveal it. */
async function keepTestSet(node: Node, scope: Hex, test: BatchSet, secret: TestSetSecret): Promise<void> {
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(testSetPath(node, scope), encodeBatchSet(test), { mode: 0o600, flush: true });
  keepSecret(node, scope, secret);
}

/**
 * A client's part after the task is created: serve the data, reveal the test set, take what comes back of the fee, and
 * fetch the model.
 */
export async function runClient(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const { task: begun } = await follower.until(({ task }) => task.phase >= Phase.Training);
    if (begun.phase !== Phase.Cancelled) {
      const { task } = await follower.until((moment) => moment.task.phase >= Phase.Reveal);
      if (task.phase === Phase.Reveal) await revealTestSet(node, terms);
      const session = await joinSession(node, follower, terms);
      await follower.until((moment) => moment.task.phase >= Phase.Closing);
      if ((await follower.now()).task.phase !== Phase.Failed) await saveModel(node, follower, terms, session);
    }
    await collectPay(node, follower);
  });
}

async function revealTestSet(node: Node, terms: TaskTerms): Promise<void> {
  const { taskId } = terms;
  const { testRoot, testBatches, salt } = readSecret(node, terms);
  const file = testSetPath(node, secretScope(node, terms));
  const manifest = await node.network.blobs.put(new Uint8Array(await readFile(file)));
  // The protocol is the client of what was proposed: it passes the reveal on.
  const { address, abi } = isFiller(node, terms) ? node.contracts.fillers : node.contracts.registry;
  await node.chain.transact({
    address,
    abi,
    functionName: "revealTestSet",
    args: [taskId, testRoot, testBatches, salt, manifest],
  });
  node.log.info({ event: "test-set-revealed", task: taskId, batches: testBatches });
}

/** Fetches the final model, scores it on the hidden test set, and writes it down. */
async function saveModel(node: Node, follower: TaskFollower, terms: TaskTerms, session: TaskSession): Promise<void> {
  const { task } = await follower.now();
  const { program, taskId } = terms;
  const weights = await gatherModel(node, session, task);
  const test = decodeBatchSet(new Uint8Array(await readFile(testSetPath(node, secretScope(node, terms)))));
  const engine = await createEngine(node.config.backend);
  const { correct } = evaluate(program, weights, test.batches, engineProduct(engine));
  const examples = test.batches.reduce((sum, { y }) => sum + y.cols, 0);
  const card = {
    task: taskId,
    stateId: task.finalState,
    sizes: program.sizes,
    shift: program.shift,
    accuracy: correct / examples,
    correct,
    examples,
  };
  const folder = join(node.config.dataDir, "models", taskId);
  await writeModel(folder, weights, card);
  node.log.info({ event: "model", ...card, path: folder });
}

function rootOf(set: BatchSet): Hex {
  return datasetRoot(set.batches.map((batch) => batchLeaf(batch)));
}
