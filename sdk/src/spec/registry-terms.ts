import { parseEther } from "viem";

import type { TaskSpec } from "./schema.ts";

/** GRIST has 18 decimals, as ether has; amounts here are in its smallest unit, "GRIST wei". */
export interface RegistryTerms {
  readonly fee: bigint;
  readonly minerStake: bigint;
  readonly supervisorStake: bigint;
  readonly evaluatorStake: bigint;
  /** Basis points of the fee; they sum to 10,000. */
  readonly shares: {
    readonly burn: number;
    readonly miners: number;
    readonly bonus: number;
    readonly supervisors: number;
    readonly evaluators: number;
    readonly verifiers: number;
  };
  /** Seconds each phase may last. */
  readonly durations: {
    readonly registration: number;
    readonly training: number;
    readonly submission: number;
    readonly reveal: number;
    readonly evaluationCommit: number;
    readonly evaluationReveal: number;
  };
  /** Iterations of each slot. */
  readonly iterations: number;
  /** c */
  readonly segmentLength: number;
  /** N, miners wanted. */
  readonly slots: number;
  readonly minSlots: number;
  readonly supervisors: number;
  readonly evaluators: number;
  readonly maxSilentEpochs: number;
  readonly attestations: number;
  /** Right answers in the test set at which the bonus starts. */
  readonly baseline: number;
  /** Right answers at which it is earned in full. */
  readonly goal: number;
}

/**
 * What a client fixes with the registry, under the names of `TaskParameters` in contracts/types/TaskTypes.sol; what is
 * missing there are the hashes and addresses that exist only when the data is published.
 *
 * @param iterations of each slot
 * @param testRows rows of the test set
 */
export function registryTerms(spec: TaskSpec, iterations: number, testRows: number): RegistryTerms {
  const { coordination, exact, payment } = spec;
  const { durations } = coordination;
  return {
    fee: parseEther(payment.fee),
    minerStake: parseEther(payment.stakes.miner),
    supervisorStake: parseEther(payment.stakes.supervisor),
    evaluatorStake: parseEther(payment.stakes.evaluator),
    shares: payment.shares,
    durations: {
      registration: durations.registration,
      training: durations.training,
      submission: durations.submission,
      reveal: durations.reveal,
      evaluationCommit: durations["evaluation-commit"],
      evaluationReveal: durations["evaluation-reveal"],
    },
    iterations,
    segmentLength: exact["segment-length"],
    slots: coordination.miners,
    minSlots: coordination["min-miners"] ?? 1,
    supervisors: coordination.supervisors,
    evaluators: coordination.evaluators,
    maxSilentEpochs: coordination["max-silent-epochs"],
    attestations: payment.attestations,
    baseline: Math.floor(payment.bonus.baseline * testRows),
    goal: Math.ceil(payment.bonus.goal * testRows),
  };
}
