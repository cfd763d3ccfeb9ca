import { auditsFor, MARKET } from "./rules.ts";

/** How a miner with some part of the compute behaves in others' tasks. */
export interface MiningStrategy {
  readonly name: string;
  /** Compute that it spends, of an honest miner's. */
  readonly compute: number;
  /** Whether a re-run of its segments shows that they are false. */
  readonly isFalse: boolean;
  /** Whether it claims lucky tickets: each claim is run again. */
  readonly claims: boolean;
  /** Whether it serves its updates to others only when it has committed them. */
  readonly isLate: boolean;
  /** Segments of each slot that are drawn for an audit in an epoch, besides its claims. */
  readonly audits: number;
}

const HONEST: MiningStrategy = {
  name: "honest",
  compute: 1,
  isFalse: false,
  claims: true,
  isLate: false,
  audits: auditsFor(MARKET.attestations),
};

/** The known deviations in training, the honest way first. */
export const MINING: readonly MiningStrategy[] = [
  HONEST,
  { ...HONEST, name: "withholds updates until it has committed them", isLate: true },
  { ...HONEST, name: "copies others' updates", compute: 0.05, isFalse: true },
  {
    ...HONEST,
    name: "copies, and claims no tickets lest they are run again",
    compute: 0.05,
    isFalse: true,
    claims: false,
  },
  {
    ...HONEST,
    name: "the same, where the client orders 240 attestations",
    compute: 0.05,
    isFalse: true,
    claims: false,
    audits: auditsFor(240),
  },
  {
    ...HONEST,
    name: "the same, if nothing but claims were run again",
    compute: 0.05,
    isFalse: true,
    claims: false,
    audits: 0,
  },
  { ...HONEST, name: "trains every segment under three clocks, and commits the best", compute: 3 },
];
