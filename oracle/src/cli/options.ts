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
  command.option("--config <file>", "settings as YAML or JSON; flags and environment go before it");
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

/** The settings of an invocation: flags, environment, file, defaults, in this order. */
export function configOf(options: Readonly<Record<string, unknown>>): NodeConfig {
  const flags = Object.fromEntries(settings.map((setting) => [setting, options[setting]]));
  const file = typeof options["config"] === "string" ? options["config"] : undefined;
  return loadConfig(flags, process.env, file);
}
