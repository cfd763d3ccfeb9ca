import { randomBytes } from "node:crypto";

import { Phase, Role, sealScore } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, isHex, zeroHash } from "viem";
import { z } from "zod";

import { isRevert } from "../chain/chain.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import type { EvaluationTruth } from "../disputes/evaluation-truth.ts";
import { toldScore } from "../disputes/score-play.ts";
import { KeyValueStore } from "../storage/key-value-store.ts";
import { nothingToCheck, takePlace } from "./assignment.ts";
import { withCranks } from "./cranks.ts";
import { evaluatorsWork } from "./dispute-work.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import type { TaskSession } from "./session.ts";
import { ScoreAudit, watchScores } from "./score-audit.ts";
import { joinSession } from "./session.ts";
import type { SlotWork } from "./slot-work.ts";
import type { TaskFollower } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/** Seconds before the end of the phase at which an evaluator votes with what it has. */
const LAST_SECONDS = 20n;

/** Where the opening of the sealed score is kept. */
const SEALED = "sealed-score";

/**
 * An evaluator's part: scores the final model on the revealed test set, seals the score, opens it, and disputes what others
 * told if it is false.
 */
export async function runEvaluator(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
  work: SlotWork,
): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const place = await takePlace(node, follower, terms, Role.Evaluator, nothingToCheck);
    if (place === undefined) return;
    const { task: begun } = await follower.until(({ task }) => task.phase >= Phase.Training);
    if (begun.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const audit = new ScoreAudit(node, session);
    const told = async () => work.tell(await audit.score(false));
    disputes.equip(evaluatorsWork(node, session, place.index, audit, told));
    const { task } = await follower.until((moment) => moment.task.phase >= Phase.EvaluationCommit);
    if (task.phase === Phase.EvaluationCommit || task.phase === Phase.EvaluationReveal)
      await score(node, follower, session, place.index, told);
    await watchScores(node, follower, audit, disputes, place.index);
    await collectPay(node, follower);
  });
}

/** What an evaluator says of the final model. */
type Told = () => Promise<EvaluationTruth>;

async function score(
  node: Node,
  follower: TaskFollower,
  session: TaskSession,
  place: number,
  told: Told,
): Promise<void> {
  const { chain, contracts, log } = node;
  const { taskId } = session.terms;
  const { address, abi } = contracts.registry;
  const kept = new KeyValueStore(node.database, taskId);
  // What was sealed must outlive a restart: a sealed score that cannot be opened costs stake.
  const before = kept.getText(SEALED);
  const opening = before === undefined ? undefined : openingSchema.parse(JSON.parse(before));
  const { task } = await follower.now();
  if (opening === undefined && task.phase !== Phase.EvaluationCommit) return;
  const sealing = opening ?? (await openingOf(node, follower, session, told));
  if (opening === undefined) kept.setDurably(SEALED, new TextEncoder().encode(JSON.stringify(sealing)));
  if ((await follower.now()).task.phase === Phase.EvaluationCommit) {
    const sealed = sealScore(taskId, self(node), { ...sealing, loss: BigInt(sealing.loss) }, sealing.salt);
    await tolerate(node, () =>
      chain.transact({ address, abi, functionName: "commitScore", args: [taskId, place, sealed] }),
    );
    log.info({ event: "score-sealed", task: taskId });
  }
  const revealing = await follower.until((moment) => moment.task.phase > Phase.EvaluationCommit);
  if (revealing.task.phase !== Phase.EvaluationReveal) return;
  const { correct, loss, root, salt } = sealing;
  await tolerate(node, () =>
    chain.transact({
      address,
      abi,
      functionName: "revealScore",
      args: [taskId, place, { correct, loss: BigInt(loss), root }, salt],
    }),
  );
  log.info({ event: "score", task: taskId, correct, loss, root });
}

/** Sends what the phase may no longer allow, or what was sent before a restart: a refusal is logged and no failure. */
async function tolerate(node: Node, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!isRevert(error)) throw error;
    node.log.warn({ event: "score-refused", error });
  }
}

const hash = z.custom<Hex>((value) => typeof value === "string" && isHex(value));
const openingSchema = z.object({ correct: z.number(), loss: z.number(), root: hash, salt: hash });

/** What opens a sealed score. */
type Opening = z.infer<typeof openingSchema>;

/**
 * The score to seal. Data that cannot be had is asked for again until shortly before the phase ends; then the vote is
 * "unavailable", the score without a root, since sealing nothing costs stake.
 */
async function openingOf(node: Node, follower: TaskFollower, session: TaskSession, told: Told): Promise<Opening> {
  const salt = bytesToHex(randomBytes(32));
  for (let moment = await follower.now(); ; moment = await follower.next()) {
    const left = moment.task.phaseEndsAt - moment.head.timestamp;
    if (moment.task.phase !== Phase.EvaluationCommit || left < LAST_SECONDS)
      return { correct: 0, loss: 0, root: zeroHash, salt };
    try {
      const { correct, loss, root } = toldScore(await told());
      return { correct, loss: Number(loss), root, salt };
    } catch (error) {
      if (node.signal.aborted) throw error;
      node.log.warn({ event: "evaluation-failed", task: session.terms.taskId, error });
    }
  }
}
