import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import type { Hex } from "viem";
import { bytesToHex } from "viem";
import { mnemonicToAccount, privateKeyToAddress } from "viem/accounts";

import { Deployment, HardhatTask, LocalNode, NODES, ROOT } from "./deploy/local-node.ts";

const COOKBOOK = join(ROOT, "examples", "cookbook");
const MODEL = join(ROOT, "examples", "shared-models", "sentiment.json");
const TASK = join(ROOT, "examples", "tasks", "synthetic-digits.yaml");
/** A raw block of nothing: who only escrows needs no data that anybody could fetch. */
const EMPTY_BLOB = "bafkqaaa";

/** Key of a development account, which has ether; the first has the GRIST as well. */
function keyOf(addressIndex: number): Hex {
  const { privateKey } = mnemonicToAccount("test test test test test test test test test test test junk", {
    addressIndex,
  }).getHdKey();
  return bytesToHex(privateKey!);
}

describe("the cookbook", function () {
  this.timeout(120_000);

  let folder: string;
  let node: LocalNode;
  let trainer: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gristmill cookbook "));
    node = await LocalNode.start(NODES["hardhat node"]);
    const suite = await new Deployment(node, folder).finished();
    expect(suite.code, suite.output).to.equal(0);
    const model = await new HardhatTask(node, folder, "deploy-model", MODEL).finished();
    expect(model.code, model.output).to.equal(0);
    const [record = ""] = globSync(join(folder, "localhost", "models", "*.json"));
    ({ trainer } = (JSON.parse(await readFile(record, "utf8")) as { contracts: { trainer: string } }).contracts);
  });

  after(async () => {
    await node.stop();
    await rm(folder, { recursive: true });
  });

  async function run(example: string, ...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [join(COOKBOOK, example), ...args], {
      cwd: folder,
      env: {
        ...process.env,
        RPC_URL: node.url,
        DEPLOYMENT: join(folder, "localhost", "addresses.json"),
        PRIVATE_KEY: keyOf(0),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    expect(code, output).to.equal(0);
    return output;
  }

  async function wait(seconds: number): Promise<void> {
    await node.request("evm_increaseTime", seconds);
    await node.request("evm_mine");
  }

  it("has an integrator that stakes, and gets its stake back when the delay is over", async () => {
    expect(await run("integrator.ts", "stake", "12.5")).to.contain("free 12.5, locked 0, unbonding 0 GRIST");
    expect(await run("integrator.ts", "unstake", "12.5")).to.contain("free 0, locked 0, unbonding 12.5 GRIST");
    expect(await run("integrator.ts", "withdraw")).to.match(/not before \d{4}-/);
    await wait(700);
    expect(await run("integrator.ts", "withdraw")).to.contain("withdrew 12.5 GRIST");
  });

  it("has a model's owner that asks and teaches it, and an integrator that gets the deposit back", async () => {
    expect(await run("model-owner.ts", "predict", trainer, "a wonderful film")).to.equal("Positive\n");
    const taught = await run("model-owner.ts", "teach", trainer, "a wonderful film", "Positive");
    const [, time = ""] = /^taught for 0\.\d+ ether at (\d+)$/m.exec(taught) ?? [];
    const report = ["report", trainer, "a wonderful film", "Positive", time, privateKeyToAddress(keyOf(0))] as const;
    expect(await run("model-owner.ts", ...report)).to.match(/refused: .*Stakeable64_/);
    expect(await run("integrator.ts", "refund", trainer)).to.contain("too early for a sample");
    await wait(40 * 86_400);
    const refunded = await run("integrator.ts", "refund", trainer);
    expect(refunded).to.match(/^refunded 0\.\d+ ether$/m);
    const [, cursor = ""] = /^cursor (\S+)$/m.exec(refunded) ?? [];
    expect(await run("integrator.ts", "refund", trainer, cursor)).to.equal(`cursor ${cursor}\n`);
  });

  it("has a client that creates a task, an operator that applies for it, and the fee back when it is cancelled", async () => {
    const created = await run("client.ts", "create", TASK, EMPTY_BLOB);
    const [, taskId = ""] = /^task (0x[0-9a-f]{64})$/m.exec(created) ?? [];
    const applied = await run("operator.ts", "apply");
    expect(applied)
      .to.match(/^staked \d+ GRIST$/m)
      .and.to.contain(`applied for ${taskId}`);
    expect(await run("operator.ts", "status", taskId)).to.contain("no place");
    expect(await run("client.ts", "cancel", taskId)).to.match(/^took back \d+ GRIST$/m);
    expect(await run("client.ts", "cancel", taskId)).to.contain("too late");
  });
});
