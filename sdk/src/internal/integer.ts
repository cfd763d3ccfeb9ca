/** x limited to [lo, hi]. */
export function clip(x: number, lo: number, hi: number): number {
  return Math.max(lo, Math.min(hi, x));
}

/** `rs` of DESIGN section 3: x / 2^s rounded to the nearest integer, halves up, without wrapping. */
export function roundShift(x: number, s: number): number {
  return s === 0 ? x : Math.floor((x + 2 ** (s - 1)) / 2 ** s);
}
