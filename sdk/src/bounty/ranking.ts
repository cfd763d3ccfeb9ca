import type { Hex } from "viem";

/** An announced entry. */
export interface RankedEntry {
  readonly entry: number;
  readonly owner: Hex;
  /** In 10^-9. */
  readonly loss: bigint;
}

/**
 * The ranking as the board calls it: by loss, of equal ones the earlier commitment first.
 *
 * @param announced arguments of the board's `LossAnnounced` events, in any order
 * @param struck arguments of its `EntryStruck` events
 */
export function rankEntries(
  announced: readonly RankedEntry[],
  struck: readonly Pick<RankedEntry, "entry">[] = [],
): RankedEntry[] {
  const out = new Set(struck.map(({ entry }) => entry));
  return announced
    .filter(({ entry }) => !out.has(entry))
    .sort((a, b) => (a.loss === b.loss ? a.entry - b.entry : a.loss < b.loss ? -1 : 1));
}
