import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { parseEther } from "viem";

import { describeRuns, leftBehind, start } from "./demo-run.ts";

const BRIEF_TASK = fileURLToPath(new URL("./brief.yaml", import.meta.url));
/** Windows so short that a task is settled half a minute after its creation. */
const SWIFT = fileURLToPath(new URL("./swift.json", import.meta.url));

describeRuns("npm start with several tasks", (folder) => {
  it("trains two tasks of a client and one of the protocol with the same processes, and its accounts balance", async () => {
    const args = ["--task", BRIEF_TASK, "--parameters", SWIFT, "--tasks", "2", "--filler", "--miners", "2"];
    const { code, events, report, stderr } = await start([...args, "--data", folder()]);
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    if (report === undefined) expect.fail("no report");

    const started = events.filter(({ event }) => event === "started").map(({ name }) => name);
    expect(started, "nobody is started twice").to.have.members([...new Set(started)]);
    expect(report.tasks.map(({ client }) => client)).to.have.members(["client", "client", "protocol"]);
    for (const task of report.tasks) {
      expect(task.identical, `all replicas of ${task.task} ended in the state that the chain holds`).to.equal(true);
      for (const { name, paid } of task.miners)
        expect(parseEther(paid) > 0n, `${name} is paid for ${task.task}`).to.equal(true);
    }
    const { faults, supply } = report.accounts;
    expect(faults).to.deep.equal([]);
    // Amounts of wei are strings in JSON.
    expect(BigInt(String(supply.minted)) >= parseEther("100"), "the protocol's fee is newly minted").to.equal(true);
    expect(leftBehind(folder())).to.deep.equal([]);
  });
});
