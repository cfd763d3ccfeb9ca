import { parametersFor } from "../deploy/parameters.ts";

const GRIST = 10n ** 18n;
const grist = (wei: bigint): number => Number(wei / GRIST);

/** The parameters of a public chain: any id but a development chain's gives them. */
const { mint, audits, court } = parametersFor(1);

/** What contracts and deployment fix, amounts in GRIST. */
export const RULES = {
  emission: grist(mint.initialEmission),
  wantedClaims: Number(mint.wantedClaims),
  maxPerTicket: grist(mint.maxPerTicket),
  verifierShare: Number(mint.verifierShareBps) / 10_000,
  verifiersPerClaim: Number(mint.verifiersPerClaim),
  /** Part of a task's attestations for which audits are drawn, and attestations of each. */
  auditQuota: Number(audits.quotaBps) / 10_000,
  verifiersPerAudit: Number(audits.verifiersPerAudit),
  /** `MINT_CAP_BPS` of WorkMint: what a task's tickets mint at most, of what it burnt. */
  mintCap: 0.9,
  /** TaskConviction: what of a convicted place's stake its accuser gets; half burns. */
  accuserShare: 0.25,
  challengeBond: grist(court.bond),
} as const;

/** A market, assumed: one task of this kind after the other. Amounts in GRIST. */
export const MARKET = {
  epochs: 24,
  slots: 20,
  fee: 120_000,
  shares: { burn: 0.2, miners: 0.5, bonus: 0.15, supervisors: 0.03, evaluators: 0.05, verifiers: 0.07 },
  evaluators: 5,
  /** Each slot's: what its claims lock while their windows are open, by `WorkMint`'s rule. */
  minerStake: 5_500,
  evaluatorStake: 2_000,
  /** Attestations that the client orders for the verifiers' share. */
  attestations: 2_880,
  /** What honest training costs, of the miners' and the bonus's share: the rest is their margin. */
  costRatio: 0.6,
  /** Re-running a claim or scoring a model costs so much of what it is paid. */
  checkCostRatio: 0.3,
  /** Part of false attestations that somebody re-runs and challenges. */
  watch: 0.1,
  /** Accuracy in percent: what an honest run reaches, and what it loses if all updates came an epoch late. */
  accuracy: { honest: 95.5, allLate: 2, baseline: 85, goal: 97 },
} as const;

/** What a slot's training costs per epoch, GRIST. */
export const SLOT_COST =
  (MARKET.fee * (MARKET.shares.miners + MARKET.shares.bonus) * MARKET.costRatio) / (MARKET.slots * MARKET.epochs);

/**
 * Segments of a slot that are drawn for an audit in an epoch, in the mean: `Audits.chanceOf` times its segments.
 * @param attestations that the client ordered
 */
export function auditsFor(attestations: number): number {
  return (attestations * RULES.auditQuota) / RULES.verifiersPerAudit / (MARKET.slots * MARKET.epochs);
}

/** What an attestation is paid from the fee, GRIST. */
export const ATTESTATION_PRICE = (MARKET.fee * MARKET.shares.verifiers) / MARKET.attestations;
