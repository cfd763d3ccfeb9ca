import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseModelFile } from "@gristmill/sdk";
import { expect } from "chai";
import { artifacts } from "hardhat";
import type { Page } from "playwright-core";
import type { Address } from "viem";

import { dashboardFiles } from "../../oracle/src/dashboard/dashboard-files.ts";
import { EventFeed } from "../../scripts/demo/event-feed.ts";
import { buildDashboard } from "../../scripts/dashboard/build.ts";
import { deployModel } from "../../scripts/deploy-model/deploy-model.ts";
import type { DeploymentRecord } from "../../scripts/deploy/record.ts";
import { Deployment, LocalNode, NODES, ROOT } from "../scripts/deploy/local-node.ts";
import { deployMarket } from "./market.ts";
import type { PageOptions } from "./test-browser.ts";
import { TestBrowser } from "./test-browser.ts";

/** Seconds after which a sample of the test's model can be refunded. */
export const REFUND_WAIT = 86_400;

/** A chain with the suite and a shared model, and the dashboard over it, in a browser. */
export class Site {
  readonly chain: LocalNode;
  readonly deployment: DeploymentRecord;
  readonly trainer: Address;
  /** A prediction market that takes samples. */
  readonly market: Address;
  /** A node's live events, as its API would send them. */
  readonly feed: EventFeed;
  readonly url: string;
  readonly #browser: TestBrowser;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(parts: {
    readonly chain: LocalNode;
    readonly deployment: DeploymentRecord;
    readonly trainer: Address;
    readonly market: Address;
    readonly feed: EventFeed;
    readonly browser: TestBrowser;
    readonly server: Server;
    readonly folder: string;
  }) {
    this.chain = parts.chain;
    this.deployment = parts.deployment;
    this.trainer = parts.trainer;
    this.market = parts.market;
    this.feed = parts.feed;
    this.#browser = parts.browser;
    this.#server = parts.server;
    this.#folder = parts.folder;
    this.url = `http://127.0.0.1:${(parts.server.address() as AddressInfo).port}/`;
  }

  static async start(): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), "gristmill dashboard "));
    const [chain] = await Promise.all([LocalNode.start(NODES["hardhat node"]), buildDashboard(join(folder, "site"))]);
    const { code, output } = await new Deployment(chain, folder).finished();
    expect(code, output).to.equal(0);
    const deployment = JSON.parse(
      await readFile(join(folder, "localhost", "addresses.json"), "utf8"),
    ) as DeploymentRecord;
    const trainer = await deploySentiment(chain);
    const market = await deployMarket(chain, deployment);
    const settings = { rpcUrl: chain.url, apiUrl: "", deployment, models: [trainer], markets: [market] };
    const files = await dashboardFiles(join(folder, "site"), settings);
    const feed = new EventFeed();
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/api/v1/events") === true) feed.serve(request, response);
      else void files(request, response);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const browser = await TestBrowser.launch();
    return new Site({ chain, deployment, trainer, market, feed, browser, server, folder });
  }

  /** A page in a browser of its own, without a wallet. */
  async open(path = "", options: PageOptions = {}): Promise<Page> {
    return this.#browser.open(`${this.url}#/${path}`, options);
  }

  /** Moves the chain's clock on and mines a block. */
  async passTime(seconds: number): Promise<void> {
    await this.chain.request("evm_increaseTime", seconds);
    await this.chain.request("evm_mine");
  }

  async stop(): Promise<void> {
    await this.#browser.stop();
    this.feed.cut();
    this.#server.close();
    await this.chain.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** The model of examples/shared-models, whose price and waits are the file's own. */
async function deploySentiment(chain: LocalNode): Promise<Address> {
  const fileText = readFileSync(join(ROOT, "examples", "shared-models", "sentiment.json"), "utf8");
  const provider = {
    request: async ({ method, params }: { readonly method: string; readonly params?: unknown }) =>
      chain.request(method, ...((params as readonly unknown[] | undefined) ?? [])),
  };
  const { trainer } = await deployModel({
    artifacts,
    connection: { provider, networkName: "localhost" },
    name: "Sentiment of film reviews",
    file: parseModelFile(fileText),
    fileText,
    recordFile: undefined,
    say: () => undefined,
  });
  return trainer;
}
