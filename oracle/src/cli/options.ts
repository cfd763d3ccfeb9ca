import { existsSync } from "node:fs";

import type { Command } from "commander";

import type { NodeConfig } from "../config/config.ts";
import {
  configSchema,
  environmentName,
  flagName,
  listSettings,
  loadConfig,
  settings,
  switchSettings,
} from "../config/config.ts";

/** Adds `--config` and one flag for each setting; help shows default and environment twin. */
export function withSettings(command: Command): Command {
  command.option(
    "--config <file>",
    "settings as YAML or JSON; flags and environment go before it (ORACLE_MINER_CONFIG, default gristmill.yaml if it is there)",
  );
  for (const setting of settings) {
    const flag = flagName(setting);
    if (flag === undefined) continue;
    const schema = configSchema.shape[setting];
    const preset: unknown = schema.safeParse(undefined).data;
    const shown = preset === undefined ? "" : `, default ${JSON.stringify(preset)}`;
    const value = switchSettings.includes(setting) ? "" : listSettings.includes(setting) ? " <values...>" : " <value>";
    command.option(`${flag}${value}`, `${schema.description ?? ""} (${environmentName(setting)}${shown})`);
  }
  return command;
}

/** As {@link withSettings}, for commands that print something. */
export function withOutput(command: Command): Command {
  return withSettings(command.option("--json", "print JSON, as it also does where its output is piped"));
}

/** File of settings that is used where none is named. */
export const DEFAULT_CONFIG_FILE = "gristmill.yaml";

/**
 * The settings of an invocation: flags, environment, file, defaults, in this order. The file is the one that `--config` or
 * `ORACLE_MINER_CONFIG` names, or `gristmill.yaml` of the current folder if there is one.
 */
export function configOf(options: Readonly<Record<string, unknown>>): NodeConfig {
  const named = options["config"] ?? process.env["ORACLE_MINER_CONFIG"];
  const file = typeof named === "string" ? named : existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined;
  return loadConfig(flagsOf(options), process.env, file);
}

/** The settings among a command's options. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(settings.map((setting) => [setting, options[setting]]));
}
