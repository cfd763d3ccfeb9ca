import type { Address, Client } from "viem";
import { isAddress, isAddressEqual, zeroAddress } from "viem";
import { getChainId } from "viem/actions";

import { deployments, suiteContractNames, type SuiteDeployment } from "../contracts/addresses.ts";
import { GristmillError } from "../errors.ts";

/** Any viem client: what only reads takes one without an account. */
export type SuiteClient = Client;

/** Where the suite stands: an entry of `deployments`, or a record of `deployments/NAME/addresses.json`. */
export type Suite = Omit<SuiteDeployment, "genesisHash">;

/** One of the suite's contracts. */
export type SuiteContractName = keyof Suite["contracts"];

/** What every action on the suite may be told. */
export interface SuiteOptions {
  /** Where the suite stands; if left out, the known deployment on the client's chain. */
  readonly suite?: Suite | undefined;
}

/**
 * The suite that a client speaks to.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN
 */
export async function suiteFor(client: SuiteClient, { suite }: SuiteOptions): Promise<Suite> {
  const chainId = client.chain?.id ?? (suite === undefined ? await getChainId(client) : suite.chainId);
  const found = suite ?? deployments[chainId];
  if (found === undefined) {
    throw new GristmillError("SUITE_UNKNOWN", `No deployment of Gristmill on chain ${chainId} is known.`, {
      hints: ["pass { suite: parseSuite(json) } with the record that the deployment wrote"],
    });
  }
  if (found.chainId !== chainId) {
    throw new GristmillError(
      "SUITE_WRONG_CHAIN",
      `The client is on chain ${chainId}, the suite is deployed on chain ${found.chainId}.`,
      { hints: ["use a client of the suite's chain, or the suite of the client's"] },
    );
  }
  return found;
}

/**
 * Checks a deployment record, such as `JSON.parse` gives it from `deployments/NAME/addresses.json`.
 * @throws GristmillError SUITE_MALFORMED naming every field that is wrong
 */
export function parseSuite(record: unknown): Suite {
  const { chainId, blockNumber, contracts } = fieldsOf(record);
  const addresses = fieldsOf(contracts);
  const wrong = [
    ...(isCount(chainId) ? [] : ["chainId"]),
    ...(isCount(blockNumber) ? [] : ["blockNumber"]),
    ...suiteContractNames.filter((name) => !isContractAddress(addresses[name])).map((name) => `contracts.${name}`),
  ];
  if (wrong.length > 0) {
    throw new GristmillError("SUITE_MALFORMED", `The deployment record lacks ${wrong.join(", ")}.`, {
      hints: ["pass the whole content of addresses.json, of a deployment by this version"],
    });
  }
  const entries = suiteContractNames.map((name) => [name, addresses[name]]);
  return {
    chainId: Number(chainId),
    blockNumber: Number(blockNumber),
    contracts: Object.fromEntries(entries) as Suite["contracts"],
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isContractAddress(value: unknown): value is Address {
  return typeof value === "string" && isAddress(value, { strict: false }) && !isAddressEqual(value, zeroAddress);
}
