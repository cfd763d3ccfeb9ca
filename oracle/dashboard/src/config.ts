import type { SuiteDeployment } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { Address } from "viem";
import { isAddress } from "viem";

/** What the page talks to: nothing else. */
export interface DashboardConfig {
  /** JSON-RPC endpoint of the chain. */
  readonly rpcUrl: string;
  /** Where a node serves its HTTP API, ending in a slash; without it there are no live figures. */
  readonly apiUrl?: string;
  /** Where the suite stands; left out, the SDK's address book says it for public chains. */
  readonly deployment?: SuiteDeployment;
  /** Trainers of shared models to list. */
  readonly models: readonly Address[];
  /** Prediction markets to list. */
  readonly markets: readonly Address[];
}

/** What visitors add to a list of the configuration, by the list's name. */
const OWN = { models: "gristmill.models", markets: "gristmill.markets" } as const;

/**
 * The configuration that lies beside the page as `config.json`.
 * @throws GristmillError CONFIG_MISSING, CONFIG_INVALID
 */
export async function loadConfig(): Promise<DashboardConfig> {
  const { rpcUrl, apiUrl, deployment, models = [], markets = [] } = await fetchConfig();
  if (rpcUrl === undefined || !URL.canParse(rpcUrl, location.href)) {
    throw new GristmillError("CONFIG_INVALID", "config.json names no rpcUrl that is a URL.", {
      hints: ['give it a line such as "rpcUrl": "http://127.0.0.1:8545"'],
    });
  }
  return {
    rpcUrl: new URL(rpcUrl, location.href).href,
    ...(apiUrl === undefined ? {} : { apiUrl: new URL(apiUrl, location.href).href }),
    ...(deployment === undefined ? {} : { deployment }),
    models: models.filter((address) => isAddress(address)),
    markets: markets.filter((address) => isAddress(address)),
  };
}

async function fetchConfig(): Promise<Partial<DashboardConfig>> {
  const response = await fetch("config.json", { cache: "no-store" });
  if (!response.ok) {
    throw new GristmillError("CONFIG_MISSING", `There is no config.json beside this page (HTTP ${response.status}).`, {
      hints: ["start the page with npm start or oracle-miner run, which serve one", "or write one: see README.md"],
    });
  }
  try {
    return (await response.json()) as Partial<DashboardConfig>;
  } catch (cause) {
    throw new GristmillError("CONFIG_INVALID", "config.json is not JSON.", { cause });
  }
}

/** Addresses that the visitor added to a list. */
export function readOwn(list: keyof typeof OWN): readonly Address[] {
  return readStored<readonly string[]>(OWN[list], []).filter((address) => isAddress(address));
}

/** Keeps the visitor's additions to a list in this browser. */
export function writeOwn(list: keyof typeof OWN, addresses: readonly Address[]): void {
  localStorage.setItem(OWN[list], JSON.stringify(addresses));
}

function readStored<T>(key: string, otherwise: T): T {
  const text = localStorage.getItem(key);
  if (text === null) return otherwise;
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}
