import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import { pino } from "pino";

import type { Api } from "../../../oracle/src/api/server.ts";
import { findApi } from "../../../oracle/src/api/location.ts";
import { startApi } from "../../../oracle/src/api/server.ts";
import { loadToken, tokenFile } from "../../../oracle/src/api/token.ts";
import { configSchema } from "../../../oracle/src/config/config.ts";
import { Journal } from "../../../oracle/src/journal.ts";
import { BountyJobs } from "../../../oracle/src/bounties/jobs.ts";
import { configuredPolicy, PolicyStore } from "../../../oracle/src/bounties/policy.ts";
import type { Node } from "../../../oracle/src/roles/node.ts";
import { openDatabase } from "../../../oracle/src/storage/database.ts";

const TASK = `0x${"ab".repeat(32)}`;

/** A node without a chain: enough for whatever is answered from its log and network. */
function nodeIn(dataDir: string, journal: Journal, settings: Record<string, unknown> = {}): Node {
  return {
    config: configSchema.parse({ dataDir, ...settings }),
    database: openDatabase(join(dataDir, "node.sqlite")),
    log: pino({ level: "debug", formatters: { level: (label) => ({ level: label }) } }, journal),
    chain: {
      address: undefined,
      endpoints: [],
      deployment: { chainId: 31_337 },
      head: () => Promise.reject(new GristmillError("CHAIN_UNREACHABLE", "no chain")),
    },
    network: {
      peerId: "self",
      addresses: ["/ip4/127.0.0.1/tcp/1/p2p/self"],
      peers: ["friend", "other"],
      taskPeers: () => ["friend"],
      counts: () => ({ accepted: 7, forged: 2 }),
    },
  } as unknown as Node;
}

describe("the HTTP API", () => {
  let folder: string;
  let journal: Journal;
  let node: Node;
  const running: Api[] = [];

  async function start(settings: Record<string, unknown> = {}, dashboard?: string, role = "miner"): Promise<string> {
    node = nodeIn(folder, journal, settings);
    const options = { node, role, journal, version: "1.2.3" };
    const api = await startApi(dashboard === undefined ? options : { ...options, dashboard });
    running.push(api);
    return api.url;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-api-"));
    journal = new Journal();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((api) => api.stop()));
    node.database.close();
    rmSync(folder, { recursive: true });
  });

  it("says in the data folder where it answers, as long as it does", async () => {
    const url = await start();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(findApi(folder)).to.equal(url);
    await running.pop()!.stop();
    expect(findApi(folder)).to.equal(undefined);
  });

  it("serves the dashboard with its settings where it has no path of its own", async () => {
    writeFileSync(join(folder, "index.html"), "<title>Gristmill</title>");
    const url = await start({ rpc: ["http://127.0.0.1:8545"] }, folder);
    expect(await (await fetch(url)).text()).to.equal("<title>Gristmill</title>");
    const settings: unknown = await (await fetch(`${url}/config.json`)).json();
    expect(settings).to.deep.equal({ rpcUrl: "http://127.0.0.1:8545", apiUrl: "", deployment: { chainId: 31_337 } });
    expect((await fetch(`${url}/api/v1/peers`)).headers.get("content-type")).to.include("json");
    expect((await fetch(`${url}/no/such/file.js`)).status).to.equal(404);
  });

  it("keeps its token for its owner's eyes, and the same over restarts", async () => {
    await start();
    expect(statSync(tokenFile(folder)).mode & 0o777).to.equal(0o600);
    expect(loadToken(folder))
      .to.equal(loadToken(folder))
      .and.to.match(/^[0-9a-f]{64}$/);
  });

  it("refuses a Host header that is no name of this machine, and takes those that the operator allows", async () => {
    const url = await start({ apiHosts: ["miner.example"] });
    for (const [host, status] of [
      ["evil.example", 421],
      ["evil.example:80", 421],
      ["127.0.0.1.evil.example", 421],
      ["miner.example", 200],
      ["localhost:1", 200],
      ["[::1]:1", 200],
    ] as const)
      expect(await statusOf(`${url}/api/v1/peers`, { host }), host).to.equal(status);
  });

  it("refuses a write without the token, before it looks at anything else", async () => {
    const url = await start();
    for (const authorization of [undefined, "Bearer ", `Bearer ${"0".repeat(64)}`, loadToken(folder)]) {
      const answer = await fetch(`${url}/api/v1/stake/add`, {
        method: "POST",
        body: "not even JSON",
        ...(authorization === undefined ? {} : { headers: { authorization } }),
      });
      expect(answer.status).to.equal(401);
      expect(await answer.json()).to.have.nested.property("error.code", "TOKEN_WRONG");
    }
  });

  it("names what is wrong with a write that has the token", async () => {
    const url = await start();
    const post = async (body: unknown): Promise<unknown> => {
      const answer = await fetch(`${url}/api/v1/stake/add`, {
        method: "POST",
        headers: { authorization: `Bearer ${loadToken(folder)}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    expect(await post({ amount: "-5" }))
      .to.include({ status: 400 })
      .and.to.have.nested.property("error.code", "AMOUNT_INVALID");
    expect(await post({}))
      .to.include({ status: 400 })
      .and.to.have.nested.property("error.code", "REQUEST_INVALID");
  });

  it("asks for the token for every read where others than this machine could read", async () => {
    const url = (await start({ api: "0.0.0.0:0" })).replace("0.0.0.0", "127.0.0.1");
    expect((await fetch(`${url}/api/v1/peers`)).status).to.equal(401);
    expect((await fetch(`${url}/metrics`)).status).to.equal(401);
    const headers = { authorization: `Bearer ${loadToken(folder)}` };
    expect((await fetch(`${url}/api/v1/peers`, { headers })).status).to.equal(200);
  });

  it("answers with peers by task, and what became of messages", async () => {
    const url = await start();
    node.log.info({ event: "phase", task: TASK });
    expect(await (await fetch(`${url}/api/v1/peers`)).json()).to.deep.equal({
      self: { id: "self", addresses: ["/ip4/127.0.0.1/tcp/1/p2p/self"] },
      peers: [
        { id: "friend", tasks: [TASK] },
        { id: "other", tasks: [] },
      ],
      messages: { accepted: 7, forged: 2 },
    });
  });

  it("answers errors with code, sentence and hints", async () => {
    const url = await start();
    const answer = await fetch(`${url}/api/v1/tasks/0x12`);
    expect(answer.status).to.equal(400);
    expect(await answer.json()).to.deep.equal({
      error: {
        code: "TASK_ID_INVALID",
        message: "0x12 is not a task id",
        hints: ["0x and 64 hexadecimal digits"],
      },
    });
    expect((await fetch(`${url}/api/v2/status`)).status).to.equal(404);
  });

  it("gives the last lines of the log from a level and a place on", async () => {
    const url = await start();
    for (let n = 0; n < 5; n++) node.log.info({ event: "phase", n });
    node.log.warn({ event: "dropped" });
    const ask = async (query: string) =>
      (await (await fetch(`${url}/api/v1/log?${query}`)).json()) as { lines: { sequence: number; event: string }[] };
    expect((await ask("limit=2")).lines.map(({ sequence }) => sequence)).to.deep.equal([5, 6]);
    expect((await ask("after=3")).lines.map(({ sequence }) => sequence)).to.deep.equal([4, 5, 6]);
    expect((await ask("level=warn")).lines).to.deep.include.members([{ ...(await ask("after=5")).lines[0]! }]);
    expect((await fetch(`${url}/api/v1/log?limit=0`)).status).to.equal(400);
  });

  it("streams events as they are logged, and after a break what was missed", async () => {
    const url = await start();
    node.log.info({ event: "phase", n: 1 });
    const first = await stream(`${url}/api/v1/events`);
    node.log.info({ event: "phase", n: 2 });
    expect(await first.next()).to.deep.include({ id: 2, event: "phase", n: 2 });
    first.close();
    node.log.info({ event: "phase", n: 3 });
    const second = await stream(`${url}/api/v1/events`, { "last-event-id": "2" });
    expect(await second.next()).to.deep.include({ id: 3, n: 3 });
    node.log.info({ event: "phase", n: 4 });
    expect(await second.next()).to.deep.include({ id: 4, n: 4 });
    second.close();
  });

  it("counts for Prometheus what the log reports", async () => {
    const url = await start();
    const progress = { event: "progress", task: TASK, slot: 0, iterations: 100, accuracy: 0.5, loss: 1 };
    node.log.info({ ...progress, iteration: 8, time: "2026-01-01T00:00:00.000Z" });
    node.log.info({ ...progress, iteration: 24, time: "2026-01-01T00:00:02.000Z" });
    node.log.info({ event: "draw", task: TASK, tickets: 300, lucky: 2, seconds: 1.5 });
    node.log.info({ event: "mint", reward: "12.5" });
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      `gristmill_iterations_total{task="${TASK}"} 16`,
      `gristmill_training_iterations_per_second{task="${TASK}"} 8`,
      `gristmill_tickets_total{task="${TASK}"} 300`,
      `gristmill_lucky_tickets_total{task="${TASK}"} 2`,
      "gristmill_hashes_per_second 200",
      "gristmill_minted_grist_total 12.5",
      "gristmill_peers 2",
      'gristmill_messages_total{verdict="forged"} 2',
    ])
      expect(text.split("\n")).to.include(line);
  });

  describe("of a hunter", () => {
    const BOUNTY = `0x${"cd".repeat(32)}` as const;
    const startHunter = () => start({ bountyMinimum: 5, bountyTopics: "digits" }, undefined, "hunter");

    async function ask(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
      const headers = {
        authorization: `Bearer ${loadToken(folder)}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      };
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(`${url}/api/v1/${path}`, { method, headers, ...content });
      return { status: answer.status, ...((await answer.json()) as object) };
    }

    it("gives its policy and changes it, for the token only, in whole, and for good", async () => {
      const url = await startHunter();
      const policy = {
        enabled: true,
        minimumBounty: "5",
        minimumTimeLeft: 60,
        maximumExecutionTime: 3_600,
        maximumJobs: 1,
        topics: ["digits"],
      };
      expect(await (await fetch(`${url}/api/v1/policy`)).json()).to.deep.equal(policy);
      const changed = { ...policy, enabled: false, minimumBounty: "7.25", topics: [] };
      const put = { method: "PUT", body: JSON.stringify(changed), headers: { "content-type": "application/json" } };
      expect((await fetch(`${url}/api/v1/policy`, put)).status).to.equal(401);
      expect(new PolicyStore(node.database, node.config).isSet).to.equal(false);
      expect(await ask(url, "PUT", "policy", changed)).to.deep.equal({ status: 200, ...changed });
      expect(new PolicyStore(node.database, node.config).get()).to.deep.equal(changed);
      for (const wrong of [{ enabled: true }, { ...policy, maximumJobs: 0 }, { ...policy, minimumBounty: "-1" }])
        expect(await ask(url, "PUT", "policy", wrong))
          .to.include({ status: 400 })
          .and.to.have.nested.property("error.code", "REQUEST_INVALID");
      expect(configuredPolicy(node.config)).to.deep.equal(policy);
    });

    it("lists its jobs, counts them for Prometheus, and quits a running one, for the token only", async () => {
      const url = await startHunter();
      const jobs = new BountyJobs(node.database);
      const { signal } = new AbortController();
      const order = { runner: "builtin", seconds: 600, signal };
      const job = jobs.run(
        BOUNTY,
        order,
        (quit) =>
          new Promise((_, reject) => {
            quit.addEventListener("abort", () => {
              reject(quit.reason as Error);
            });
          }),
      );
      const ended = job.catch((error: unknown) => error);
      const list = async () =>
        ((await (await fetch(`${url}/api/v1/jobs`)).json()) as { jobs: Record<string, unknown>[] }).jobs;
      const [running] = await list();
      expect(running).to.include({ id: BOUNTY, bounty: BOUNTY, state: "running", runner: "builtin" });
      expect(Number(running!["deadline"]) - Number(running!["startedAt"])).to.equal(600);
      const metrics = async () => (await (await fetch(`${url}/metrics`)).text()).split("\n");
      expect(await metrics()).to.include('gristmill_bounty_jobs{state="running"} 1');

      expect((await fetch(`${url}/api/v1/jobs/${BOUNTY}`, { method: "DELETE" })).status).to.equal(401);
      expect(await ask(url, "DELETE", `jobs/${BOUNTY}`)).to.include({ status: 200 });
      expect(await ended).to.have.property("code", "JOB_QUIT");
      expect((await list()).map(({ state }) => state)).to.deep.equal(["quit"]);
      expect(await metrics()).to.include('gristmill_bounty_jobs{state="quit"} 1');
      expect(await ask(url, "DELETE", `jobs/${BOUNTY}`))
        .to.include({ status: 404 })
        .and.to.have.nested.property("error.code", "JOB_UNKNOWN");
      expect(await ask(url, "DELETE", "jobs/7")).to.include({ status: 400 });
    });

    it("alone has policy and jobs; every node tells of its machine", async () => {
      const url = await start();
      expect((await fetch(`${url}/api/v1/policy`)).status).to.equal(404);
      expect((await fetch(`${url}/api/v1/jobs`)).status).to.equal(404);
      const machine = (await (await fetch(`${url}/api/v1/machine`)).json()) as Record<string, number>;
      expect(machine["backends"]).to.include({ matrices: "wasm", hasher: "auto" });
      for (const figure of ["cores", "memoryTotal", "memoryFree", "memoryOfNode", "diskTotal", "diskFree", "uptime"])
        expect(machine[figure], figure).to.be.greaterThan(0);
      expect(machine["diskTotal"]).to.be.at.least(machine["diskFree"]!);
    });
  });

  it("describes every one of its paths in OpenAPI", async () => {
    const url = await start({}, undefined, "hunter");
    const { paths } = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(paths)).to.have.members([
      ...["status", "tasks", "tasks/{task}", "claims", "disputes", "stake", "rewards", "peers", "log", "events"].map(
        (path) => `/api/v1/${path}`,
      ),
      ...["bounties", "machine", "policy", "jobs", "jobs/{id}"].map((path) => `/api/v1/${path}`),
      ...["stake/add", "stake/remove", "stake/withdraw", "rewards/claim"].map((path) => `/api/v1/${path}`),
      ...["tasks/prepare", "tasks/{task}/test-set", "tasks/{task}/model", "tasks/{task}/model/weights"].map(
        (path) => `/api/v1/${path}`,
      ),
      "/api/v1/explain/{id}",
      "/metrics",
    ]);
  });
});

/** The status of a GET with headers that `fetch` does not let a caller choose. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .once("error", reject)
      .end();
  });
}

interface EventReader {
  next(): Promise<Record<string, unknown>>;
  close(): void;
}

/** Reads server-sent events, the heartbeats left out. */
async function stream(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const controller = new AbortController();
  const { body } = await fetch(url, { headers, signal: controller.signal });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  // The first heartbeat says that the stream is open.
  while (!text.includes("\n\n")) text += (await reader.read()).value ?? "";
  const next = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        text += (await reader.read()).value ?? "";
        continue;
      }
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(message) ?? [];
      if (data !== undefined) return { id: Number(id), ...(JSON.parse(data) as object) };
    }
  };
  return {
    next,
    close: () => {
      controller.abort();
    },
  };
}
