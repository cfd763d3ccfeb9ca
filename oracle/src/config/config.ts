import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import type { PoleWeights } from "@gristmill/sdk";
import { GristmillError, POLES } from "@gristmill/sdk";
import type { Hex } from "viem";
import { parse as parseYaml } from "yaml";
import { z } from "zod";

import { runnerNames } from "../runners/runner.ts";
import { disputeModes } from "./dispute-modes.ts";
import { defaultThreads, tensHashChoices } from "../tenshash/index.ts";

const privateKey = z.custom<Hex>(
  (value) => typeof value === "string" && /^0x[0-9a-fA-F]{64}$/.test(value),
  "not a private key: 0x and 64 hexadecimal digits expected",
);

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);
const list = z.union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean))]);
const optionalNumber = z.coerce.number().positive().optional();

/** Settings that take several values. */
export const listSettings: readonly string[] = ["rpc", "listen", "bootstrap", "apiHosts"];

/** Settings that are switches. */
export const switchSettings: readonly string[] = ["autoStake", "closeEarly", "filler"];

/** A record in a file; a list of "pole=weight" elsewhere. */
const preferences = z
  .union([
    z.partialRecord(z.enum(POLES), z.int().min(0).max(255)),
    z.string().transform((text, context) => {
      const entries = text.split(",").map((part) => /^\s*(\w+)=(\d+)\s*$/.exec(part));
      const weights = entries.map((match) => [match?.[1], Number(match?.[2])] as const);
      const known = weights.every(([pole, weight]) => POLES.some((name) => name === pole) && weight <= 255);
      if (!known) context.addIssue(`is not a list such as "heavy=255,few=128" of ${POLES.join(", ")}`);
      return Object.fromEntries(weights) as Partial<PoleWeights>;
    }),
  ])
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), "weigh nothing: no task would suit");

/** Every setting once: its check, its default and its words. Flags and environment twins are derived from it. */
export const configSchema = z.strictObject({
  name: z.string().min(1).default("node").describe("name of this node in its own log"),
  role: z.string().optional().describe("what to do in tasks: client, miner, supervisor, evaluator or verifier"),
  rpc: list
    .pipe(z.array(z.url()).min(1))
    .default(["http://127.0.0.1:8545"])
    .describe("JSON-RPC endpoints of the chain; the next one is asked where one fails"),
  deployment: z
    .string()
    .default("deployments/localhost/addresses.json")
    .describe("deployment record of the contracts on that chain"),
  dataDir: z.string().default("gristmill-data").describe("folder that belongs to this node alone"),
  listen: list.default(["/ip4/127.0.0.1/tcp/0"]).describe("libp2p addresses to listen on"),
  bootstrap: list.default([]).describe("libp2p addresses of nodes to start from"),
  backend: z.enum(["wasm", "cpu", "tensorflow"]).default("wasm").describe("what computes the matrix products"),
  hasher: z
    .enum(tensHashChoices)
    .default("auto")
    .describe("what computes TensHash; auto takes the fastest that passes its self-test"),
  hasherThreads: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(defaultThreads())
    .describe("threads that compute TensHash"),
  autoStake: flag.default(false).describe("stake what a task takes from the wallet without asking"),
  verifierStake: z.coerce
    .number()
    .positive()
    .default(1000)
    .describe("GRIST a verifier has in the pool that draws verifiers by stake"),
  preferences: preferences
    .prefault(Object.fromEntries(POLES.map((pole) => [pole, 128])))
    .describe(`how well kinds of tasks suit this node, "heavy=255,few=128" of ${POLES.join(", ")}, 0 to 255 each`),
  closeEarly: flag
    .default(false)
    .describe("as a client, end a registration once every place has an applicant, instead of at its deadline"),
  filler: flag
    .default(false)
    .describe(
      "take part in the protocol's filler tasks too, and as a miner open them when there is nothing else to train",
    ),
  maxLead: z.coerce
    .number()
    .int()
    .min(0)
    .max(64)
    .default(1)
    .describe("whole segments a miner may be ahead of the slowest peer that is alive"),
  bountyRunners: list
    .pipe(z.array(z.enum(runnerNames)).min(1))
    .default(["builtin"])
    .describe("what may make models of bounties: builtin, and for strangers' scripts sandbox or container"),
  bountyEnabled: flag.default(true).describe("whether jobs for bounties are begun"),
  bountyMinimum: z.coerce.number().min(0).default(0).describe("least bounty to work for, GRIST"),
  bountyTimeLeft: z.coerce.number().int().min(0).default(60).describe("least seconds until the deadline"),
  bountyRunTime: z.coerce.number().int().min(1).default(3600).describe("most seconds to train for one bounty"),
  bountyJobs: z.coerce.number().int().min(1).max(64).default(1).describe("bounties to train for at a time"),
  bountyTopics: list.default([]).describe("topics of interest; any if there are none"),
  disputes: z
    .enum(disputeModes)
    .optional()
    .describe(
      "what to do in disputes (default: defend for miners, challenge for evaluators and verifiers, else watch)",
    ),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info").describe("least severe lines to log"),
  confirmations: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      "blocks on which a transaction, or an event of others, counts (default: 1 on development chains, else 4)",
    ),
  maxGasPrice: optionalNumber.describe("gwei a gas above which transactions wait"),
  gristPrice: optionalNumber.describe("ether that a GRIST is worth to you: claims whose gas costs more are left alone"),
  api: z
    .union([
      z.literal("off"),
      z
        .string()
        .regex(/^(\[[0-9a-fA-F:]+\]|[^:/\s]+):\d{1,5}$/, "an address and a port expected, such as 127.0.0.1:4680"),
    ])
    .default("127.0.0.1:0")
    .describe("address and port of the HTTP API (port 0: a free one, named in the data folder), or off"),
  apiHosts: list.default([]).describe("further names by which the HTTP API may be called"),
  privateKey: privateKey.optional().describe("key of this node (environment or key file only)"),
  keyFile: z.string().optional().describe("file that holds the key of this node, readable by its owner only"),
  keystore: z.string().optional().describe("encrypted key of this node, Web3 Secret Storage"),
  passwordFile: z.string().optional().describe("file whose first line opens the keystore"),
  password: z.string().optional().describe("password of the keystore (environment only; asked for on a terminal)"),
});

/** A node's settings, checked and complete. */
export type NodeConfig = z.infer<typeof configSchema>;

/** Name of a setting. */
export type Setting = keyof NodeConfig;

/** All settings, in the order in which help lists them. */
export const settings = Object.keys(configSchema.shape) as readonly Setting[];

/** `dataDir` -> `ORACLE_MINER_DATA_DIR` */
export function environmentName(setting: Setting): string {
  return `ORACLE_MINER_${setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Settings that must never stand on a command line, where every user of the machine can read them. */
const secretSettings: readonly Setting[] = ["privateKey", "password"];

/** `dataDir` -> `--data-dir`; undefined for what must never stand on a command line. */
export function flagName(setting: Setting): string | undefined {
  if (secretSettings.includes(setting)) return undefined;
  return `--${setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Puts a node's settings together. Flags go before the environment, the environment before the file, the file before
 * the defaults.
 *
 * @param flags settings given on the command line
 * @param file YAML or JSON file of settings
 * @throws GristmillError CONFIG_UNREADABLE, CONFIG_INVALID (all faults at once)
 */
export function loadConfig(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  file?: string,
): NodeConfig {
  const fromEnvironment: Record<string, unknown> = {};
  for (const setting of settings) {
    const value = environment[environmentName(setting)];
    if (value !== undefined && value !== "") fromEnvironment[setting] = value;
  }
  const fromFlags = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const merged = { ...(file === undefined ? {} : readFile(file)), ...fromEnvironment, ...fromFlags };
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success)
    throw new GristmillError("CONFIG_INVALID", "the settings of this node are not valid", {
      hints: parsed.error.issues.map((issue) => describeIssue(issue)),
    });
  return parsed.data.privateKey === undefined && parsed.data.keyFile !== undefined
    ? { ...parsed.data, privateKey: readKey(parsed.data.keyFile) }
    : parsed.data;
}

function readFile(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(parseYaml(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new GristmillError("CONFIG_UNREADABLE", `the configuration file ${resolve(file)} cannot be used`, {
      cause,
      hints: [cause instanceof Error ? cause.message : String(cause)],
    });
  }
}

function readKey(file: string): Hex {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new GristmillError("CONFIG_UNREADABLE", `the key file ${resolve(file)} cannot be read`, { cause });
  }
  const parsed = privateKey.safeParse(text);
  if (!parsed.success)
    throw new GristmillError("CONFIG_INVALID", `the key file ${resolve(file)} does not hold a private key`, {
      hints: ["one line: 0x and 64 hexadecimal digits"],
    });
  return parsed.data;
}

/** A fault with the setting's names as the operator wrote them. A key's value never appears. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const setting = settings.find((name) => name === issue.path[0]);
  if (setting === undefined) return issue.message;
  const names = [flagName(setting), environmentName(setting)].filter((name) => name !== undefined).join(" or ");
  return `${setting} (${names}): ${issue.message}`;
}
