import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import { formatEther, parseEther } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import { startReader } from "../roles/start-node.ts";
import { configOf, withSettings } from "./options.ts";

/** `oracle-miner stake show|add|remove|withdraw` */
export function stakeCommand(): Command {
  const command = new Command("stake").description("the GRIST that backs this node's claims");
  command.addCommand(
    withSettings(new Command("show").description("stake, locks and wallet of this node")).action(
      async (options: Readonly<Record<string, unknown>>) => {
        await withChain(options, show);
      },
    ),
  );
  command.addCommand(
    withSettings(new Command("add").argument("<amount>", "GRIST").description("stake from the wallet")).action(
      async (amount: string, options: Readonly<Record<string, unknown>>) => {
        await withChain(options, async (chain, { stake, token }) => {
          const value = parseAmount(amount);
          const args = [stake.address, value] as const;
          await chain.transact({ address: token.address, abi: token.abi, functionName: "approve", args });
          await chain.transact({ address: stake.address, abi: stake.abi, functionName: "stake", args: [value] });
          await show(chain, { stake, token });
        });
      },
    ),
  );
  command.addCommand(
    withSettings(new Command("remove").argument("<amount>", "GRIST").description("begin to unbond free stake")).action(
      async (amount: string, options: Readonly<Record<string, unknown>>) => {
        await withChain(options, async (chain, { stake, token }) => {
          const { address, abi } = stake;
          await chain.transact({ address, abi, functionName: "requestUnstake", args: [parseAmount(amount)] });
          await show(chain, { stake, token });
        });
      },
    ),
  );
  command.addCommand(
    withSettings(new Command("withdraw").description("take out what has unbonded")).action(
      async (options: Readonly<Record<string, unknown>>) => {
        await withChain(options, async (chain, { stake, token }) => {
          const { address, abi } = stake;
          await chain.transact({ address, abi, functionName: "withdraw", args: [] });
          await show(chain, { stake, token });
        });
      },
    ),
  );
  return command;
}

async function withChain(
  options: Readonly<Record<string, unknown>>,
  work: (chain: Chain, contracts: Contracts) => Promise<void>,
): Promise<void> {
  const { chain, contracts } = await startReader(configOf(options));
  await work(chain, contracts);
}

async function show(chain: Chain, { stake, token }: Pick<Contracts, "stake" | "token">): Promise<void> {
  const account = chain.account.address;
  const [free, locked, [unbonding, availableAt], wallet] = await Promise.all([
    stake.read.freeOf([account]),
    stake.read.lockedOf([account]),
    stake.read.unbondingOf([account]),
    token.read.balanceOf([account]),
  ]);
  const until = unbonding === 0n ? "" : `, from ${new Date(Number(availableAt) * 1000).toISOString()} on`;
  console.log(
    [
      `account    ${account}`,
      `free       ${formatEther(free)} GRIST`,
      `locked     ${formatEther(locked)} GRIST`,
      `unbonding  ${formatEther(unbonding)} GRIST${until}`,
      `wallet     ${formatEther(wallet)} GRIST`,
    ].join("\n"),
  );
}

function parseAmount(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text) || parseEther(text) === 0n)
    throw new GristmillError("AMOUNT_INVALID", `${text} is not an amount of GRIST`, {
      hints: ["a positive decimal number with at most 18 decimals, such as 250 or 0.5"],
    });
  return parseEther(text);
}
