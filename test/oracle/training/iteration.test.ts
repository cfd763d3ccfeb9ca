import { traceRows, type UpdateList, updateTensor } from "@gristmill/sdk";
import { expect } from "chai";

import { presentBackends, referenceBackend, type TrainingBackend } from "../../../scripts/vectors/training-backends.ts";
import { batchOf, program, randomBatch, randomLayers, randomList, seededRandom } from "../../sdk/fixtures/programs.ts";
import { seed } from "./fixtures.ts";

// What the golden figures do not reach, with figures worked out by hand. A network of one layer, one input, two classes
// and zero weights has equal logits: E = [-63, 64] for class 0, so on X = [x, 127] the gradient is
// [[-63 x, -8001], [64 x, 8128]].

const LIMIT = 2 ** 30;
const zeros = [Int32Array.of(0, 0, 0, 0)];
const x10 = batchOf([[10, 127]], [0]);

const backends = await presentBackends();

for (const backend of backends) {
  describe(`an iteration by ${backend.name}`, () => {
    it("accumulates a gradient below the threshold and makes an empty list", async () => {
      const run = await backend.start(program({ tau: [8128] }), seed);
      const { list, trace, correct, loss } = run.step(0, x10, []);
      expect(list).to.deep.equal(new Uint32Array());
      expect(trace.find(({ name }) => name === "S")!.tensor).to.deep.equal(updateTensor(list));
      expect([...run.residuals[0]!]).to.deep.equal([-630, -8001, 640, 8128]);
      expect([...run.weights[0]!]).to.deep.equal([0, 0, 0, 0]);
      expect([correct, loss]).to.deep.equal([1, 63]);
    });

    it("clips the accumulated gradient at 2^30, which a threshold of 2^30 does not let cross", async () => {
      const residuals = [Int32Array.of(-LIMIT + 100, -LIMIT + 8001, LIMIT - 100, LIMIT - 8128)];
      const run = await backend.start(program({ tau: [LIMIT] }), seed, { weights: zeros, residuals });
      const { list } = run.step(1, x10, []);
      expect(list).to.have.length(0);
      expect([...run.residuals[0]!]).to.deep.equal([-LIMIT, -LIMIT, LIMIT, LIMIT]);
    });

    it("leaves of a clipped gradient what is beyond the threshold", async () => {
      const residuals = [Int32Array.of(-LIMIT + 100, 0, LIMIT - 100, 0)];
      const run = await backend.start(program({ tau: [LIMIT - 1] }), seed, { weights: zeros, residuals });
      const { list } = run.step(1, x10, []);
      expect([...list]).to.deep.equal([1, 4]);
      expect([...run.residuals[0]!]).to.deep.equal([-1, -8001, 1, 8128]);
    });

    it("clips without wrapping, whatever residual it was given", async () => {
      const residuals = [Int32Array.of(-(2 ** 31), -(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1)];
      const run = await backend.start(program({ tau: [1000] }), seed, { weights: zeros, residuals });
      const { list } = run.step(1, x10, []);
      expect([...list]).to.deep.equal([1, 3, 4, 6]);
      expect([...run.residuals[0]!]).to.deep.equal([-LIMIT + 1000, -LIMIT + 1000, LIMIT - 1000, LIMIT - 1000]);
    });

    it("reads X below -127 as -127, its last column as 127 and Y beyond the classes as the last", async () => {
      const p = program({ sizes: [2, 3], initBound: [20_000], batch: 2, tau: [500] });
      const [bad, read] = await Promise.all([backend.start(p, seed), backend.start(p, seed)]);
      const got = bad.step(
        0,
        batchOf(
          [
            [-128, 5, 5],
            [1, -128, -128],
          ],
          [3, 255],
        ),
        [],
      );
      const expected = read.step(
        0,
        batchOf(
          [
            [-127, 5, 127],
            [1, -127, 127],
          ],
          [2, 2],
        ),
        [],
      );
      expect(traceRows(got.trace)).to.deep.equal(traceRows(expected.trace));
      expect([got.list, got.correct, got.loss]).to.deep.equal([expected.list, expected.correct, expected.loss]);
      expect(bad.residuals).to.deep.equal(read.residuals);
      const at0 = got.trace.find(({ name }) => name === "AT0")!.tensor;
      expect([...at0.data]).to.deep.equal([-127, 1, 5, -127, 127, 127]);
    });

    it("quantizes the largest weight to 127 and, once it has wrapped, to -127", async () => {
      const weights = [Int32Array.of(2 ** 31 - 1, 0, 0, 0)];
      const run = await backend.start(program({ tau: [LIMIT] }), seed, { weights, residuals: zeros });
      const q1 = (list: UpdateList[]) => {
        const lists = list.map((entries, index) => ({ slot: 1, index, list: entries, sign: 1 as const }));
        const { trace } = run.step(1, x10, lists);
        return trace.find(({ name }) => name === "Q1")!.tensor.data[0];
      };
      expect(q1([])).to.equal(127);
      expect(q1([Uint32Array.of(1)])).to.equal(-127);
      expect(run.weights[0]![0]).to.equal(-(2 ** 31) + 255);
    });

    it("moves weights by 1 where q has reached its floor", async () => {
      const run = await backend.start(program({ tau: [8000], q0: 4, halveEvery: 1 }), seed);
      const { list } = run.step(9, x10, []);
      expect([...list]).to.deep.equal([3, 6]);
      expect([...run.weights[0]!]).to.deep.equal([0, 1, 0, -1]);
    });

    it("fills one row of S with exactly 256 entries", async () => {
      const run = await backend.start(program({ sizes: [127, 2], tau: [1] }), seed);
      const { list, trace } = run.step(0, batchOf([Array.from({ length: 128 }, () => 9)], [0]), []);
      expect(list).to.deep.equal(Uint32Array.from({ length: 256 }, (_, flat) => 2 * flat + (flat < 128 ? 1 : 0)));
      const s = trace.find(({ name }) => name === "S")!.tensor;
      expect([s.rows, s.cols]).to.deep.equal([1, 256]);
    });

    it("gives lists back before it takes others in, in groups of eight that cross the border", async () => {
      const p = program({ tau: [LIMIT], q0: 16, halveEvery: 1 });
      const run = await backend.start(p, seed);
      const list = Uint32Array.of(0);
      // q of index 0 is 16, of index 1 it is 8, and so on down to 1.
      const back = [0, 1, 2].map((index) => ({ slot: 2, index, list, sign: -1 as const }));
      const taken = [0, 1, 2, 3, 4, 5].map((index) => ({ slot: 0, index, list, sign: 1 as const }));
      const { trace } = run.step(7, x10, [...taken.toReversed(), ...back]);
      const groups = trace.filter(({ name }) => name.startsWith("WA"));
      expect(groups.map(({ name }) => name)).to.deep.equal(["WA0.1", "WA1.1"]);
      expect(groups.map(({ tensor }) => tensor.data[0])).to.deep.equal([28 - 31, 28 - 32]);
      expect(run.weights[0]![0]).to.equal(28 - 32);
    });

    it("ends where it began when it gives back all that it took in", async () => {
      const p = program({ tau: [LIMIT] });
      const run = await backend.start(p, seed);
      const lists = [0, 1, 2].map((index) => ({
        slot: 1,
        index,
        list: randomList(p, seededRandom(index)),
        sign: 1 as const,
      }));
      run.step(0, x10, lists);
      expect([...run.weights[0]!]).to.not.deep.equal([0, 0, 0, 0]);
      run.step(
        1,
        x10,
        lists.map((list) => ({ ...list, sign: -1 as const })),
      );
      expect([...run.weights[0]!]).to.deep.equal([0, 0, 0, 0]);
    });

    it("adds dot products beyond 1,024 terms as integers, where float32 would round", async () => {
      const p = program({ sizes: [1500, 2], shift: [12], tau: [LIMIT] });
      const weights = [new Int32Array(2 * 1501).fill(127 * 256, 0, 1501)];
      const run = await backend.start(p, seed, { weights, residuals: [new Int32Array(2 * 1501)] });
      const { trace } = run.step(1, batchOf([Array.from({ length: 1501 }, () => 127)], [0]), []);
      expect([...trace.find(({ name }) => name === "Z")!.tensor.data]).to.deep.equal([1501 * 127 * 127, 0]);
    });

    if (backend !== referenceBackend) agreesWithReference(backend);
  });
}

/** For dimensions that no hand works out. */
function agreesWithReference(backend: TrainingBackend): void {
  it("equals the reference where forward and backward products have more than 1,024 terms", async function () {
    this.timeout(20_000);
    const random = seededRandom(41);
    const p = program({
      sizes: [1030, 2, 1100, 2],
      shift: [9, 4, 9],
      back: [0, 5, 4],
      tau: [900, 900, 900],
      initBound: [40_000, 40_000, 40_000],
      batch: 2,
    });
    const state = { weights: randomLayers(p, random, 40_000), residuals: randomLayers(p, random, 900) };
    const [run, reference] = await Promise.all([backend.start(p, seed, state), referenceBackend.start(p, seed, state)]);
    const batch = randomBatch(p, random);
    const got = run.step(1, batch, []);
    const expected = reference.step(1, batch, []);
    expect(traceRows(got.trace)).to.deep.equal(traceRows(expected.trace));
    expect(got.list).to.deep.equal(expected.list);
    expect(run.weights).to.deep.equal(reference.weights);
    expect(run.residuals).to.deep.equal(reference.residuals);
  });
}
