import { decodeBatchSet, evaluate, Phase } from "@gristmill/sdk";
import { isAddressEqual } from "viem";

import { createEngine } from "../training/create-engine.ts";
import { engineProduct } from "../training/exact-product.ts";
import { withCranks } from "./cranks.ts";
import { modelFolder, writeModel } from "./fetch-model.ts";
import { isFiller } from "./filler-catalogue.ts";
import { publishTestSet, readTestSet, secretScope } from "./kept-test-set.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import type { TaskSession } from "./session.ts";
import { joinSession } from "./session.ts";
import { gatherModel } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/**
 * A client's part after the task is created: serve the data, reveal the test set, take what comes back of the fee, and
 * fetch the model. Where a wallet created the task, and this node only prepared it, revealing and taking back are the
 * wallet's part.
 */
export async function runClient(node: Node, follower: TaskFollower, terms: TaskTerms): Promise<void> {
  // The protocol is the client of what was proposed as a filler: this node acts for it.
  const isOwn = isAddressEqual(terms.client, self(node)) || isFiller(node, terms);
  await withCranks(node, follower, terms, async () => {
    const { task: begun } = await follower.until(({ task }) => task.phase >= Phase.Training);
    if (begun.phase !== Phase.Cancelled) {
      const { task } = await follower.until((moment) => moment.task.phase >= Phase.Reveal);
      if (isOwn && task.phase === Phase.Reveal) await revealTestSet(node, terms);
      const session = await joinSession(node, follower, terms);
      await follower.until((moment) => moment.task.phase >= Phase.Closing);
      if ((await follower.now()).task.phase !== Phase.Failed) await saveModel(node, follower, terms, session);
    }
    if (isOwn) await collectPay(node, follower);
    else await follower.until(({ task }) => isTerminal(task.phase));
  });
}

async function revealTestSet(node: Node, terms: TaskTerms): Promise<void> {
  const { taskId } = terms;
  const { secret, manifest } = await publishTestSet(node, secretScope(node, terms));
  // The protocol passes the reveal on.
  const { address, abi } = isFiller(node, terms) ? node.contracts.fillers : node.contracts.registry;
  await node.chain.transact({
    address,
    abi,
    functionName: "revealTestSet",
    args: [taskId, secret.testRoot, secret.testBatches, secret.salt, manifest],
  });
  node.log.info({ event: "test-set-revealed", task: taskId, batches: secret.testBatches });
}

/** Fetches the final model, scores it on the hidden test set, and writes it down. */
async function saveModel(node: Node, follower: TaskFollower, terms: TaskTerms, session: TaskSession): Promise<void> {
  const { task } = await follower.now();
  const { program, taskId } = terms;
  const weights = await gatherModel(node, session, task);
  const test = decodeBatchSet(await readTestSet(node, secretScope(node, terms)));
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
  const folder = modelFolder(node.config.dataDir, taskId);
  await writeModel(folder, weights, card);
  node.log.info({ event: "model", ...card, path: folder });
}
