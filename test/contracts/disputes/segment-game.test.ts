import { expect } from "chai";

import { loadFixture } from "../tasks/scenario.ts";
import { arena, honestChain, logOf, playSegment, sign } from "./arena.ts";

describe("SegmentGame", () => {
  it("costs a challenger of an honest segment its bond", async () => {
    const where = await loadFixture(arena);
    const { truths, messages } = await honestChain(where, 0, 2, logOf(where, []));
    const { winner } = await playSegment(where, messages[1]!, { defender: truths[1]!, challenger: truths[1]! });
    expect(winner).to.equal("defender");
  });

  it("convicts a slot that altered one weight of its state", async () => {
    const where = await loadFixture(arena);
    const { truths } = await honestChain(where, 0, 2, logOf(where, []));
    const truth = truths[1]!;
    const iteration = 1;
    const honest = truth.trace(iteration);
    const k = honest.instructions.length - 1;
    const tensors = honest.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
    tensors[k]!.data[3]! += 1;
    console.log(honest.instructions[k]);
    const lie = { ...honest, tensors: tensors as typeof honest.tensors };
    const outcomes = truth.outcomes;
    const { stateIdOf } = await import("./lies.ts");
    const stateId = stateIdOf(lie);
    const message = await sign(where, { ...truth.message, segment: { ...truth.message.segment, stateId: outcomes[2]!.stateId } });
    const defender = {
      ...truth,
      message,
      outcomes: outcomes.map((o, i) => (i === iteration ? { ...o, stateId } : o)),
      trace: (i: number) => (i === iteration ? lie : truth.trace(i)),
    };
    const { winner, moves } = await playSegment(where, message, { defender, challenger: truth });
    console.table(moves.map(({ name, side, gas }) => ({ name, side, gas: Number(gas) })));
    expect(winner).to.equal("challenger");
  });
});
