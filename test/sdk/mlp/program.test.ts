import { iterationProgram, LISTS_PER_GROUP, inTakingOrder, referenceIteration } from "@gristmill/sdk";
import { expect } from "chai";

import { randomBatch, randomLayers, randomList, randomProgram, seededRandom } from "../fixtures/programs.ts";

describe("iterationProgram", () => {
  it("names every tensor of the reference iteration's trace in order, with its type and shape", () => {
    const random = seededRandom(41);
    for (let run = 0; run < 60; run++) {
      const p = randomProgram(random);
      const index = random(0, 1) * random(0, 5);
      const lists = inTakingOrder(
        Array.from({ length: random(0, 2 * LISTS_PER_GROUP + 1) }, (_, i) => ({
          slot: 1,
          index: i,
          list: randomList(p, random),
          sign: 1 as const,
        })),
      );
      const { trace } = referenceIteration({
        parameters: p,
        index,
        batch: randomBatch(p, random),
        weights: randomLayers(p, random, 1000),
        residuals: randomLayers(p, random, 1000),
        lists,
      });
      const ranges = lists.length === 0 ? [] : [{ first: 0, count: lists.length, givenBack: false }];
      const { instructions, outputs } = iterationProgram(p, { seed: `0x${"00".repeat(32)}`, index, lists: ranges });

      expect(instructions.length).to.equal(trace.length);
      trace.forEach(({ name, tensor }, k) => {
        const { op, elementType, rows, cols } = instructions[k]!;
        expect({ k, name, type: elementType, cols }).to.deep.equal({ k, name, type: tensor.type, cols: tensor.cols });
        if (op !== "Sparse") expect(rows).to.equal(tensor.rows);
      });
      expect(trace[outputs.hits]!.name).to.equal("C");
      expect(trace[outputs.missing]!.name).to.equal("M");
      expect(trace[outputs.update]!.name).to.equal("S");
      expect(outputs.weights.map((k) => trace[k]!.name)).to.deep.equal(p.sizes.slice(1).map((_, l) => `W${l + 1}`));
      expect(outputs.residuals.map((k) => trace[k]!.name)).to.deep.equal(p.sizes.slice(1).map((_, l) => `R${l + 1}`));
    }
  });
});
