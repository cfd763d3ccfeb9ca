/**
 * The catalogue of filler tasks by rule (DESIGN section 6): every combination of these, the data set changing slowest. All of
 * a task follows from its number, data included, so nobody has to serve or to trust anything.
 */
export interface FillerScale {
  /** Seeds of the generated digits. */
  readonly dataSeeds: readonly number[];
  /** Nodes of the hidden layers. */
  readonly architectures: readonly (readonly number[])[];
  readonly learningRates: readonly number[];
  readonly trainingRows: number;
  readonly testRows: number;
  /** Passes over the data, all miners together. */
  readonly passes: number;
  /** Miners wanted; one is enough. */
  readonly miners: number;
  /** Seconds: of the registration, which nobody can close early, of the training, and of each later phase. */
  readonly durations: { readonly registration: number; readonly training: number; readonly later: number };
}

/** Catalogues by the kind of chain that a suite is deployed to. */
export const fillerScales: Readonly<Record<"development" | "public", FillerScale>> = {
  /** A task of a minute. */
  development: {
    dataSeeds: [101, 102],
    architectures: [[32], [48]],
    learningRates: [0.02, 0.03],
    trainingRows: 1_024,
    testRows: 256,
    passes: 16,
    miners: 4,
    durations: { registration: 15, training: 600, later: 120 },
  },
  /** A task of about an hour. */
  public: {
    dataSeeds: [1_001, 1_002],
    architectures: [[64], [128], [64, 64]],
    learningRates: [0.015, 0.03],
    trainingRows: 8_192,
    testRows: 2_048,
    passes: 20_000,
    miners: 16,
    durations: { registration: 3_600, training: 64_800, later: 3_600 },
  },
};

/** Entries of a catalogue. */
export function fillerCount({ dataSeeds, architectures, learningRates }: FillerScale): number {
  return dataSeeds.length * architectures.length * learningRates.length;
}

/**
 * The task spec of a catalogue's entry, for `compileTask`. Its fee is 0: the protocol mints it.
 * @param entry from 0 to {@link fillerCount} - 1
 */
export function fillerSpec(scale: FillerScale, entry: number): string {
  const { architectures, dataSeeds, durations, learningRates } = scale;
  const rate = entry % learningRates.length;
  const rest = (entry - rate) / learningRates.length;
  const architecture = rest % architectures.length;
  const data = (rest - architecture) / architectures.length;
  return JSON.stringify({
    version: 1,
    payment: { fee: 0 },
    ml: {
      dataset: {
        format: "synthetic-digits",
        source: { seed: dataSeeds[data] },
        "training-set-size": scale.trainingRows,
        "test-set-size": scale.testRows,
      },
      optimizer: {
        type: "SGD",
        optimizer_initialization_parameters: { learning_rate: learningRates[rate], momentum: 0 },
        epochs: scale.passes,
        "batch-size": 32,
      },
      model: {
        type: "FC-DNN",
        "hidden-units": architectures[architecture]?.map((nodes, id) => ({
          id,
          type: "Dense",
          nodes,
          activation: "relu",
        })),
        loss: "SoftmaxCrossEntropy",
      },
    },
    exact: { "segment-length": 8 },
    coordination: {
      miners: scale.miners,
      "min-miners": 1,
      durations: {
        registration: durations.registration,
        training: durations.training,
        submission: durations.later,
        reveal: durations.later,
        "evaluation-commit": durations.later,
        "evaluation-reveal": durations.later,
      },
    },
  });
}
