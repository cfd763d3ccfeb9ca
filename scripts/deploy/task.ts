import { join, relative } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { HardhatPluginError } from "hardhat/plugins";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deploySuite } from "./deploy-suite.ts";
import type { DeploymentRecord } from "./record.ts";

/** `npx hardhat deploy --network NAME`: compiles, deploys, records under deployments/NAME/addresses.json. */
export default async function deploy(
  { parameters }: { readonly parameters: string | undefined },
  hre: HardhatRuntimeEnvironment,
): Promise<DeploymentRecord> {
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const connection = await hre.network.create();
  const isEphemeral = connection.networkConfig.type === "edr-simulated";
  const recordFile = isEphemeral ? undefined : join(deploymentsFolder(hre), connection.networkName, "addresses.json");
  try {
    const record = await deploySuite({
      hre,
      connection,
      recordFile,
      parametersFile: parameters,
      say: (line) => {
        console.log(line);
      },
    });
    for (const [name, address] of Object.entries(record.contracts)) console.log(`  ${name.padEnd(16)}${address}`);
    console.log(
      recordFile === undefined
        ? "This chain ends with the process: nothing was recorded. Choose another with --network."
        : `recorded in ${relative(process.cwd(), recordFile)}`,
    );
    return record;
  } catch (error) {
    // Hardhat prints errors of plugins as one message, others with a stack and an invitation to report a bug.
    if (!(error instanceof GristmillError)) throw error;
    const hints = error.hints.map((hint) => `\n  ${hint}`).join("");
    throw new HardhatPluginError("gristmill", `${error.code}: ${error.message}${hints}`, error);
  } finally {
    await connection.close();
  }
}

/** The folder of all networks' records; Ignition's journals lie in it, hidden. */
function deploymentsFolder(hre: HardhatRuntimeEnvironment): string {
  return join(hre.config.paths.ignition, "..");
}
