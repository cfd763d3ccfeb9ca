import { expect } from "chai";
import { canonicalJson } from "../../../sdk/src/spec/canonical-json.ts";
import { parseTaskSpec } from "../../../sdk/src/spec/task-spec.ts";
import { csvSpec, expectRefusal, type LooseSpec, thrown } from "./spec-fixtures.ts";

/** Parses the small spec after `change`; JSON is YAML. */
function parse(change: (spec: LooseSpec) => void = () => undefined) {
  const spec = csvSpec();
  change(spec);
  return parseTaskSpec(JSON.stringify(spec));
}

describe("parseTaskSpec", () => {
  it("fills in what a spec leaves open", () => {
    const spec = parse();
    expect(spec.payment.fee).to.equal("10");
    expect(spec.payment.stakes).to.deep.equal({ miner: "100", supervisor: "100", evaluator: "100" });
    expect(spec.ml.optimizer).to.include({ tau: 2, epochs: 2 });
    expect(spec.ml.dataset.source).to.include({ delimiter: ",", header: false });
    expect(spec.exact).to.deep.equal({ "halve-every": 0, "segment-length": 4 });
    expect(spec.coordination).to.include({ miners: 3, supervisors: 1, evaluators: 1, "max-silent-epochs": 3 });
    expect(spec.coordination.durations.training).to.equal(86_400);
  });

  it("reads its own output again without a change", () => {
    const spec = parse();
    expect(parseTaskSpec(new TextDecoder().decode(canonicalJson(spec)))).to.deep.equal(spec);
  });

  const refusals: readonly (readonly [title: string, change: (spec: LooseSpec) => void, ...places: string[]])[] = [
    ["another version", (s) => (s.version = 2), "version", "(2)", "Set version to 1."],
    ["no fee", (s) => delete s.payment.fee, "payment.fee is missing"],
    ["a negative fee", (s) => (s.payment.fee = -1), "payment.fee is not an amount of GRIST"],
    ["a fee in too fine a unit", (s) => (s.payment.fee = "0.1234567890123456789"), "at most 18 decimals"],
    ["a fee that is a list", (s) => (s.payment.fee = [1]), "payment.fee is not of type number or text"],
    [
      "shares that leave some of the fee",
      (s) => (s.payment.shares = { burn: 1, miners: 1, bonus: 1, supervisors: 1, evaluators: 1, verifiers: 1 }),
      "payment.shares do not sum to 10,000",
    ],
    ["a bonus that starts at its goal", (s) => (s.payment.bonus = { baseline: 0.9, goal: 0.9 }), "payment.bonus"],
    ["an unknown field", (s) => (s.payment.fees = 1), "payment.fees is not a field", "Remove fees"],
    ["an unknown format", (s) => (s.ml.dataset.format = "PNG"), 'ml.dataset.format is not known here ("PNG")', "MNIST"],
    ["no format", (s) => delete s.ml.dataset.format, "ml.dataset.format is missing", "synthetic-digits"],
    ["no source", (s) => delete s.ml.dataset.source, "ml.dataset.source is missing"],
    ["a digest that is none", (s) => (s.ml.dataset.sha256 = "abc"), "ml.dataset.sha256", "64 lower-case hex digits"],
    ["an empty test set", (s) => (s.ml.dataset["test-set-size"] = 0), "ml.dataset.test-set-size is too small (0)"],
    ["bins out of order", (s) => (s.ml.dataset.source = { file: "f", bins: [3, 2] }), "ml.dataset.source.bins"],
    ["another validation", (s) => (s.ml.validation.method = "k-fold"), "ml.validation.method", "holdout"],
    ["another optimizer", (s) => (s.ml.optimizer.type = "Adam"), 'ml.optimizer.type is not known here ("Adam")'],
    [
      "momentum",
      (s) => (s.ml.optimizer.optimizer_initialization_parameters = { learning_rate: 1, momentum: 0.9 }),
      "ml.optimizer.optimizer_initialization_parameters.momentum is not 0",
      "Leave momentum out",
    ],
    ["a batch of half a row", (s) => (s.ml.optimizer["batch-size"] = 2.5), "ml.optimizer.batch-size", "whole number"],
    ["a batch that is too large", (s) => (s.ml.optimizer["batch-size"] = 1025), "Make it at most 1024."],
    ["another model", (s) => (s.ml.model.type = "CNN"), "ml.model.type", "FC-DNN"],
    [
      "an unknown layer",
      (s) => (s.ml.model["hidden-units"] = [{ id: 1, type: "Conv2D", nodes: 4, activation: "relu" }]),
      'ml.model.hidden-units[0].type is not known here ("Conv2D")',
      "Dense",
    ],
    [
      "an unknown activation",
      (s) => (s.ml.model["hidden-units"] = [{ id: 1, type: "Dense", nodes: 4, activation: "tanh" }]),
      "ml.model.hidden-units[0].activation",
      "relu or softmax",
    ],
    [
      "softmax in a hidden layer",
      (s) =>
        (s.ml.model["hidden-units"] = ["softmax", "relu"].map((activation, id) => ({
          id,
          type: "Dense",
          nodes: 4,
          activation,
        }))),
      "ml.model.hidden-units[0].activation is softmax",
    ],
    [
      "a layer with too many nodes for the next one",
      (s) => (s.ml.model["hidden-units"] = [{ id: 1, type: "Dense", nodes: 4096, activation: "relu" }]),
      "ml.model.hidden-units[0].nodes gives the next layer more than 4095 inputs",
    ],
    ["another loss", (s) => (s.ml.model.loss = "MSE"), "ml.model.loss", "SoftmaxCrossEntropy"],
    ["a shift beyond 12", (s) => (s.exact.shift = [13, 1]), "exact.shift[0] is too large (13)"],
    [
      "more lists at once than a segment takes in",
      (s) => {
        s.exact["segment-length"] = 64;
        s.coordination.miners = 4;
      },
      "exact.segment-length lets 4 miners bring 192 lists",
      "at most 42",
    ],
    ["more miners needed than wanted", (s) => (s.coordination["min-miners"] = 4), "coordination.min-miners is 4"],
    ["81 miners", (s) => (s.coordination.miners = 81), "coordination.miners is too large (81)"],
  ];
  for (const [title, change, ...places] of refusals) {
    it(`refuses ${title}`, () => {
      expectRefusal(
        thrown(() => parse(change)),
        "SPEC_INVALID",
        ...places,
      );
    });
  }

  it("names all wrong fields at once", () => {
    const error = thrown(() =>
      parse((s) => {
        s.payment.fee = "free";
        s.ml.optimizer.epochs = "many";
      }),
    );
    expectRefusal(error, "SPEC_INVALID", "payment.fee", "ml.optimizer.epochs");
  });

  it("refuses what is no object", () => {
    for (const text of ["", "- 1", "42"]) {
      expectRefusal(
        thrown(() => parseTaskSpec(text)),
        "SPEC_INVALID",
        "the task spec is not of type object",
      );
    }
  });

  it("names line and column of what is not YAML", () => {
    const broken = thrown(() => parseTaskSpec("version: 1\npayment: {fee: 1\nml: 2\n"));
    expectRefusal(broken, "SPEC_SYNTAX", "line 3");
    const twice = thrown(() => parseTaskSpec("version: 1\nversion: 1\n"));
    expectRefusal(twice, "SPEC_SYNTAX", "line 2, column 1");
  });

  it("refuses aliases that would blow up, and texts that are too long", () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`);
    expectRefusal(
      thrown(() => parseTaskSpec(["l0: &l0 [x]", ...levels].join("\n"))),
      "SPEC_SYNTAX",
      "aliases",
    );
    expectRefusal(
      thrown(() => parseTaskSpec("#".repeat(300_000))),
      "SPEC_SYNTAX",
      "300000 characters",
    );
  });
});

describe("canonicalJson", () => {
  it("gives one text for one value whatever the order of its keys", () => {
    const text = new TextDecoder().decode(canonicalJson({ b: [{ d: 1, c: "é" }], a: undefined, "a-1": 0.5 }));
    expect(text).to.equal('{"a-1":0.5,"b":[{"c":"é","d":1}]}');
  });
});
