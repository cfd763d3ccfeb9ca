import { expect } from "chai";

import { SEGMENT_CHEATS } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { loadFixture } from "../tasks/scenario.ts";
import { type Arena, arena, honestChain, lastRefusal, logOf, playSegment, sign } from "./arena.ts";

/** Slot 1 has published two segments; slot 0 three, each of which took them in as they came. */
async function twoSlots(): Promise<{
  where: Arena;
  log: ReturnType<typeof logOf>;
  slot0: Awaited<ReturnType<typeof honestChain>>;
}> {
  const where = await arena();
  const slot1 = await honestChain(where, 1, 2, logOf(where, []));
  const log = logOf(where, [slot1.messages]);
  const slot0 = await honestChain(where, 0, 3, log);
  return { where, log, slot0 };
}

describe("SegmentGame", () => {
  it("costs a challenger of an honest segment its bond", async () => {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const { winner } = await playSegment(where, slot0.messages[1]!, {
      defender: slot0.truths[1]!,
      challenger: slot0.truths[1]!,
      log,
    });
    expect(winner).to.equal("defender");
  });

  for (const cheat of SEGMENT_CHEATS) {
    it(`convicts a slot that ${cheat.about}`, async () => {
      const { where, log, slot0 } = await loadFixture(twoSlots);
      const n = slot0.truths.findIndex((truth) => cheat.lie(truth) !== undefined);
      const truth = slot0.truths[n]!;
      const lie = cheat.lie(truth)!;
      const message = await sign(where, lie.message);
      const { winner, moves, byTimeout } = await playSegment(where, message, { defender: lie, challenger: truth, log });
      console.log(
        n,
        byTimeout ? lastRefusal.slice(0, 200) : "",
        moves.map(({ name, gas }) => `${name} ${gas}`).join(", "),
      );
      expect(winner).to.equal("challenger");
    });
  }
});
