import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import type { Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { stringify } from "yaml";

import type { NodeConfig } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { askOnTerminal, createPasswordFile, passwordOf } from "../config/keystore.ts";
import { createKeystore, exportIdentity, keystoreFile } from "../operator/identity.ts";
import { DEFAULT_CONFIG_FILE, flagsOf, withOutput } from "./options.ts";
import { fieldsOf, show } from "./output.ts";
import { roleNames } from "./run.ts";

type Options = Readonly<Record<string, unknown>>;

/** What a new node needs to know. */
interface Answers {
  readonly role: string;
  readonly rpc: readonly string[];
  readonly deployment: string;
  readonly dataDir: string;
  readonly bootstrap: readonly string[];
}

/** `oracle-miner init` */
export function initCommand(): Command {
  return withOutput(
    new Command("init")
      .description("set up a node: its settings, its account in an encrypted keystore, and a backup of it")
      .option("--backup <file>", "where to write the backup of the node's identity")
      .option("--no-backup", "write none now: `oracle-miner export` does later")
      .option("--yes", "ask nothing on a terminal: flags, environment and defaults say everything"),
  ).action(async (options: Options) => {
    const given = loadConfig(flagsOf(options), process.env);
    const file = typeof options["config"] === "string" ? options["config"] : DEFAULT_CONFIG_FILE;
    if (existsSync(file))
      throw new GristmillError("CONFIG_EXISTS", `${resolve(file)} exists already`, {
        hints: ["edit it, or name another file with --config"],
      });
    const isGuided = process.stdin.isTTY && options["json"] !== true && options["yes"] !== true;
    if (!isGuided && typeof options["backup"] !== "string" && options["backup"] !== false)
      throw new GristmillError("BACKUP_UNDECIDED", "the node's identity needs a backup: its loss loses the stake", {
        hints: ["name a file with --backup, or say --no-backup and run `oracle-miner export` later"],
      });
    const answers = isGuided ? await ask(given) : answersOf(given);
    const keystore = resolve(given.keystore ?? keystoreFile(answers.dataDir));
    const password = await newPassword(given);
    await mkdir(answers.dataDir, { recursive: true, mode: 0o700 });
    const account = await createKeystore(keystore, given.privateKey ?? generatePrivateKey(), password);
    const backup = await backUp(options, { keystore, dataDir: answers.dataDir, password });
    await writeConfig(file, answers, keystore, given);
    const passwordFile = given.passwordFile === undefined ? undefined : resolve(given.passwordFile);
    const made = { config: resolve(file), account, keystore, passwordFile, backup };
    show(options, made, () => tell(made));
  });
}

/** @throws GristmillError ROLE_UNKNOWN */
function answersOf({ role, rpc, deployment, dataDir, bootstrap }: NodeConfig): Answers {
  if (role === undefined || !roleNames.includes(role))
    throw new GristmillError("ROLE_UNKNOWN", role === undefined ? "no role is given" : `there is no role ${role}`, {
      hints: [`choose one with --role: ${roleNames.join(", ")}`],
    });
  return { role, rpc, deployment: resolve(deployment), dataDir: resolve(dataDir), bootstrap };
}

/** Asks for what a node cannot guess; what flags or environment say is the preset. */
async function ask(given: NodeConfig): Promise<Answers> {
  const { input, select } = await import("@inquirer/prompts");
  const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
  const role = await select({
    message: "What should this node do?",
    choices: roleNames.map((value) => ({ value })),
    default: given.role ?? "miner",
  });
  const rpc = words(
    await input({ message: "JSON-RPC endpoints of the chain, the best first", default: given.rpc.join(" ") }),
  );
  const deployment = await input({ message: "Deployment record of the contracts there", default: given.deployment });
  const dataDir = await input({ message: "Folder for this node's data", default: given.dataDir });
  const bootstrap = words(
    await input({ message: "Addresses of peers to start from (may be empty)", default: given.bootstrap.join(" ") }),
  );
  return answersOf({ ...given, role, rpc, deployment, dataDir, bootstrap });
}

/**
 * The password of environment or password file, which is made where it is not there, or what the operator says twice.
 * @throws GristmillError PASSWORD_DIFFERS, PASSWORD_MISSING
 */
async function newPassword(given: NodeConfig): Promise<string> {
  if (given.password !== undefined) return given.password;
  if (given.passwordFile !== undefined) {
    if (!existsSync(given.passwordFile)) await createPasswordFile(given.passwordFile);
    return passwordOf(given);
  }
  const first = await askOnTerminal("Password for the keystore");
  if ((await askOnTerminal("The same again")) === first) return first;
  throw new GristmillError("PASSWORD_DIFFERS", "the two passwords differ", {
    hints: ["nothing was written: try again"],
  });
}

/** Losing the account loses the stake, so a backup is a step of setting up. */
async function backUp(
  options: Options,
  identity: { readonly keystore: string; readonly dataDir: string; readonly password: string },
): Promise<string | undefined> {
  if (options["backup"] === false) return undefined;
  const file = typeof options["backup"] === "string" ? options["backup"] : await askForBackup();
  await exportIdentity({ ...identity, file });
  return resolve(file);
}

async function askForBackup(): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  return input({ message: "Backup of the node's identity", default: "gristmill-identity.json" });
}

async function writeConfig(file: string, answers: Answers, keystore: string, given: NodeConfig): Promise<void> {
  const settings = {
    ...answers,
    keystore,
    ...(given.passwordFile === undefined ? {} : { passwordFile: resolve(given.passwordFile) }),
    listen: given.listen,
    api: given.api === "127.0.0.1:0" ? "127.0.0.1:4680" : given.api,
    autoStake: given.autoStake,
  };
  await writeFile(file, `# Settings of this node; \`oracle-miner run --help\` lists all.\n${stringify(settings)}`, {
    mode: 0o600,
    flag: "wx",
  });
}

function tell(made: {
  readonly config: string;
  readonly account: Hex;
  readonly keystore: string;
  readonly passwordFile: string | undefined;
  readonly backup: string | undefined;
}): string {
  const { config, account, keystore, passwordFile, backup } = made;
  return [
    fieldsOf([
      ["settings", config],
      ["account", account],
      ["keystore", keystore],
      ["password", passwordFile],
      ["backup", backup ?? "none yet: oracle-miner export FILE"],
    ]),
    "",
    ...(backup === undefined ? [] : ["Keep the backup on another machine, and its password elsewhere."]),
    `Send ether for gas and GRIST to stake to ${account}, then:`,
    "  npx oracle-miner check",
    "  npx oracle-miner stake add AMOUNT",
    "  npx oracle-miner run",
  ].join("\n");
}
