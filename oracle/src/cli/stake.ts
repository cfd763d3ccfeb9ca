import { Command } from "commander";
import { formatEther } from "viem";

import type { Reader } from "../operator/reader.ts";
import type { StakeView } from "../operator/stake.ts";
import { addStake, parseAmount, readStake, removeStake, withdrawStake } from "../operator/stake.ts";
import { startReader } from "../roles/start-node.ts";
import { configOf, withOutput } from "./options.ts";
import { fieldsOf, show, timeOf } from "./output.ts";
import { accountOf, startViewer } from "./reader.ts";

type Options = Readonly<Record<string, unknown>>;

/** `oracle-miner stake show|add|remove|withdraw` */
export function stakeCommand(): Command {
  return new Command("stake")
    .description("the GRIST that backs this node's claims")
    .addCommand(
      withOutput(new Command("show").description("stake, locks and wallet of this node")).action(
        async (options: Options) => {
          const config = configOf(options);
          print(options, await readStake(await startViewer(config), accountOf(config)));
        },
      ),
    )
    .addCommand(
      withOutput(new Command("add").argument("<amount>", "GRIST").description("stake from the wallet")).action(
        async (amount: string, options: Options) => {
          const value = parseAmount(amount);
          await change(options, (reader) => addStake(reader, value));
        },
      ),
    )
    .addCommand(
      withOutput(new Command("remove").argument("<amount>", "GRIST").description("begin to unbond free stake")).action(
        async (amount: string, options: Options) => {
          const value = parseAmount(amount);
          await change(options, (reader) => removeStake(reader, value));
        },
      ),
    )
    .addCommand(
      withOutput(new Command("withdraw").description("take out what has unbonded")).action(async (options: Options) => {
        await change(options, withdrawStake);
      }),
    );
}

async function change(options: Options, work: (reader: Reader) => Promise<void>): Promise<void> {
  const reader = await startReader(configOf(options));
  await work(reader);
  print(options, await readStake(reader, reader.chain.account.address));
}

function print(options: Options, { account, unbondingUntil, ...wei }: StakeView): void {
  const amounts = Object.fromEntries(Object.entries(wei).map(([name, value]) => [name, formatEther(value)]));
  show(options, { account, unbondingUntil, ...amounts }, () =>
    fieldsOf([
      ["account", account],
      ...(["free", "locked"] as const).map((name) => [name, `${formatEther(wei[name])} GRIST`] as const),
      [
        "unbonding",
        `${formatEther(wei.unbonding)} GRIST${unbondingUntil === undefined ? "" : `, from ${timeOf(unbondingUntil)} on`}`,
      ],
      ["wallet", `${formatEther(wei.wallet)} GRIST, ${formatEther(wei.ether)} ether`],
    ]),
  );
}
