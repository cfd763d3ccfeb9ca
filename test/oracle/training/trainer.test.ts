import {
  evaluate,
  type MlpParameters,
  residualId,
  stateId,
  type TakenList,
  traceRows,
  weightCount,
} from "@gristmill/sdk";
import { expect } from "chai";

import { presentEngines } from "../../../oracle/src/training/create-engine.ts";
import { Trainer } from "../../../oracle/src/training/trainer.ts";
import { referenceBackend } from "../../../scripts/vectors/training-backends.ts";
import {
  batchOf,
  program,
  type Random,
  randomBatch,
  randomLayers,
  randomLists,
  randomProgram,
  seededRandom,
} from "../../sdk/fixtures/programs.ts";
import { seed } from "./fixtures.ts";

const p = program({
  sizes: [6, 5, 3],
  shift: [6, 5],
  back: [0, 5],
  tau: [800, 900],
  initBound: [30_000, 30_000],
  batch: 3,
});

function shuffled(lists: readonly TakenList[], random: Random): TakenList[] {
  return lists
    .map((list) => ({ list, key: random(0, 1_000_000) }))
    .sort((a, b) => a.key - b.key)
    .map(({ list }) => list);
}

for (const engine of await presentEngines()) {
  const create = (parameters: MlpParameters = p) => Trainer.create({ parameters, seed, engine });

  describe(`Trainer over ${engine.name}`, () => {
    it("equals the reference over random programs, states, lists and batches", async () => {
      for (let round = 0; round < 30; round++) {
        const random = seededRandom(1000 + round);
        const parameters = randomProgram(random);
        const bound = [2 ** 31 - 1, 40_000][round % 2]!;
        const state = {
          weights: randomLayers(parameters, random, bound),
          residuals: randomLayers(parameters, random, bound),
        };
        const reference = await referenceBackend.start(parameters, seed, state);
        const trainer = Trainer.create({ parameters, seed, engine, state });
        for (let index = 0; index < 4; index++) {
          const where = `round ${round} iteration ${index}`;
          const batch = randomBatch(parameters, random);
          const lists = randomLists(parameters, random, random(0, 1) * random(1, 20));
          const expected = reference.step(index, batch, lists);
          expect(traceRows(trainer.trace(index, batch, lists).trace), where).to.deep.equal(traceRows(expected.trace));
          trainer.takeIn(lists);
          const { list, correct, loss } = trainer.iterate(index, batch);
          expect([list, correct, loss], where).to.deep.equal([expected.list, expected.correct, expected.loss]);
          expect(trainer.weights, where).to.deep.equal(reference.weights);
          expect(trainer.residuals, where).to.deep.equal(reference.residuals);
        }
      }
    });

    it("reaches the same state in whatever order and portions lists are taken in and given back", () => {
      const random = seededRandom(51);
      const lists = randomLists(p, random, 24);
      const batch = randomBatch(p, random);
      const ends = [0, 1, 2, 3].map(() => {
        const trainer = create();
        const order = shuffled(lists, random);
        const cut = random(0, order.length);
        trainer.takeIn(order.slice(0, cut));
        trainer.takeIn(order.slice(cut));
        const { list } = trainer.iterate(3, batch);
        return [trainer.stateId(), trainer.residualId(), list];
      });
      for (const end of ends) expect(end).to.deep.equal(ends[0]);
    });

    it("gives lists that stay as they are when it goes on", () => {
      const trainer = create();
      const random = seededRandom(52);
      const first = trainer.iterate(0, randomBatch(p, random)).list;
      const copy = first.slice();
      for (let index = 1; index < 5; index++) trainer.iterate(index, randomBatch(p, random));
      expect(first).to.deep.equal(copy);
      expect(first.length).to.be.above(0);
    });

    it("goes on from a restored snapshot, or from its state in a new trainer, as it did the first time", () => {
      const random = seededRandom(53);
      const batches = Array.from({ length: 6 }, () => randomBatch(p, random));
      const trainer = create();
      batches.slice(0, 3).forEach((batch, index) => trainer.iterate(index, batch));
      const state = trainer.snapshot();
      const finish = (from: Trainer) => {
        batches.slice(3).forEach((batch, index) => from.iterate(3 + index, batch));
        return [from.stateId(), from.residualId()];
      };
      const first = finish(trainer);
      trainer.restore(state);
      expect(finish(trainer)).to.deep.equal(first);
      expect(finish(Trainer.create({ parameters: p, seed, engine, state }))).to.deep.equal(first);
    });

    it("names its state by its weights and residuals, and leaves it alone when it traces and evaluates", () => {
      const random = seededRandom(54);
      const trainer = create();
      trainer.iterate(0, randomBatch(p, random));
      const ids = [stateId(p, trainer.weights), residualId(p, trainer.residuals)];
      expect([trainer.stateId(), trainer.residualId()]).to.deep.equal(ids);
      trainer.trace(1, randomBatch(p, random), randomLists(p, random, 10));
      trainer.evaluate([randomBatch(p, random)]);
      expect([trainer.stateId(), trainer.residualId()]).to.deep.equal(ids);
    });

    it("scores a test set with a shorter last batch as the SDK does", () => {
      const random = seededRandom(55);
      const trainer = create();
      const test = [3, 3, 1].map((rows) => randomBatch(p, random, rows));
      expect(trainer.evaluate(test)).to.deep.equal(evaluate(p, trainer.weights, test));
    });

    it("changes nothing when a batch, a list or a state does not fit", () => {
      const trainer = create();
      const before = trainer.snapshot();
      const good = { slot: 1, index: 0, list: Uint32Array.of(0, 2), sign: 1 } as const;
      const bad = { ...good, list: Uint32Array.of(2 * weightCount(p)) };
      expect(() => trainer.iterate(0, batchOf([[1, 127]], [0])))
        .to.throw()
        .with.property("code", "BATCH_SHAPE");
      expect(() => {
        trainer.takeIn([good, bad]);
      })
        .to.throw()
        .with.property("code", "UPDATE_LIST_MALFORMED");
      const short = { ...before, weights: before.weights.map((layer) => layer.subarray(1)) };
      expect(() => {
        trainer.restore(short);
      })
        .to.throw()
        .with.property("code", "MATRIX_SHAPE");
      expect(() => Trainer.create({ parameters: p, seed, engine, state: short }))
        .to.throw()
        .with.property("code", "MATRIX_SHAPE");
      expect(trainer.snapshot()).to.deep.equal(before);
    });
  });
}
