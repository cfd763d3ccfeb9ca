import type { Abi, Address } from "viem";

import type { SuiteClient, SuiteContractName, SuiteOptions } from "./suite.ts";
import { suiteFor } from "./suite.ts";

/** A contract as viem's functions take it. */
export interface ContractRef<abi extends Abi> {
  readonly address: Address;
  readonly abi: abi;
}

/**
 * One contract of the suite that a client speaks to.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN
 */
export async function contractOf<const abi extends Abi>(
  client: SuiteClient,
  options: SuiteOptions,
  name: SuiteContractName,
  abi: abi,
): Promise<ContractRef<abi>> {
  const { contracts } = await suiteFor(client, options);
  return { address: contracts[name], abi };
}
