import { expect } from "chai";

import type { TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { WasmTensHasher } from "../../../oracle/src/tenshash/wasm/wasm-tens-hasher.ts";
import { hex, openWebGpu, random32, randomInputs } from "./backends.ts";

/** Fails at the first of `seeds` times `inputs` random pairs that two hashers disagree on, and disposes of both. */
async function compare(one: TensHasher, other: TensHasher, seeds: number, inputs: number): Promise<void> {
  try {
    for (let s = 0; s < seeds; s++) {
      const seed = random32("seed", s);
      await Promise.all([one.setSeed(seed), other.setSeed(seed)]);
      const batch = randomInputs(`inputs of ${String(s)}`, inputs);
      const [expected, actual] = await Promise.all([one.hash(batch), other.hash(batch)]);
      for (const [i, output] of expected.entries())
        expect(hex(actual[i]!), `seed ${hex(seed)}, input ${hex(batch[i]!)}`).to.equal(hex(output));
      expect(await other.trace(batch[0]!)).to.deep.equal(await one.trace(batch[0]!));
    }
  } finally {
    await Promise.all([one.dispose(), other.dispose()]);
  }
}

describe("TensHash backends, over thousands of random seeds and inputs", function () {
  this.timeout(300_000);

  it("agree: reference and wasm, whole and odd batches", async () => {
    await compare(new ReferenceTensHasher(), new WasmTensHasher(2), 4, 519);
  });

  for (const lanes of [1, 2] as const) {
    it(`agree: wasm and webgpu, ${String(128 * lanes)} nonces a workgroup`, async function () {
      await compare(new WasmTensHasher(2), await openWebGpu(this, lanes), 1, 1001);
    });
  }
});
