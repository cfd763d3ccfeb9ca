import { Command } from "commander";
import { formatEther } from "viem";

import { claimsOf, claimSummary } from "../operator/claims.ts";
import { claimRewards, readRewards } from "../operator/rewards.ts";
import { startReader } from "../roles/start-node.ts";
import { configOf, withOutput } from "./options.ts";
import { fieldsOf, show, tableOf } from "./output.ts";
import { accountOf, startViewer } from "./reader.ts";
import { taskIdOf } from "./run.ts";

type Options = Readonly<Record<string, unknown>>;

/** `oracle-miner claims` */
export function claimsCommand(): Command {
  return withOutput(
    new Command("claims")
      .description("lucky tickets that this node claimed or attested, the newest last")
      .option("--task <id>", "of this task only"),
  ).action(async (options: Options) => {
    const config = configOf(options);
    const taskId = options["task"] === undefined ? undefined : taskIdOf(options["task"]);
    const rows = (await claimsOf(await startViewer(config), accountOf(config), taskId)).map(claimSummary);
    show(options, { claims: rows }, () =>
      tableOf(
        ["claim", "as", "state", "slot", "iteration", "epoch", "attestations", "mintable at"],
        rows.map(({ claim, as, state, slot, iteration, epoch, attestations, mintableAt }) => [
          claim,
          as,
          state,
          ...[slot, iteration, epoch, attestations].map(String),
          mintableAt === undefined ? "" : `block ${String(mintableAt)}`,
        ]),
        "no claims",
      ),
    );
  });
}

/** `oracle-miner rewards show|claim` */
export function rewardsCommand(): Command {
  return new Command("rewards")
    .description("what this node has earned")
    .addCommand(
      withOutput(new Command("show").description("credit, minted, pending")).action(async (options: Options) => {
        const config = configOf(options);
        const { account, credit, minted, pending, expected } = await readRewards(
          await startViewer(config),
          accountOf(config),
        );
        const [owed, had, most] = [credit, minted, expected].map((wei) => formatEther(wei));
        show(options, { account, credit: owed, minted: had, pending: pending.length, expected: most }, () =>
          fieldsOf([
            ["account", account],
            ["minted", `${had ?? ""} GRIST`],
            ["pending", `${String(pending.length)} claims, at most ${most ?? ""} GRIST`],
            ["credit", `${owed ?? ""} GRIST to withdraw`],
          ]),
        );
      }),
    )
    .addCommand(
      withOutput(
        new Command("claim").description("mint claims that are due, collect for attestations, withdraw the credit"),
      ).action(async (options: Options) => {
        const { minted, paid, withdrawn } = await claimRewards(await startReader(configOf(options)));
        show(options, { minted, paid, withdrawn: formatEther(withdrawn) }, () =>
          fieldsOf([
            ["minted", `${String(minted)} claims`],
            ["collected", `for ${String(paid)} attested claims`],
            ["withdrawn", `${formatEther(withdrawn)} GRIST`],
          ]),
        );
      }),
    );
}
