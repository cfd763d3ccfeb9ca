import type { SegmentMessage } from "@gristmill/sdk";
import { batchLeaf, clockHash, recordsRoot, segmentId } from "@gristmill/sdk";
import { expect } from "chai";
import { zeroHash } from "viem";

import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import { replay } from "../../../oracle/src/training/replay.ts";
import type { SlotContext, SlotPosition } from "../../../oracle/src/training/slot-replica.ts";
import {
  firstDifference,
  positionAfter,
  runSegment,
  segmentSize,
  startPosition,
} from "../../../oracle/src/training/slot-replica.ts";
import type { Snapshot } from "../../../oracle/src/training/snapshots.ts";
import { Trainer } from "../../../oracle/src/training/trainer.ts";
import { program, randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { seed } from "./fixtures.ts";

const parameters = program({
  sizes: [6, 5, 3],
  shift: [6, 5],
  back: [0, 5],
  tau: [300, 300],
  initBound: [20_000, 20_000],
  batch: 3,
  batches: 4,
});
const random = seededRandom(11);
const batches = Array.from({ length: 4 }, () => randomBatch(parameters, random));
const train = { inputs: 6, classes: 3, batchRows: 3, batches };
const engine = await createEngine("cpu");

function contextOf(slot: number): SlotContext {
  return {
    taskId: zeroHash,
    seed,
    slot,
    slots: 2,
    parameters,
    segmentLength: 4,
    iterations: 14,
    train,
    batchLeaves: batches.map(batchLeaf),
  };
}

const newTrainer = () => Trainer.create({ parameters, seed, engine });

/** Two slots that take in each other's segments, one round late. */
async function trainBoth(): Promise<{ log: TaskLog; messages: SegmentMessage[]; trainers: Trainer[] }> {
  const log = new TaskLog(2);
  const messages: SegmentMessage[] = [];
  const trainers = [newTrainer(), newTrainer()];
  const positions: SlotPosition[] = [0, 1].map((slot) => startPosition(contextOf(slot)));
  for (let round = 0; round < 4; round += 1) {
    const made: SegmentMessage[] = [];
    for (const slot of [0, 1]) {
      const position = positions[slot]!;
      const clock = position.clock.map((_, peer) =>
        peer === slot ? { count: position.next, segmentId: position.previous } : log.head(peer),
      );
      const lists = log.listsBetween(position.clock, clock, slot);
      const draft = await runSegment(contextOf(slot), trainers[slot]!, position, clock, lists);
      positions[slot] = positionAfter(draft);
      made.push({ ...draft, signature: "0x" });
    }
    for (const message of made) log.add(message);
    messages.push(...made);
  }
  return { log, messages, trainers };
}

describe("runSegment", () => {
  it("makes segments whose figures follow from each other, the last one short", async () => {
    const { messages } = await trainBoth();
    const own = messages.filter(({ segment }) => segment.slot === 0);
    expect(own.map(({ segment }) => segment.last - segment.first + 1)).to.deep.equal([4, 4, 4, 2]);
    own.forEach(({ segment, records, clock, lists }, index) => {
      expect(segment.previous).to.equal(index === 0 ? zeroHash : segmentId(own[index - 1]!.segment));
      expect(segment.recordsRoot).to.equal(recordsRoot(records));
      expect(segment.work).to.equal(records.at(-1)!.work);
      expect(records.every((record) => record.clockHash === clockHash(clock))).to.equal(true);
      expect(lists.length).to.equal(records.length);
    });
  });

  it("takes the peers' updates in", async () => {
    const { messages } = await trainBoth();
    expect(messages.some(({ lists }) => lists.some((list) => list.length > 0))).to.equal(true);
    expect(messages.at(-1)!.clock.map(({ count }) => count)).to.deep.equal([12, 12]);
  });

  it("refuses to run past the slot's last iteration", async () => {
    const context = contextOf(0);
    const position = { ...startPosition(context), next: 14 };
    expect(segmentSize(context, 12)).to.equal(2);
    await runSegment(context, newTrainer(), position, position.clock, []).then(
      () => expect.fail("no error"),
      (error: unknown) => expect(error).to.have.property("code", "SLOT_FINISHED"),
    );
  });
});

describe("replay", () => {
  it("gets back to any segment from the initial state, bit for bit", async () => {
    const { log, trainers } = await trainBoth();
    for (const slot of [0, 1]) {
      const trainer = newTrainer();
      await replay(contextOf(slot), trainer, log, undefined, 14);
      expect(trainer.stateId()).to.equal(trainers[slot]!.stateId());
      expect(trainer.residualId()).to.equal(trainers[slot]!.residualId());
    }
  });

  it("gets there from a snapshot as well", async () => {
    const { log } = await trainBoth();
    const half = newTrainer();
    const position = await replay(contextOf(1), half, log, undefined, 8);
    const snapshot: Snapshot = { ...half.snapshot(), next: position.next, segmentId: position.previous };
    const trainer = newTrainer();
    const end = await replay(contextOf(1), trainer, log, snapshot, 14);
    expect(end.next).to.equal(14);
    expect(trainer.stateId()).to.equal(log.chain(1).at(-1)!.message.segment.stateId);
  });

  it("names the first figure of a segment that does not come out as signed", async () => {
    const { messages } = await trainBoth();
    const log = new TaskLog(2);
    messages.forEach((message, index) => {
      log.add(index === 0 ? { ...message, segment: { ...message.segment, work: `0x${"ab".repeat(32)}` } } : message);
    });
    await replay(contextOf(0), newTrainer(), log, undefined, 4).then(
      () => expect.fail("no error"),
      (error: unknown) => {
        expect(error).to.have.property("code", "REPLAY_DIFFERS");
        expect(error).to.have.property("message").that.includes("work is");
      },
    );
  });

  it("says which iteration is missing", async () => {
    await replay(contextOf(0), newTrainer(), new TaskLog(2), undefined, 4).then(
      () => expect.fail("no error"),
      (error: unknown) => expect(error).to.have.property("code", "LOG_INCOMPLETE"),
    );
  });
});

describe("firstDifference", () => {
  it("finds nothing in equal statements and the field in unequal ones", async () => {
    const { messages } = await trainBoth();
    const { segment } = messages[0]!;
    expect(firstDifference(segment, { ...segment })).to.equal(undefined);
    expect(firstDifference(segment, { ...segment, residualId: zeroHash })).to.include("residualId is");
  });
});
