import type { SegmentMessage } from "@gristmill/sdk";
import { batchLeaf, compileTask } from "@gristmill/sdk";
import { zeroHash } from "viem";

import { recomputeSegment } from "../../../oracle/src/disputes/segment-truth.ts";
import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import type { SegmentDraft, SlotContext } from "../../../oracle/src/training/slot-replica.ts";
import { positionAfter, startPosition } from "../../../oracle/src/training/slot-replica.ts";
import { Trainer } from "../../../oracle/src/training/trainer.ts";
import type { Cheat } from "../../../scripts/demo/cheats/cheat.ts";
import { layersOf } from "../../../scripts/demo/cheats/cheat.ts";
import { seed } from "../training/fixtures.ts";

export const SLOTS = 4;
const SEGMENT_LENGTH = 4;

/** Drawn digits, learnt from 10 % right to 90 %: the figures move as they do in a real task. */
const task = await compileTask(
  JSON.stringify({
    version: 1,
    payment: { fee: 1000 },
    ml: {
      dataset: {
        format: "synthetic-digits",
        source: { seed: 7 },
        "training-set-size": 1024,
        "test-set-size": 64,
      },
      optimizer: {
        type: "SGD",
        optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 },
        epochs: 10,
        "batch-size": 16,
      },
      model: {
        type: "FC-DNN",
        "hidden-units": [{ id: 1, type: "Dense", nodes: 16, activation: "relu" }],
        loss: "SoftmaxCrossEntropy",
      },
      "evaluation-metrics": ["accuracy"],
    },
    exact: { "segment-length": SEGMENT_LENGTH },
    coordination: { miners: SLOTS },
  }),
  { baseDir: ".", readFile: () => Promise.reject(new RangeError("drawn digits need no files")) },
);
const batchLeaves = task.train.batches.map(batchLeaf);
const engine = await createEngine("wasm");

export const { parameters } = task;

/** The slot that cheats, if any does. */
export const CHEATER = SLOTS - 1;

function contextOf(slot: number): SlotContext {
  return {
    taskId: zeroHash,
    seed,
    slot,
    slots: SLOTS,
    parameters: task.parameters,
    segmentLength: SEGMENT_LENGTH,
    iterations: task.iterations / SLOTS,
    train: task.train,
    batchLeaves,
  };
}

/** A segment as a supervisor gets it, and whether it is a lie. */
export interface Arrival {
  readonly message: SegmentMessage;
  readonly isLie: boolean;
}

/** Slots that train in turn, each taking in all that is there; the last one tells its cheat's lies where it can. */
export async function* watchedTraining(cheat?: Cheat): AsyncGenerator<Arrival> {
  const { parameters, iterations } = task;
  const log = new TaskLog(SLOTS);
  const trainers = Array.from({ length: SLOTS }, () => Trainer.create({ parameters, seed, engine }));
  const positions = trainers.map((_, slot) => startPosition(contextOf(slot)));
  for (let next = 0; next < iterations / SLOTS; next = positions[0]!.next)
    for (const [slot, trainer] of trainers.entries()) {
      const position = positions[slot]!;
      const clock = position.clock.map((_, peer) =>
        peer === slot ? { count: position.next, segmentId: position.previous } : log.head(peer),
      );
      const lists = log.listsBetween(position.clock, clock, slot);
      const state = position.next === 0 ? undefined : trainer.snapshot();
      const context = contextOf(slot);
      const truth = await recomputeSegment({ context, engine, state, position, predecessor: undefined, clock, lists });
      const lie = slot === CHEATER ? cheat?.lie(truth) : undefined;
      const last = (lie ?? truth).trace(truth.outcomes.length - 1);
      trainer.restore({ weights: layersOf(last, "Step"), residuals: layersOf(last, "Residual") });
      const draft: SegmentDraft = (lie ?? truth).message;
      positions[slot] = positionAfter(draft);
      const message = { ...draft, signature: "0x" } as const;
      log.add(message);
      yield { message, isLie: lie !== undefined };
    }
}
