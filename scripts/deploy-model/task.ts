import { readFile } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";

import { GristmillError, parseModelFile } from "@gristmill/sdk";
import { HardhatPluginError } from "hardhat/plugins";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deployModel, type ModelContracts } from "./deploy-model.ts";
import { slugOf } from "./record.ts";

/** `npx hardhat deploy-model FILE --network NAME`: deploys a shared model, recorded in deployments/NAME/models/. */
export default async function deployModelTask(
  { file: path }: { readonly file: string },
  hre: HardhatRuntimeEnvironment,
): Promise<ModelContracts> {
  try {
    return await run(path, hre);
  } catch (error) {
    // Hardhat prints errors of plugins as one message, others with a stack and an invitation to report a bug.
    if (!(error instanceof GristmillError)) throw error;
    const hints = error.hints.map((hint) => `\n  ${hint}`).join("");
    throw new HardhatPluginError("gristmill", `${error.code}: ${error.message}${hints}`, error);
  }
}

async function run(path: string, hre: HardhatRuntimeEnvironment): Promise<ModelContracts> {
  const fileText = await read(path);
  const file = parseModelFile(fileText);
  const name = file.name ?? basename(path, extname(path));
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const connection = await hre.network.create();
  try {
    const isEphemeral = connection.networkConfig.type === "edr-simulated";
    const folder = join(hre.config.paths.ignition, "..", connection.networkName, "models");
    const recordFile = isEphemeral ? undefined : join(folder, `${slugOf(name)}.json`);
    const contracts = await deployModel({
      artifacts: hre.artifacts,
      connection,
      name,
      file,
      fileText,
      recordFile,
      say: (line) => {
        console.log(`${connection.networkName}: ${line}`);
      },
    });
    for (const [part, address] of Object.entries(contracts)) console.log(`  ${part.padEnd(20)}${address}`);
    console.log(
      recordFile === undefined
        ? "This chain ends with the process: nothing was recorded. Choose another with --network."
        : `recorded in ${relative(process.cwd(), recordFile)}`,
    );
    return contracts;
  } finally {
    await connection.close();
  }
}

async function read(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new GristmillError("MODEL_FILE_MISSING", `There is no model file ${path} that can be read.`, {
      hints: ["examples/shared-models holds files to start from"],
      cause,
    });
  });
}
