import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";
import { Command, InvalidArgumentError } from "commander";

import { readDeployment } from "../../oracle/src/chain/deployment.ts";
import { parseTaskSpec } from "../../sdk/src/spec/task-spec.ts";
import { cheatNamed, listCheats, roleOf } from "./cheats/index.ts";
import { openInBrowser, startDashboard } from "./dashboard.ts";
import type { DemoNode, DemoSetting, Identity } from "./launch.ts";
import { createIdentity, fund, funderKey, startNode } from "./launch.ts";
import { LiveView } from "./live-view.ts";
import type { DemoChain } from "./local-chain.ts";
import { connectChain, hardhatScript, keepMining, startLocalChain } from "./local-chain.ts";
import { Processes } from "./processes.ts";
import { buildReport, printReport } from "./report.ts";
import type { NodeEvent } from "./run-state.ts";
import { RunState } from "./run-state.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEFAULT_TASK = fileURLToPath(new URL("../../examples/tasks/synthetic-digits.yaml", import.meta.url));

/** Milliseconds: an endpoint given by --rpc has to answer; between two looks at the height; the whole run. */
const RPC_TIMEOUT = 10_000;
const BLOCK_LOOK = 1_000;
const RUN_TIMEOUT = 30 * 60_000;

interface DemoOptions {
  readonly task: string;
  readonly miners: number;
  readonly rpc?: string;
  readonly data?: string;
  readonly killMiner?: boolean;
  readonly dashboard: boolean;
  readonly keep?: boolean;
  readonly wait?: boolean;
  readonly parameters?: string;
  /** True without a name. */
  readonly cheat?: string | true;
}

const program = new Command("npm start --")
  .description("Trains a model on a chain: a client, miners, supervisors, an evaluator and a verifier, each a process.")
  .option("--task <file>", "task spec to run", DEFAULT_TASK)
  .option("--miners <n>", "miners to start", positiveInteger, 3)
  .option("--rpc <url>", "use this chain instead of starting one")
  .option("--data <folder>", "where nodes keep their data (default: a new folder under the system's temporary one)")
  .option("--kill-miner", "kill the last miner in mid-training, to see the others finish")
  .option("--no-dashboard", "serve no page that shows the run")
  .option("--keep", "keep the chain and the dashboard when the run is over, until Ctrl-C")
  .option("--wait", "start the nodes without a task: submit tasks on the dashboard, until Ctrl-C")
  .option("--parameters <file>", "parameters of the deployment, as `npm run deploy -- --parameters` takes them")
  .option(
    "--cheat [name]",
    "let the last miner or evaluator cheat, to see it convicted; without a name, list the cheats",
  )
  .parse(process.argv);

process.exitCode = await main(program.opts<DemoOptions>());

/** Runs the demo, or says which cheats it can show; resolves with the exit code. */
async function main(options: DemoOptions): Promise<number> {
  if (options.cheat === true) {
    console.log(`npm start -- --cheat NAME\n\n${listCheats()}`);
    return 0;
  }
  try {
    if (options.cheat !== undefined) cheatNamed(options.cheat);
  } catch (error) {
    console.error(describe(error));
    return 1;
  }
  return demo(options);
}

/** Runs the demo; resolves with the exit code, when no process is left. */
async function demo(options: DemoOptions): Promise<number> {
  const processes = new Processes();
  const ends: (() => void)[] = [];
  const atEnd = (end: () => void): void => void ends.push(end);
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort(new GristmillError("STOPPED", "stopped by a signal"));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => {
      reject(stop.signal.reason as Error);
    });
  });
  const timer = setTimeout(() => {
    if (options.wait !== true) stop.abort(new GristmillError("RUN_TIMEOUT", "the run did not end in 30 minutes"));
  }, RUN_TIMEOUT);
  try {
    await Promise.race([run(options, { processes, stopped, atEnd }), stopped]);
    return 0;
  } catch (error) {
    const wasAsked = error instanceof GristmillError && error.code === "STOPPED";
    if (wasAsked) console.error("stopped; ending all processes");
    else console.error(describe(error));
    return wasAsked ? 130 : 1;
  } finally {
    clearTimeout(timer);
    for (const end of ends) end();
    await processes.stopAll();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, onSignal);
  }
}

/** What a run leaves behind, or ends with. */
interface RunFrame {
  readonly processes: Processes;
  /** Rejects when the run is to end. */
  readonly stopped: Promise<never>;
  /** Has something done when the run has ended, however it does. */
  readonly atEnd: (end: () => void) => void;
}

async function run(options: DemoOptions, { processes, stopped, atEnd }: RunFrame): Promise<void> {
  const folder = options.data === undefined ? await mkdtemp(join(tmpdir(), "gristmill-")) : resolve(options.data);
  const say = announcer();

  say("starting", { what: options.rpc ?? "a local chain" });
  const chain =
    options.rpc === undefined ? await startLocalChain(processes) : await connectChain(options.rpc, RPC_TIMEOUT);
  say("deploying", { chainId: chain.chainId });
  const deploymentFile = await deploy(processes, chain, folder, options.parameters);
  await keepMining(chain);

  const deployment = await readDeployment(deploymentFile);
  const dashboard = options.dashboard ? await startDashboard(chain.rpcUrl, deployment, folder) : undefined;
  if (dashboard !== undefined) {
    atEnd(dashboard.stop);
    say("dashboard", { url: dashboard.url });
    openInBrowser(dashboard.url);
  }
  const state = new RunState();
  const view = process.stdout.isTTY ? new LiveView(state) : undefined;
  const onEvent = (event: NodeEvent): void => {
    state.apply(event);
    dashboard?.say(event);
    if (view === undefined) console.log(JSON.stringify(event));
  };
  const setting: DemoSetting = { processes, chain, deploymentFile, folder, onEvent };

  const { supervisors } = parseTaskSpec(await readFile(resolve(options.task), "utf8")).coordination;
  const names = [
    ...numbered("supervisor", supervisors),
    "client",
    ...Array.from({ length: options.miners }, (_, index) => `miner-${String(index + 1)}`),
    ...evaluatorsOf(options),
    "verifier",
  ];
  const identities = new Map<string, Identity>(names.map((name) => [name, createIdentity()]));
  say("funding", { accounts: names.length });
  await fund(
    chain,
    deployment,
    [...identities.values()].map(({ account }) => account),
  );

  const height = setInterval(() => {
    void chain.client.getBlockNumber().then(
      (block) => (state.block = block),
      // The nodes notice a chain that is gone, and say so.
      () => undefined,
    );
  }, BLOCK_LOOK);
  view?.start();
  try {
    const nodes = await startNodes(setting, options, names, identities);
    if (options.wait === true) {
      say("waiting", { nodes: nodes.length });
      await Promise.race([stopped, ...nodes.map((node) => finished(node, false))]);
    }
    if (options.killMiner === true) killDuringTraining(nodes, onEvent);
    await Promise.all(nodes.map((node) => finished(node, options.killMiner === true)));
  } finally {
    clearInterval(height);
    view?.stop();
  }
  const report = await buildReport(state, chain.rpcUrl, deployment, identities);
  printReport(report, process.stdout.isTTY);
  if (options.keep === true && dashboard !== undefined) {
    say("keeping", { url: dashboard.url });
    await stopped;
  }
}

/** Names of so many nodes of a role: the only one has no number. */
function numbered(role: string, count: number): string[] {
  return count === 1 ? [role] : Array.from({ length: count }, (_, index) => `${role}-${String(index + 1)}`);
}

/** Starts every node; the supervisor first, whose address the others start from. */
async function startNodes(
  setting: DemoSetting,
  options: DemoOptions,
  names: readonly string[],
  identities: ReadonlyMap<string, Identity>,
): Promise<DemoNode[]> {
  const identityOf = (name: string): Identity => identities.get(name) ?? createIdentity();
  // The client creates the task for so many miners as there are, whatever the file says.
  const submit = ["task", "submit", resolve(options.task), "--miners", String(options.miners), "--close-early"];
  const evaluators = evaluatorsOf(options);
  submit.push("--evaluators", String(evaluators.length));
  const waiting = ["run", "--role", "client", "--close-early"];
  const command = options.wait === true ? waiting : submit;
  const client = await startNode(setting, "client", "client", identityOf("client"), command, []);
  const started = await client.seen("started");
  const bootstrap = addressesOf(started);
  const only = options.wait === true ? [] : ["--task", String((await client.seen("task-created"))["task"])];
  const cheater = isScored(options) ? evaluators.at(-1) : `miner-${String(options.miners)}`;
  const others = await Promise.all(
    names
      .filter((name) => name !== "client")
      .map((name) => {
        const role = name.replace(/-\d+$/, "");
        const cheat = name === cheater && typeof options.cheat === "string" ? options.cheat : undefined;
        return startNode(setting, name, role, identityOf(name), ["run", "--role", role, ...only], bootstrap, cheat);
      }),
  );
  return [client, ...others];
}

/** Whether the run shows a lie about the final score. */
function isScored({ cheat }: DemoOptions): boolean {
  return typeof cheat === "string" && roleOf(cheatNamed(cheat)) === "evaluator";
}

/** One evaluator; where one lies, an honest one before it. */
function evaluatorsOf(options: DemoOptions): string[] {
  return isScored(options) ? ["evaluator-1", "evaluator-2"] : ["evaluator"];
}

function addressesOf(started: NodeEvent): string[] {
  const { addresses } = started;
  return Array.isArray(addresses) ? addresses.map(String) : [];
}

/** Kills the last miner, hard, once it has reported progress. */
function killDuringTraining(nodes: readonly DemoNode[], onEvent: (event: NodeEvent) => void): void {
  const victim = nodes.findLast(({ role }) => role === "miner");
  if (victim === undefined) return;
  void victim.seen("progress").then(() => {
    if (victim.pid !== undefined) process.kill(victim.pid, "SIGKILL");
    onEvent({ event: "killed", role: "miner", name: victim.name });
  });
}

/** Waits for a node's end and makes a failure of it one of the run. */
async function finished(node: DemoNode, mayBeKilled: boolean): Promise<void> {
  const { code, signal, stderr } = await node.exit;
  if (code === 0 || (mayBeKilled && signal === "SIGKILL")) return;
  throw new GristmillError("NODE_FAILED", `${node.name} ended with ${String(code ?? signal)}`, {
    hints: stderr.trim().split("\n").slice(-8),
  });
}

async function deploy(
  processes: Processes,
  chain: DemoChain,
  folder: string,
  parameters: string | undefined,
): Promise<string> {
  const lines: string[] = [];
  const { exit } = processes.start({
    name: "deploy",
    script: hardhatScript(),
    args: [
      "deploy",
      "--network",
      "localhost",
      ...(parameters === undefined ? [] : ["--parameters", resolve(parameters)]),
    ],
    env: { GRISTMILL_RPC_URL: chain.rpcUrl, GRISTMILL_DEPLOYMENTS: folder, GRISTMILL_DEPLOYER_KEY: funderKey() },
    cwd: ROOT,
    onLine: (line) => lines.push(line),
  });
  const end = await exit;
  if (end.code !== 0)
    throw new GristmillError("DEPLOY_FAILED", "the contracts could not be deployed", {
      hints: [...lines.slice(-6), ...end.stderr.trim().split("\n").slice(-6)],
    });
  return join(folder, "localhost", "addresses.json");
}

/** Says what the launcher does: in words on a terminal, as JSON lines otherwise. */
function announcer(): (event: string, fields: Readonly<Record<string, unknown>>) => void {
  return (event, fields) => {
    if (process.stdout.isTTY) console.log(`${event} ${Object.values(fields).map(String).join(" ")} ...`);
    else console.log(JSON.stringify({ event, role: "launcher", name: "launcher", ...fields }));
  };
}

function describe(error: unknown): string {
  if (error instanceof GristmillError)
    return [`${error.code}: ${error.message}`, ...error.hints.map((hint) => `  ${hint}`)].join("\n");
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 80) throw new InvalidArgumentError("1 to 80 expected");
  return value;
}
