import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Command } from "commander";

import type { ModelCard } from "../roles/fetch-model.ts";
import { configOf, withOutput } from "./options.ts";
import { show, tableOf } from "./output.ts";

/** `oracle-miner models` */
export function modelsCommand(): Command {
  return withOutput(new Command("models").description("trained models in this node's data folder")).action(
    async (options: Readonly<Record<string, unknown>>) => {
      const folder = join(configOf(options).dataDir, "models");
      const files = existsSync(folder) ? globSync("*/model.json", { cwd: folder }).sort() : [];
      const models = await Promise.all(
        files.map(async (file) => ({
          ...(JSON.parse(await readFile(join(folder, file), "utf8")) as ModelCard),
          path: join(folder, dirname(file)),
        })),
      );
      show(options, { models }, () =>
        tableOf(
          ["task", "layers", "accuracy", "folder"],
          models.map(({ task, sizes, accuracy, path }) => [
            task,
            sizes.join("-"),
            accuracy === undefined ? "" : accuracy.toFixed(4),
            path,
          ]),
          "no models: a client's finished tasks and `oracle-miner task fetch` bring them",
        ),
      );
    },
  );
}
