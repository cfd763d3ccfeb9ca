/**
 * Checks golden figures of exact training (the format of test/vectors/exact-training-a.json) against a backend: every
 * figure of every step of every slot, down to the id of each tensor of each trace.
 */
import {
  applyList,
  type Batch,
  batchIndex,
  batchLeaf,
  type Clock,
  clockHash,
  datasetRoot,
  exp2Table,
  GristmillError,
  initialWeights,
  initialWork,
  type IterationRecord,
  matrix,
  type MlpParameters,
  nextWork,
  recordHash,
  recordsRoot,
  residualId,
  segmentId,
  stateId,
  stepSize,
  type TakenList,
  tensorId,
  traceRoot,
  traceRows,
  updateId,
  type UpdateList,
  validateParameters,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import type { TrainingBackend, TrainingRun } from "./training-backends.ts";
import type { VectorResult } from "./tenshash.ts";

/** A file of figures. Ids are hex without 0x; rows of a trace are [name, type, rows, cols, id]. */
export interface ExactTrainingFile {
  readonly seed: string;
  readonly parameters: MlpParameters & {
    readonly slots: number;
    readonly segmentLength: number;
    readonly segments: number;
  };
  readonly exp2Table: readonly number[];
  readonly initialState: string;
  readonly initialWeightsFirst8: readonly (readonly number[])[];
  readonly batches: readonly BatchFigures[];
  readonly datasetRoot: string;
  readonly initialWork: readonly string[];
  readonly segments: readonly SegmentFigures[];
  readonly finalState: string;
}

interface BatchFigures {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly xId: string;
  readonly yId: string;
  readonly leaf: string;
}

interface SegmentFigures {
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  readonly previous: string;
  readonly recordsRoot: string;
  readonly stateId: string;
  readonly residualId: string;
  readonly work: string;
  readonly segmentId: string;
  readonly steps: readonly StepFigures[];
}

interface StepFigures {
  readonly index: number;
  readonly batch: number;
  readonly q: number;
  readonly clock: readonly (readonly [number, string])[];
  readonly clockHash: string;
  readonly listsTakenIn: number;
  readonly logits: readonly number[];
  readonly correct: number;
  readonly loss: number;
  readonly update: readonly (readonly [number, number])[];
  readonly updateId: string;
  readonly stateId: string;
  readonly residualId: string;
  readonly traceRoot: string;
  readonly trace: readonly (readonly [string, string, number, number, string])[];
  readonly work: string;
  readonly record: string;
}

/** One figure of the file beside what the backend made of it. */
interface Figure {
  /** Where in the file: slot and iteration, and the figure or tensor. */
  readonly where: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** What is known of a slot while the file is walked. */
interface SlotProgress {
  readonly run: TrainingRun;
  readonly lists: UpdateList[];
  clock: Clock;
  previous: Hex;
  next: number;
  work: Hex;
}

/** Whether a parsed JSON file is one of figures of exact training. */
export function isExactTrainingFile(file: unknown): file is ExactTrainingFile {
  return (
    typeof file === "object" &&
    file !== null &&
    ["parameters", "batches", "segments", "exp2Table"].every((k) => k in file)
  );
}

/**
 * @param file the parsed JSON
 * @param onLine takes one line of progress per segment and backend
 * @param backends what to check
 * @returns one result per backend; a failed one's detail names the first difference
 * @throws GristmillError VECTORS_MALFORMED, PARAMETER_RANGE
 */
export async function checkExactTrainingVectors(
  file: unknown,
  onLine: (line: string) => void,
  backends: readonly TrainingBackend[],
): Promise<VectorResult[]> {
  if (!isExactTrainingFile(file)) {
    throw new GristmillError("VECTORS_MALFORMED", "This is not a file of exact-training vectors.", {
      hints: ["Compare it with test/vectors/exact-training-a.json."],
    });
  }
  validateParameters(file.parameters);
  const results: VectorResult[] = [];
  for (const backend of backends) {
    results.push(await checkBackend(file, onLine, backend));
  }
  return results;
}

async function checkBackend(
  file: ExactTrainingFile,
  onLine: (line: string) => void,
  backend: TrainingBackend,
): Promise<VectorResult> {
  const runs = file.initialWork.map(() => backend.start(file.parameters, id(file.seed)));
  let checked = 0;
  for (const { where, expected, actual } of figures(file, await Promise.all(runs), onLine, backend.name)) {
    const [wanted, got] = [JSON.stringify(expected), JSON.stringify(actual)];
    if (wanted !== got) {
      return { backend: backend.name, ok: false, detail: `${where}: expected ${wanted}, got ${got}` };
    }
    checked++;
  }
  return { backend: backend.name, ok: true, detail: `${checked} figures` };
}

/** Every figure of the file, in the order in which a difference is best understood. */
function* figures(
  file: ExactTrainingFile,
  runs: readonly TrainingRun[],
  onLine: (line: string) => void,
  backend: string,
): Generator<Figure> {
  const p = file.parameters;
  const seed = id(file.seed);
  const weights = initialWeights(p, seed);
  yield figure("exp2Table", file.exp2Table, exp2Table);
  yield figure(
    "initialWeightsFirst8",
    file.initialWeightsFirst8,
    weights.map((layer) => [...layer.subarray(0, 8)]),
  );
  yield figure("initialState", file.initialState, bare(stateId(p, weights)));
  yield figure("parameters.slots", p.slots, file.initialWork.length);
  yield figure("parameters.batches", p.batches, file.batches.length);
  yield figure("number of segments", p.slots * p.segments, file.segments.length);

  const batches = file.batches.map((batch) => toBatch(p, batch));
  for (const [b, batch] of batches.entries()) {
    const expected = file.batches[b]!;
    yield figure(`batches[${b}].xId`, expected.xId, bare(tensorId(batch.x)));
    yield figure(`batches[${b}].yId`, expected.yId, bare(tensorId(batch.y)));
    yield figure(`batches[${b}].leaf`, expected.leaf, bare(batchLeaf(batch)));
  }
  yield figure("datasetRoot", file.datasetRoot, bare(datasetRoot(batches.map(batchLeaf))));

  const slots = runs.map((run, slot) => startSlot(run, seed, slot, p.slots));
  yield figure(
    "initialWork",
    file.initialWork,
    slots.map(({ work }) => bare(work)),
  );
  for (const segment of file.segments) {
    yield* segmentFigures(file, segment, slots, batches);
    onLine(`${backend}: slot ${segment.slot} iterations ${segment.first} to ${segment.last} agree`);
  }

  slots
    .flatMap(({ lists }) => [...lists.entries()])
    .forEach(([index, list]) => {
      applyList(weights, p, list, stepSize(p, index), 1);
    });
  yield figure("finalState", file.finalState, bare(stateId(p, weights)));
}

function* segmentFigures(
  file: ExactTrainingFile,
  segment: SegmentFigures,
  slots: readonly SlotProgress[],
  batches: readonly Batch[],
): Generator<Figure> {
  const p = file.parameters;
  const where = `slot ${segment.slot} segment ${segment.first}`;
  const slot = slots[segment.slot];
  if (slot === undefined) throw new GristmillError("VECTORS_MALFORMED", `The file has no slot ${segment.slot}.`);
  yield figure(`${where} first`, segment.first, slot.next);
  yield figure(`${where} last`, segment.last, slot.next + p.segmentLength - 1);
  yield figure(`${where} previous`, segment.previous, bare(slot.previous));
  yield figure(`${where} number of steps`, p.segmentLength, segment.steps.length);

  const records: IterationRecord[] = [];
  for (const step of segment.steps) records.push(yield* stepFigures(file, segment, step, slots, batches));

  const weights = slot.run.weights;
  const signed = {
    slot: segment.slot,
    first: slot.next,
    last: slot.next + p.segmentLength - 1,
    previous: slot.previous,
    recordsRoot: recordsRoot(records),
    stateId: stateId(p, weights),
    residualId: residualId(p, slot.run.residuals),
    work: slot.work,
  };
  yield figure(`${where} recordsRoot`, segment.recordsRoot, bare(signed.recordsRoot));
  yield figure(`${where} stateId`, segment.stateId, bare(signed.stateId));
  yield figure(`${where} residualId`, segment.residualId, bare(signed.residualId));
  yield figure(`${where} work`, segment.work, bare(signed.work));
  yield figure(`${where} segmentId`, segment.segmentId, bare(segmentId(signed)));
  slot.previous = segmentId(signed);
  slot.next += p.segmentLength;
}

function* stepFigures(
  file: ExactTrainingFile,
  segment: SegmentFigures,
  step: StepFigures,
  slots: readonly SlotProgress[],
  batches: readonly Batch[],
): Generator<Figure, IterationRecord> {
  const p = file.parameters;
  const slot = slots[segment.slot]!;
  const index = slot.lists.length;
  const where = `slot ${segment.slot} iteration ${index}`;
  yield figure(`${where} index`, step.index, index);
  const batch = batchIndex(id(file.seed), p.batches, p.slots, segment.slot, index);
  yield figure(`${where} batch`, step.batch, batch);
  yield figure(`${where} q`, step.q, stepSize(p, index));

  const clock = step.clock.map(([count, segmentId]) => ({ count, segmentId: id(segmentId) }));
  yield figure(`${where} own clock entry`, step.clock[segment.slot], [slot.next, bare(slot.previous)]);
  const hash = clockHash(clock);
  yield figure(`${where} clockHash`, step.clockHash, bare(hash));
  const taken = takenLists(segment.slot, slot.clock, clock, slots);
  yield figure(`${where} listsTakenIn`, step.listsTakenIn, taken.length);
  slot.clock = clock;

  const examples = batches[batch]!;
  const { trace, list, correct, loss } = slot.run.step(index, examples, taken);
  const rows = traceRows(trace);
  const logits = trace.find(({ name }) => name === "Z")!.tensor;
  for (const [k, row] of step.trace.entries()) {
    const got = rows[k];
    const actual = got && [got.name, got.type, got.rows, got.cols, bare(got.id)];
    yield figure(`${where} trace[${k}] (tensor ${row[0]})`, row, actual);
    // The logits' own figures say more about a wrong product than their id.
    if (row[0] === "C") yield figure(`${where} logits`, step.logits, [...logits.data]);
  }
  yield figure(`${where} length of the trace`, step.trace.length, rows.length);
  yield figure(`${where} traceRoot`, step.traceRoot, bare(traceRoot(rows.map((row) => row.id))));
  yield figure(`${where} correct`, step.correct, correct);
  yield figure(`${where} loss`, step.loss, loss);
  yield figure(
    `${where} update`,
    step.update,
    Array.from(list, (entry) => [entry >>> 1, entry % 2 === 0 ? 1 : -1]),
  );
  const update = updateId(list);
  yield figure(`${where} updateId`, step.updateId, bare(update));
  yield figure(`${where} stateId`, step.stateId, bare(stateId(p, slot.run.weights)));
  yield figure(`${where} residualId`, step.residualId, bare(residualId(p, slot.run.residuals)));

  slot.lists.push(list);
  slot.work = nextWork(slot.work, batchLeaf(examples), hash, update);
  yield figure(`${where} work`, step.work, bare(slot.work));
  const record = { index, batch, clockHash: hash, updateId: update, correct, loss, work: slot.work };
  yield figure(`${where} record`, step.record, bare(recordHash(record)));
  return record;
}

/** The lists of the other slots that lie between two clocks. */
function takenLists(own: number, before: Clock, after: Clock, slots: readonly SlotProgress[]): TakenList[] {
  return slots.flatMap(({ lists }, slot) =>
    slot === own
      ? []
      : lists
          .slice(before[slot]!.count, after[slot]?.count)
          .map((list, i) => ({ slot, index: before[slot]!.count + i, list, sign: 1 as const })),
  );
}

function startSlot(run: TrainingRun, seed: Hex, slot: number, slots: number): SlotProgress {
  return {
    run,
    lists: [],
    clock: Array.from({ length: slots }, () => ({ count: 0, segmentId: zeroHash })),
    previous: zeroHash,
    next: 0,
    work: initialWork(seed, slot),
  };
}

function toBatch(p: MlpParameters, { x, y }: BatchFigures): Batch {
  return {
    x: matrix("i8", p.batch, p.sizes[0]! + 1, Int8Array.from(x)),
    y: matrix("u8", 1, p.batch, Uint8Array.from(y)),
  };
}

function figure(where: string, expected: unknown, actual: unknown): Figure {
  return { where, expected, actual };
}

function id(hex: string): Hex {
  return `0x${hex}`;
}

function bare(id: Hex): string {
  return id.slice(2);
}
