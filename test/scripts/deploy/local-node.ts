import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

export const ROOT = dirname(dirname(dirname(import.meta.dirname)));

const HARDHAT = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");
const ANVIL = join(ROOT, "node_modules", "@foundry-rs", "anvil", "bin.mjs");

/** How to start each kind of development node on a port. */
export const NODES = {
  anvil: (port: number, ...options: string[]) => [ANVIL, "--silent", "--port", String(port), ...options],
  "hardhat node": (port: number) => [HARDHAT, "node", "--port", String(port)],
} as const;

/** Whether there is an anvil for this platform. */
export async function hasAnvil(): Promise<boolean> {
  const [code] = (await once(spawn(process.execPath, [ANVIL, "--version"], { stdio: "ignore" }), "exit")) as [number];
  return code === 0;
}

/** A development chain in a process of its own. */
export class LocalNode {
  readonly url: string;
  readonly #process: ChildProcess;

  constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#process = child;
  }

  static async start(command: (port: number) => readonly string[]): Promise<LocalNode> {
    const port = await freePort();
    const child = spawn(process.execPath, command(port), { cwd: ROOT, stdio: "ignore" });
    const node = new LocalNode(`http://127.0.0.1:${port}`, child);
    while (!(await node.#answers())) {
      expect(child.exitCode, `${command(port).join(" ")} ended`).to.equal(null);
      await delay(50);
    }
    return node;
  }

  async request(method: string, ...params: unknown[]): Promise<unknown> {
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    return ((await response.json()) as { readonly result: unknown }).result;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exit;
  }

  async #answers(): Promise<boolean> {
    return this.request("eth_chainId").then(
      () => true,
      () => false,
    );
  }
}

/** `npx hardhat COMMAND --network localhost` against a node, recording in a folder. */
export class HardhatTask {
  readonly #process: ChildProcess;
  #output = "";

  constructor(node: LocalNode, folder: string, ...command: readonly string[]) {
    this.#process = spawn(process.execPath, [HARDHAT, ...command, "--network", "localhost"], {
      cwd: ROOT,
      env: { ...asOnATerminal(process.env), GRISTMILL_RPC_URL: node.url, GRISTMILL_DEPLOYMENTS: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
  }

  async finished(): Promise<{ readonly code: number | null; readonly output: string }> {
    const [code] = (await once(this.#process, "close")) as [number | null];
    return { code, output: this.#output };
  }

  async kill(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

/** `npx hardhat deploy`. */
export class Deployment extends HardhatTask {
  constructor(node: LocalNode, folder: string, ...options: readonly string[]) {
    super(node, folder, "deploy", ...options);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Where these are set, Hardhat shows stack traces (its isCi); what people read is tested. */
const CI_VARIABLES = ["CI", "GITHUB_ACTIONS", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "RUN_ID"];

function asOnATerminal(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !CI_VARIABLES.includes(name)));
}
