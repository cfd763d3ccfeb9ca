import { expect } from "chai";

import type { SegmentFigures } from "../../../oracle/src/audit/outliers.ts";
import { describeOutlier, Directions, outliers, OutlierWatch } from "../../../oracle/src/audit/outliers.ts";
import { median, robustScore } from "../../../oracle/src/statistics.ts";
import type { Cheat } from "../../../scripts/demo/cheats/cheat.ts";
import { SEGMENT_CHEATS } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { CHEATER, parameters, watchedTraining } from "./watched-training.ts";

/** How many segments of the honest, and how many lies, a watch takes for outliers. */
async function flagsOf(cheat?: Cheat) {
  const watch = new OutlierWatch(parameters);
  const count = { honest: 0, honestFlagged: 0, lies: 0, liesFlagged: 0 };
  let round = 0;
  for await (const { message, isLie } of watchedTraining(cheat)) {
    const { slot, last } = message.segment;
    round = Math.max(round, last + 1);
    // Slots differ in speed by a tenth.
    const flagged = watch.take(message, round * (1 + slot / 40)).length > 0;
    if (cheat !== undefined && slot === CHEATER) {
      if (isLie) count.lies += 1;
      if (isLie && flagged) count.liesFlagged += 1;
    } else {
      count.honest += 1;
      if (flagged) count.honestFlagged += 1;
    }
  }
  return count;
}

const cheatNamed = (name: string): Cheat => SEGMENT_CHEATS.find((cheat) => cheat.name === name)!;

const USUAL: SegmentFigures = { slot: 0, updates: 6, loss: 30, accuracy: 0.8, agreement: 0.3, pace: -2 };

/** Ten segments around the usual figures, half of a wave up and down. */
const others = Array.from({ length: 10 }, (_, i) => ({
  slot: 1 + (i % 3),
  updates: USUAL.updates + Math.sin(i),
  loss: USUAL.loss + 3 * Math.cos(i),
  accuracy: USUAL.accuracy + 0.05 * Math.sin(2 * i),
  agreement: 0.3 + 0.05 * Math.cos(3 * i),
  pace: -2 + 0.3 * Math.sin(5 * i),
}));

describe("robust statistics", () => {
  it("are what the textbook says", () => {
    expect([median([3]), median([1, 2]), median([5, 1, 3]), median([4, 1, 3, 2])]).to.deep.equal([3, 1.5, 3, 2.5]);
    expect(robustScore(5, [1, 2, 3, 4, 5], 0)).to.be.closeTo(2 / 1.4826, 1e-12);
  });

  it("do not move however far fewer than half of the sample are away", () => {
    const clean = [1, 2, 3, 4, 5, 6, 7];
    const spoilt = [...clean, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9];
    expect(robustScore(1e9, spoilt, 0)).to.be.above(1e8);
    expect(Math.abs(robustScore(4, spoilt, 0))).to.be.below(2);
  });
});

describe("outliers", () => {
  it("find nothing in usual figures, nor with too few to compare with", () => {
    expect(outliers(USUAL, others)).to.deep.equal([]);
    expect(outliers({ ...USUAL, loss: 1e6 }, others.slice(0, 5))).to.deep.equal([]);
  });

  const strange: readonly (readonly [Partial<SegmentFigures>, string])[] = [
    [{ updates: 0 }, "updates"],
    [{ updates: 12 }, "updates"],
    [{ loss: 90 }, "loss"],
    [{ accuracy: 0 }, "accuracy"],
    [{ agreement: -0.2 }, "agreement"],
    [{ pace: -6 }, "pace"],
  ];
  for (const [figures, name] of strange)
    it(`find ${JSON.stringify(figures)}, and say why in words`, () => {
      const [found, ...more] = outliers({ ...USUAL, ...figures }, others);
      expect(found?.figure).to.equal(name);
      expect(more).to.deep.equal([]);
      expect(describeOutlier(found!)).to.match(new RegExp(`^${name} of .* where the others have .* deviations`));
    });

  it("hold nothing against who is slow, or agrees with all others", () => {
    expect(outliers({ ...USUAL, pace: 6, agreement: 1 }, others)).to.deep.equal([]);
  });
});

describe("Directions", () => {
  /** Sixty lists of updates of ten weights, up or down. */
  const lists = Array.from({ length: 60 }, (_, i) =>
    Uint32Array.from([0, 1, 2, 3], (j) => (7 * i + j * j) % 10).map((f, j) => 2 * f + ((i + j) % 3 === 0 ? 1 : 0)),
  );

  const vectorOf = (some: readonly Uint32Array[]): number[] => {
    const sum = Array.from({ length: 10 }, () => 0);
    for (const entry of some.flatMap((list) => [...list])) sum[entry >>> 1]! += (entry & 1) === 1 ? -1 : 1;
    return sum;
  };
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

  it("give the cosine with the sum of what was added and not taken out, but the slot's own", () => {
    const directions = new Directions(10);
    for (const list of lists) directions.add([list], 1);
    directions.add(lists.slice(0, 20), -1);
    const [some, own, others] = [lists.slice(0, 3), lists.slice(20, 30), lists.slice(30)];
    const [a, b] = [vectorOf(some), vectorOf(others)];
    const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    for (const time of ["first", "second"])
      expect(directions.agreement(some, own), `${time} time`).to.be.closeTo(cosine, 1e-12);
  });

  it("say nothing of lists that cancel, nor where there are no others", () => {
    const [list] = lists as [Uint32Array];
    const directions = new Directions(10);
    directions.add([list], 1);
    expect(directions.agreement([list], [list])).to.equal(undefined);
    expect(directions.agreement([list, list.map((entry) => entry ^ 1)], [])).to.equal(undefined);
    expect(directions.agreement([list], [])).to.be.closeTo(1, 1e-12);
  });
});

describe("OutlierWatch", function () {
  this.timeout(60_000);

  it("flags at most one honest segment in fifty", async () => {
    const { honest, honestFlagged } = await flagsOf();
    expect(honest).to.equal(160);
    expect(honestFlagged).to.be.at.most(honest / 50);
  });

  for (const name of ["never-ran", "dropped-residual"])
    it(`flags a slot that lies as ${name} within a few segments, and hardly anybody else`, async () => {
      const { honest, honestFlagged, lies, liesFlagged } = await flagsOf(cheatNamed(name));
      expect(liesFlagged).to.be.at.least(lies / 5);
      expect(honestFlagged).to.be.at.most(honest / 40);
    });

  it("does not see a lie of one element: that is what segments are drawn for", async () => {
    const { honest, honestFlagged, lies, liesFlagged } = await flagsOf(cheatNamed("wrong-gradient"));
    expect([lies, liesFlagged]).to.deep.equal([40, 0]);
    expect(honestFlagged).to.be.at.most(honest / 40);
  });
});
