import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect } from "chai";

import { Deployment, LocalNode, NODES, ROOT } from "../scripts/deploy/local-node.ts";

const run = promisify(execFile);

/** First of the well-known development accounts: has ether, and deployed, so it has the GRIST as well. */
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const TASK = join(ROOT, "examples", "tasks", "synthetic-digits.yaml");
const EMPTY_BLOB = "bafkqaaa";

/** How to start each Node: the one that runs this, and the oldest that the packages name. */
const NODE_VERSIONS = {
  [`Node ${process.versions.node}`]: [process.execPath],
  "Node 22.18.0": ["npx", "--yes", "--package", "node@22.18.0", "node"],
} as const;

describe("the packages, packed and installed into an empty project", function () {
  this.timeout(400_000);

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
    const { code, output } = await new Deployment(chain, project).finished();
    expect(code, output).to.equal(0);
  });

  after(async () => {
    await chain.stop();
    await rm(project, { recursive: true, force: true });
  });

  for (const [name, [program, ...options]] of Object.entries(NODE_VERSIONS)) {
    describe(`on ${name}`, () => {
      async function node(...args: readonly string[]): Promise<string> {
        const deployment = join(project, "localhost", "addresses.json");
        const { stdout } = await run(program, [...options, ...args], {
          cwd: project,
          env: {
            ...process.env,
            RPC_URL: chain.url,
            DEPLOYMENT: deployment,
            PRIVATE_KEY: KEY,
            ORACLE_MINER_RPC: chain.url,
            ORACLE_MINER_DEPLOYMENT: deployment,
            ORACLE_MINER_PRIVATE_KEY: KEY,
          },
        });
        return stdout;
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
        const miner = join("node_modules", "@gristmill", "oracle", "bin", "oracle-miner.js");
        expect(await node(miner, "stake", "show")).to.contain('"free":"7"');
        const created = await node("cookbook/client.ts", "create", TASK, EMPTY_BLOB);
        const [, taskId = ""] = /^task (0x[0-9a-f]{64})$/m.exec(created) ?? [];
        expect(await node(miner, "task", "list")).to.contain(taskId);
        expect(await node("cookbook/client.ts", "cancel", taskId)).to.match(/^took back \d+ GRIST$/m);
        await node("cookbook/integrator.ts", "unstake", "7");
      });
    });
  }
});
