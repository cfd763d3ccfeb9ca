import type { Scenario } from "../scenario.ts";
import { honestAgainstMalicious } from "../honest-against-malicious.ts";

/** The published experiment with a sparse perceptron. */
export default {
  ...honestAgainstMalicious,
  title: "Deposit, refund, take: a sparse perceptron",
  model: "sparse perceptron",
  data: { features: 300, initial: 200, training: 300, test: 200, separation: 1.5 },
} satisfies Scenario;
