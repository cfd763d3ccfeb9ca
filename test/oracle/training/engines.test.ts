import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";

import {
  createEngine,
  engineNames,
  type EngineName,
  presentEngines,
} from "../../../oracle/src/training/create-engine.ts";
import { exactProduct } from "../../../oracle/src/training/exact-product.ts";
import type { MatrixEngine } from "../../../oracle/src/training/matrix-engine.ts";
import { selfTest } from "../../../oracle/src/training/self-test.ts";
import { rejection } from "../../rejection.ts";
import { changed } from "./fixtures.ts";

const engines = await presentEngines();
const cpu = engines.find(({ name }) => name === "cpu")!;
const wasm = engines.find(({ name }) => name === "wasm")!;

function refuses(engine: MatrixEngine): void {
  expect(() => {
    selfTest(engine);
  })
    .to.throw(engine.name)
    .with.property("code", "ENGINE_INEXACT");
}

describe("createEngine", () => {
  it("gives wasm and cpu on every host", () => {
    expect(engines.map(({ name }) => name)).to.include.members(["wasm", "cpu"]);
  });

  it("says what to do about an engine that is not installed", async function () {
    if (engines.length === engineNames.length) return this.skip();
    const error = await rejection(createEngine("tensorflow"));
    expect(error).to.be.instanceOf(GristmillError).with.property("code", "ENGINE_UNAVAILABLE");
    expect((error as GristmillError).hints.join()).to.include("npm install");
  });

  it("names the engines there are when asked for another", async () => {
    const error = await rejection(createEngine("abacus" as EngineName));
    expect(error).to.have.property("code", "ENGINE_UNKNOWN");
    expect((error as GristmillError).hints.join()).to.include("wasm");
  });
});

describe("matrix engines", () => {
  it("work side by side in one process, each on its own backend", () => {
    const a = Float32Array.of(1, 2, 3, 4, 5, 6);
    const b = Float32Array.of(1, -1, 2, -2, 3, -3);
    for (const engine of [cpu, wasm, wasm, cpu, wasm]) {
      expect([...engine.multiply(a, 2, 3, b, 2)]).to.deep.equal([14, -14, 32, -32]);
    }
  });

  it("return arrays that a later product does not change", () => {
    for (const engine of engines) {
      const first = engine.multiply(Float32Array.of(3), 1, 1, Float32Array.of(5), 1);
      engine.multiply(Float32Array.of(4), 1, 1, Float32Array.of(5), 1);
      expect([...first]).to.deep.equal([15]);
    }
  });

  it("are never asked for more than 1,024 terms at once", () => {
    const widths: number[] = [];
    const watched: MatrixEngine = {
      name: "watched",
      multiply(a, rows, inner, b, cols) {
        widths.push(inner);
        return cpu.multiply(a, rows, inner, b, cols);
      },
    };
    const a = new Float32Array(2 * 2500).fill(127);
    const product = exactProduct(watched, a, 2, 2500, new Float32Array(2500).fill(-127), 1);
    expect(widths).to.deep.equal([1024, 1024, 452]);
    expect([...product]).to.deep.equal([-2500 * 127 * 127, -2500 * 127 * 127]);
  });
});

describe("selfTest", () => {
  it("accepts every engine that is present", () => {
    engines.forEach(selfTest);
  });

  it("refuses an engine that changes the lowest bit of a single element of any product", () => {
    let products = 0;
    selfTest(changed(cpu, () => products++));
    for (let liar = 0; liar < products; liar++) {
      refuses(
        changed(cpu, (product, call) => {
          if (call === liar) product[call % product.length]! += 1;
        }),
      );
    }
  });

  it("refuses an engine that computes in half precision", () => {
    refuses(
      changed(cpu, (product) => {
        product.forEach((value, i) => (product[i] = Math.f16round(value)));
      }),
    );
  });

  it("refuses an engine that returns too little or no numbers", () => {
    refuses({ name: "short", multiply: () => new Float32Array() });
    refuses({ name: "nan", multiply: (_a, rows, _inner, _b, cols) => new Float32Array(rows * cols).fill(Number.NaN) });
  });
});
