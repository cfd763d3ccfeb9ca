import {
  batchIndex,
  batchLeaf,
  type Clock,
  clockHash,
  type ClockEntry,
  datasetRoot,
  initialWork,
  type IterationRecord,
  merkleProof,
  type MlpParameters,
  nextWork,
  recordHash,
  recordsRoot,
  type Segment,
  segmentId,
  type UpdateList,
  updateTensor,
  tensorId,
  tensorLeaves,
  type Matrix,
} from "@gristmill/sdk";
import { bytesToHex, type Hex, zeroHash } from "viem";

import { program, randomBatch, randomList, seededRandom } from "../../sdk/fixtures/programs.ts";

export const ITERATIONS = 14;
export const SEGMENT_LENGTH = 4;
export const SLOTS = 3;

/** A network of sizes 30-20-2: its lists have up to 662 entries, three rows. */
export const PROGRAM: MlpParameters = program({ sizes: [30, 20, 2], back: [0, 2], batch: 2, batches: 6 });

const random = seededRandom(7);
const batchLeaves = Array.from({ length: PROGRAM.batches }, () => batchLeaf(randomBatch(PROGRAM, random)));

export const DATASET_ROOT = datasetRoot(batchLeaves);

/** The batch with its proof, `BatchOpening`. */
export function openBatch(batch: number): { batchLeaf: Hex; proof: Hex[] } {
  return { batchLeaf: batchLeaves[batch]!, proof: merkleProof(batchLeaves, batch) };
}

/** A segment before it is signed, with all that it commits to. */
export interface Draft {
  readonly id: Hex;
  readonly segment: Segment;
  readonly clock: Clock;
  readonly records: readonly IterationRecord[];
  /** S of each iteration. */
  readonly lists: readonly Matrix<"u32">[];
}

/** What a slot does otherwise than the rules say, and all that follows from it as the rules say. */
export interface Deviation {
  /** Iterations, c if left out. */
  readonly length?: number;
  readonly clock?: Clock;
  /** Of a record, before its work is computed. */
  readonly record?: (record: IterationRecord, leaf: number) => Partial<IterationRecord>;
  /** Of a record's work, which later records go on from. */
  readonly work?: (work: Hex, leaf: number) => Hex;
  readonly list?: (leaf: number) => Matrix<"u32"> | undefined;
  /** Fields of the segment, replaced at last. */
  readonly segment?: Partial<Segment>;
}

/** Signs nothing; builds the segments of a task's slots with the SDK's structures. */
export class Slots {
  readonly #taskId: Hex;
  readonly #seed: Hex;

  constructor(taskId: Hex, seed: Hex) {
    this.#taskId = taskId;
    this.#seed = seed;
  }

  /** The segment of `slot` after `before`, which has taken in the `named` segments of its peers. */
  draft(slot: number, before: Draft | undefined, named: readonly Draft[] = [], deviation: Deviation = {}): Draft {
    const first = before === undefined ? 0 : before.segment.last + 1;
    const clock = deviation.clock ?? clockAfter(slot, before, named);
    let work = before?.segment.work ?? initialWork(this.#seed, slot);
    const records: IterationRecord[] = [];
    const lists: Matrix<"u32">[] = [];
    const length = deviation.length ?? Math.min(SEGMENT_LENGTH, ITERATIONS - first);
    for (let leaf = 0; leaf < length; leaf++) {
      const index = first + leaf;
      const list = deviation.list?.(leaf) ?? updateTensor(listOf(slot, index));
      const honest: IterationRecord = {
        index,
        batch: batchIndex(this.#seed, PROGRAM.batches, SLOTS, slot, index),
        clockHash: clockHash(clock),
        updateId: tensorId(list),
        correct: index % 3,
        loss: index,
        work: zeroHash,
      };
      const record = { ...honest, ...deviation.record?.(honest, leaf) };
      work = nextWork(work, batchLeaves[record.batch] ?? zeroHash, record.clockHash, record.updateId);
      work = deviation.work?.(work, leaf) ?? work;
      records.push({ ...record, work });
      lists.push(list);
    }
    const segment: Segment = {
      taskId: this.#taskId,
      slot,
      first,
      last: first + length - 1,
      previous: before?.id ?? zeroHash,
      recordsRoot: recordsRoot(records),
      stateId: fakeId("state", slot, first),
      residualId: fakeId("residual", slot, first),
      work,
      ...deviation.segment,
    };
    return { id: segmentId(segment), segment, clock, records, lists };
  }
}

/** `RecordOpening` of a draft's record. */
export function openRecord(
  { records }: Pick<Draft, "records">,
  leaf: number,
): { leaf: number; record: IterationRecord; proof: Hex[] } {
  return { leaf, record: records[leaf]!, proof: merkleProof(records.map(recordHash), leaf) };
}

/** `ClockOpening` of a draft's clock, by one of its records. */
export function openClock(draft: Pick<Draft, "clock" | "records">, leaf = 0) {
  return { naming: openRecord(draft, leaf), clock: [...draft.clock] };
}

/** `ClockStep` from one draft to the next; for a slot's first one the predecessor is of no meaning. */
export function openStep(draft: Draft, before: Draft | undefined) {
  const earlier = before ?? draft;
  return { current: openClock(draft), predecessor: earlier.segment, before: openClock(earlier) };
}

/** `ListOpening` of a list's row, with the row after it if `both`. */
export function openList(list: Matrix<"u32">, row: number, both = false) {
  const count = both ? 2 : 1;
  return { rows: list.rows, row, leaves: Array.from({ length: count }, (_, offset) => openRow(list, row + offset)) };
}

/** `Opening` of a list's row. */
export function openRow(list: Matrix<"u32">, row: number): { leaf: Hex; proof: Hex[] } {
  const bytes = new DataView(new ArrayBuffer(4 * list.cols));
  list.data.subarray(row * list.cols, (row + 1) * list.cols).forEach((entry, col) => {
    bytes.setUint32(4 * col, entry, true);
  });
  return { leaf: bytesToHex(new Uint8Array(bytes.buffer)), proof: merkleProof(tensorLeaves(list), row) };
}

/** The entry that names the segment. */
export function entryOf({ segment, id }: Draft): ClockEntry {
  return { count: segment.last + 1, segmentId: id };
}

/** The clock before, with the own entry moved on and those of `named` replaced. */
export function clockAfter(slot: number, before: Draft | undefined, named: readonly Draft[]): Clock {
  const nothing = { count: 0, segmentId: zeroHash };
  return Array.from({ length: SLOTS }, (_, peer) => {
    if (peer === slot) return before === undefined ? nothing : entryOf(before);
    const draft = named.find(({ segment }) => segment.slot === peer);
    return draft === undefined ? (before?.clock[peer] ?? nothing) : entryOf(draft);
  });
}

/** Different for each iteration, well-formed, and of two rows in every slot's first. */
function listOf(slot: number, index: number): UpdateList {
  const list = randomList(PROGRAM, seededRandom(1 + 1_000 * slot + index));
  return index === 0 ? list : list.slice(0, 20 + index);
}

function fakeId(what: "state" | "residual", slot: number, first: number): Hex {
  const tag = what === "state" ? "a" : "b";
  return `0x${`${tag}${slot}${first}`.padEnd(64, "0")}`;
}
