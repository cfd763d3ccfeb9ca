import type { Abi, Address, ContractFunctionArgs, ContractFunctionName, ContractFunctionReturnType } from "viem";
import { readContract } from "viem/actions";

import { contractErrorOf } from "../contracts/contract-error.ts";
import type { SuiteClient } from "./suite.ts";

type ViewFunction<abi extends Abi> = ContractFunctionName<abi, "pure" | "view">;

/** A call that changes nothing. */
export interface ViewCall<abi extends Abi, name extends ViewFunction<abi>> {
  readonly address: Address;
  readonly abi: abi;
  readonly functionName: name;
  readonly args: ContractFunctionArgs<abi, "pure" | "view", name>;
}

/**
 * Reads from a contract (`eth_call`).
 * @throws ContractError; GristmillError CONTRACT_REVERTED, CALL_FAILED
 */
export async function read<const abi extends Abi, name extends ViewFunction<abi>>(
  client: SuiteClient,
  call: ViewCall<abi, name>,
): Promise<ContractFunctionReturnType<abi, "pure" | "view", name, ContractFunctionArgs<abi, "pure" | "view", name>>> {
  try {
    const result: unknown = await readContract(client, call as unknown as Parameters<typeof readContract>[1]);
    return result as ContractFunctionReturnType<
      abi,
      "pure" | "view",
      name,
      ContractFunctionArgs<abi, "pure" | "view", name>
    >;
  } catch (cause) {
    throw contractErrorOf(call.functionName, cause);
  }
}
