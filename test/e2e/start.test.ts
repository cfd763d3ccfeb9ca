import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { formatEther, parseEther } from "viem";

import { freePort } from "../../scripts/demo/local-chain.ts";
import type { Report, TaskReport } from "../../scripts/demo/report.ts";
import type { NodeEvent } from "../../scripts/demo/run-state.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo/main.ts", import.meta.url));
const TASK = fileURLToPath(new URL("./digits.yaml", import.meta.url));
const CHEATED_TASK = fileURLToPath(new URL("./cheated.yaml", import.meta.url));
/** Short windows, and every ticket lucky: so there is something to refute at once. */
const QUICK = fileURLToPath(new URL("./quick.json", import.meta.url));
/** Windows so short that a task is settled half a minute after its creation. */
const SWIFT = fileURLToPath(new URL("./swift.json", import.meta.url));
const BRIEF_TASK = fileURLToPath(new URL("./brief.yaml", import.meta.url));
const TIMEOUT = 300_000;

interface Run {
  readonly code: number | null;
  readonly events: readonly NodeEvent[];
  readonly report: Report | undefined;
  readonly stderr: string;
}

/** Runs `npm start`'s launcher to its end, as a pipe would see it. */
async function start(
  args: readonly string[],
  onEvent: (event: NodeEvent, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Run> {
  const child = spawn(process.execPath, [DEMO, ...(args.includes("--task") ? [] : ["--task", TASK]), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const events: NodeEvent[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as NodeEvent;
    events.push(event);
    onEvent(event, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const report = events.find(({ event }) => event === "report") as unknown as Report | undefined;
  return { code, events, report, stderr };
}

/** What a run reports of its only task, once its accounts balance. */
function onlyTask({ report }: Run): TaskReport {
  const [task] = report?.tasks ?? [];
  if (report === undefined || task === undefined) expect.fail("no report");
  expect(report.tasks).to.have.length(1);
  expect(report.accounts.faults, "not a wei is lost or made from nothing").to.deep.equal([]);
  return task;
}

/** The slot of the last miner, which cheats. */
function cheater(report: TaskReport): number {
  const slot = report.miners.find(({ name }) => name === "miner-2")?.slot;
  if (slot === undefined) expect.fail("the cheating miner has no slot");
  return slot;
}

/** Command lines of processes that mention the run's data folder. */
function leftBehind(folder: string): string[] {
  return spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(folder));
}

describe("npm start", function () {
  this.timeout(TIMEOUT + 10_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-e2e-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("trains a model, confirms every lucky claim, mints, pays everybody and leaves nothing behind", async () => {
    const run = await start(["--miners", "3", "--data", folder]);
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
    expect(leftBehind(folder)).to.deep.equal([]);
  });

  it("catches a cheating miner, takes its stake over one element, pays the honest, and ends well", async () => {
    const args = ["--task", CHEATED_TASK, "--parameters", QUICK, "--miners", "2", "--cheat", "wrong-gradient"];
    const run = await start([...args, "--data", folder]);
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
    expect(leftBehind(folder)).to.deep.equal([]);
  });

  it("trains two tasks of a client and one of the protocol with the same processes, and its accounts balance", async () => {
    const args = ["--task", BRIEF_TASK, "--parameters", SWIFT, "--tasks", "2", "--filler", "--miners", "2"];
    const { code, events, report, stderr } = await start([...args, "--data", folder]);
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
    expect(leftBehind(folder)).to.deep.equal([]);
  });

  it("lists the cheats that it can show, and refuses others", () => {
    const list = spawnSync(process.execPath, [DEMO, "--cheat"], { encoding: "utf8" });
    expect(list.status).to.equal(0);
    expect(list.stdout).to.include("wrong-gradient").and.to.include("false-trace").and.to.include("wrong-score");
    const unknown = spawnSync(process.execPath, [DEMO, "--cheat", "none"], { encoding: "utf8" });
    expect(unknown.status).to.equal(1);
    expect(unknown.stderr).to.include("CHEAT_UNKNOWN").and.to.include("wrong-gradient");
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

  it("refuses a task that cannot be trained, and says which field and how to mend it", async () => {
    const run = spawnSync(process.execPath, [DEMO, "--task", join(dirname(TASK), "momentum.yaml"), "--data", folder], {
      encoding: "utf8",
      timeout: TIMEOUT,
    });
    expect(run.status).to.equal(1);
    expect(run.stderr).to.include("momentum").and.to.include("Leave momentum out");
    expect(leftBehind(folder)).to.deep.equal([]);
  });
});

/** The anvil of the npm package, if it has one for this platform. */
function anvilBinary(): string | undefined {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`);
  } catch {
    return undefined;
  }
}
