import { createRequire } from "node:module";
import { join } from "node:path";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatPlugin } from "hardhat/types/plugins";

const require = createRequire(import.meta.url);

/** Where deployments are recorded, a folder per network. */
const deployments = process.env.GRISTMILL_DEPLOYMENTS ?? "deployments";

/** Signs for the `localhost` network; without it the node's own unlocked accounts do. */
const deployerKey = process.env.GRISTMILL_DEPLOYER_KEY;

const deploy = task("deploy", "Deploy Gristmill, finish an interrupted deployment, or confirm one that is there")
  .addOption({
    name: "parameters",
    description: "JSON file with parameters that replace the defaults of scripts/deploy/parameters.ts",
    type: ArgumentType.FILE_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .setAction(() => import("./scripts/deploy/task.ts"))
  .build();

const fund = task("fund", "Give an account ether for gas and GRIST to stake, from the deployer's")
  .addPositionalArgument({
    name: "account",
    description:
      "address that `oracle-miner init` printed (default: of the node whose gristmill.yaml is in this folder)",
    defaultValue: "",
  })
  .addOption({ name: "ether", description: "how much ether", defaultValue: "10" })
  .addOption({ name: "grist", description: "how much GRIST", defaultValue: "10000" })
  .setAction(() => import("./scripts/deploy/fund.ts"))
  .build();

/** @param runs how often the optimizer takes each piece of code to be run: more saves gas, fewer saves bytes */
function compiler(runs: number) {
  return {
    version: "0.8.37",
    // The compiler comes from the lockfile, so that builds are reproducible and need no download.
    path: require.resolve("solc/soljson.js"),
    settings: { viaIR: true, optimizer: { enabled: true, runs }, evmVersion: "osaka" },
  };
}

const deployModel = task("deploy-model", "Deploy a shared model from its file, or finish an interrupted deployment")
  .addPositionalArgument({ name: "file", description: "model file, such as those of examples/shared-models" })
  .setAction(() => import("./scripts/deploy-model/task.ts"))
  .build();

const compileInParallel: HardhatPlugin = {
  id: "gristmill-compile-in-parallel",
  hookHandlers: { solidity: () => import("./scripts/compile-in-parallel.ts") },
};

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers, compileInParallel],
  tasks: [deploy, deployModel, fund],
  solidity: {
    compilers: [compiler(1_000)],
    overrides: {
      // A dispute is rare, and its game has many moves: here size counts, not the gas of each.
      "contracts/disputes/SegmentGame.sol": compiler(1),
      // Sixteen ChaCha20 blocks in one move: constants are pushed, not copied from the code each time.
      "contracts/disputes/TensHashGame.sol": compiler(1_000_000),
    },
  },
  paths: {
    tests: { mocha: "test/contracts", solidity: "test/contracts" },
    ignition: join(deployments, ".ignition"),
  },
  networks: {
    // Contract tests: an estimate runs a transaction many times over, and none may use more than the cap of EIP-7825.
    default: { type: "edr-simulated", gas: 2 ** 24, gasEstimationMode: "topLevelSuccess" },
    localhost: {
      type: "http",
      url: process.env.GRISTMILL_RPC_URL ?? "http://127.0.0.1:8545",
      accounts: deployerKey === undefined ? "remote" : [deployerKey],
    },
    sepolia: {
      type: "http",
      chainType: "l1",
      chainId: 11_155_111,
      url: configVariable("SEPOLIA_RPC_URL"),
      accounts: [configVariable("SEPOLIA_PRIVATE_KEY")],
    },
  },
});
