/** What a scenario file exports as default: see scripts/simulate/scenarios. Times are seconds, amounts ether. */
export interface Scenario {
  /** One line that says what the scenario shows. */
  readonly title: string;
  readonly model: ModelKind;
  readonly data: DataSettings;
  readonly incentive: {
    /** Ether; the price of a sample is this times 3,600 over the root of the seconds since the last (see Stakeable64). */
    readonly costWeight: number;
    readonly refundWait: number;
    readonly ownerClaimWait: number;
    readonly anyAddressClaimWait: number;
  };
  readonly agents: readonly AgentSettings[];
  /** How often an agent looks after deposits, its own and others', at most. */
  readonly claimEvery: number;
  /** How often accuracy is measured. */
  readonly measureEvery: number;
}

export type ModelKind =
  | "dense perceptron"
  | "sparse perceptron"
  | "naive bayes"
  | "nearest centroid classifier"
  | "sparse nearest centroid classifier";

export interface DataSettings {
  /** Words in a vocabulary for sparse models, dimensions for dense ones. */
  readonly features: number;
  /** Samples that the model is trained with before it is deployed, that agents have, and that accuracy is measured on. */
  readonly initial: number;
  readonly training: number;
  readonly test: number;
  /** How far the two classes lie apart: 0 for not at all, 1 for rather well. */
  readonly separation: number;
}

/**
 * What an agent does besides asking for its own deposits back and reporting what the model disagrees with:
 * - `honest`: contributes with the true label
 * - `noisy`: the same, with the wrong label now and then
 * - `malicious`: contributes with the wrong label always
 * - `colluding`: all of them contribute the same samples with the same wrong labels, to make the model believe them
 * - `report-only`: contributes until one of its samples was found good, then only reports
 */
export type Strategy = "honest" | "noisy" | "malicious" | "colluding" | "report-only";

export interface AgentSettings {
  readonly name: string;
  readonly strategy: Strategy;
  readonly balance: number;
  /** What it offers for a sample at most, as the mean and deviation of a normal distribution. */
  readonly deposit: { readonly mean: number; readonly deviation: number };
  /** Mean time between two actions; the deviation is a tenth. */
  readonly interval: number;
  /** Chance of a wrong label, for `noisy`. */
  readonly mistakes?: number;
}

/** Figures that `--sweep NAME=V1,V2` can vary. */
export const SWEEPS = {
  costWeight: (scenario, value) => ({ ...scenario, incentive: { ...scenario.incentive, costWeight: value } }),
  refundWait: (scenario, value) => ({ ...scenario, incentive: { ...scenario.incentive, refundWait: value } }),
  initial: (scenario, value) => ({ ...scenario, data: { ...scenario.data, initial: value } }),
  training: (scenario, value) => ({ ...scenario, data: { ...scenario.data, training: value } }),
  separation: (scenario, value) => ({ ...scenario, data: { ...scenario.data, separation: value } }),
  mistakes: (scenario, value) => ({
    ...scenario,
    agents: scenario.agents.map((agent) => (agent.strategy === "noisy" ? { ...agent, mistakes: value } : agent)),
  }),
} as const satisfies Readonly<Record<string, (scenario: Scenario, value: number) => Scenario>>;
