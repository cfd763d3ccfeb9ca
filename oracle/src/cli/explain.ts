import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import colours from "picocolors";
import { isHex, size } from "viem";

import { explain } from "../operator/explain.ts";
import { configOf, withOutput } from "./options.ts";
import { show } from "./output.ts";
import { accountOf, startViewer } from "./reader.ts";

/** `oracle-miner explain TASK|CLAIM` */
export function explainCommand(): Command {
  return withOutput(
    new Command("explain")
      .argument("<id>", "of a task or a claim")
      .description("why it paid, does not pay yet, or never will"),
  ).action(async (id: string, options: Readonly<Record<string, unknown>>) => {
    if (!isHex(id) || size(id) !== 32)
      throw new GristmillError("ID_INVALID", `${id} is not an id`, { hints: ["0x and 64 hexadecimal digits"] });
    const config = configOf(options);
    const told = await explain(await startViewer(config), accountOf(config), id);
    show(options, told, () =>
      [
        `${told.about} ${told.id}`,
        ...told.story.map((line) => `  · ${line}`),
        ...(told.next === undefined ? [] : [colours.cyan(`  → ${told.next}`)]),
      ].join("\n"),
    );
  });
}
