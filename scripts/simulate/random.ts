import { createHash } from "node:crypto";

/**
 * Numbers that look random and follow from a seed: SHA-256 in counter mode, 32 bits a number. Streams of different names
 * are independent, so that one more agent changes nothing of what the others draw.
 */
export class SeededRandom {
  readonly #name: string;
  #counter = 0;
  #words: number[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** A stream of its own. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#name}/${name}`);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    const word = this.#words.pop();
    if (word !== undefined) return word / 2 ** 32;
    const digest = createHash("sha256").update(`${this.#name}#${this.#counter++}`).digest();
    this.#words = Array.from({ length: 8 }, (_, index) => digest.readUInt32LE(4 * index));
    return this.uniform();
  }

  /** Uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Normal with mean 0 and deviation 1 (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A permutation of the list (Fisher and Yates). */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
