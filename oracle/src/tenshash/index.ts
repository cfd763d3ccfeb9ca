import { ReferenceTensHasher } from "./reference.ts";
import type { TensHasher } from "./tens-hasher.ts";

export { HASH_BYTES, STATE_BYTES, TRACE_ROWS, type TensHasher } from "./tens-hasher.ts";

const factories = { reference: (): TensHasher => new ReferenceTensHasher() };

/** Name of a way to compute TensHash. */
export type TensHashBackend = keyof typeof factories;

/** All backends, the slowest and plainest first. */
export const tensHashBackends = Object.keys(factories) as readonly TensHashBackend[];

/** @returns a hasher without a seed; the caller disposes of it */
export function createTensHasher(backend: TensHashBackend = "reference"): TensHasher {
  return factories[backend]();
}
