import { expect } from "chai";

import { findEquivocation } from "../../../oracle/src/disputes/equivocation.ts";
import { id, makeChain, makeContext, makeSegment } from "../network/fixtures/task.ts";

const SLOT = 1;

describe("an equivocation", () => {
  const context = makeContext();
  const [first, second] = makeChain(context, SLOT, 2);

  it("is found in segments that share an iteration, whichever came first", () => {
    const { first: from } = second!.segment;
    const other = makeSegment(context, {
      slot: SLOT,
      first: from,
      previous: second!.segment.previous,
      version: "other",
    });
    expect(findEquivocation(other, [first!, second!])).to.deep.equal({ slot: SLOT, first: other, second });
    expect(findEquivocation(second!, [first!, other])).to.deep.equal({ slot: SLOT, first: second, second: other });
  });

  it("is found where a segment names another predecessor than the one before it", () => {
    const { first: from } = second!.segment;
    const fork = makeSegment(context, { slot: SLOT, first: from, previous: id("another history") });
    expect(findEquivocation(fork, [first!])).to.deep.equal({ slot: SLOT, first, second: fork });
    expect(findEquivocation(first!, [fork])).to.deep.equal({ slot: SLOT, first, second: fork });
  });

  it("is not found in segments that follow each other, nor in one that came twice", () => {
    expect(findEquivocation(second!, [first!, second!])).to.equal(undefined);
    expect(findEquivocation(first!, [first!, second!])).to.equal(undefined);
  });
});
