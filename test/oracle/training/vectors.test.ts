import {
  type Product,
  referenceIteration,
  referenceProduct,
  residualId,
  traceRoot,
  traceRows,
  updateId,
} from "@gristmill/sdk";
import { initialWeights, matrix, zeroResiduals } from "@gristmill/sdk";
import { expect } from "chai";

import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import { checkExactTrainingVectors, type ExactTrainingFile } from "../../../scripts/vectors/exact-training.ts";
import { presentBackends, referenceBackend, trainerBackend } from "../../../scripts/vectors/training-backends.ts";
import { rejection } from "../../rejection.ts";
import { seededRandom } from "../../sdk/fixtures/programs.ts";
import { changed, vectorFile } from "./fixtures.ts";

const silent = () => undefined;
const backends = await presentBackends();
const wasm = await createEngine("wasm");

async function verdict(file: ExactTrainingFile, backend = referenceBackend): Promise<{ ok: boolean; detail: string }> {
  const [result] = await checkExactTrainingVectors(file, silent, [backend]);
  return result!;
}

describe("the golden figures of exact training", () => {
  for (const name of ["a", "b", "c"] as const) {
    for (const backend of backends) {
      it(`${name} are met by ${backend.name}`, async () => {
        const { ok, detail } = await verdict(vectorFile(name), backend);
        expect(ok, detail).to.equal(true);
      });
    }
  }

  it("report progress by slot and iterations", async () => {
    const lines: string[] = [];
    await checkExactTrainingVectors(vectorFile("c"), (line) => lines.push(line), [referenceBackend]);
    expect(lines).to.have.length(3);
    expect(lines[0]).to.equal("reference: slot 0 iterations 0 to 5 agree");
  });

  it("are refused in another format", async () => {
    expect(await rejection(checkExactTrainingVectors({ vectors: [] }, silent, backends))).to.have.property(
      "code",
      "VECTORS_MALFORMED",
    );
  });
});

describe("checkExactTrainingVectors", () => {
  it("fails on one bit changed in any kind of figure of a file", async () => {
    const random = seededRandom(61);
    const places = new Map<string, (string | number)[][]>();
    collect(vectorFile("a"), [], places);
    for (const [kind, paths] of places) {
      const path = paths[random(0, paths.length - 1)]!;
      const file = vectorFile("a");
      flip(file, path);
      const failed = await verdict(file).then(
        ({ ok }) => !ok,
        () => true,
      );
      expect(failed, `${kind} at ${path.join(".")}`).to.equal(true);
    }
    expect(places.size).to.be.above(50);
  });

  it("names step and tensor of the first difference, with both values", async () => {
    const file = vectorFile("a");
    const path = ["segments", 2, "steps", 0, "trace", 7, 4];
    flip(file, path);
    const { detail } = await verdict(file);
    expect(detail).to.match(/^slot 0 iteration 2 trace\[7\] \(tensor A2\): expected \["A2".*, got \["A2"/);
  });
});

describe("one bit of one product of an engine, once changed,", () => {
  const file = vectorFile("a");
  const p = file.parameters;
  const step = file.segments[0]!.steps[0]!;
  const batch = {
    x: matrix("i8", p.batch, p.sizes[0]! + 1, Int8Array.from(file.batches[step.batch]!.x)),
    y: matrix("u8", 1, p.batch, Uint8Array.from(file.batches[step.batch]!.y)),
  };
  const PRODUCTS = 8; // of an iteration of three layers: three forward, three gradients, two errors

  /** What the first iteration would be by the definition, if bit `bit` of element `at` of product `call` were wrong. */
  function outcome(call: number, at: number, bit: number) {
    let calls = 0;
    const product: Product = (a, b) => {
      const exact = referenceProduct(a, b);
      if (calls++ === call) exact.data[at % exact.data.length]! ^= 1 << bit;
      return exact;
    };
    const weights = initialWeights(p, `0x${file.seed}`);
    const output = referenceIteration({
      parameters: p,
      index: 0,
      batch,
      weights,
      residuals: zeroResiduals(p),
      lists: [],
      product,
    });
    return {
      trace: traceRoot(traceRows(output.trace).map(({ id }) => id)),
      iteration: [updateId(output.list), residualId(p, output.residuals), output.correct, output.loss].join(),
    };
  }

  it("fails the vectors wherever it is not lost in rounding, in the trace as in the fast iteration", async function () {
    this.timeout(20_000);
    const random = seededRandom(62);
    const honest = outcome(-1, 0, 0);
    let visible = 0;
    const trials = 6 * 2 * PRODUCTS;
    for (let trial = 0; trial < trials; trial++) {
      const call = trial % (2 * PRODUCTS); // the trace's products come first, then the iteration's
      const [at, bit] = [random(0, 1000), random(0, 12)];
      const liar = changed(wasm, (product, n) => {
        const i = at % product.length;
        if (n === call) product[i] = product[i]! ^ (1 << bit);
      });
      const lie = outcome(call % PRODUCTS, at, bit);
      const part = call < PRODUCTS ? "trace" : "iteration";
      const { ok } = await verdict(file, trainerBackend(liar));
      expect(ok, `product ${call} element ${at} bit ${bit}`).to.equal(lie[part] === honest[part]);
      if (!ok) visible++;
    }
    expect(visible).to.be.above(trials / 3);
  });

  it("fails the vectors when the engine does it to every product", async () => {
    for (const name of ["a", "b", "c"] as const) {
      const liar = changed(wasm, (product) => {
        product[0] = product[0]! ^ 1;
      });
      expect((await verdict(vectorFile(name), trainerBackend(liar))).ok).to.equal(false);
    }
  });
});

/** Paths to all figures, by their path without indices. */
function collect(value: unknown, path: (string | number)[], places: Map<string, (string | number)[][]>): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const step = Array.isArray(value) ? Number(key) : key;
      // Words for people, which nothing computes.
      if (step !== "note" && step !== "data") collect(child, [...path, step], places);
    }
    return;
  }
  const isRow = path.at(-3) === "trace";
  const kind = path.filter((step, i) => typeof step === "string" || (isRow && i === path.length - 1)).join(".");
  places.set(kind, [...(places.get(kind) ?? []), path]);
}

/** Changes the lowest bit of a number, or of the last character of a string. */
function flip(file: unknown, path: readonly (string | number)[]): void {
  const parent = path.slice(0, -1).reduce((value, step) => (value as Record<string | number, unknown>)[step], file);
  const figures = parent as Record<string | number, string | number>;
  const last = path.at(-1)!;
  const value = figures[last]!;
  figures[last] =
    typeof value === "number"
      ? value ^ 1
      : value.slice(0, -1) + String.fromCharCode(value.charCodeAt(value.length - 1) ^ 1);
}
