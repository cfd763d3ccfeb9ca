import { courtAbi, segmentGameAbi } from "@gristmill/sdk";
import type { Hex } from "viem";
import { parseEventLogs, toHex } from "viem";

import type { Suite } from "./suite.ts";

/** A dispute's events: of the court, and of its game. */
export async function readDisputeEvents({ client, contracts, since }: Suite, disputeId: Hex, game: Hex) {
  const logsOf = async (address: Hex) =>
    client.request({
      method: "eth_getLogs",
      params: [{ address, fromBlock: toHex(since), toBlock: "latest", topics: [null, disputeId] }],
    });
  const [court, moves] = await Promise.all([logsOf(contracts.Court), logsOf(game)]);
  return {
    court: parseEventLogs({ abi: courtAbi, logs: court, strict: true }),
    // The other games over a trace emit the same events, and what is a segment's own they leave out.
    moves: parseEventLogs({ abi: segmentGameAbi, logs: moves, strict: true }),
  };
}

export type GameEvent = Awaited<ReturnType<typeof readDisputeEvents>>["moves"][number];
