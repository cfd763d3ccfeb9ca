import {
  collaborativeTrainer64Abi,
  compileTask,
  encode,
  encodeProgram,
  gristTokenAbi,
  stakeable64Abi,
  taskRegistryAbi,
} from "@gristmill/sdk";
import { expect } from "chai";
import type { Page } from "playwright-core";
import type { Abi, Address, Hex } from "viem";
import { createPublicClient, createWalletClient, http, keccak256, toHex } from "viem";
import { hardhat } from "viem/chains";

import { injectWallet } from "./injected-wallet.ts";
import { REFUND_WAIT, Site } from "./site.ts";
import type { PageOptions } from "./test-browser.ts";
import { connectUnlocked, hasChromium, outcomeOf, seriousFaults } from "./test-browser.ts";

/** Small enough to be compiled at once. */
const TASK = `
version: 1
payment: { fee: 1000 }
ml:
  dataset: { format: synthetic-digits, source: { seed: 1 }, training-set-size: 64, test-set-size: 20 }
  optimizer:
    type: SGD
    optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 }
    epochs: 2
    batch-size: 16
  model:
    type: FC-DNN
    hidden-units: [{ id: 1, type: Dense, nodes: 8, activation: relu }]
    loss: SoftmaxCrossEntropy
coordination: { miners: 2 }
`;

describe("the dashboard in a browser", function () {
  this.timeout(120_000);
  let site: Site;
  const opened: Page[] = [];

  before(async function () {
    if (!hasChromium) this.skip();
    site = await Site.start();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (page) => page.context().close()));
  });

  after(async () => {
    if (hasChromium) await site.stop();
  });

  async function open(path = "", options: PageOptions = {}): Promise<Page> {
    const page = await site.open(path, options);
    opened.push(page);
    return page;
  }

  async function figure(page: Page, label: string): Promise<string> {
    return page.locator(`[data-figure="${label}"]`).innerText();
  }

  async function accounts(): Promise<readonly Address[]> {
    return (await site.chain.request("eth_accounts")) as readonly Address[];
  }

  async function send(
    from: number,
    call: { address: Address; abi: Abi; functionName: string; args: readonly unknown[]; value?: bigint },
  ) {
    const transport = http(site.chain.url);
    const account = (await accounts())[from]!;
    const hash = await createWalletClient({ chain: hardhat, transport, account }).writeContract(call);
    await createPublicClient({ chain: hardhat, transport, pollingInterval: 50 }).waitForTransactionReceipt({ hash });
  }

  it("shows the chain's epoch, target, emission and supply", async () => {
    const page = await open();
    await page.getByText("1,000,000 GRIST").waitFor();
    expect(await figure(page, "Emission of this epoch")).to.equal("20 GRIST");
    expect(await figure(page, "Target of this epoch")).to.equal("1 in 64");
    expect(await figure(page, "Tasks that run")).to.match(/^\d+$/);
  });

  it("stakes with a signed permit, unstakes, and says in words why it is too early to withdraw", async () => {
    const page = await open("stake");
    await connectUnlocked(page, 0);
    await page.getByLabel("Amount to stake (GRIST)").fill("250");
    await page.getByRole("button", { name: "Sign and stake" }).click();
    expect(await outcomeOf(page, "Sign and stake")).to.match(/^Done in block/);
    await page.getByText("staked", { exact: true }).waitFor();
    expect(await figure(page, "Free stake")).to.equal("250 GRIST");

    await page.getByLabel("Amount to unstake (GRIST)").fill("100.5");
    await page.getByRole("button", { name: "Unstake", exact: true }).click();
    expect(await outcomeOf(page, "Unstake")).to.match(/^Done in block/);
    const withdraw = "Withdraw what has unbonded";
    await page.getByRole("button", { name: withdraw }).click();
    expect(await outcomeOf(page, withdraw)).to.match(/can be withdrawn from .*StakeManager_StillUnbonding\(/s);

    await site.passTime(700);
    await page.getByText("may be withdrawn", { exact: true }).waitFor();
    await page.getByRole("button", { name: withdraw }).click();
    expect(await outcomeOf(page, withdraw)).to.match(/^Done in block/);
    await page.getByText("withdrew", { exact: true }).waitFor();
    expect(await figure(page, "In the wallet")).to.equal("999,850.5 GRIST");
  });

  it("predicts for free, adds data, refuses a refund that is too early, and refunds when the model agrees", async () => {
    const page = await open(`models/${site.trainer}`);
    await connectUnlocked(page, 0);
    const text = page.getByLabel("Text");
    await text.first().fill("a wonderful film");
    await page.getByRole("button", { name: "Predict" }).click();
    await page.getByTestId("prediction").waitFor();
    expect(await page.getByTestId("prediction").innerText()).to.equal("Positive");

    await text.last().fill("a wonderful and excellent film");
    await page.getByLabel("It is", { exact: true }).selectOption("Positive");
    await page.getByRole("button", { name: "Add data" }).click();
    expect(await outcomeOf(page, "Add data")).to.match(/^Done in block/);
    await page.getByLabel("Search").fill("EXCELLENT");
    await page.getByText("1 of 1 samples").waitFor();

    await page.getByRole("button", { name: "Refund" }).click();
    expect(await outcomeOf(page, "Refund")).to.match(/too early.*Stakeable64_TooEarly\(claimableFrom: \d+\)/s);
    await site.passTime(REFUND_WAIT);
    await page.getByRole("button", { name: "Refund" }).click();
    expect(await outcomeOf(page, "Refund")).to.match(/^Done in block/);
    await page.getByText("0 ETH of it left").waitFor();
  });

  it("reports a sample that the model does not agree with", async () => {
    const page = await open(`models/${site.trainer}`);
    await page.getByText("Price of a sample").waitFor();
    const trainer = { address: site.trainer, abi: collaborativeTrainer64Abi } as const;
    const client = createPublicClient({ transport: http(site.chain.url) });
    const incentive = await client.readContract({ ...trainer, functionName: "incentiveMechanism" });
    const price = await client.readContract({
      address: incentive,
      abi: stakeable64Abi,
      functionName: "getNextAddDataCost",
    });
    const lie = encode("MurmurHash3", "a wonderful excellent superb great best film");
    await send(1, { ...trainer, functionName: "addData", args: [lie, 0n], value: 4n * price });
    await site.passTime(REFUND_WAIT);
    // The author of the good sample of the test before may report; whoever had none refunded may not.
    await connectUnlocked(page, 2);
    const card = page.getByRole("article").filter({ hasText: "the model says Positive" });
    await card.getByRole("button", { name: "Report" }).click();
    expect(await outcomeOf(page, "Report")).to.include("Stakeable64_NoGoodData");
    await connectUnlocked(page, 0);
    await card.getByRole("button", { name: "Report" }).click();
    expect(await outcomeOf(page, "Report")).to.match(/^Done in block/);
  });

  it("shows a task's phase counting down, and its curves moving with a node's events", async () => {
    const taskId = await createTask();
    const page = await open(`tasks/${taskId}`);
    await page.getByText(/min \d+ s left|min left/).waitFor();
    expect(await page.locator("li[aria-current=step]").innerText()).to.match(/^Registration/);
    const first = await page.getByTestId("countdown").innerText();
    await page.getByTestId("countdown").filter({ hasNotText: first }).waitFor();

    const progress = { event: "progress", task: taskId, slot: 1, loss: 1.5, updates: 12 };
    site.feed.say({ ...progress, iteration: 1, accuracy: 0.25 });
    site.feed.say({ ...progress, iteration: 2, accuracy: 0.5 });
    await page.getByRole("img", { name: "Accuracy on its batches: slot 1 is at 50.0 %" }).waitFor();
    site.feed.cut();
    await page.getByText("node stale").waitFor();
    await page.getByText("node", { exact: true }).waitFor();
    site.feed.say({ ...progress, iteration: 3, accuracy: 0.75 });
    await page.getByRole("img", { name: "Accuracy on its batches: slot 1 is at 75.0 %" }).waitFor();
  });

  it("compiles a spec in the page and says what it costs, and where it is wrong", async () => {
    const page = await open("tasks/new");
    await page.getByLabel("Task file (YAML or JSON)").fill(TASK);
    await page.getByRole("button", { name: "Compile" }).click();
    await page.getByText("1,000 GRIST, escrowed").waitFor();
    await page.getByText(/^\d+ – 8 – 10$/).waitFor();
    await page.getByLabel("Task file (YAML or JSON)").fill(TASK.replace("fee: 1000", "fee: plenty"));
    await page.getByRole("button", { name: "Compile" }).click();
    expect(await page.getByRole("alert").innerText()).to.include("payment.fee");
  });

  it("says that the chain does not answer, since when, and goes on when it is back", async () => {
    const page = await open();
    await page.getByText("1,000,000 GRIST").waitFor();
    await page.route(`${site.chain.url}/`, async (route) => route.abort());
    await page.getByTestId("stale").waitFor();
    expect(await page.getByTestId("stale").innerText()).to.match(/as of block \d+, \d+ s ago/);
    expect(await figure(page, "Emission of this epoch")).to.equal("20 GRIST");
    await page.unroute(`${site.chain.url}/`);
    await page.getByTestId("stale").waitFor({ state: "detached" });
  });

  it("refuses to send on a wrong chain, mends that with a button, and sends nothing that the wallet rejects", async () => {
    const page = await open("stake");
    await injectWallet(page, site.chain.url, (await accounts())[3] ?? "", { chainId: 1, rejects: true });
    await page.reload();
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("menuitem", { name: "Browser wallet" }).click();
    await page.getByTestId("wrong-chain").waitFor();
    await page.getByText("Approve, then stake").click();
    await page.getByLabel("Amount to approve (GRIST)").fill("1");
    expect(await page.getByRole("button", { name: "Approve", exact: true }).isDisabled()).to.equal(true);
    await page.getByRole("button", { name: "Switch to Local chain" }).click();
    await page.getByTestId("wrong-chain").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    expect(await outcomeOf(page, "Approve")).to.equal("You rejected the request in the wallet. Nothing was sent.");
    await page.evaluate("walletBehaviour.rejects = false");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    expect(await outcomeOf(page, "Approve")).to.match(/^Done in block/);
  });

  it("shows a prediction market's phases, and takes a sample while it takes any", async () => {
    const page = await open(`markets/${site.market}`);
    await connectUnlocked(page, 1);
    await page.getByText("Participation").waitFor();
    expect(await page.locator("li[aria-current=step]").innerText()).to.match(/^Participation/);
    expect(await figure(page, "Bounty")).to.equal("0.1 ETH");
    await page.getByLabel("Numbers, with spaces or commas between them").fill("1");
    await page.getByLabel("Its class").fill("1");
    await page.getByRole("button", { name: "Contribute" }).click();
    expect(await outcomeOf(page, "Contribute")).to.match(/^Done in block/);
    const part = page.getByText("as it stands, paid out at the end.");
    await part.filter({ hasText: "1 sample;" }).waitFor();
    expect(await page.getByRole("button", { name: "Take out" }).isDisabled()).to.equal(true);
  });

  it("warns of a model whose parts do not belong to it, and does not list it as good", async () => {
    const page = await open("models");
    await page.getByText("all parts owned by the trainer").waitFor();
    await page.getByLabel("Address of its trainer").fill(site.deployment.contracts.GristToken);
    await page.getByRole("region", { name: "Add a model" }).getByRole("button", { name: "Add" }).click();
    await page.getByText("not to be trusted").waitFor();
    expect(await page.getByText("all parts owned by the trainer").count()).to.equal(1);
  });

  it("has no serious fault of accessibility on any page, light or dark, wide or narrow, and asks no other host", async () => {
    const taskId = await createTask();
    const hosts = new Set<string>();
    const paths = [
      "",
      "tasks",
      `tasks/${taskId}`,
      "tasks/new",
      "miner",
      "disputes",
      "models",
      `models/${site.trainer}`,
      `markets/${site.market}`,
      "stake",
    ];
    for (const options of [
      { dark: false, width: 1280 },
      { dark: true, width: 390 },
    ]) {
      const page = await open("", options);
      page.on("request", (request) => hosts.add(new URL(request.url()).origin));
      await page.reload();
      await connectUnlocked(page, 0);
      for (const path of paths) {
        await page.goto(`${site.url}#/${path}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.getByText("…", { exact: true }).first().waitFor({ state: "detached" });
        expect(await seriousFaults(page), `#/${path} ${JSON.stringify(options)}`).to.deep.equal([]);
        const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        expect(overflow, `#/${path} is wider than the screen`).to.be.at.most(0);
      }
    }
    expect([...hosts].sort()).to.deep.equal([new URL(site.url).origin, new URL(site.chain.url).origin].sort());
  });

  it("is used with the keyboard alone: skips to the page, opens the menu, connects", async () => {
    const page = await open("stake");
    await page.getByText("Connect a wallet to see and move its stake.").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).to.equal("Skip to the page");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).to.equal("main");
    await page.getByRole("button", { name: "Connect" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "#0 " }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("In the wallet").waitFor();
  });

  /** A task of the deployer's, whose data nobody serves; resolves to its id. */
  async function createTask(): Promise<Hex> {
    const { contracts } = site.deployment;
    const registry = { address: contracts.TaskRegistry as Address, abi: taskRegistryAbi } as const;
    const { payment, parameters, specHash } = await compileTask(TASK, {
      baseDir: "",
      readFile: async () => new Uint8Array(),
    });
    await send(0, {
      address: contracts.GristToken as Address,
      abi: gristTokenAbi,
      functionName: "approve",
      args: [registry.address, payment.fee],
    });
    const salt = toHex(crypto.getRandomValues(new Uint8Array(32)));
    const root = keccak256(salt);
    const task = {
      ...payment,
      salt,
      specHash,
      datasetRoot: root,
      testCommitment: root,
      manifest: "bafy",
      program: encodeProgram(parameters),
    };
    await send(0, { ...registry, functionName: "createTask", args: [task] });
    const client = createPublicClient({ transport: http(site.chain.url) });
    const events = await client.getContractEvents({
      ...registry,
      eventName: "TaskCreated",
      fromBlock: 0n,
      strict: true,
    });
    return events.at(-1)?.args.taskId ?? expect.fail("no task was created");
  }
});
