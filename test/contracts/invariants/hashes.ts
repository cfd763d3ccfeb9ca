import { type Hex, hexToBytes } from "viem";

import type { TicketTruth } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";

/** TensHashes of tickets under one epoch's seed after the other. */
export class Hashes {
  readonly #hasher: TensHasher;
  #seed = "";

  private constructor(hasher: TensHasher) {
    this.#hasher = hasher;
  }

  static async create(): Promise<Hashes> {
    return new Hashes(await createTensHasher("wasm", { threads: 1 }));
  }

  async truthOf(seed: string, x: Hex): Promise<TicketTruth> {
    if (seed !== this.#seed) await this.#hasher.setSeed(hexToBytes(seed as Hex));
    this.#seed = seed;
    const input = hexToBytes(x);
    const [y] = await this.#hasher.hash([input]);
    return { y: y!.slice(), trace: await this.#hasher.trace(input) };
  }

  dispose(): Promise<void> | void {
    return this.#hasher.dispose();
  }
}
