import { setTimeout as delay } from "node:timers/promises";

import { Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import { DisputeAgent } from "../disputes/agent.ts";
import { ClaimAudit } from "./claim-audit.ts";
import { challengersWork, defendersWork } from "./dispute-work.ts";
import { membersOf } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { ScoreAudit } from "./score-audit.ts";
import { loadTrainingSet, slotContext, TaskSession } from "./session.ts";
import { SlotHistory } from "./slot-history.ts";
import { honestWork } from "./slot-work.ts";
import { readTerms } from "./terms.ts";

/** Milliseconds in which a node that was just started looks for peers of the task. */
const PEERS_TIMEOUT = 10_000;
const LOOK_AGAIN = 100;

/**
 * Joins a running task for its disputes alone: as defender if this node has a slot in it, else as
 * challenger; an evaluator is both. */
export async function joinDispute(node: Node, taskId: Hex): Promise<DisputeAgent> {
  const terms = await readTerms(node, taskId);
  const task = await node.contracts.registry.read.taskOf([taskId]);
  const members = await membersOf(node, taskId, task, Role.Miner);
  const evaluators = await membersOf(node, taskId, task, Role.Evaluator);
  const session = new TaskSession(node, terms, task.trainingSeed, members);
  for (const until = Date.now() + PEERS_TIMEOUT; node.network.taskPeers(taskId).length === 0 && Date.now() < until;)
    await delay(LOOK_AGAIN, undefined, { signal: node.signal });
  const data = await loadTrainingSet(node, terms);
  const slot = members.findIndex(({ operator }) => isAddressEqual(operator, self(node)));
  const { chain, contracts, database, log } = node;
  const common = { chain, contracts, database, log, taskId, since: terms.createdAt, parameters: terms.onChain };
  const agent = new DisputeAgent({ ...common, mode: slot < 0 ? "challenge" : "defend" });
  const place = evaluators.findIndex(({ operator }) => isAddressEqual(operator, self(node)));
  if (slot < 0) {
    const scores = new ScoreAudit(node, session);
    const work = challengersWork(node, session, new ClaimAudit(node, session, data), scores);
    agent.equip(place < 0 ? work : { ...work, evaluator: place, told: () => scores.score(false) });
  } else {
    const history = new SlotHistory(node, session, slotContext(session, slot, data), honestWork);
    agent.equip(defendersWork(node, session, slot, history, honestWork));
  }
  return agent;
}
