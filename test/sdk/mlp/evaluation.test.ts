import { createHash } from "node:crypto";

import { batchLeaf, type BatchScore, evaluate, initialWeights, totalScore } from "@gristmill/sdk";
import { expect } from "chai";

import { batchOf, program, randomBatch, seededRandom } from "../fixtures/programs.ts";

const h = (hex: string) => createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex");
const u32 = (value: number) => value.toString(16).padStart(8, "0");
const u64 = (value: number) => value.toString(16).padStart(16, "0");
const leaf = ({ leaf, correct, loss }: BatchScore) => h(`0e${leaf.slice(2)}${u32(correct)}${u64(loss)}`);
const score = (i: number): BatchScore => ({ leaf: `0x${String(i).repeat(64)}`, correct: i, loss: 1000 * i });

describe("totalScore", () => {
  it("is the leaf itself for one batch", () => {
    expect(totalScore([score(3)])).to.deep.include({ correct: 3, loss: 3000, root: `0x${leaf(score(3))}` });
  });

  it("carries the sums of what lies below in every node", () => {
    const [a, b, c] = [score(1), score(2), score(3)];
    const left = h(`0f${leaf(a)}${u32(1)}${u64(1000)}${leaf(b)}${u32(2)}${u64(2000)}`);
    const right = h(`0f${leaf(c)}${u32(3)}${u64(3000)}${"00".repeat(32)}${u32(0)}${u64(0)}`);
    const root = h(`0f${left}${u32(3)}${u64(3000)}${right}${u32(3)}${u64(3000)}`);
    expect(totalScore([a, b, c])).to.deep.include({ correct: 6, loss: 6000, root: `0x${root}` });
  });

  it("changes its root with any part of any batch's score", () => {
    const roots = [
      totalScore([score(1), score(2)]).root,
      totalScore([score(2), score(1)]).root,
      totalScore([score(1), { ...score(2), correct: 3 }]).root,
      totalScore([score(1), { ...score(2), loss: 2001 }]).root,
      totalScore([score(1), { ...score(2), leaf: score(3).leaf }]).root,
      totalScore([score(1), score(2), { ...score(3), correct: 0, loss: 0 }]).root,
    ];
    expect(new Set(roots).size).to.equal(roots.length);
  });

  it("needs at least one batch", () => {
    expect(() => totalScore([]))
      .to.throw()
      .with.property("code", "SCORE_EMPTY");
  });
});

describe("evaluate", () => {
  const p = program({ sizes: [5, 4, 3], initBound: [30_000, 30_000], batch: 4 });
  const weights = initialWeights(p, `0x${"21".repeat(32)}`);

  it("scores a shorter last batch", () => {
    const random = seededRandom(31);
    const whole = randomBatch(p, random, 4);
    const rows = Array.from({ length: 4 }, (_, row) => [...whole.x.data.subarray(row * 6, row * 6 + 6)]);
    const labels = [...whole.y.data];
    const halves = [batchOf(rows.slice(0, 3), labels.slice(0, 3)), batchOf(rows.slice(3), labels.slice(3))];
    const one = evaluate(p, weights, [whole]);
    const two = evaluate(p, weights, halves);
    expect([two.correct, two.loss]).to.deep.equal([one.correct, one.loss]);
    expect(two.batches.map((batch) => batch.leaf)).to.deep.equal(halves.map(batchLeaf));
  });

  it("refuses a batch that does not fit the network", () => {
    const cases = [
      batchOf([[1, 2, 3, 4, 127]], [0]),
      batchOf([[1, 2, 3, 4, 5, 127]], [0, 1]),
      randomBatch(p, seededRandom(32), 5),
    ];
    for (const batch of cases) {
      expect(() => evaluate(p, weights, [batch]))
        .to.throw()
        .with.property("code", "BATCH_SHAPE");
    }
  });
});
