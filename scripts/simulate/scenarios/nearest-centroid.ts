import type { Scenario } from "../scenario.ts";
import { honestAgainstMalicious } from "../honest-against-malicious.ts";

/** The published experiment with a nearest centroid classifier. */
export default {
  ...honestAgainstMalicious,
  title: "Deposit, refund, take: a nearest centroid classifier",
  model: "nearest centroid classifier",
  data: { features: 24, initial: 100, training: 300, test: 200, separation: 0.5 },
} satisfies Scenario;
