import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

import { isLucky } from "@gristmill/sdk";
import { expect } from "chai";

import { tensHashBackends, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { rejection } from "../../rejection.ts";
import { hex, openBackend, random32, randomInputs } from "./backends.ts";

interface VectorFile {
  vectors: { seed: string; input: string; output: string }[];
  traces: { layer0_state: string; layer1_state: string; layer64_state: string }[];
}

const path = new URL("../../vectors/tenshash.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as VectorFile;
const genesis = vectors.vectors.at(-1)!;
const bytes = (digits: string) => new Uint8Array(Buffer.from(digits, "hex"));

for (const backend of tensHashBackends) {
  describe(`TensHasher ${backend}`, function () {
    this.timeout(120_000);
    let hasher: TensHasher;
    before(async function () {
      hasher = await openBackend(this, backend);
      await hasher.setSeed(bytes(genesis.seed));
    });
    // Where the backend was left out there is none.
    after(async () => (hasher as TensHasher | undefined)?.dispose());

    it("hashes the header of robocoin's genesis block to its known output", async () => {
      const [output] = await hasher.hash([bytes(genesis.input)]);
      expect(hex(output!)).to.equal(genesis.output);
    });

    it("traces the 65 states of 128 bytes, one row each", async () => {
      const trace = await hasher.trace(bytes(genesis.input));
      const { layer0_state, layer1_state, layer64_state } = vectors.traces[0]!;
      expect(trace).to.have.length(65 * 128);
      expect(hex(trace.subarray(0, 128))).to.equal(layer0_state);
      expect(hex(trace.subarray(128, 256))).to.equal(layer1_state);
      expect(hex(trace.subarray(64 * 128))).to.equal(layer64_state);
    });

    it("gives no outputs for no inputs", async () => {
      expect(await hasher.hash([])).to.deep.equal([]);
    });

    it("gives an input the same output wherever it stands in a batch", async () => {
      const inputs = randomInputs("borders", 7);
      const expected = (await hasher.hash(inputs)).map(hex);
      // A batch and its borders; the reference knows none.
      const length = backend === "reference" ? 9 : 259;
      const batch = Array.from({ length }, (_, i) => inputs[i % 7]!);
      expect((await hasher.hash(batch)).map(hex)).to.deep.equal(batch.map((_, i) => expected[i % 7]));
    });

    it("finds the lucky tickets of a range, in order, and reports its progress to the end", async () => {
      const inputs = randomInputs("search", backend === "wasm" ? 1500 : 20);
      const outputs = await hasher.hash(inputs);
      const target = 2n ** 254n;
      const expected = [...inputs.keys()].filter((i) => isLucky(outputs[i]!, inputs[i]!, target));
      const progress: number[] = [];
      const range = { count: inputs.length, input: (i: number) => inputs[i]! };
      const found = await hasher.search(range, target, { onProgress: (hashed) => progress.push(hashed) });
      expect(found.map(({ index }) => index)).to.deep.equal(expected);
      for (const { index, output } of found) expect(output).to.deep.equal(outputs[index]);
      expect(progress.at(-1)).to.equal(inputs.length);
      expect(progress).to.deep.equal(progress.toSorted((a, b) => a - b));
    });

    it("finds nothing in an empty range", async () => {
      expect(await hasher.search({ count: 0, input: () => new Uint8Array(32) }, 2n ** 256n)).to.deep.equal([]);
    });

    it("stops a search when it is aborted, and hashes on afterwards", async () => {
      const controller = new AbortController();
      const range = { count: 1e9, input: (i: number) => random32("endless", i) };
      const onProgress = () => {
        controller.abort(new DOMException("the epoch ended", "AbortError"));
      };
      const error = await rejection(hasher.search(range, 0n, { signal: controller.signal, onProgress }));
      expect(error).to.have.property("name", "AbortError");
      const [output] = await hasher.hash([bytes(genesis.input)]);
      expect(hex(output!)).to.equal(genesis.output);
    });

    it("keeps its seed when another derivation is aborted", async () => {
      const controller = new AbortController();
      const derivation = hasher.setSeed(new Uint8Array(32), controller.signal);
      await nextTurn();
      controller.abort(new DOMException("the epoch ended", "AbortError"));
      expect(await rejection(derivation)).to.have.property("name", "AbortError");
      const [output] = await hasher.hash([bytes(genesis.input)]);
      expect(hex(output!)).to.equal(genesis.output);
    });

    it("stops hashing when it is aborted", async () => {
      const aborted = AbortSignal.abort();
      expect(await rejection(hasher.hash([bytes(genesis.input)], aborted))).to.have.property("name", "AbortError");
    });

    it("lets other work run while it derives a seed", async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      await hasher.setSeed(bytes(genesis.seed));
      clearInterval(timer);
      expect(turns).to.be.greaterThan(5);
    });

    it("refuses inputs and seeds that have not 32 bytes", async () => {
      const input = await rejection(hasher.hash([new Uint8Array(32), new Uint8Array(33)]));
      expect(input).to.have.property("code", "TENSHASH_INPUT_SIZE");
      expect(await rejection(hasher.trace(new Uint8Array()))).to.have.property("code", "TENSHASH_INPUT_SIZE");
      expect(await rejection(hasher.setSeed(new Uint8Array(33)))).to.have.property("code", "TENSHASH_SEED_SIZE");
    });

    it("has no seed once it is disposed of, and works again with a new one", async () => {
      await hasher.dispose();
      await hasher.dispose();
      expect(await rejection(hasher.hash([new Uint8Array(32)]))).to.have.property("code", "TENSHASH_NO_SEED");
      expect(await rejection(hasher.trace(new Uint8Array(32)))).to.have.property("code", "TENSHASH_NO_SEED");
      await hasher.setSeed(bytes(genesis.seed));
      const [output] = await hasher.hash([bytes(genesis.input)]);
      expect(hex(output!)).to.equal(genesis.output);
    });
  });
}
