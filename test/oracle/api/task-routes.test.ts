import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { commitTestSet, decodeBatchSet, Phase, taskIdOf } from "@gristmill/sdk";
import { expect } from "chai";
import { pino } from "pino";
import type { Hex } from "viem";

import type { Api } from "../../../oracle/src/api/server.ts";
import { startApi } from "../../../oracle/src/api/server.ts";
import { loadToken } from "../../../oracle/src/api/token.ts";
import { configSchema } from "../../../oracle/src/config/config.ts";
import { Journal } from "../../../oracle/src/journal.ts";
import { modelFolder } from "../../../oracle/src/roles/fetch-model.ts";
import { keepsTestSet } from "../../../oracle/src/roles/kept-test-set.ts";
import type { Node } from "../../../oracle/src/roles/node.ts";
import type { Database } from "../../../oracle/src/storage/database.ts";
import { openDatabase } from "../../../oracle/src/storage/database.ts";

const CLIENT = "0x00000000000000000000000000000000000000c1";
const REGISTRY = "0x00000000000000000000000000000000000000a1";
const CHAIN_ID = 31_337;
const TASK = `0x${"ab".repeat(32)}` as const;

/** Two pixels and a label a line, of which one in four is for testing. */
const DATA = Array.from({ length: 16 }, (_, row) => `${row % 2},${1 - (row % 2)},${row % 2 === 0 ? "a" : "b"}`).join(
  "\n",
);
const SPEC = `
version: 1
payment: { fee: 1000 }
ml:
  dataset:
    format: CSV
    source: { file: data/points.csv, header: false, label: 2 }
    training-set-size: 12
    test-set-size: 4
  optimizer:
    type: SGD
    optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 }
    epochs: 1
    batch-size: 4
  model:
    type: FC-DNN
    hidden-units: [{ id: 1, type: Dense, nodes: 4, activation: relu }]
    loss: SoftmaxCrossEntropy
coordination: { miners: 1 }
`;

describe("the HTTP API's tasks", () => {
  let folder: string;
  let database: Database;
  let phase: number;
  let api: Api | undefined;
  const blobs = new Map<string, Uint8Array>();

  async function start(role = "client"): Promise<string> {
    const journal = new Journal();
    const node = {
      config: configSchema.parse({ dataDir: folder }),
      log: pino({ level: "silent" }),
      chain: {
        address: undefined,
        endpoints: [],
        deployment: { chainId: CHAIN_ID, contracts: { TaskRegistry: REGISTRY } },
      },
      contracts: { registry: { read: { taskOf: () => Promise.resolve({ phase }) } } },
      database,
      network: {
        blobs: {
          put: (bytes: Uint8Array) => {
            const address = `blob ${String(blobs.size)}`;
            blobs.set(address, bytes);
            return Promise.resolve(address);
          },
        },
      },
    } as unknown as Node;
    api = await startApi({ node, role, journal, version: "1.2.3" });
    return api.url;
  }

  async function post(url: string, path: string, body: unknown) {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${loadToken(folder)}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }

  function prepare(url: string, changes: Record<string, unknown> = {}) {
    const files = { "points.csv": Buffer.from(DATA).toString("base64") };
    return post(url, "tasks/prepare", { spec: SPEC, files, client: CLIENT, ...changes });
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-tasks-"));
    database = openDatabase(join(folder, "node.sqlite"));
    phase = Phase.Training;
    blobs.clear();
  });

  afterEach(async () => {
    await api?.stop();
    database.close();
    rmSync(folder, { recursive: true });
  });

  it("publish what a wallet's task needs, and say the id that it will have", async () => {
    const { status, answer } = await prepare(await start());
    expect(answer).to.have.keys("task", "specHash", "datasetRoot", "testCommitment", "salt", "manifest");
    expect(status).to.equal(200);
    const { task, specHash, salt, manifest } = answer as Record<string, Hex>;
    expect(task).to.equal(
      taskIdOf({ chainId: CHAIN_ID, registry: REGISTRY, client: CLIENT, specHash: specHash!, salt: salt! }),
    );
    const { train } = JSON.parse(new TextDecoder().decode(blobs.get(manifest!))) as { train: string };
    expect(decodeBatchSet(blobs.get(train)!).batches).to.have.length(3);
    expect(keepsTestSet({ database }, task!)).to.equal(true);
  });

  it("keep a test set secret until its task is in Reveal, and then open the commitment", async () => {
    const url = await start();
    const { answer } = await prepare(url);
    const path = `tasks/${String(answer["task"])}/test-set`;
    const served = blobs.size;
    expect(await post(url, path, {}))
      .to.include({ status: 409 })
      .and.to.have.nested.property("answer.error.code", "TEST_SET_SECRET");
    expect(blobs.size).to.equal(served);
    phase = Phase.Reveal;
    const { answer: revealed } = await post(url, path, {});
    const { testRoot, testBatches, salt, manifest } = revealed as {
      testRoot: Hex;
      testBatches: number;
      salt: Hex;
      manifest: string;
    };
    expect(commitTestSet({ testRoot, testBatches, salt })).to.equal(answer["testCommitment"]);
    expect(decodeBatchSet(blobs.get(manifest)!).batches).to.have.length(testBatches);
  });

  it("refuse what is not a task, a client, or a file that came with it", async () => {
    const url = await start();
    for (const [changes, code] of [
      [{ files: {} }, "SPEC_FILE_MISSING"],
      [{ client: "0x12" }, "REQUEST_INVALID"],
      [{ files: { "points.csv": "not base64!" } }, "REQUEST_INVALID"],
    ] as const)
      expect(await prepare(url, changes))
        .to.include({ status: 400 })
        .and.to.have.nested.property("answer.error.code", code);
  });

  it("are no matter of nodes that would not see them to their end", async () => {
    const url = await start("miner");
    expect(await prepare(url))
      .to.include({ status: 409 })
      .and.to.have.nested.property("answer.error.code", "NOT_A_CLIENT");
  });

  it("hand out the models in the data folder, and no others", async () => {
    const url = `${await start()}/api/v1/tasks/${TASK}/model`;
    expect((await fetch(url)).status).to.equal(404);
    expect((await fetch(`${url}/weights`)).status).to.equal(404);
    const model = modelFolder(folder, TASK);
    mkdirSync(model, { recursive: true });
    const card = { task: TASK, stateId: TASK, sizes: [2, 2], shift: [0, 1], correct: 3, examples: 4, accuracy: 0.75 };
    writeFileSync(join(model, "model.json"), JSON.stringify(card));
    writeFileSync(join(model, "weights.bin"), Uint8Array.of(1, 2, 3, 4));
    expect(await (await fetch(url)).json()).to.deep.equal(card);
    const weights = await fetch(`${url}/weights`);
    expect(weights.headers.get("content-type")).to.equal("application/octet-stream");
    expect([...(await weights.bytes())]).to.deep.equal([1, 2, 3, 4]);
  });
});
