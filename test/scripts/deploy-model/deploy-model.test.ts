import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { artifacts, network } from "hardhat";
import type { EthereumProvider } from "hardhat/types/providers";
import { createPublicClient, custom } from "viem";

import { encode, GristmillError, parseModelFile, predict, readSharedModel } from "../../../sdk/src/index.ts";
import { deployModel, type ModelContracts } from "../../../scripts/deploy-model/deploy-model.ts";
import type { ModelRecord } from "../../../scripts/deploy-model/record.ts";
import { rejection } from "../../rejection.ts";

const centroid = Array.from({ length: 1_000 }, (_, index) => (index === 0 ? 1 : 0));
const opposite = centroid.map((value) => -value);

/** One of each kind, each larger than a transaction takes. */
const MODELS = {
  "dense perceptron": { classifications: ["A", "B"], weights: centroid, intercept: 0, featureIndices: [3, 1] },
  "sparse perceptron": {
    classifications: ["A", "B"],
    weights: centroid,
    sparseWeights: Object.fromEntries(centroid.slice(0, 400).map((_, index) => [5_000 + index * 8, 0.5])),
    intercept: 0,
  },
  "naive bayes": {
    classifications: ["A", "B"],
    classCounts: [400, 4],
    featureCounts: [centroid.slice(0, 400).map((_, index) => [index * 8, 1]), [[7, 4]]],
    totalNumFeatures: 4_000,
  },
  "nearest centroid classifier": {
    centroids: { A: { centroid, dataCount: 2 }, B: { centroid: opposite, dataCount: 3 } },
  },
  "sparse nearest centroid classifier": {
    centroids: {
      A: { centroid: Object.fromEntries(centroid.slice(0, 400).map((_, index) => [index * 8, 0.5])), dataCount: 2 },
      B: { centroid: { 9: 1 }, dataCount: 3 },
    },
  },
} as const;

describe("hardhat deploy-model", function () {
  this.timeout(60_000);

  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gristmill models "));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function deploy(
    provider: Pick<EthereumProvider, "request">,
    text: string,
    say: (line: string) => void = () => undefined,
  ) {
    return deployModel({
      artifacts,
      connection: { provider, networkName: "test" },
      name: "model",
      file: parseModelFile(text),
      fileText: text,
      recordFile: join(folder, "model.json"),
      say,
    });
  }

  for (const [type, model] of Object.entries(MODELS)) {
    it(`deploys a ${type} larger than one transaction, and a second run changes nothing`, async () => {
      const { provider } = await network.create();
      const text = JSON.stringify({ type, ...model });
      const contracts = await deploy(provider, text);
      const sent: unknown = await provider.request({ method: "eth_blockNumber" });
      const client = createPublicClient({ transport: custom(provider) });
      const found = await readSharedModel(client, contracts.trainer);
      expect(found.classes).to.deep.equal(["A", "B"]);
      const isDense = type === "dense perceptron" || type === "nearest centroid classifier";
      const sample = isDense ? encode("unit norm", centroid) : encode("none", [0, 8]);
      const expected = type === "naive bayes" || type === "nearest centroid classifier" ? "A" : "B";
      expect(await predict(client, found, sample)).to.have.property("name", expected);

      const lines: string[] = [];
      expect(await deploy(provider, text, (line) => lines.push(line))).to.deep.equal(contracts);
      expect(lines).to.deep.equal(["model is deployed already, nothing to do"]);
      expect(await provider.request({ method: "eth_blockNumber" })).to.equal(sent);
    });
  }

  it("goes on wherever it was interrupted, before or after a transaction was sent, and sends none twice", async () => {
    const text = JSON.stringify({ type: "nearest centroid classifier", ...MODELS["nearest centroid classifier"] });
    const whole = await network.create();
    await deploy(whole.provider, text);
    const needed = Number(await whole.provider.request({ method: "eth_blockNumber" }));
    await rm(join(folder, "model.json"));
    // One transaction goes through in each run, so that runs come to an end.
    for (const whenOf of [
      (sent: number) => (sent === 1 ? "before" : "not"),
      (sent: number) => (sent === 0 ? "after" : "not"),
    ] as const) {
      const { provider } = await network.create();
      let contracts: ModelContracts | undefined;
      for (let run = 0; contracts === undefined; run++) {
        expect(run).to.be.at.most(needed);
        contracts = await deploy(interrupted(provider, whenOf), text).catch((error: unknown) => {
          expect(error).to.match(/interrupted/);
          return undefined;
        });
      }
      expect(Number(await provider.request({ method: "eth_blockNumber" }))).to.equal(needed);
      const record = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as ModelRecord;
      expect(record).to.deep.include({ isComplete: true, contracts });
      await rm(join(folder, "model.json"));
    }
  });

  it("deploys anew on a development chain when the file changed", async () => {
    const { provider } = await network.create();
    const model = { type: "perceptron", classifications: ["A", "B"], weights: [1, 2], intercept: 0 };
    const first = await deploy(provider, JSON.stringify(model));
    const lines: string[] = [];
    const second = await deploy(provider, JSON.stringify({ ...model, intercept: 1 }), (line) => lines.push(line));
    expect(lines[0]).to.contain("deploying anew");
    expect(second.trainer).to.not.equal(first.trainer);
  });

  it("is not a model to the SDK before its parts are handed over, nor where there is no trainer", async () => {
    const { provider } = await network.create();
    const client = createPublicClient({ transport: custom(provider) });
    const text = JSON.stringify({ type: "perceptron", classifications: ["A", "B"], weights: [1, 2], intercept: 0 });
    // Four contracts are deployed; the hand-over comes last.
    const stopped = interrupted(provider, (sent) => (sent === 4 ? "before" : "not"));
    expect(await rejection(deploy(stopped, text))).to.match(/interrupted/);
    const record = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as ModelRecord;
    expect(await rejection(readSharedModel(client, record.contracts.trainer!))).to.have.property(
      "code",
      "SHARED_MODEL_NOT_OWNED",
    );
    for (const address of [record.contracts.dataHandler!, "0x00000000000000000000000000000000000000aa"] as const) {
      expect(await rejection(readSharedModel(client, address))).to.have.property("code", "SHARED_MODEL_NOT_FOUND");
    }
    await deploy(provider, text);
    const found = await readSharedModel(client, record.contracts.trainer!);
    const refused = await rejection(predict(client, found, [1n]));
    expect(refused).to.have.property("code", "PREDICTION_REFUSED");
    expect(refused).to.match(/Classifier64_WrongDimensions/);
  });
});

/** A provider on which a run is interrupted: before or after its transaction number `sent`, from 0. */
function interrupted(
  provider: EthereumProvider,
  whenOf: (sent: number) => "before" | "after" | "not",
): Pick<EthereumProvider, "request"> {
  let sent = 0;
  return {
    request: async (call) => {
      const when = call.method === "eth_sendTransaction" ? whenOf(sent++) : "not";
      if (when === "before") throw new GristmillError("STOP", "interrupted");
      const result: unknown = await provider.request(call);
      if (when === "after") throw new GristmillError("STOP", "interrupted");
      return result;
    },
  };
}
