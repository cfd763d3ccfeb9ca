import { GristmillError, ticketInput } from "@gristmill/sdk";
import { hexToBytes } from "viem";

import type { DisputeWork } from "../disputes/dispute-work.ts";
import { listFinder } from "../disputes/find-list.ts";
import type { TicketTruth } from "../disputes/tens-hash-player.ts";
import { createTensHasher } from "../tenshash/index.ts";
import type { ClaimAudit } from "./claim-audit.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import { ensureStake } from "./membership.ts";
import type { Node } from "./node.ts";
import { ScoreAudit } from "./score-audit.ts";
import type { SlotHistory } from "./slot-history.ts";
import type { SlotWork } from "./slot-work.ts";
import type { TaskSession } from "./session.ts";

/** What every node of a task brings to its disputes. */
function disputeWork(node: Node, session: TaskSession, scores = new ScoreAudit(node, session)): DisputeWork {
  return {
    slot: undefined,
    evaluator: undefined,
    segment: (id) => session.log.get(id)?.message,
    segmentAt: (at, iteration) => session.log.covering(at, iteration)?.message,
    list: (updateId) => session.log.listOf(updateId),
    defence: () => Promise.reject(new GristmillError("NOT_A_MINER", "this node has no slot to answer for")),
    recompute: () => Promise.reject(new GristmillError("NOT_A_VERIFIER", "this node recomputes no segments of others")),
    ticket: (details, check) => ticketTruth(node, details, check),
    told: () => Promise.reject(new GristmillError("NOT_AN_EVALUATOR", "this node has no score to answer for")),
    score: (check) => scores.score(check),
    findList: listFinder(session.log),
    equivocations: () => session.equivocations,
    peers: () => node.network.taskPeers(session.terms.taskId).length,
    ensureStake: (amount) => ensureStake(node, amount),
  };
}

/** Hashes a claimed ticket; threads are not worth starting for a single one. */
async function ticketTruth(node: Node, details: ClaimDetails, check: boolean): Promise<TicketTruth> {
  const { beacon, mint } = node.contracts;
  const { chainId } = node.chain.deployment;
  const x = ticketInput({ chainId: BigInt(chainId), mint: mint.address, ...details });
  const hasher = await createTensHasher(check ? "reference" : "wasm", { threads: 1 });
  try {
    await hasher.setSeed(hexToBytes(await beacon.read.seedOf([details.epoch])), node.signal);
    const [y] = await hasher.hash([x]);
    if (y === undefined) throw new GristmillError("TENSHASH_WRONG", "the hasher gave no output");
    return { y, trace: await hasher.trace(x) };
  } finally {
    await hasher.dispose();
  }
}

/** What a miner brings to disputes over its own segments. */
export function defendersWork(
  node: Node,
  session: TaskSession,
  slot: number,
  history: SlotHistory,
  work: SlotWork,
): DisputeWork {
  const common = disputeWork(node, session);
  return {
    ...common,
    slot,
    defence: (id) => history.truthOf(id),
    ticket: async (details, check) => work.claimOf(await common.ticket(details, check)),
  };
}

/** What a verifier brings to disputes over what it refuted. */
export function challengersWork(
  node: Node,
  session: TaskSession,
  audit: ClaimAudit,
  scores = new ScoreAudit(node, session),
): DisputeWork {
  return { ...disputeWork(node, session, scores), recompute: (id, check) => audit.recompute(id, check) };
}

/**
 * What an evaluator brings to disputes over scores, its own and others'.
 * @param told the score that it told
 */
export function evaluatorsWork(
  node: Node,
  session: TaskSession,
  place: number,
  scores: ScoreAudit,
  told: DisputeWork["told"],
): DisputeWork {
  return { ...disputeWork(node, session, scores), evaluator: place, told };
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
}
