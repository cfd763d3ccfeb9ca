import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { HardhatPluginError } from "hardhat/plugins";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";
import { formatEther, getAddress, isAddress, parseEther } from "viem";

import { accountOf } from "../../oracle/src/cli/reader.ts";
import { configOf } from "../../oracle/src/cli/options.ts";
import { readRecord } from "./record.ts";

/** Arguments of the task, as they are typed. */
interface FundArguments {
  /** Empty for the node of this folder. */
  readonly account: string;
  readonly ether: string;
  readonly grist: string;
}

/**
 * `npx hardhat fund [ACCOUNT] --network NAME`: gives a node's account ether for gas and GRIST to stake, from the deployer's.
 * Without an account it is the one of this folder's `gristmill.yaml`, on the deployment that this names.
 */
export default async function fund(given: FundArguments, hre: HardhatRuntimeEnvironment): Promise<void> {
  const connection = await hre.network.create();
  try {
    const recordFile = join(hre.config.paths.ignition, "..", connection.networkName, "addresses.json");
    if (given.account !== "") await send(given, connection, recordFile);
    else {
      const settings = configOf({});
      await send({ ...given, account: accountOf(settings) }, connection, settings.deployment);
    }
  } catch (error) {
    // Hardhat prints errors of plugins as one message, others with a stack and an invitation to report a bug.
    if (!(error instanceof GristmillError)) throw error;
    const hints = error.hints.map((hint) => `\n  ${hint}`).join("");
    throw new HardhatPluginError("gristmill", `${error.code}: ${error.message}${hints}`, error);
  } finally {
    await connection.close();
  }
}

async function send(given: FundArguments, connection: NetworkConnection, recordFile: string): Promise<void> {
  const { ethers, networkName } = connection;
  if (!isAddress(given.account))
    throw new GristmillError("ACCOUNT_INVALID", `${given.account} is not an account.`, {
      hints: ["`oracle-miner init` prints the account of a node: 0x and 40 hexadecimal digits"],
    });
  const account = getAddress(given.account);
  const [ether, grist] = [amountOf("ether", given.ether), amountOf("grist", given.grist)];
  const record = await readRecord(recordFile);
  if (record === undefined)
    throw new GristmillError("DEPLOYMENT_MISSING", `The contracts are not deployed on ${networkName}.`, {
      hints: [`npx hardhat deploy --network ${networkName}`],
    });
  const [deployer] = await ethers.getSigners();
  const token = await ethers.getContractAt("GristToken", record.contracts.GristToken);
  const has = deployer === undefined ? 0n : await token.balanceOf(deployer);
  if (deployer === undefined || has < grist)
    throw new GristmillError(
      "FUNDS_MISSING",
      `The deployer of ${networkName} has ${formatEther(has)} GRIST, and ${given.grist} are asked for.`,
      { hints: ["ask for less with --grist, or set GRISTMILL_DEPLOYER_KEY to the key that deployed"] },
    );
  if (ether > 0n) await (await deployer.sendTransaction({ to: account, value: ether })).wait();
  if (grist > 0n) await (await token.connect(deployer).transfer(account, grist)).wait();
  console.log(`${networkName}: ${account} got ${given.ether} ether and ${given.grist} GRIST`);
}

/** @throws GristmillError AMOUNT_INVALID */
function amountOf(name: string, text: string): bigint {
  if (!/^\d{1,12}(\.\d{1,18})?$/.test(text))
    throw new GristmillError("AMOUNT_INVALID", `--${name} ${text} is not an amount.`, {
      hints: ['write a decimal number, such as "12.5"'],
    });
  return parseEther(text);
}
