import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { expect } from "chai";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { freePort } from "../../scripts/demo/local-chain.ts";
import { Deployment, LocalNode, NODES, ROOT } from "../scripts/deploy/local-node.ts";

const run = promisify(execFile);

/** First of the well-known development accounts: has ether, and deployed, so it has the GRIST as well. */
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const TASK = join(ROOT, "examples", "tasks", "synthetic-digits.yaml");
const EMPTY_BLOB = "bafkqaaa";

/** A few tickets for the small task, every one lucky. */
const PARAMETERS = { mint: { macsPerTicket: 2_000_000, initialTarget: String(2n ** 256n - 1n) } };

/** One miner, and whom a task needs besides. */
const SMALL_TASK = `
version: 1
payment: { fee: 1000 }
ml:
  dataset: { format: synthetic-digits, source: { seed: 7 }, training-set-size: 512, test-set-size: 32 }
  optimizer:
    type: SGD
    optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 }
    epochs: 4
    batch-size: 32
  model:
    type: FC-DNN
    hidden-units:
      - { id: 1, type: Dense, nodes: 32, activation: relu }
    loss: SoftmaxCrossEntropy
  evaluation-metrics: [accuracy]
coordination: { miners: 1, supervisors: 0 }
`;

/** Gives accounts ether and GRIST. */
const FUND = `
import { transferGrist } from "@gristmill/sdk";
import { parseEther } from "viem";
import { connect } from "./cookbook/connect.ts";
const { client, suite } = await connect();
for (const to of process.argv.slice(1)) {
  await client.waitForTransactionReceipt({ hash: await client.sendTransaction({ to, value: parseEther("10") }) });
  await transferGrist(client, { suite, to, amount: parseEther("5000") });
}
`;

/** Mints the first claim of a miner as soon as its window has passed. */
const MINT = `
import { ClaimState, getClaim, listClaims, mintClaim } from "@gristmill/sdk";
import { formatEther } from "viem";
import { connect } from "./cookbook/connect.ts";
const { client, suite } = await connect();
const [{ claimId, details }] = await listClaims(client, { suite, miner: process.argv[1] });
const state = async () => (await getClaim(client, { suite, claimId })).state;
for (let reward; reward === undefined && (await state()) <= ClaimState.Attested; ) {
  reward = (await mintClaim(client, { suite, details }).catch(() => undefined))?.reward;
  if (reward !== undefined) console.log("minted " + formatEther(reward) + " GRIST");
}
`;

/** How to start each Node: the one that runs this, and the oldest that the packages name. */
const NODE_VERSIONS = {
  [`Node ${process.versions.node}`]: [process.execPath],
  "Node 22.18.0": ["npx", "--yes", "--package", "node@22.18.0", "node"],
} as const;
const OLDEST = "Node 22.18.0";

const MINER = join("node_modules", "@gristmill", "oracle", "bin", "oracle-miner.js");

/** Everybody whom a claim needs; the first is where the others meet. */
const MARKET = ["verifier", "miner", "evaluator", "client"] as const;

/** A node in a process of its own, and what it logs. */
class Party {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];

  constructor(child: ChildProcess) {
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#lines.push(line));
  }

  /** Waits for an event of its log. */
  async seen(event: string): Promise<void> {
    while (!this.#lines.some((line) => line.includes(`"event":"${event}"`))) {
      expect(this.#process.exitCode, this.#lines.slice(-5).join("\n")).to.equal(null);
      await delay(100);
    }
  }

  /** With all that it started: npx runs Node as its child. */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, "exit");
    process.kill(-pid, "SIGKILL");
    await ended;
  }
}

describe("the packages, packed and installed into an empty project", function () {
  this.timeout(900_000);

  let project: string;
  let chain: LocalNode;

  before(async () => {
    project = await mkdtemp(join(tmpdir(), "gristmill-project-"));
    const packages = ["sdk", "oracle"].map((name) => join(ROOT, "dist", name));
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", project, ...packages]);
    const tarballs = stdout.trim().split("\n");
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      readonly devDependencies: Readonly<Record<string, string>>;
    };
    await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const dependencies = [...tarballs.map((file) => `./${file}`), `ethers@${devDependencies["ethers"]}`];
    // No script of a dependency runs, here as in the repository.
    const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", ...options, ...dependencies], { cwd: project });
    await cp(join(ROOT, "examples", "cookbook"), join(project, "cookbook"), { recursive: true });
    chain = await LocalNode.start(NODES["hardhat node"]);
    const parameters = join(project, "parameters.json");
    await writeFile(parameters, JSON.stringify(PARAMETERS));
    const { code, output } = await new Deployment(chain, project, "--parameters", parameters).finished();
    expect(code, output).to.equal(0);
  });

  after(async () => {
    await chain.stop();
    // What npx started may outlive it for a moment.
    await rm(project, { recursive: true, force: true, maxRetries: 5 });
  });

  function environmentOf(key: string | undefined): NodeJS.ProcessEnv {
    const deployment = join(project, "localhost", "addresses.json");
    return {
      ...process.env,
      RPC_URL: chain.url,
      DEPLOYMENT: deployment,
      ...(key === undefined ? {} : { PRIVATE_KEY: key, ORACLE_MINER_PRIVATE_KEY: key }),
      ORACLE_MINER_RPC: chain.url,
      ORACLE_MINER_DEPLOYMENT: deployment,
    };
  }

  for (const [name, [program, ...options]] of Object.entries(NODE_VERSIONS)) {
    describe(`on ${name}`, () => {
      async function node(...args: readonly string[]): Promise<string> {
        const { stdout } = await run(program, [...options, ...args], { cwd: project, env: environmentOf(KEY) });
        return stdout;
      }

      async function init(key: string, ...args: readonly string[]): Promise<void> {
        await run(program, [...options, MINER, "init", "--yes", ...args], { cwd: project, env: environmentOf(key) });
      }

      it("run on the Node that is meant", async () => {
        expect(await node("--version")).to.equal(`${name.replace("Node ", "v")}\n`);
      });

      it("give the SDK, and the contracts' factories to users of ethers", async () => {
        const script = [
          `import { createTask } from "@gristmill/sdk";`,
          `import { GristToken__factory } from "@gristmill/sdk/ethers";`,
          `console.log(typeof createTask, GristToken__factory.createInterface().getFunction("permit").selector);`,
        ].join("\n");
        expect(await node("--input-type=module", "--eval", script)).to.equal("function 0xd505accf\n");
      });

      it("stake and submit a task by the SDK, and see both with the command line", async () => {
        await node("cookbook/integrator.ts", "stake", "7");
        expect(await node(MINER, "stake", "show")).to.contain('"free":"7"');
        const created = await node("cookbook/client.ts", "create", TASK, EMPTY_BLOB);
        const [, taskId = ""] = /^task (0x[0-9a-f]{64})$/m.exec(created) ?? [];
        expect(await node(MINER, "task", "list")).to.contain(taskId);
        expect(await node("cookbook/client.ts", "cancel", taskId)).to.match(/^took back \d+ GRIST$/m);
        await node("cookbook/integrator.ts", "unstake", "7");
      });

      if (name === OLDEST)
        it("mine a task with the command line and a keystore, and mint what its claim earned by a contract call", async () => {
          const keys = Object.fromEntries(MARKET.map((party) => [party, generatePrivateKey()]));
          const script = ["--input-type=module", "--eval"] as const;
          await node(...script, FUND, ...Object.values(keys).map((key) => privateKeyToAddress(key)));
          await chain.request("evm_setAutomine", false);
          await chain.request("evm_setIntervalMining", 1_000);
          await writeFile(join(project, "task.yaml"), SMALL_TASK);
          const peer = `/ip4/127.0.0.1/tcp/${String(await freePort())}`;
          const started: Party[] = [];
          const start = (party: (typeof MARKET)[number], ...args: readonly string[]): Party => {
            const meeting = started.length === 0 ? "--listen" : "--bootstrap";
            const more = ["--name", party, "--data-dir", party, "--auto-stake", "--api", "off", meeting, peer];
            const command = [...options, MINER, ...args, ...more];
            // The miner's key is in its keystore.
            const env = environmentOf(party === "miner" ? undefined : keys[party]);
            const made = new Party(spawn(program, command, { cwd: project, env, detached: true }));
            started.push(made);
            return made;
          };
          try {
            const verifier = start("verifier", "run", "--role", "verifier");
            await verifier.seen("enlisted");
            const files = ["--config", "miner.yaml", "--password-file", "miner.password", "--backup", "miner.json"];
            await init(keys["miner"]!, "--role", "miner", "--data-dir", "miner", ...files);
            const miner = start("miner", "run", "--config", "miner.yaml");
            start("evaluator", "run", "--role", "evaluator");
            await miner.seen("started");
            start("client", "task", "submit", "task.yaml", "--close-early");
            await miner.seen("claim");
            await verifier.seen("attested");
            // Before it would mint by itself.
            await miner.kill();
            expect(await node(...script, MINT, privateKeyToAddress(keys["miner"]!))).to.match(
              /^minted [\d.]+ GRIST\n$/,
            );
          } finally {
            await Promise.all(started.map((party) => party.kill()));
          }
        });
    });
  }
});
