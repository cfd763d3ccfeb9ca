import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { expect } from "chai";
import { formatEther, parseEther } from "viem";

import { DEMO, describeRuns, leftBehind, onlyTask, start, TASK, TIMEOUT } from "./demo-run.ts";

describeRuns("npm start", (folder) => {
  it("trains a model, confirms every lucky claim, mints, pays everybody and leaves nothing behind", async () => {
    const run = await start(["--miners", "3", "--data", folder()]);
    expect(run.stderr).to.equal("");
    expect(run.code).to.equal(0);
    const report = onlyTask(run);

    expect(report.accuracy).to.be.above(0.9);
    expect(report.identical, "all replicas ended in the state that the chain holds").to.equal(true);
    expect(report.replicas, "three miners, the supervisor and the client").to.equal(5);
    expect(report.claims).to.be.above(0);
    expect(report.confirmed, "every claim is confirmed").to.equal(report.claims);
    expect(report.refuted).to.equal(0);
    expect(parseEther(report.minted) > 0n, "something was minted").to.equal(true);

    for (const miner of report.miners) {
      expect(miner.iterations).to.be.above(0);
      expect(parseEther(miner.paid) > 0n, `${miner.name} is paid`).to.equal(true);
    }
    const given = Object.values(report.fee).reduce((sum, amount) => sum + parseEther(amount), 0n);
    expect(formatEther(given + parseEther(report.burned)), "not a wei of the fee is lost").to.equal("1000");

    const { model } = report;
    if (model === undefined) expect.fail("no model");
    const card = JSON.parse(readFileSync(join(model, "model.json"), "utf8")) as { stateId: string };
    expect(card.stateId).to.equal(report.finalState);
    expect(existsSync(join(model, "weights.bin"))).to.equal(true);
    expect(leftBehind(folder())).to.deep.equal([]);
  });

  it("lists the cheats that it can show, and refuses others", () => {
    const list = spawnSync(process.execPath, [DEMO, "--cheat"], { encoding: "utf8" });
    expect(list.status).to.equal(0);
    expect(list.stdout).to.include("wrong-gradient").and.to.include("false-trace").and.to.include("wrong-score");
    const unknown = spawnSync(process.execPath, [DEMO, "--cheat", "none"], { encoding: "utf8" });
    expect(unknown.status).to.equal(1);
    expect(unknown.stderr).to.include("CHEAT_UNKNOWN").and.to.include("wrong-gradient");
  });

  it("refuses a task that cannot be trained, and says which field and how to mend it", async () => {
    const run = spawnSync(
      process.execPath,
      [DEMO, "--task", join(dirname(TASK), "momentum.yaml"), "--data", folder()],
      {
        encoding: "utf8",
        timeout: TIMEOUT,
      },
    );
    expect(run.status).to.equal(1);
    expect(run.stderr).to.include("momentum").and.to.include("Leave momentum out");
    expect(leftBehind(folder())).to.deep.equal([]);
  });
});
