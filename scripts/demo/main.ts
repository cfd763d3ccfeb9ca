import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";

import { readDeployment } from "../../oracle/src/chain/deployment.ts";
import { parseTaskSpec } from "../../sdk/src/spec/task-spec.ts";
import type { Cast } from "./cast.ts";
import { castOf } from "./cast.ts";
import { listCheats } from "./cheats/index.ts";
import { openInBrowser, startDashboard } from "./dashboard.ts";
import type { DemoNode, DemoSetting, Identity } from "./launch.ts";
import { createIdentity, fund, funderKey, startNode } from "./launch.ts";
import { LiveView } from "./live-view.ts";
import type { DemoChain } from "./local-chain.ts";
import { connectChain, hardhatScript, keepMining, startLocalChain } from "./local-chain.ts";
import type { DemoOptions } from "./options.ts";
import { readOptions } from "./options.ts";
import { Processes } from "./processes.ts";
import { buildReport, printReport } from "./report.ts";
import type { NodeEvent } from "./run-state.ts";
import { RunState } from "./run-state.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Milliseconds: an endpoint given by --rpc has to answer; between two looks at the height; the whole run. */
const RPC_TIMEOUT = 10_000;
const BLOCK_LOOK = 1_000;
const RUN_TIMEOUT = 30 * 60_000;

/** Where nodes of others meet the client, if places are left to them. */
const MEETING_PLACE = "/ip4/127.0.0.1/tcp/4001";

/** Nodes from which on they are told to be modest. */
const CROWD = 8;

process.exitCode = await main(readOptions(process.argv));

/** Runs the demo, or says which cheats it can show; resolves with the exit code. */
async function main(options: DemoOptions): Promise<number> {
  if (options.cheat === true) {
    console.log(`npm start -- --cheat NAME\n\n${listCheats()}`);
    return 0;
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
  const began = Date.now();
  const files = Array.from({ length: options.tasks }, () => options.task.map((file) => resolve(file))).flat();
  const { supervisors } = parseTaskSpec(await readFile(files[0] ?? "", "utf8")).coordination;
  const cast = castOf(options, supervisors);
  const folder = options.data === undefined ? await mkdtemp(join(tmpdir(), "gristmill-")) : resolve(options.data);
  const say = announcer();

  say("starting", { what: options.rpc ?? "a local chain" });
  const chain =
    options.rpc === undefined ? await startLocalChain(processes) : await connectChain(options.rpc, RPC_TIMEOUT);
  if (!existsSync(join(ROOT, "artifacts", "contracts")))
    say("compiling", { what: "the contracts, this once: it takes some minutes" });
  say("deploying", { what: "to chain", chainId: chain.chainId });
  const deploymentFile = await deploy(processes, chain, folder, options.parameters);
  await keepMining(chain, options.blockSeconds);

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
  const everybody = [...cast.supervisors, ...cast.miners, ...cast.evaluators, ...cast.verifiers];
  // Nodes that share a machine share its processors: a thread of their own each for hashing is plenty.
  const flags = everybody.length > CROWD ? ["--hasher-threads", "1"] : [];
  const setting: DemoSetting = { processes, chain, deploymentFile, folder, flags, onEvent };

  const identities = new Map(["client", ...everybody.map(({ name }) => name)].map((name) => [name, createIdentity()]));
  const accounts = new Map([...identities].map(([name, { account }]) => [name, account]));
  say("funding", { accounts: accounts.size });
  await fund(chain, deployment, [...accounts.values()]);
  const since = await chain.client.getBlockNumber();

  const height = setInterval(() => {
    void chain.client.getBlockNumber().then(
      (block) => (state.block = block),
      // The nodes notice a chain that is gone, and say so.
      () => undefined,
    );
  }, BLOCK_LOOK);
  if (options.open > 0)
    say("inviting", {
      whom: `${String(options.open)} of your miners:`,
      by: `--rpc ${chain.rpcUrl} --deployment ${relative("", deploymentFile)} --bootstrap ${MEETING_PLACE}`,
    });
  view?.start();
  try {
    const client = await startClient(
      setting,
      options.wait === true ? [] : files,
      { ...cast, open: options.open },
      identityOf(identities, "client"),
    );
    const bootstrap = addressesOf(await client.seen("started"));
    if (options.wait !== true) await client.seen("task-created");
    const nodes = await Promise.all(
      everybody.map(({ name, role, cheat }) => {
        const command = ["run", "--role", role, ...(options.filler === true ? ["--filler"] : [])];
        return startNode(setting, name, role, identityOf(identities, name), command, bootstrap, cheat);
      }),
    );
    if (options.wait === true) {
      say("waiting", { nodes: nodes.length });
      await Promise.race([stopped, ...[client, ...nodes].map((node) => endedEarly(node, false))]);
    }
    if (options.killMiner === true) killDuringTraining(nodes, onEvent);
    const over = finished(client, false).then(() => state.over(files.length, options.filler === true));
    await Promise.race([over, ...nodes.map((node) => endedEarly(node, options.killMiner === true))]);
    for (const node of nodes) node.stop();
    await Promise.all(nodes.map((node) => finished(node, options.killMiner === true)));
  } finally {
    clearInterval(height);
    view?.stop();
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  const cheats = Object.fromEntries(
    everybody.flatMap(({ name, cheat }) => (cheat === undefined ? [] : [[name, cheat] as const])),
  );
  const report = await buildReport({ state, rpcUrl: chain.rpcUrl, deployment, accounts, since, cheats, seconds });
  printReport(report, process.stdout.isTTY);
  if (report.accounts.faults.length > 0)
    throw new GristmillError("ACCOUNTS_UNBALANCED", "GRIST was lost or made from nothing", {
      hints: report.accounts.faults,
    });
  if (options.keep === true && dashboard !== undefined) {
    say("keeping", { url: dashboard.url });
    await stopped;
  }
}

/**
 * Starts the client, which creates its tasks one after the other, for so many workers as there are, whatever their files say;
 * without files it waits for tasks that its API is given.
 */
async function startClient(
  setting: DemoSetting,
  files: readonly string[],
  { miners, supervisors, evaluators, open }: Cast & Pick<DemoOptions, "open">,
  identity: Identity,
): Promise<DemoNode> {
  const places = { miners: miners.length + open, supervisors: supervisors.length, evaluators: evaluators.length };
  const wanted = Object.entries(places).flatMap(([role, count]) => [`--${role}`, String(count)]);
  const reach = open > 0 ? ["--listen", MEETING_PLACE] : [];
  const command = files.length === 0 ? ["run", "--role", "client"] : ["task", "submit", ...files, ...wanted];
  return startNode(setting, "client", "client", identity, [...command, ...reach, "--close-early"], []);
}

function identityOf(identities: ReadonlyMap<string, Identity>, name: string): Identity {
  return identities.get(name) ?? createIdentity();
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

/** Makes it a failure of the run if a node ends that is to go on; never resolves. */
async function endedEarly(node: DemoNode, mayBeKilled: boolean): Promise<never> {
  await finished(node, mayBeKilled);
  if (mayBeKilled && (await node.exit).signal === "SIGKILL") return new Promise<never>(() => undefined);
  throw new GristmillError("NODE_FAILED", `${node.name} ended while there was work to do`);
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
