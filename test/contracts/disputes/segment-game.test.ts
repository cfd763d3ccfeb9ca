import { expect } from "chai";

import { loadFixture } from "../tasks/scenario.ts";
import { arena, honestChain, logOf, playSegment } from "./arena.ts";

describe("SegmentGame", () => {
  it("costs a challenger of an honest segment its bond", async () => {
    const where = await loadFixture(arena);
    const { truths, messages } = await honestChain(where, 0, 2, logOf(where, []));
    const { winner } = await playSegment(where, messages[1]!, { defender: truths[1]!, challenger: truths[1]! });
    expect(winner).to.equal("defender");
  });
});
