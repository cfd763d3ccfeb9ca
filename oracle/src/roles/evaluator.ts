import { randomBytes } from "node:crypto";

import type { BatchSet, TestScore } from "@gristmill/sdk";
import { batchLeaf, datasetRoot, decodeBatchSet, evaluate, GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, encodeAbiParameters, keccak256 } from "viem";

import { KeyValueStore } from "../storage/key-value-store.ts";
import { createEngine } from "../training/create-engine.ts";
import { engineProduct } from "../training/exact-product.ts";
import { withCranks } from "./cranks.ts";
import { Role, takePlace } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import type { TaskSession } from "./session.ts";
import { joinSession } from "./session.ts";
import { gatherModel } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { Phase } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/** Milliseconds to fetch the revealed test set, and its greatest size. */
const FETCH_TIMEOUT = 15_000;
const MAX_TEST_BYTES = 2 ** 30;

/** An evaluator's part: scores the final model on the revealed test set, seals the score, and opens it. */
export async function runEvaluator(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<void> {
  const place = await takePlace(node, follower, terms, Role.Evaluator);
  await withCranks(node, follower, terms, async () => {
    const { task: begun } = await follower.until(({ task }) => task.phase >= Phase.Training);
    if (begun.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const { task } = await follower.until((moment) => moment.task.phase >= Phase.EvaluationCommit);
    if (task.phase === Phase.EvaluationCommit || task.phase === Phase.EvaluationReveal)
      await score(node, follower, session, place);
    await collectPay(node, follower);
  });
}

async function score(node: Node, follower: TaskFollower, session: TaskSession, place: number): Promise<void> {
  const { chain, contracts, log } = node;
  const { taskId } = session.terms;
  const { address, abi } = contracts.registry;
  const kept = new KeyValueStore(node.database, taskId);
  const { task } = await follower.now();

  const found = await evaluateInTime(node, follower, session);
  if (found === undefined) return;
  // The salt must outlive a restart: a sealed score that cannot be opened costs stake.
  const key = "evaluation-salt";
  if (kept.getText(key) === undefined) kept.setDurably(key, new TextEncoder().encode(bytesToHex(randomBytes(32))));
  const salt = kept.getText(key) as Hex;
  if (task.phase === Phase.EvaluationCommit) {
    await chain.transact({
      address,
      abi,
      functionName: "commitScore",
      args: [taskId, place, sealScore(taskId, self(node), found, salt)],
    });
    log.info({ event: "score-sealed", task: taskId });
  }
  const revealing = await follower.until((moment) => moment.task.phase > Phase.EvaluationCommit);
  if (revealing.task.phase !== Phase.EvaluationReveal) return;
  const { correct, loss, root } = found;
  await chain.transact({
    address,
    abi,
    functionName: "revealScore",
    args: [taskId, place, { correct, loss: BigInt(loss), root }, salt],
  });
  log.info({ event: "score", task: taskId, correct, loss, root });
}

/** keccak256(abi.encode(taskId, operator, correct, loss, root, salt)), as the registry opens it. */
export function sealScore(taskId: Hex, operator: Hex, score: TestScore, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [
        { type: "bytes32" },
        { type: "address" },
        { type: "uint32" },
        { type: "uint64" },
        { type: "bytes32" },
        { type: "bytes32" },
      ],
      [taskId, operator, score.correct, BigInt(score.loss), score.root, salt],
    ),
  );
}

/** The score, trying again while the data cannot be had; undefined if the phase ends first. */
async function evaluateInTime(
  node: Node,
  follower: TaskFollower,
  session: TaskSession,
): Promise<TestScore | undefined> {
  for (let { task } = await follower.now(); task.phase <= Phase.EvaluationReveal; { task } = await follower.next()) {
    try {
      return await evaluateFinal(node, session);
    } catch (error) {
      if (node.signal.aborted) throw error;
      node.log.warn({ event: "evaluation-failed", task: session.terms.taskId, error });
    }
  }
  return undefined;
}

async function evaluateFinal(node: Node, session: TaskSession): Promise<TestScore> {
  const task = await node.contracts.registry.read.taskOf([session.terms.taskId]);
  const weights = await gatherModel(node, session, task);
  const test = await fetchTestSet(node, session.terms, task.testRoot);
  const engine = await createEngine(node.config.backend);
  return evaluate(session.terms.program, weights, test.batches, engineProduct(engine));
}

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
