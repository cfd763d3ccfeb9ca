import type { MlpParameters, SegmentMessage, UpdateList } from "@gristmill/sdk";
import { weightCount } from "@gristmill/sdk";

import { median, robustScore } from "../statistics.ts";

/** Figures of one segment by which slots that do the same work resemble each other. */
export interface SegmentFigures {
  readonly slot: number;
  /** Entries of its update lists per iteration, as log2(1 + entries): sizes shrink by factors as training goes on. */
  readonly updates: number;
  /** Missing probability mass per example, in 1/127. */
  readonly loss: number;
  /** Right answers per example. */
  readonly accuracy: number;
  /** Cosine between its updates and the sum of the others' latest; undefined without either. */
  readonly agreement: number | undefined;
  /** log2 of seconds per iteration over the slot's last few segments; undefined for its first ones. */
  readonly pace: number | undefined;
}

/** A figure by which a segment stands out, and how. */
export interface Outlier {
  readonly figure: "updates" | "loss" | "accuracy" | "agreement" | "pace";
  readonly value: number;
  readonly median: number;
  /** Distance from the median, in standard deviations as the median absolute deviation estimates them. */
  readonly score: number;
}

/** How far a figure may be from the others', and on which side that means something. */
interface Rule {
  /** Least deviation reckoned with: where the others agree closely, small differences mean nothing. */
  readonly floor: number;
  /** -1: only what is less stands out; 0: both. */
  readonly side: -1 | 0;
}

const RULES: Readonly<Record<Outlier["figure"], Rule>> = {
  updates: { floor: 0.25, side: 0 },
  loss: { floor: 2, side: 0 },
  accuracy: { floor: 0.03, side: 0 },
  // Who goes another way than everybody else; nobody is suspect for agreeing, as all do at the beginning.
  agreement: { floor: 0.05, side: -1 },
  // Being slow is no fault; too fast is who did not compute.
  pace: { floor: 0.5, side: -1 },
};

/** Deviations from which on a figure stands out: one in some thousands of a heavy-tailed distribution. */
const THRESHOLD = 5;

/** Segments of other slots to compare with: below the first there is nothing to say, above the second the oldest go. */
const LEAST_PEERS = 6;
const WINDOW = 48;

/** Segments over which a slot's pace is taken: a network delivers several at once. */
const PACE_SEGMENTS = 4;

interface Seen {
  readonly figures: SegmentFigures;
  readonly lists: readonly UpdateList[];
}

/**
 * Watches the segments of a task and says which stand out from those of other slots at the same time, by robust statistics:
 * median and median absolute deviation, which up to half of the slots cannot move. An outlier is no proof of anything; it
 * is a reason to run the segment again.
 */
export class OutlierWatch {
  readonly #examples: number;
  readonly #recent: Seen[] = [];
  readonly #directions: Directions;
  /** When each slot's last segments came, seconds, and up to which iteration: the oldest first. */
  readonly #cameAt = new Map<number, { readonly at: number; readonly last: number }[]>();

  /** @param parameters of the task whose segments it watches */
  constructor(parameters: MlpParameters) {
    this.#examples = parameters.batch;
    this.#directions = new Directions(weightCount(parameters));
  }

  /**
   * Takes in a segment in the order of arrival.
   * @param now seconds, of a clock that does not jump
   * @returns by what it stands out, worst first; empty if by nothing
   */
  take(message: SegmentMessage, now: number): Outlier[] {
    const { slot, last } = message.segment;
    const others = this.#recent.filter(({ figures }) => figures.slot !== slot);
    const figures = this.#figuresOf(message, now);
    this.#cameAt.set(slot, [...(this.#cameAt.get(slot) ?? []), { at: now, last }].slice(-PACE_SEGMENTS));
    this.#remember({ figures, lists: message.lists });
    return outliers(
      figures,
      others.map((seen) => seen.figures),
    );
  }

  #remember(seen: Seen): void {
    this.#recent.push(seen);
    this.#directions.add(seen.lists, 1);
    const oldest = this.#recent.length > WINDOW ? this.#recent.shift() : undefined;
    if (oldest !== undefined) this.#directions.add(oldest.lists, -1);
  }

  #figuresOf({ segment, records, lists }: SegmentMessage, now: number): SegmentFigures {
    const { slot } = segment;
    const iterations = records.length;
    const total = (of: (index: number) => number): number =>
      records.reduce((sum, _, index) => sum + of(index), 0) / iterations;
    const came = this.#cameAt.get(slot) ?? [];
    const before = came.length < PACE_SEGMENTS ? undefined : came[0];
    return {
      slot,
      updates: Math.log2(1 + total((i) => lists[i]?.length ?? 0)),
      loss: total((i) => records[i]?.loss ?? 0) / this.#examples,
      accuracy: total((i) => records[i]?.correct ?? 0) / this.#examples,
      agreement: this.#directions.agreement(
        lists,
        this.#recent.flatMap(({ figures, lists: own }) => (figures.slot === slot ? own : [])),
      ),
      pace:
        before === undefined ? undefined : Math.log2(Math.max(now - before.at, 1e-3) / (segment.last - before.last)),
    };
  }
}

/** By what a segment stands out from segments of other slots, worst first. */
export function outliers(segment: SegmentFigures, others: readonly SegmentFigures[]): Outlier[] {
  const found: Outlier[] = [];
  for (const figure of ["updates", "loss", "accuracy", "agreement", "pace"] as const) {
    const value = segment[figure];
    const sample = others.map((other) => other[figure]).filter((each) => each !== undefined);
    if (value === undefined || sample.length < LEAST_PEERS) continue;
    const { floor, side } = RULES[figure];
    const score = robustScore(value, sample, floor);
    if (score < -THRESHOLD || (side === 0 && score > THRESHOLD))
      found.push({ figure, value, median: median(sample), score });
  }
  return found.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

/** An outlier in words. */
export function describeOutlier({ figure, value, median: usual, score }: Outlier): string {
  const about = `${value.toPrecision(3)} where the others have ${usual.toPrecision(3)}`;
  return `${figure} of ${about} (${Math.abs(score).toFixed(1)} deviations ${score < 0 ? "below" : "above"})`;
}

/**
 * Where the segments of a window went together, and how far one of them goes the same way. Lists are added one by one and
 * taken out again, so that a segment costs what its own slot's lists have, however many others are watched.
 */
export class Directions {
  /** Sum of all lists. */
  readonly #total: Int32Array;
  #totalSquare = 0;
  /** Zeros between two calls. */
  readonly #scratch: Int32Array;

  constructor(weights: number) {
    this.#total = new Int32Array(weights);
    this.#scratch = new Int32Array(weights);
  }

  /** @param times 1 to add lists, -1 to take them out */
  add(lists: readonly UpdateList[], times: 1 | -1): void {
    this.#totalSquare += addTo(this.#total, lists, times);
  }

  /** Cosine between the sum of `lists` and that of all that were added but `own`; undefined where one of the two is zero. */
  agreement(lists: readonly UpdateList[], own: readonly UpdateList[]): number | undefined {
    this.add(own, -1);
    const othersSquare = this.#totalSquare;
    let dot = 0;
    for (const list of lists) for (const entry of list) dot += signOf(entry) * (this.#total[entry >>> 1] ?? 0);
    this.add(own, 1);
    const square = addTo(this.#scratch, lists, 1);
    addTo(this.#scratch, lists, -1);
    return square === 0 || othersSquare === 0 ? undefined : dot / Math.sqrt(square * othersSquare);
  }
}

/** Adds lists to a sum of lists, or takes them out; returns by how much that changes the square of its length. */
function addTo(sum: Int32Array, lists: readonly UpdateList[], times: 1 | -1): number {
  let change = 0;
  for (const list of lists)
    for (const entry of list) {
      const step = times * signOf(entry);
      const before = sum[entry >>> 1] ?? 0;
      sum[entry >>> 1] = before + step;
      change += 2 * before * step + 1;
    }
  return change;
}

/** An entry of a list is 2f + (1 if the update of weight f is negative). */
function signOf(entry: number): 1 | -1 {
  return (entry & 1) === 1 ? -1 : 1;
}
