import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { compileTask } from "../../../sdk/src/spec/compile-task.ts";
import { parseTaskSpec } from "../../../sdk/src/spec/task-spec.ts";
import { rejection } from "../../rejection.ts";
import { idx } from "./idx-fixture.ts";
import { CSV_TEXT, csvSpec, expectRefusal, filesOf, type LooseSpec, utf8 } from "./spec-fixtures.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const files = filesOf({ "data.csv": utf8(CSV_TEXT) });

/** Compiles the small spec after `change`. */
function compile(change: (spec: LooseSpec) => void = () => undefined, options: object = {}) {
  const spec = csvSpec();
  change(spec);
  return compileTask(JSON.stringify(spec), { ...files, ...options });
}

describe("compileTask", () => {
  it("gives the network, the batches and the terms that the spec asks for", async () => {
    const task = await compile((s) => {
      s.payment = { fee: "12.5", stakes: { miner: 0.25 }, bonus: { baseline: 0.5, goal: 0.9 } };
    });
    expect(task.parameters).to.deep.include({ sizes: [3, 4, 2], batch: 2, batches: 3, tau: [32_768, 32_768] });
    expect(task.train.batches).to.have.length(3);
    expect(task.test.batches).to.have.length(1);
    expect(task.classNames).to.deep.equal(["x", "y"]);
    expect(task.payment).to.deep.include({
      fee: 12_500_000_000_000_000_000n,
      minerStake: 250_000_000_000_000_000n,
      supervisorStake: 100_000_000_000_000_000_000n,
      slots: 3,
      minSlots: 1,
      segmentLength: 4,
      baseline: 1,
      goal: 2,
    });
  });

  it("gives every slot enough whole iterations for all epochs", async () => {
    const { iterations, payment } = await compile((s) => (s.coordination.miners = 4));
    expect(payment.iterations).to.equal(2); // 2 epochs of 3 batches are 6 iterations, 1.5 a slot
    expect(iterations).to.equal(8);
  });

  it("resolves to a spec that compiles to the same task, with the same hash", async () => {
    const task = await compile((s) => (s.exact["halve-every"] = 1.5));
    expect(task.specHash).to.equal(`0x${sha256(task.specBytes)}`);
    expect(parseTaskSpec(new TextDecoder().decode(task.specBytes))).to.deep.equal(task.spec);
    const again = await compileTask(new TextDecoder().decode(task.specBytes), files);
    expect(again).to.deep.equal(task);
  });

  it("takes every figure of the exact block as it stands", async () => {
    const exact = {
      tau: [5, 6],
      q: 7,
      "halve-every": 4,
      shift: [3, 2],
      back: [1],
      "init-bound": 900,
      "segment-length": 2,
    };
    const { parameters, segmentLength } = await compile((s) => (s.exact = exact));
    expect(parameters).to.deep.include({ tau: [5, 6], q0: 7, shift: [3, 2], back: [0, 1], initBound: [900, 900] });
    expect(parameters.halveEvery).to.equal(4); // 4 epochs of 3 batches among 3 miners
    expect(segmentLength).to.equal(2);
  });

  it("makes q smaller the more lists of others arrive at once", async () => {
    const q = async (miners: number, length: number) => {
      const task = await compile((s) => (s.exact["segment-length"] = length), { miners });
      return task.parameters.q0;
    };
    expect(await q(1, 8)).to.equal(983); // 0.03 * 32768
    expect(await q(3, 8)).to.equal(197);
    expect(await q(3, 32)).to.equal(58);
  });

  it("scales a given q when it is compiled for another number of miners, and says so", async () => {
    const task = await compile(
      (s) => {
        s.exact.q = 90;
        s.coordination["min-miners"] = 3;
      },
      { miners: 2 },
    );
    expect(task.parameters.q0).to.equal(135);
    expect(task.payment).to.include({ slots: 2, minSlots: 2 });
    expect(task.warnings.join()).to.include("exact.q: 90 is meant for 3 miners; with 2 it is 135");
  });

  it("refuses another number of miners that the segments are too long for", async () => {
    const error = await rejection(compile((s) => (s.exact["segment-length"] = 64), { miners: 4 }));
    expectRefusal(error, "SPEC_INVALID", "exact.segment-length");
  });

  it("scales Xavier's bounds by the width of the layers", async () => {
    const { parameters } = await compile((s) => (s.ml.optimizer.initializer = { type: "Xavier", scale: 0.5 }));
    const [first, second] = parameters.initBound;
    expect(second).to.equal(16_256); // half of 127 with 8 fractional bits, for the layer of 4 + 2
    expect(first).to.equal(Math.round(16_256 * Math.sqrt(6 / 7)));
  });

  it("takes an output layer that is written out, if it has a node per class", async () => {
    const output = (nodes: number) => (s: LooseSpec) => {
      (s.ml.model["hidden-units"] as object[]).push({ id: 2, type: "Dense", nodes, activation: "softmax" });
    };
    expect((await compile(output(2))).parameters.sizes).to.deep.equal([3, 4, 2]);
    const error = await rejection(compile(output(3)));
    expectRefusal(error, "SPEC_INVALID", "ml.model.hidden-units[1].nodes is 3, but the data has 2 classes");
  });

  it("warns of training rows that are left out and of data without a digest", async () => {
    const { warnings } = await compile((s) => (s.ml.dataset["training-set-size"] = 5));
    expect(warnings).to.have.length(2);
    expect(warnings[0])
      .to.include(`ml.dataset.sha256 is missing`)
      .and.include(sha256(utf8(CSV_TEXT)));
    expect(warnings[1]).to.include("last 1 rows");
  });

  it("refuses a file that is missing, naming the field", async () => {
    const error = await rejection(compile((s) => (s.ml.dataset.source = { file: "other.csv" })));
    expectRefusal(error, "SPEC_FILE_MISSING", "ml.dataset.source.file names other.csv", "/task/other.csv");
  });

  it("reads absolute paths as they are", async () => {
    const error = await rejection(compile((s) => (s.ml.dataset.source = { file: "/elsewhere/data.csv" })));
    expectRefusal(error, "SPEC_FILE_MISSING", "Put the file at /elsewhere/data.csv");
  });

  it("takes a file with the right digest and refuses one with another", async () => {
    const digest = sha256(utf8(CSV_TEXT));
    expect((await compile((s) => (s.ml.dataset.sha256 = digest))).warnings).to.deep.equal([]);
    const error = await rejection(compile((s) => (s.ml.dataset.sha256 = "0".repeat(64))));
    expectRefusal(error, "SPEC_FILE_CHANGED", "ml.dataset.sha256 is 000", digest);
  });

  it("refuses sizes that the data does not have", async () => {
    const error = await rejection(compile((s) => (s.ml.dataset["test-set-size"] = 3)));
    expectRefusal(error, "DATASET_TOO_SMALL", "6 + 3 rows, but the data has 8");
  });

  it("refuses shifts that do not match the layers", async () => {
    const shift = await rejection(compile((s) => (s.exact.shift = [1])));
    expectRefusal(shift, "SPEC_INVALID", "exact.shift has 1 entries, but 2 layers need one each");
    const back = await rejection(compile((s) => (s.exact.back = [1, 1])));
    expectRefusal(back, "SPEC_INVALID", "exact.back has 2 entries, but 1 layers need one each");
  });

  it("refuses data with more inputs than a layer can take", async () => {
    const row = (label: number) => [...Array.from({ length: 4096 }, () => 1), label].join(",");
    const wide = filesOf({ "data.csv": utf8([0, 1, 0, 1, 0, 1, 0, 1].map(row).join("\n")) });
    expectRefusal(await rejection(compile(undefined, wide)), "SPEC_INVALID", "ml.dataset.source has 4096 inputs");
  });
});

describe("compileTask over MNIST files", () => {
  const images = idx([6, 2, 2], [...Array(24).keys()]);
  const labels = idx([6], [0, 1, 2, 0, 1, 2]);
  const mnist = (s: LooseSpec) => {
    s.ml.dataset = {
      format: "MNIST",
      source: { images: "i", labels: "l" },
      "training-set-size": 4,
      "test-set-size": 2,
    };
  };

  it("gives the same batches from packed and unpacked files", async () => {
    const plain = await compile(mnist, filesOf({ i: images, l: labels }));
    const packed = await compile(mnist, filesOf({ i: gzipSync(images), l: gzipSync(labels) }));
    expect(packed.train).to.deep.equal(plain.train);
    expect(packed.test).to.deep.equal(plain.test);
    expect(plain.parameters.sizes).to.deep.equal([4, 4, 3]);
  });

  it("checks the digest of each file as it lies", async () => {
    const packed = gzipSync(labels);
    const digests = (s: LooseSpec) => {
      mnist(s);
      s.ml.dataset.sha256 = { images: sha256(images), labels: sha256(labels) };
    };
    const error = await rejection(compile(digests, filesOf({ i: images, l: packed })));
    expectRefusal(error, "SPEC_FILE_CHANGED", "ml.dataset.sha256.labels", sha256(packed));
  });

  it("refuses a packed file that is cut off", async () => {
    const error = await rejection(compile(mnist, filesOf({ i: gzipSync(images).subarray(0, -9), l: labels })));
    expectRefusal(error, "DATASET_MALFORMED", "ml.dataset.source.images", "not whole gzip");
  });
});

describe("examples/tasks", function () {
  this.timeout(30_000);
  const folder = new URL("../../../examples/tasks/", import.meta.url);

  it("synthetic-digits.yaml compiles without a file or a warning", async () => {
    const task = await compileTask(await readFile(new URL("synthetic-digits.yaml", folder), "utf8"), filesOf({}));
    expect(task.warnings).to.deep.equal([]);
    expect(task.parameters).to.deep.include({ sizes: [256, 64, 10], shift: [9, 8], back: [0, 6], q0: 197 });
    expect(task.payment).to.include({ slots: 3, iterations: 3000, segmentLength: 8 });
  });

  for (const name of ["mnist.yaml", "abalone.yaml"]) {
    it(`${name} is a valid spec whose data is asked for by name`, async () => {
      const error = await rejection(compileTask(await readFile(new URL(name, folder), "utf8"), filesOf({})));
      expectRefusal(error, "SPEC_FILE_MISSING", "names data/");
    });
  }
});
