import { honestAgainstMalicious } from "../honest-against-malicious.ts";
import type { Scenario } from "../scenario.ts";

const HOUR = 3_600;
const deposit = { mean: 0.08, deviation: 0.01 };

/** All strategies at once, with as much money and as many chances each: what does it pay to be? */
export default {
  ...honestAgainstMalicious,
  title: "Five strategies on one naive Bayes model",
  model: "naive bayes",
  data: { features: 300, initial: 200, training: 300, test: 200, separation: 1.5 },
  agents: [
    { name: "Honest 1", strategy: "honest", balance: 10, deposit, interval: 2 * HOUR },
    { name: "Honest 2", strategy: "honest", balance: 10, deposit, interval: 2 * HOUR },
    { name: "Noisy", strategy: "noisy", mistakes: 0.2, balance: 10, deposit, interval: 2 * HOUR },
    { name: "Malicious", strategy: "malicious", balance: 10, deposit, interval: 4 * HOUR },
    { name: "Colluding 1", strategy: "colluding", balance: 10, deposit, interval: 6 * HOUR },
    { name: "Colluding 2", strategy: "colluding", balance: 10, deposit, interval: 6 * HOUR },
    { name: "Reporter", strategy: "report-only", balance: 10, deposit, interval: 6 * HOUR },
  ],
} satisfies Scenario;
