import type { Scenario } from "../scenario.ts";
import { honestAgainstMalicious } from "../honest-against-malicious.ts";

/** The published experiment with a naive bayes. */
export default {
  ...honestAgainstMalicious,
  title: "Deposit, refund, take: a naive bayes",
  model: "naive bayes",
  data: { features: 300, initial: 200, training: 300, test: 200, separation: 1.5 },
} satisfies Scenario;
