import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";

import { passwordOf } from "../config/keystore.ts";
import { exportIdentity, importIdentity, keystoreFile } from "../operator/identity.ts";
import { configOf, withOutput } from "./options.ts";
import { show } from "./output.ts";

type Options = Readonly<Record<string, unknown>>;

/** `oracle-miner export FILE` */
export function exportCommand(): Command {
  return withOutput(
    new Command("export")
      .argument("<file>", "to write")
      .description("back up this node's identity: account and peer key, encrypted"),
  ).action(async (file: string, options: Options) => {
    const config = configOf(options);
    const { keystore, dataDir } = config;
    if (keystore === undefined)
      throw new GristmillError("KEY_MISSING", "there is no keystore to export", {
        hints: ["name it with --keystore; a plain key is put into one by `oracle-miner init --key-file FILE`"],
      });
    const account = await exportIdentity({ keystore, dataDir, file, password: await passwordOf(config) });
    show(
      options,
      { account, file },
      () => `the identity of ${account} is in ${file}: keep it, and its password, elsewhere`,
    );
  });
}

/** `oracle-miner import FILE` */
export function importCommand(): Command {
  return withOutput(
    new Command("import")
      .argument("<file>", "that `export` wrote")
      .description("restore a node's identity into a data folder that has none"),
  ).action(async (file: string, options: Options) => {
    const config = configOf(options);
    const keystore = config.keystore ?? keystoreFile(config.dataDir);
    const password = await passwordOf(config);
    const account = await importIdentity({ file, keystore, dataDir: config.dataDir, password });
    show(options, { account, keystore }, () =>
      [
        `the identity of ${account} is in ${keystore}`,
        "Run it on one machine only: two nodes that sign for one slot contradict each other, and its stake is slashed.",
      ].join("\n"),
    );
  });
}
