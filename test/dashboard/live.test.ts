import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect } from "chai";
import type { Page } from "playwright-core";

import type { ModelCard } from "../../oracle/src/roles/fetch-model.ts";
import type { NodeEvent } from "../../scripts/demo/run-state.ts";
import { ROOT } from "../scripts/deploy/local-node.ts";
import { connectUnlocked, hasChromium, outcomeOf, TestBrowser } from "./test-browser.ts";

const E2E = join(ROOT, "test", "e2e");
const TASK = readFileSync(join(E2E, "cheated.yaml"), "utf8");

/** Nodes that wait for tasks, of which one miner cheats, and the dashboard over them. */
class LiveRun {
  readonly url: string;
  readonly #launcher: ChildProcess;

  private constructor(url: string, launcher: ChildProcess) {
    this.url = url;
    this.#launcher = launcher;
  }

  static async start(folder: string): Promise<LiveRun> {
    const args = ["--wait", "--miners", "2", "--cheat", "wrong-gradient", "--data", folder];
    const launcher = spawn(
      process.execPath,
      [join(ROOT, "scripts", "demo", "main.ts"), ...args, "--parameters", join(E2E, "quick.json")],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let url: string | undefined;
    for await (const line of createInterface({ input: launcher.stdout })) {
      const event = JSON.parse(line) as NodeEvent;
      if (event.event === "dashboard") url = String(event["url"]);
      if (event.event === "waiting") {
        // What comes later is of no interest here, but a full pipe would stop the launcher.
        launcher.stdout.resume();
        return new LiveRun(url ?? "", launcher);
      }
    }
    return expect.fail("the launcher ended");
  }

  async stop(): Promise<void> {
    const exit = once(this.#launcher, "exit");
    this.#launcher.kill("SIGINT");
    await exit;
  }
}

describe("the dashboard over running nodes", function () {
  this.timeout(180_000);
  let folder: string;
  let run: LiveRun;
  let browser: TestBrowser;
  let page: Page;

  before(async function () {
    if (!hasChromium) this.skip();
    folder = await mkdtemp(join(tmpdir(), "gristmill-live-"));
    [run, browser] = await Promise.all([LiveRun.start(folder), TestBrowser.launch()]);
    page = await browser.open(run.url);
    page.setDefaultTimeout(120_000);
  });

  after(async () => {
    if (!hasChromium) return;
    await browser.stop();
    await run.stop();
    await rm(folder, { recursive: true });
  });

  it("submits a task from the form, which the nodes take up and train", async () => {
    await page.goto(`${page.url().split("#")[0] ?? ""}#/tasks/new`);
    await connectUnlocked(page, 0);
    await page.getByLabel("Task file (YAML or JSON)").fill(TASK);
    await page.getByRole("button", { name: "Compile" }).click();
    await page.getByRole("button", { name: "Submit with the wallet" }).click();
    expect(await outcomeOf(page, "Create the task")).to.match(/^Done in block/);
    await page.getByRole("link", { name: "See it train" }).click();
    await page.getByRole("button", { name: "Begin now" }).click();
    const curve = page.getByRole("img", { name: /^Accuracy on its batches: slot/ });
    await curve.waitFor();
    const first = await curve.getAttribute("aria-label");
    await page
      .getByRole("img", { name: /^Accuracy on its batches: slot/ })
      .and(page.locator(`:not([aria-label="${first ?? ""}"])`))
      .waitFor();
  });

  it("follows the dispute over the cheating slot to its deciding element", async () => {
    const training = page.url();
    await page.getByRole("link", { name: "Disputes" }).click();
    await page.getByRole("link", { name: /^0x/ }).last().click();
    const decision = page.getByTestId("decision");
    await decision.waitFor();
    expect(await decision.innerText()).to.match(/^R_2'\[0\]\[0\]: must be -?[\d,]+, claimed -?[\d,]+$/);
    const arithmetic = "residual and sum of errors times inputs, less what crossed the threshold = ";
    expect(await page.getByRole("alert").filter({ has: decision }).innerText()).to.include(arithmetic);
    await page.goto(training);
  });

  it("lets the client reveal the test set, and hands over the model that the chain names", async () => {
    const reveal = page.getByRole("button", { name: "Reveal the test set" });
    await reveal.click();
    // Once it is revealed there is nothing more to do.
    await reveal.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Fetch and check the model" }).click();
    const link = page.getByRole("link", { name: "model.json" });
    await link.waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const card = JSON.parse(readFileSync(await download.path(), "utf8")) as ModelCard;
    await page.getByText(`copy the final state ${card.stateId}`).first().waitFor({ state: "attached" });
    // How good it is depends on how late the cheat was convicted: what it had sent is left out.
    expect(card.accuracy).to.be.within(0, 1);
  });
});
