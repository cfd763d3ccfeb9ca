import type { Market, MarketRef } from "@gristmill/sdk";
import { getMarket, MarketPhase, predictionMarket64Abi } from "@gristmill/sdk";
import type { Address } from "viem";

import { readEvents } from "./read-events.ts";
import type { Suite } from "./suite.ts";

/** Phases of a market in words, by the contract's numbers. */
export const MARKET_PHASES: readonly string[] = Object.keys(MarketPhase);

/** The phases that a market passes through if all goes well. */
export const MARKET_RAIL = MARKET_PHASES.slice(MarketPhase.Drawing, MarketPhase.Settled + 1);

/** Whether a market is over, well or not. */
export function hasEnded(phase: number): boolean {
  return phase >= MarketPhase.Settled;
}

/** The latest market of a contract with its rounds, and an account's part in it; undefined before the first one. */
export async function readMarket(suite: Suite, { market: address }: MarketRef, account: Address | undefined) {
  const { client } = suite;
  const contract = { address, abi: predictionMarket64Abi } as const;
  const id = await client.readContract({ ...contract, functionName: "latest" });
  if (id === 0n) return undefined;
  const eventsOf = async (eventName: "MarketOpened" | "RoundPaid") =>
    // Markets may be older than the suite.
    readEvents(client, { ...contract, eventName, args: { id }, since: 0n });
  const [market, [opened], rounds, part] = await Promise.all([
    getMarket(client, { market: address, id }),
    eventsOf("MarketOpened"),
    eventsOf("RoundPaid"),
    account === undefined ? undefined : readPart(suite, address, id, account),
  ]);
  return {
    market: market satisfies Market,
    provider: opened?.eventName === "MarketOpened" ? opened.args.provider : undefined,
    bounty: opened?.eventName === "MarketOpened" ? opened.args.bounty : undefined,
    rounds: rounds.flatMap((event) => (event.eventName === "RoundPaid" ? [event.args] : [])),
    part,
  };
}

async function readPart({ client }: Suite, address: Address, id: bigint, account: Address) {
  const contract = { address, abi: predictionMarket64Abi } as const;
  const [[samples, isRemoved], claim] = await Promise.all([
    client.readContract({ ...contract, functionName: "participantOf", args: [id, account] }),
    client.readContract({ ...contract, functionName: "claimOf", args: [id, account] }),
  ]);
  return { samples, isRemoved, claim };
}
