import { batchLeaf } from "@gristmill/sdk";
import { expect } from "chai";
import { zeroHash } from "viem";

import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import type { SlotContext } from "../../../oracle/src/training/slot-replica.ts";
import { positionAfter, runSegment, startPosition } from "../../../oracle/src/training/slot-replica.ts";
import { Trainer } from "../../../oracle/src/training/trainer.ts";
import { TrainingThread } from "../../../oracle/src/training/training-thread.ts";
import { rejection } from "../../rejection.ts";
import { program, randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { seed } from "./fixtures.ts";

const parameters = program({ batches: 4 });
const random = seededRandom(5);
const batches = Array.from({ length: 4 }, () => randomBatch(parameters, random));
const context: SlotContext = {
  taskId: zeroHash,
  seed,
  slot: 0,
  slots: 1,
  parameters,
  segmentLength: 3,
  iterations: 6,
  train: { inputs: parameters.sizes[0]!, classes: parameters.sizes.at(-1)!, batchRows: parameters.batch, batches },
  batchLeaves: batches.map(batchLeaf),
};

describe("TrainingThread", () => {
  let thread: TrainingThread;

  beforeEach(async () => {
    thread = await TrainingThread.start({ context, backend: "cpu" });
  });

  afterEach(async () => {
    await thread.stop();
  });

  it("trains the same segments as this thread would, and hands the state out", async () => {
    const trainer = Trainer.create({ parameters, seed, engine: await createEngine("cpu") });
    let position = startPosition(context);
    for (let segment = 0; segment < 2; segment += 1) {
      const expected = await runSegment(context, trainer, position, position.clock, []);
      const { draft, state } = await thread.train(position, position.clock, [], segment === 1);
      expect(draft).to.deep.equal(expected);
      expect(state).to.deep.equal(segment === 1 ? trainer.snapshot() : undefined);
      const after = positionAfter(expected);
      position = { ...after, clock: [{ count: after.next, segmentId: after.previous }] };
    }
  });

  it("goes to a state that it is given", async () => {
    const start = startPosition(context);
    const first = await thread.train(start, start.clock, [], false);
    const initial = Trainer.create({ parameters, seed, engine: await createEngine("cpu") });
    await thread.restore(initial.snapshot());
    const again = await thread.train(start, start.clock, [], false);
    expect(again.draft).to.deep.equal(first.draft);
  });

  it("passes errors on with their code, and lives on", async () => {
    const start = startPosition(context);
    const error = await rejection(thread.train({ ...start, next: 6 }, start.clock, [], false));
    expect(error).to.have.property("code", "SLOT_FINISHED");
    await thread.train(start, start.clock, [], false);
  });

  it("lets nobody wait for a thread that has ended", async () => {
    const start = startPosition(context);
    const training = rejection(thread.train(start, start.clock, [], false));
    await thread.stop();
    expect(await training).to.have.property("code", "TRAINING_ENDED");
    expect(await rejection(thread.train(start, start.clock, [], false))).to.have.property("code", "TRAINING_ENDED");
  });
});
