import type { Scenario } from "./scenario.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

/**
 * What the published experiments have in common (Harris and Waggoner 2019, section "Experiments"; 0xDeCA10B,
 * simulation/): one good agent that contributes often with small deposits, one determined bad agent with as much money that
 * contributes seldom with deposits twice as high, a day until refunds and nine until anybody may take the rest.
 */
export const honestAgainstMalicious = {
  incentive: { costWeight: 0.0005, refundWait: DAY, ownerClaimWait: 8 * DAY, anyAddressClaimWait: 9 * DAY },
  agents: [
    {
      name: "Good",
      strategy: "honest",
      balance: 10,
      deposit: { mean: 0.05, deviation: 0.01 },
      interval: HOUR,
    },
    {
      name: "Bad",
      strategy: "malicious",
      balance: 10,
      deposit: { mean: 0.1, deviation: 0.003 },
      interval: 6 * HOUR,
    },
  ],
  claimEvery: 6 * HOUR,
  measureEvery: DAY,
} as const satisfies Partial<Scenario>;
