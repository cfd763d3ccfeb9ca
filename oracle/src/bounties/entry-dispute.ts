import { entryPlaceId, GristmillError, programAlone } from "@gristmill/sdk";

import { entryCourtOf } from "../chain/contracts.ts";
import { DisputeAgent } from "../disputes/agent.ts";
import { type EvaluationTruth, recomputeScore } from "../disputes/evaluation-truth.ts";
import { createEngine, type EngineName } from "../training/create-engine.ts";
import { engineProduct } from "../training/exact-product.ts";
import type { BountyNode } from "./bounty-node.ts";
import { fetchScoringBatches, fetchWeights, type PostedExact } from "./exact-data.ts";

/** The engines that a score is computed on, and once more before a bond. */
const ENGINES = { usual: "wasm", check: "cpu" } as const;

/**
 * What an entry of an exact bounty truly scores.
 * @throws GristmillError PUBLICATION_INCOMPLETE, BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE
 */
export async function scoreExact(
  node: BountyNode,
  bounty: PostedExact,
  weights: readonly Int32Array[],
  engine: EngineName = ENGINES.usual,
): Promise<EvaluationTruth> {
  const batches = await fetchScoringBatches(node, bounty);
  return recomputeScore(bounty.program, weights, batches, engineProduct(await createEngine(engine)));
}

/** The side of a dispute over an entry that a node may have to play. */
export interface EntrySide {
  readonly bounty: PostedExact;
  readonly entry: number;
  /** What this node announced of it, if it is its own: then it answers for it, else it may challenge it. */
  readonly told?: () => Promise<EvaluationTruth>;
}

/**
 * A node's part in the disputes over one entry: the agent that plays those of tasks, before the bounties' own court. What
 * it recomputes is on the chain, so no peer has to be there.
 */
export function entryAgent(node: BountyNode, { bounty, entry, told }: EntrySide): DisputeAgent {
  const { chain, database, log } = node;
  const agent = new DisputeAgent({
    chain,
    contracts: entryCourtOf(chain),
    database,
    log: log.child({ bounty: bounty.bountyId, entry }),
    mode: told === undefined ? "challenge" : "defend",
    taskId: entryPlaceId(bounty.bountyId, entry),
    since: bounty.postedAt,
    parameters: programAlone(bounty.parameters.program),
  });
  const score = async (check: boolean): Promise<EvaluationTruth> =>
    scoreExact(node, bounty, await fetchWeights(node, bounty, entry), check ? ENGINES.check : ENGINES.usual);
  agent.equip({
    slot: undefined,
    evaluator: told === undefined ? undefined : 0,
    segment: () => undefined,
    segmentAt: () => undefined,
    list: () => undefined,
    defence: notOfABounty,
    recompute: notOfABounty,
    ticket: notOfABounty,
    told: told ?? notOfABounty,
    score,
    findList: () => {
      throw unplayed();
    },
    equivocations: () => [],
    peers: () => 1,
    ensureStake: node.ensureStake,
  });
  return agent;
}

function notOfABounty(): Promise<never> {
  return Promise.reject(unplayed());
}

function unplayed(): GristmillError {
  return new GristmillError("NOT_DISPUTED", "of a bounty's entry nothing but the score can be disputed");
}
