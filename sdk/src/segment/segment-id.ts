import type { Hex } from "viem";

import type { HashField } from "../internal/hash.ts";
import { hashFields, hashFieldsInto, ID_BYTES } from "../internal/hash.ts";
import { rootOf } from "../internal/merkle-fold.ts";
import type { Clock, IterationRecord, Segment } from "./types.ts";

/** clockHash = H(0x09 || for each slot: count || id of its last segment taken in), DESIGN section 5. */
export function clockHash(clock: Clock): Hex {
  return hashFields(
    0x09,
    clock.flatMap(({ count, segmentId }) => [count, segmentId]),
  );
}

/** work_{-1} = H(0x07 || seed || slot): where a slot's chain of work starts. */
export function initialWork(seed: Hex, slot: number): Hex {
  return hashFields(0x07, [seed, slot]);
}

/** work_i = H(0x0a || work_{i-1} || batchLeaf || clockHash || updateId), DESIGN section 5. */
export function nextWork(work: Hex, batchLeaf: Hex, clockHash: Hex, updateId: Hex): Hex {
  return hashFields(0x0a, [work, batchLeaf, clockHash, updateId]);
}

/** record = H(0x0b || index || batch || clockHash || updateId || correct || loss || work), DESIGN section 5. */
export function recordHash(record: IterationRecord): Hex {
  return hashFields(RECORD_DOMAIN, recordFields(record));
}

const RECORD_DOMAIN = 0x0b;

function recordFields({ index, batch, clockHash, updateId, correct, loss, work }: IterationRecord): HashField[] {
  return [index, batch, clockHash, updateId, correct, loss, work];
}

/**
 * Merkle root over the records of a segment, in order.
 *
 * @throws GristmillError MERKLE_EMPTY without records
 */
export function recordsRoot(records: readonly IterationRecord[]): Hex {
  const nodes = new Uint8Array(records.length * ID_BYTES);
  records.forEach((record, index) => {
    hashFieldsInto(RECORD_DOMAIN, recordFields(record), nodes, index * ID_BYTES);
  });
  return rootOf(nodes, records.length);
}

/**
 * segmentId = H(0x0c || slot || first || last || previous || recordsRoot || stateId || residualId || work), DESIGN
 * section 5.
 */
export function segmentId(segment: Omit<Segment, "taskId">): Hex {
  const { slot, first, last, previous, recordsRoot, stateId, residualId, work } = segment;
  return hashFields(0x0c, [slot, first, last, previous, recordsRoot, stateId, residualId, work]);
}
