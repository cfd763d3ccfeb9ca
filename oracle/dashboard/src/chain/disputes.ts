import { courtAbi } from "@gristmill/sdk";
import type { Hex } from "viem";

import { readEvents } from "./read-events.ts";
import type { Suite } from "./suite.ts";

/** States of a dispute, by the court's numbers (contracts/types/DisputeTypes.sol). */
export const DISPUTE_STATES = ["None", "Waiting", "Open", "Decided", "Closed", "Withdrawn"] as const;

/** Numbers of the states in which a dispute is not over. */
export const WAITING = 1;
export const OPEN = 2;

/** Sides of a dispute, by the court's numbers. */
export const SIDES = ["challenger", "defender"] as const;

/** The names of a dispute's games. */
export const GAMES = {
  SegmentGame: "a segment",
  EvaluationGame: "a score",
  TensHashGame: "a ticket's TensHash",
} as const;

export type Game = keyof typeof GAMES;

/** Which game a dispute is played in. */
export function gameOf({ contracts }: Suite, address: string): Game | undefined {
  return (Object.keys(GAMES) as Game[]).find((name) => contracts[name].toLowerCase() === address.toLowerCase());
}

/** Disputes that were ever opened, the newest first. */
export async function readDisputes({ client, contracts, since }: Suite) {
  const opened = await readEvents(client, {
    address: contracts.Court,
    abi: courtAbi,
    eventName: "DisputeOpened",
    since,
  });
  const views = await Promise.all(
    opened.map(async ({ args }) =>
      client.readContract({
        address: contracts.Court,
        abi: courtAbi,
        functionName: "disputeOf",
        args: [args.disputeId],
      }),
    ),
  );
  return opened
    .flatMap(({ args }, index) => {
      const view = views[index];
      return view === undefined ? [] : [{ disputeId: args.disputeId, view }];
    })
    .reverse();
}

/** A dispute as the court has it. */
export async function readDispute({ client, contracts }: Suite, disputeId: Hex) {
  return client.readContract({
    address: contracts.Court,
    abi: courtAbi,
    functionName: "disputeOf",
    args: [disputeId],
  });
}
