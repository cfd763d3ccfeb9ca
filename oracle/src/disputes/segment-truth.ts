import { setImmediate as nextTurn } from "node:timers/promises";

import type { Batch, MlpParameters, ProgramIteration, SegmentMessage, TakenList } from "@gristmill/sdk";
import { GristmillError, inTakingOrder, iterationProgram, layerMatrices, merkleProof } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { NamedList } from "../storage/task-log.ts";
import type { MatrixEngine } from "../training/matrix-engine.ts";
import type { SegmentDraft, SlotContext, SlotPosition } from "../training/slot-replica.ts";
import { runSegment } from "../training/slot-replica.ts";
import type { TrainerState } from "../training/trainer.ts";
import { Trainer } from "../training/trainer.ts";
import type { TraceTruth } from "./trace-truth.ts";
import { listRanges } from "./trace-truth.ts";

/** Ids of a slot's state after one iteration. */
export interface OutcomeIds {
  readonly stateId: Hex;
  readonly residualId: Hex;
}

/** A segment as one side of a dispute holds it to be: honest players recomputed it. */
export interface SegmentTruth {
  readonly parameters: MlpParameters;
  readonly message: SegmentDraft;
  /** The segment before it, undefined if it is the slot's first. */
  readonly predecessor: SegmentMessage | undefined;
  /** The link of the slot's chain of work before the segment. */
  readonly workBefore: Hex;
  /** After each of its iterations. */
  readonly outcomes: readonly OutcomeIds[];
  /** The trace of one iteration, counted from the segment's first. */
  trace(iteration: number): TraceTruth;
}

/** From what a segment is recomputed. */
export interface SegmentOrigin {
  readonly context: SlotContext;
  readonly engine: MatrixEngine;
  /** State before the segment; left out for the slot's first. */
  readonly state: TrainerState | undefined;
  readonly position: SlotPosition;
  readonly predecessor: SegmentMessage | undefined;
  readonly clock: SegmentDraft["clock"];
  /** The peers' lists that the step to `clock` takes in. */
  readonly lists: readonly NamedList[];
}

/** A trainer in the state before the segment. */
export function trainerAt({ context, engine, state }: SegmentOrigin): Trainer {
  const { parameters, seed } = context;
  return Trainer.create({ parameters, seed, engine, ...(state === undefined ? {} : { state }) });
}

/** The iteration of a trace as a template knows it. */
export function iterationOf({ seed }: SlotContext, index: number, { lists }: TraceTruth): ProgramIteration {
  return { seed, index, lists: listRanges(lists) };
}

/**
 * Recomputes a segment. What a dispute may ask for beyond it is run again when it is asked for, from the state before the
 * segment: most segments are recomputed for their figures alone, and states and traces are many times as large.
 */
export async function recomputeSegment(origin: SegmentOrigin): Promise<SegmentTruth> {
  const { context, position, clock, lists, predecessor } = origin;
  const { parameters, seed } = context;
  const trainer = trainerAt(origin);
  const start = trainer.snapshot();
  const message = await runSegment(context, trainer, position, clock, lists, () => nextTurn());
  const taken: TakenList[] = inTakingOrder(lists.map((list) => ({ ...list, sign: 1 as const })));
  const takenBy = (iteration: number): TakenList[] => (iteration === 0 ? taken : []);

  const iterationAt = (
    iteration: number,
  ): { readonly index: number; readonly batch: Batch; readonly place: number } => {
    const record = message.records[iteration];
    const batch = record === undefined ? undefined : context.train.batches[record.batch];
    if (record === undefined || batch === undefined)
      throw new GristmillError("ITERATION_MISSING", `The segment has no iteration ${String(iteration)}.`);
    return { index: record.index, batch, place: record.batch };
  };

  /** Iterations of the segment that the trainer has run. */
  let run = message.records.length;
  /** Brings the trainer to the state before an iteration. */
  const goTo = (iteration: number): void => {
    if (iteration < run) {
      trainer.restore(start);
      run = 0;
    }
    for (; run < iteration; run += 1) {
      const { index, batch } = iterationAt(run);
      trainer.takeIn(takenBy(run));
      trainer.iterate(index, batch);
    }
  };

  const outcomesOf = (): OutcomeIds[] =>
    message.records.map((_, iteration) => {
      goTo(iteration + 1);
      return { stateId: trainer.stateId(), residualId: trainer.residualId() };
    });
  let outcomes: readonly OutcomeIds[] | undefined;

  const traceOf = (iteration: number): TraceTruth => {
    const { index, batch, place } = iterationAt(iteration);
    const read = takenBy(iteration);
    goTo(iteration);
    const { weights, residuals } = trainer.snapshot();
    const output = trainer.trace(index, batch, read);
    const isFirst = index === 0;
    const { instructions } = iterationProgram(parameters, { seed, index, lists: listRanges(read) });
    return {
      parameters,
      instructions,
      tensors: output.trace.map(({ tensor }) => tensor),
      weights: isFirst ? [] : layerMatrices(parameters, weights),
      residuals: isFirst ? [] : layerMatrices(parameters, residuals),
      batch,
      batchProof: merkleProof(context.batchLeaves, place),
      lists: read,
      correct: output.correct,
      loss: output.loss,
    };
  };
  // A dispute asks for the same iteration's trace move after move.
  let recent: { readonly iteration: number; readonly trace: TraceTruth } | undefined;
  const trace = (iteration: number): TraceTruth => {
    if (recent?.iteration !== iteration) recent = { iteration, trace: traceOf(iteration) };
    return recent.trace;
  };
  return {
    parameters,
    message,
    predecessor,
    workBefore: position.work,
    get outcomes() {
      return (outcomes ??= outcomesOf());
    },
    trace,
  };
}
