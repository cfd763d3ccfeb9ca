/** Mulberry32: the same walk for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/**
 * Seeds of random walks: `usual`, or, with WALK_CALLS in the environment, as many as make so many calls together
 * (`npm run walk`).
 * @param steps calls in one walk
 */
export function seedsFor(usual: readonly number[], steps: number): readonly number[] {
  const calls = Number(process.env["WALK_CALLS"] ?? 0);
  return calls === 0 ? usual : Array.from({ length: Math.ceil(calls / steps) }, (_, index) => index + 1);
}
