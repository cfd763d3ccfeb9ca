import { existsSync, globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import {
  CONTRACT_NAMES,
  type DeploymentRecord,
  GAME_LIBRARY_NAMES,
  LIBRARY_NAMES,
} from "../../../scripts/deploy/record.ts";
import { Deployment, hasAnvil, LocalNode, NODES } from "./local-node.ts";

/** One for each contract and library, seven for the wiring. */
const TRANSACTIONS = CONTRACT_NAMES.length + LIBRARY_NAMES.length + GAME_LIBRARY_NAMES.length + 7;

describe("hardhat deploy", function () {
  this.timeout(120_000);

  let folder: string;
  const running: LocalNode[] = [];

  async function start(command: (port: number) => readonly string[]): Promise<LocalNode> {
    const node = await LocalNode.start(command);
    running.push(node);
    return node;
  }

  async function deploy(node: LocalNode, ...options: readonly string[]): Promise<string> {
    const { code, output } = await new Deployment(node, folder, ...options).finished();
    expect(code, output).to.equal(0);
    return output;
  }

  async function record(): Promise<DeploymentRecord> {
    return JSON.parse(await readFile(join(folder, "localhost", "addresses.json"), "utf8")) as DeploymentRecord;
  }

  async function transactionsSent(node: LocalNode): Promise<number> {
    const [deployer] = (await node.request("eth_accounts")) as readonly string[];
    return Number(await node.request("eth_getTransactionCount", deployer, "latest"));
  }

  async function expectCodeEverywhere(node: LocalNode, { contracts }: DeploymentRecord): Promise<void> {
    for (const name of CONTRACT_NAMES) {
      expect(await node.request("eth_getCode", contracts[name], "latest"), name).to.have.length.above(2);
    }
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gristmill deployments "));
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((node) => node.stop()));
    await rm(folder, { recursive: true });
  });

  for (const [name, command] of Object.entries(NODES)) {
    // A block a second: anvil counts intervals in seconds, Hardhat in milliseconds.
    const interval = name === "anvil" ? 1 : 1_000;

    describe(`on ${name}`, () => {
      before(async function () {
        if (name === "anvil" && !(await hasAnvil())) this.skip();
      });

      it("deploys once, and a second run changes nothing", async () => {
        const node = await start(command);
        await deploy(node);
        const first = await record();
        await expectCodeEverywhere(node, first);
        const output = await deploy(node);
        expect(output).to.contain("nothing to do");
        expect(await record()).to.deep.equal(first);
        expect(await transactionsSent(node)).to.equal(TRANSACTIONS);
      });

      it("deploys anew when the node was started afresh under the same chain id", async () => {
        const old = await start(command);
        await deploy(old);
        await old.stop();
        const fresh = await start(command);
        await deploy(fresh);
        await expectCodeEverywhere(fresh, await record());
        expect(await transactionsSent(fresh)).to.equal(TRANSACTIONS);
      });

      it("goes on where it was killed, without deploying anything twice", async () => {
        const node = await start(command);
        // The deployment takes several blocks, so that there is a middle to be killed in.
        await node.request("evm_setAutomine", false);
        await node.request("evm_setIntervalMining", interval);
        const interrupted = new Deployment(node, folder);
        const deployed = () => globSync(join(folder, ".ignition", "deployments", "*", "deployed_addresses.json"))[0];
        while (deployed() === undefined) await delay(20);
        await interrupted.kill();
        expect(existsSync(join(folder, "localhost", "addresses.json"))).to.equal(false);

        const output = await deploy(node);
        expect(output).to.contain("going on with a deployment that was interrupted");
        await expectCodeEverywhere(node, await record());
        expect(await transactionsSent(node)).to.equal(TRANSACTIONS);
      });
    });
  }

  it("deploys a second suite to a development chain when the parameters change, and records them", async () => {
    const node = await start(NODES["hardhat node"]);
    await deploy(node);
    const file = join(folder, "parameters.json");
    await writeFile(file, JSON.stringify({ beacon: { epochBlocks: 9 } }));
    const output = await deploy(node, "--parameters", file);
    expect(output).to.contain("contracts or parameters changed");
    expect(await record()).to.have.nested.property("parameters.beacon.epochBlocks", "9");
  });

  it("says in one sentence what is wrong with the parameters, and deploys nothing", async () => {
    const node = await start(NODES["hardhat node"]);
    const file = join(folder, "parameters.json");
    await writeFile(file, JSON.stringify({ beacon: { epochBlock: 9 } }));
    const { code, output } = await new Deployment(node, folder, "--parameters", file).finished();
    expect(code).to.equal(1);
    expect(output).to.contain("beacon: epochBlock is not a parameter; there are epochBlocks, seedDelay");
    expect(output).to.not.contain("    at ");
    expect(await transactionsSent(node)).to.equal(0);
  });
});
