import { randomBytes } from "node:crypto";

import type { MlpParameters } from "@gristmill/sdk";
import { commitModel, readWeightChunks, ScoringMode, stateId, weightChunks } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, concat, formatEther, hexToBytes } from "viem";

import type { BountyNode } from "./bounty-node.ts";
import { scoreExact } from "./entry-dispute.ts";
import type { EntryStore } from "./entry-store.ts";
import { sendExact } from "./exact-board.ts";
import type { PostedExact } from "./exact-data.ts";

/**
 * A state as a file: its weights as little-endian int16, row after row, layer after layer.
 * @throws GristmillError WEIGHTS_TOO_WIDE
 */
export function encodeWeights(program: MlpParameters, weights: readonly Int32Array[]): Uint8Array {
  return hexToBytes(concat(weightChunks(program, weights).map((chunk) => chunk.weights)));
}

/**
 * The weights in a file of {@link encodeWeights}, one array a layer.
 * @throws GristmillError PUBLICATION_INCOMPLETE if it has not as many as the program
 */
export function decodeWeights(program: MlpParameters, file: Uint8Array): Int32Array[] {
  return readWeightChunks(program, [{ weights: bytesToHex(file) }]);
}

/**
 * Commits this node to a state: scored first if the scoring set is open, so that one that cannot be scored is found out
 * before there is a stake; kept durably, then entered.
 *
 * @param weights that are int16, one array a layer
 * @throws GristmillError WEIGHTS_TOO_WIDE, BLOB_UNAVAILABLE, BOUNTY_DATA_FALSE, STAKE_MISSING, CHAIN_REVERTED
 */
export async function enterExact(
  node: BountyNode,
  store: EntryStore,
  bounty: PostedExact,
  weights: readonly Int32Array[],
): Promise<void> {
  const { chain, log } = node;
  const { bountyId, parameters, program } = bounty;
  if (parameters.scoring === ScoringMode.Open) await scoreExact(node, bounty, weights);
  const modelHash = stateId(program, weights);
  const salt: Hex = bytesToHex(randomBytes(32));
  const commitment = commitModel(bountyId, chain.account.address, modelHash, salt);
  await store.keep({ bountyId, salt, modelHash, commitment }, encodeWeights(program, weights));
  await node.ensureStake(parameters.entryStake);
  await sendExact(node, "enter", [bountyId, commitment]);
  log.info({ event: "bounty-entered", bounty: bountyId, stake: formatEther(parameters.entryStake) });
}
