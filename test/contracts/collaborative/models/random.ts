import { ONE } from "./plain-models.ts";

/** Numbers that look random and are the same in every run: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A vector of norm 1 around a centre, times 1e9. */
  unit(centre: readonly number[], spread: number): bigint[] {
    const components = centre.map((value) => value + spread * (this.next() * 2 - 1));
    const norm = Math.hypot(...components);
    return components.map((component) => BigInt(Math.round((component / norm) * Number(ONE))));
  }

  /** Ascending features of a vocabulary; those of the label's half are likelier. */
  features(vocabulary: number, most: number, label: number, classes: number): bigint[] {
    const drawn = new Set<number>();
    for (let count = this.below(most + 1); count > 0; count--) {
      const own = this.next() < 0.7;
      const feature = own ? label + classes * this.below(Math.floor(vocabulary / classes)) : this.below(vocabulary);
      drawn.add(feature);
    }
    return [...drawn].sort((a, b) => a - b).map(BigInt);
  }
}
