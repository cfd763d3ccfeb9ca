import { encodeBatchSet } from "@gristmill/sdk";
import { expect } from "chai";

import { scoreModel, trainModel } from "../../../oracle/src/bounties/layers-model.ts";
import { decodeModelFile, encodeModelFile } from "../../../oracle/src/bounties/model-file.ts";
import { scoreInThread } from "../../../oracle/src/bounties/model-thread.ts";
import { rejection } from "../../rejection.ts";
import { compiled, layersOf } from "./fixtures.ts";

const IMAGE = "  input-shape: [16, 16, 1]\n";
const ROWS = "  input-shape: [16, 16]\n";
const STRATEGY = { epochs: 1, learningRate: 0.01, seed: 7 };

const DENSE = layersOf("{ class: Dense, units: 8, activation: relu }");

describe("free-form models", function () {
  this.timeout(60_000);

  const kinds: Readonly<Record<string, string>> = {
    "dense with dropout": layersOf("{ class: Dense, units: 8, activation: relu }", "{ class: Dropout, rate: 0.5 }"),
    "batch normalisation": layersOf("{ class: Dense, units: 8 }", "{ class: BatchNormalization }"),
    "layer normalisation": layersOf("{ class: Dense, units: 8 }", "{ class: LayerNormalization }"),
    "an embedding": layersOf("{ class: Embedding, input_dim: 4, output_dim: 1 }", "{ class: Flatten }"),
    convolutions:
      IMAGE +
      layersOf(
        "{ class: Conv2D, filters: 2, kernel_size: [3, 3], strides: [2, 2] }",
        "{ class: MaxPooling2D, pool_size: [2, 2] }",
        "{ class: Flatten }",
      ),
    "a recurrent layer": ROWS + layersOf("{ class: LSTM, units: 4 }"),
  };
  for (const [kind, ml] of Object.entries(kinds))
    it(`with ${kind} are trained, saved, read and scored to the same figures each time`, async () => {
      const { spec, train, scoring } = await compiled(ml);
      const bytes = await trainModel(spec, train, STRATEGY);
      const score = await scoreModel(spec, decodeModelFile(bytes), scoring);
      expect(score.loss).to.be.greaterThan(0);
      expect(score.accuracy).to.be.within(0, 1);
      expect(await scoreModel(spec, decodeModelFile(bytes), scoring)).to.deep.equal(score);
    });

  it("learn, and the more the longer they are trained", async () => {
    const { spec, train } = await compiled(DENSE);
    const losses: number[] = [];
    for (const epochs of [1, 10, 40]) {
      const bytes = await trainModel(spec, train, { ...STRATEGY, epochs });
      losses.push((await scoreModel(spec, decodeModelFile(bytes), train)).loss);
    }
    expect(losses).to.deep.equal([...losses].sort((a, b) => b - a));
    expect(losses[2]).to.be.lessThan(losses[0]! / 2);
  });

  it("of a seed are one model, of another another", async () => {
    const { spec, train } = await compiled(DENSE);
    // Batches are drawn in an order that is not seeded: one batch takes all rows.
    const whole = { ...spec, ml: { ...spec.ml, model: { ...spec.ml.model!, "batch-size": 64 } } };
    const models = [];
    for (const seed of [1, 1, 2]) models.push(decodeModelFile(await trainModel(whole, train, { ...STRATEGY, seed })));
    const losses = [];
    for (const model of models) losses.push((await scoreModel(spec, model, train)).loss);
    expect(losses[1]).to.be.closeTo(losses[0]!, 1e-5);
    expect(losses[2]).to.not.be.closeTo(losses[0]!, 1e-3);
  });

  it("have mean squared error as a loss as well", async () => {
    const { spec, train, scoring } = await compiled(`  loss: meanSquaredError\n${DENSE}`);
    const { loss } = await scoreModel(spec, decodeModelFile(await trainModel(spec, train, STRATEGY)), scoring);
    expect(loss).to.be.within(0.01, 0.2);
  });

  describe("from strangers", () => {
    async function trained() {
      const { spec, train, scoring } = await compiled(DENSE);
      return { spec, scoring, file: decodeModelFile(await trainModel(spec, train, STRATEGY)) };
    }

    it("are refused where the file is torn, of another kind, or has a layer that is not known", async () => {
      const { file } = await trained();
      const bytes = encodeModelFile(file);
      const lambda = { class_name: "Sequential", config: { layers: [{ class_name: "Lambda", config: {} }] } };
      const nested = { class_name: "Bidirectional", config: { layer: { class_name: "Lambda", config: {} } } };
      const wrong = [
        bytes.slice(0, 5),
        bytes.slice(0, 40),
        new Uint8Array(64),
        encodeModelFile({ ...file, topology: lambda }),
        encodeModelFile({ ...file, topology: { class_name: "Sequential", config: { layers: [nested] } } }),
      ];
      for (const each of wrong)
        expect(() => decodeModelFile(each))
          .to.throw()
          .with.property("code", "MODEL_MALFORMED");
    });

    it("are refused where the weights are not those of the layers, or the outputs no numbers", async () => {
      const { spec, scoring, file } = await trained();
      const text = JSON.stringify(file.topology);
      const larger = JSON.parse(text.replace('"units":8', '"units":60000')) as Record<string, unknown>;
      const spoilt = new Uint8Array(file.weights);
      new DataView(spoilt.buffer).setFloat32(0, NaN, true);
      for (let at = 0; at < spoilt.length; at += 4) new DataView(spoilt.buffer).setFloat32(at, NaN, true);
      const wrong = [
        { ...file, topology: larger },
        { ...file, weights: file.weights.slice(4) },
        { ...file, weights: spoilt },
      ];
      for (const each of wrong)
        expect(await rejection(scoreModel(spec, each, scoring))).to.have.property("code", "MODEL_INVALID");
    });

    it("are given up when their time is over, in a thread that ends with it", async () => {
      const { spec, scoring, file } = await trained();
      const job = { spec, set: encodeBatchSet(scoring), model: encodeModelFile(file) };
      const { signal } = new AbortController();
      const score = await scoreInThread(job, { seconds: 60, signal });
      expect(score).to.deep.equal(await scoreModel(spec, file, scoring));
      const late = await rejection(scoreInThread(job, { seconds: 0.001, signal }));
      expect(late).to.have.property("code", "MODEL_TIMEOUT");
    });
  });
});
