import type { NetworkConnection } from "hardhat/types/network";

import { LIBRARY_NAMES } from "../../../scripts/deploy/record.ts";
import type { TaskRegistry } from "../../../types/ethers-contracts/index.js";

/** The constructor's arguments. */
type Arguments = Parameters<NetworkConnection["ethers"]["deployContract"]>[1];

/** Deploys a TaskRegistry with the libraries that are linked to it. */
export async function deployRegistry(
  { ethers }: Pick<NetworkConnection, "ethers">,
  constructorArguments: Arguments,
): Promise<TaskRegistry> {
  const libraries: Record<string, string> = {};
  for (const name of LIBRARY_NAMES) libraries[name] = await (await ethers.deployContract(name)).getAddress();
  return ethers.deployContract("TaskRegistry", constructorArguments, { libraries });
}
