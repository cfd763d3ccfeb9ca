import { expect } from "chai";
import { keccak256, numberToHex, pad, zeroAddress } from "viem";

import {
  type Application,
  closestBelow,
  drawOf,
  isEligible,
  isReserve,
  joiningOrder,
  rankOf,
} from "../../../sdk/src/assignment/assignment.ts";

const NO_PREFERENCES = "0x0000000000000000";
const BALANCED = "0x8080808080808080";

function application(index: number): Application {
  return { seed: keccak256("0x5eed"), role: 0, owner: pad(numberToHex(index + 1), { size: 20 }) };
}

describe("drawOf", () => {
  it("depends on seed, role and owner", () => {
    const one = application(0);
    const draws = [one, { ...one, seed: keccak256("0x00") } as const, { ...one, role: 1 }, application(1)].map(drawOf);
    expect(new Set(draws).size).to.equal(4);
    for (const draw of draws) expect(draw < 1n << 95n).to.equal(true);
  });
});

describe("isEligible", () => {
  it("holds up to the cosine and not a step beyond", () => {
    const half = 1n << 94n;
    expect([half - 1n, half, half + 1n].map((draw) => isEligible(32_768, draw))).to.deep.equal([true, true, false]);
    expect([isEligible(65_536, (1n << 95n) - 1n), isEligible(0, 1n)]).to.deep.equal([true, false]);
  });

  it("falls to as many as the cosine says", () => {
    const eligible = Array.from({ length: 2_000 }, (_, index) => isEligible(16_384, drawOf(application(index))));
    expect(eligible.filter(Boolean).length).to.be.within(430, 570);
  });
});

describe("rankOf", () => {
  it("puts every reserve behind every eligible one, each by its draw", () => {
    const one = application(0);
    expect(rankOf(one, BALANCED, BALANCED)).to.equal(drawOf(one));
    expect(rankOf(one, NO_PREFERENCES, BALANCED)).to.equal((1n << 95n) + drawOf(one));
    expect([rankOf(one, BALANCED, BALANCED), rankOf(one, NO_PREFERENCES, BALANCED)].map(isReserve)).to.deep.equal([
      false,
      true,
    ]);
  });
});

describe("joiningOrder", () => {
  it("goes from the lowest rank up, and finds whom a rank comes right after", () => {
    const [a, b, c] = [application(0).owner, application(1).owner, application(2).owner];
    const ranks = [
      { owner: a, rank: 30n },
      { owner: b, rank: 10n },
      { owner: c, rank: 20n },
    ];
    expect(joiningOrder(ranks)).to.deep.equal([b, c, a]);
    expect([5n, 15n, 25n, 35n].map((rank) => closestBelow(ranks, rank))).to.deep.equal([zeroAddress, b, c, a]);
    expect(closestBelow([], 1n)).to.equal(zeroAddress);
  });
});
