import type { Deployment } from "../../../oracle/src/chain/deployment.ts";
import { CONTRACT_NAMES } from "../../../scripts/deploy/record.ts";

type Contracts = Deployment["contracts"];

/** Addresses of a suite of which a test needs these; the others, which nobody asks, have the first one's. */
export function suiteOf(needed: Partial<Contracts>): Contracts {
  const [unused] = Object.values(needed);
  return Object.fromEntries(CONTRACT_NAMES.map((name) => [name, needed[name] ?? unused])) as Contracts;
}
