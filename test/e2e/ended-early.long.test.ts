import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { formatEther, parseEther } from "viem";

import { freePort } from "../../scripts/demo/local-chain.ts";
import { leftBehind, onlyTask, start, TIMEOUT } from "./demo-run.ts";

/** The anvil of the npm package, if it has one for this platform. */
function anvilBinary(): string | undefined {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
  } catch {
    return undefined;
  }
}

describe("npm start when something ends early", function () {
  this.timeout(TIMEOUT + 10_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-e2e-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("goes on on a chain of its own process when a miner is killed: the others finish and are paid, it is not", async function () {
    const anvil = anvilBinary();
    if (anvil === undefined) this.skip();
    const port = await freePort();
    const chain = spawn(anvil, ["--port", String(port), "--silent"], { stdio: "ignore" });
    try {
      const run = await start([
        "--miners",
        "3",
        "--kill-miner",
        "--data",
        folder,
        "--rpc",
        `http://127.0.0.1:${String(port)}`,
      ]);
      expect(run.stderr).to.equal("");
      expect(run.code).to.equal(0);
      const report = onlyTask(run);
      const killed = run.events.find(({ event }) => event === "killed")?.name;
      expect(killed).to.equal("miner-3");
      for (const miner of report.miners)
        expect(parseEther(miner.paid) > 0n, `${miner.name} is paid`).to.equal(miner.name !== killed);
      expect(report.identical).to.equal(true);
      expect(report.accuracy).to.be.above(0.85);
      const given = Object.values(report.fee).reduce((sum, amount) => sum + parseEther(amount), 0n);
      expect(formatEther(given + parseEther(report.burned))).to.equal("1000");
    } finally {
      chain.kill("SIGKILL");
    }
  });

  it("ends every process on Ctrl-C", async () => {
    let asked = false;
    const { code } = await start(["--data", folder], ({ event }, kill) => {
      if (event !== "progress" || asked) return;
      asked = true;
      kill("SIGINT");
    });
    expect(asked).to.equal(true);
    expect(code).to.equal(130);
    expect(leftBehind(folder)).to.deep.equal([]);
  });
});
