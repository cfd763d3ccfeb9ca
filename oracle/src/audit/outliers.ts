import type { SegmentMessage } from "@gristmill/sdk";

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
  /** Sum of the segment's updates: weight's flat index to how often it went up less how often down. */
  readonly updates: ReadonlyMap<number, number>;
}

/**
 * Watches the segments of a task and says which stand out from those of other slots at the same time, by robust statistics:
 * median and median absolute deviation, which up to half of the slots cannot move. An outlier is no proof of anything; it
 * is a reason to run the segment again.
 */
export class OutlierWatch {
  readonly #examples: number;
  readonly #recent: Seen[] = [];
  /** When each slot's last segments came, seconds, and up to which iteration: the oldest first. */
  readonly #cameAt = new Map<number, { readonly at: number; readonly last: number }[]>();

  /** @param examples in a batch */
  constructor(examples: number) {
    this.#examples = examples;
  }

  /**
   * Takes in a segment in the order of arrival.
   * @param now seconds, of a clock that does not jump
   * @returns by what it stands out, worst first; empty if by nothing
   */
  take(message: SegmentMessage, now: number): Outlier[] {
    const others = this.#recent.filter(({ figures }) => figures.slot !== message.segment.slot);
    const updates = sumOf(message);
    const figures = this.#figuresOf(message, updates, others, now);
    const came = this.#cameAt.get(figures.slot) ?? [];
    this.#cameAt.set(figures.slot, [...came, { at: now, last: message.segment.last }].slice(-PACE_SEGMENTS));
    this.#recent.push({ figures, updates });
    if (this.#recent.length > WINDOW) this.#recent.shift();
    return outliers(
      figures,
      others.map((seen) => seen.figures),
    );
  }

  #figuresOf(
    { segment, records, lists }: SegmentMessage,
    updates: ReadonlyMap<number, number>,
    others: readonly Seen[],
    now: number,
  ): SegmentFigures {
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
      agreement: cosine(
        updates,
        others.map((seen) => seen.updates),
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

/** An entry of a list is 2f + (1 if negative). */
function sumOf({ lists }: SegmentMessage): Map<number, number> {
  const sum = new Map<number, number>();
  for (const list of lists)
    for (const entry of list) {
      const weight = entry >>> 1;
      sum.set(weight, (sum.get(weight) ?? 0) + 1 - 2 * (entry & 1));
    }
  return sum;
}

/** Cosine between one sparse vector and the sum of others; undefined where one of the two is zero. */
function cosine(a: ReadonlyMap<number, number>, others: readonly ReadonlyMap<number, number>[]): number | undefined {
  const sum = new Map<number, number>();
  for (const other of others) for (const [f, value] of other) sum.set(f, (sum.get(f) ?? 0) + value);
  let dot = 0;
  let square = 0;
  for (const [f, value] of a) {
    dot += value * (sum.get(f) ?? 0);
    square += value * value;
  }
  let sumSquare = 0;
  for (const value of sum.values()) sumSquare += value * value;
  return square === 0 || sumSquare === 0 ? undefined : dot / Math.sqrt(square * sumSquare);
}
