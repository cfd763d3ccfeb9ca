import { spawn } from "node:child_process";
import { createRequire } from "node:module";

import { expect } from "chai";
import { formatEther, parseEther } from "viem";

import { freePort } from "../../scripts/demo/local-chain.ts";
import { describeRuns, leftBehind, onlyTask, start } from "./demo-run.ts";

/** The anvil of the npm package, if it has one for this platform. */
function anvilBinary(): string | undefined {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
  } catch {
    return undefined;
  }
}

describeRuns("npm start when something ends early", (folder) => {
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
        folder(),
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
    const { code } = await start(["--data", folder()], ({ event }) => event === "progress");
    expect(code).to.equal(130);
    expect(leftBehind(folder())).to.deep.equal([]);
  });
});
