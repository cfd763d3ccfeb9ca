import type { SeededRandom } from "../simulate/random.ts";
import { ATTESTATION_PRICE, auditsFor, MARKET, RULES, SLOT_COST } from "./rules.ts";
import type { MiningStrategy } from "./strategies.ts";

const { epochs, shares, fee } = MARKET;

/** What became of one miner, GRIST per epoch. */
export interface Outcome {
  readonly fees: number;
  readonly minted: number;
  readonly cost: number;
  readonly slashed: number;
  /** fees + minted - cost - slashed */
  readonly net: number;
}

/** Number of events of a Poisson process of this mean (Knuth 1969). */
export function poisson(random: SeededRandom, mean: number): number {
  let count = -1;
  for (let product = 1; product > Math.exp(-mean); product *= random.uniform()) count++;
  return count;
}

/** How many of `places` fall to somebody with this share of the stake. */
export function drawn(random: SeededRandom, places: number, share: number): number {
  let count = 0;
  for (let place = 0; place < places; place++) if (random.uniform() < share) count++;
  return count;
}

/**
 * One paid task after the other, in each of which the miner has its share of the slots.
 * @param share of all compute, and with it of all slots, from 0 to 1
 */
export function mine(random: SeededRandom, share: number, strategy: MiningStrategy, tasks: number): Outcome {
  const sum = { fees: 0, minted: 0, cost: 0, slashed: 0 };
  for (let task = 0; task < tasks; task++) mineTask(random, share, strategy, sum);
  return perEpoch(sum, tasks * epochs);
}

interface Sum {
  fees: number;
  minted: number;
  cost: number;
  slashed: number;
}

function mineTask(random: SeededRandom, share: number, strategy: MiningStrategy, sum: Sum): void {
  const slots = Math.round(share * MARKET.slots);
  let alive = slots;
  let budget = RULES.mintCap * shares.burn * fee;
  for (let epoch = 0; epoch < epochs; epoch++) {
    sum.cost += alive * SLOT_COST * strategy.compute;
    // Tickets are drawn after the commit: whatever was chosen before it, the draw is the same.
    const others = poisson(random, RULES.wantedClaims * (1 - slots / MARKET.slots));
    const own = strategy.claims ? poisson(random, (RULES.wantedClaims * alive) / MARKET.slots) : 0;
    if (strategy.isFalse) {
      // A claim of a slot's, or an audit of it, is run again and shows the lie.
      const runsPerSlot = own / Math.max(alive, 1) + strategy.audits;
      const caught = drawn(random, alive, 1 - Math.exp(-runsPerSlot));
      sum.slashed += caught * MARKET.minerStake;
      alive -= caught;
    }
    const accepted = others + (strategy.isFalse ? 0 : own);
    const reward = accepted === 0 ? 0 : Math.min(RULES.emission / accepted, RULES.maxPerTicket, budget / accepted);
    budget -= accepted * reward;
    if (!strategy.isFalse) sum.minted += own * reward * (1 - RULES.verifierShare);
  }
  const paid = MARKET.slots - slots + alive;
  if (paid === 0) return;
  sum.fees += (fee * shares.miners * alive) / MARKET.slots;
  sum.fees += (fee * shares.bonus * bonusPart(strategy, share) * alive) / paid;
}

/** The part of the bonus that the model earns. */
function bonusPart({ isLate, isFalse }: MiningStrategy, share: number): number {
  const { honest, allLate, baseline, goal } = MARKET.accuracy;
  // A copied list moves no weight in a direction that its batch asks for: as good as none, which is worse than late.
  const loss = isLate ? allLate * share : isFalse ? 2 * allLate * share : 0;
  return Math.min(Math.max((honest - loss - baseline) / (goal - baseline), 0), 1);
}

/**
 * The miner is its own client: all slots, supervisors and evaluators are its own, and the data such that training is almost
 * free. Verifiers are drawn by stake, of which it has its share.
 */
export function dealWithItself(random: SeededRandom, share: number, tasks: number): Outcome {
  const sum = { fees: 0, minted: 0, cost: 0, slashed: 0 };
  const burned = fee * shares.burn;
  for (let task = 0; task < tasks; task++) {
    sum.fees -= burned; // everything else of the fee comes back
    sum.fees -= fee * shares.verifiers * (1 - share);
    let budget = RULES.mintCap * burned;
    for (let epoch = 0; epoch < epochs; epoch++) {
      sum.cost += 0.01 * SLOT_COST * MARKET.slots;
      const own = poisson(random, RULES.wantedClaims);
      const reward = own === 0 ? 0 : Math.min(RULES.emission / own, RULES.maxPerTicket, budget / own);
      budget -= own * reward;
      sum.minted += own * reward * (1 - RULES.verifierShare * (1 - share));
    }
  }
  return perEpoch(sum, tasks * epochs);
}

/** An evaluator with the share of the places scores the model, or only says so. */
export function evaluate(random: SeededRandom, share: number, isLazy: boolean, tasks: number): Outcome {
  const sum = { fees: 0, minted: 0, cost: 0, slashed: 0 };
  const pot = fee * shares.evaluators;
  for (let task = 0; task < tasks; task++) {
    const own = drawn(random, MARKET.evaluators, share);
    if (!isLazy) {
      sum.fees += (pot * own) / MARKET.evaluators;
      sum.cost += (pot * MARKET.checkCostRatio * own) / MARKET.evaluators;
      continue;
    }
    // A score has a Merkle root over all test batches: nobody guesses it. In the minority it is unpaid; in the majority it
    // falls to any one challenger. Either way it is false, and challenging it pays a quarter of the stake.
    const pays = RULES.accuserShare * MARKET.evaluatorStake > RULES.challengeBond / 2;
    if (pays) sum.slashed += own * MARKET.evaluatorStake;
  }
  return perEpoch(sum, tasks * epochs);
}

/** A verifier with the share of the stake runs drawn claims and segments again, or seals something when it holds all seats. */
export function attest(random: SeededRandom, share: number, isLazy: boolean, tasks: number): Outcome {
  const sum = { fees: 0, minted: 0, cost: 0, slashed: 0 };
  const reward = Math.min(RULES.emission, (RULES.mintCap * shares.burn * fee) / epochs) * RULES.verifierShare;
  const [seats, seatsOfAudit] = [RULES.verifiersPerClaim, RULES.verifiersPerAudit];
  for (let epoch = 0; epoch < tasks * epochs; epoch++) {
    const claims = Math.max(poisson(random, RULES.wantedClaims), 1);
    const seatPay = reward / (claims * seats);
    for (let claim = 0; claim < claims; claim++) {
      const own = drawn(random, seats, share);
      if (!isLazy) {
        sum.minted += own * seatPay;
        sum.cost += own * seatPay * MARKET.checkCostRatio;
      } else if (own === seats) {
        // Only with all seats a made-up trace root is agreed on. Nobody else's seal contradicts it; a re-run does.
        if (random.uniform() < MARKET.watch) sum.slashed += own * RULES.maxPerTicket;
        else sum.minted += own * seatPay;
      }
    }
    const audits = poisson(random, auditsFor(MARKET.attestations) * MARKET.slots);
    for (let audit = 0; audit < audits; audit++) {
      const own = drawn(random, seatsOfAudit, share);
      const pay = own * ATTESTATION_PRICE;
      if (!isLazy) {
        sum.fees += pay;
        sum.cost += pay * MARKET.checkCostRatio;
      } else if (own === seatsOfAudit) {
        if (random.uniform() < MARKET.watch) sum.slashed += own * RULES.maxPerTicket;
        else sum.fees += pay;
      }
    }
  }
  return perEpoch(sum, tasks * epochs);
}

function perEpoch(sum: Sum, count: number): Outcome {
  const [fees, minted, cost, slashed] = [sum.fees, sum.minted, sum.cost, sum.slashed].map((value) => value / count) as [
    number,
    number,
    number,
    number,
  ];
  return { fees, minted, cost, slashed, net: fees + minted - cost - slashed };
}
