import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { parseEther } from "viem";

import type { TaskReport } from "../../scripts/demo/report.ts";
import { describeRuns, leftBehind, onlyTask, start } from "./demo-run.ts";

const CHEATED_TASK = fileURLToPath(new URL("./cheated.yaml", import.meta.url));
/** Short windows, and every ticket lucky: so there is something to refute at once. */
const QUICK = fileURLToPath(new URL("./quick.json", import.meta.url));

/** The slot of the last miner, which cheats. */
function cheater(report: TaskReport): number {
  const slot = report.miners.find(({ name }) => name === "miner-2")?.slot;
  if (slot === undefined) expect.fail("the cheating miner has no slot");
  return slot;
}

describeRuns("npm start with a cheat", (folder) => {
  it("catches a cheating miner, takes its stake over one element, pays the honest, and ends well", async () => {
    const args = ["--task", CHEATED_TASK, "--parameters", QUICK, "--miners", "2", "--cheat", "wrong-gradient"];
    const run = await start([...args, "--data", folder()]);
    expect(run.stderr).to.equal("");
    expect(run.code).to.equal(0);
    const report = onlyTask(run);

    expect(report.disputes.map(({ place, winner }) => ({ place, winner }))).to.deep.include({
      place: `slot ${String(cheater(report))}`,
      winner: "challenger",
    });
    const [dispute] = report.disputes.filter(({ why }) => why !== "silence");
    expect(dispute?.why, "one element decides").to.match(/^R_2'\[0\]\[0\]: must be -?[\d,]+, claimed -?[\d,]+$/);
    expect(report.convicted).to.deep.equal([
      { place: `slot ${String(cheater(report))}`, stake: "100", burned: "50", accusers: "25", honest: "25" },
    ]);
    for (const { name, paid } of report.miners)
      expect(parseEther(paid) > 0n, `${name} is paid`).to.equal(name === "miner-1");
    expect(report.identical).to.equal(true);
    expect(leftBehind(folder())).to.deep.equal([]);
  });
});
