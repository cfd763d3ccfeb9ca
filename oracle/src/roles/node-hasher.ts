import type { Hex } from "viem";
import { hexToBytes } from "viem";

import { createTensHasher } from "../tenshash/index.ts";
import type { TensHasher } from "../tenshash/index.ts";
import type { Node } from "./node.ts";

/** What hashing needs of a node. */
type HashingNode = Pick<Node, "config" | "log" | "signal">;

/** The hasher that a node's settings choose, opened when it is first needed: many tasks end without a ticket to hash. */
export class NodeHasher {
  readonly #node: HashingNode;
  #opened: Promise<TensHasher> | undefined;
  #seed: Hex | undefined;

  constructor(node: HashingNode) {
    this.#node = node;
  }

  /**
   * @param seed of an epoch; good until the next call
   * @throws GristmillError TENSHASH_WRONG, TENSHASH_UNAVAILABLE; the node's reason when it stops
   */
  async withSeed(seed: Hex): Promise<TensHasher> {
    const hasher = await (this.#opened ??= this.#open());
    if (seed !== this.#seed) {
      await hasher.setSeed(hexToBytes(seed), this.#node.signal);
      this.#seed = seed;
    }
    return hasher;
  }

  /** Ends the hasher's threads. */
  async dispose(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#seed = undefined;
    await opened?.then(
      (hasher) => hasher.dispose(),
      () => undefined,
    );
  }

  async #open(): Promise<TensHasher> {
    const { config, log } = this.#node;
    const hasher = await createTensHasher(config.hasher, {
      threads: config.hasherThreads,
      onRefused: (error) => {
        log.warn({ event: "hasher-refused", error });
      },
    });
    log.info({ event: "hasher", backend: hasher.name, device: hasher.device });
    return hasher;
  }
}
