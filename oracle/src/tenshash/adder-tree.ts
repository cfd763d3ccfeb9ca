/**
 * Counting in bit slices, for any machine that can AND, OR and XOR words.
 *
 * A number for each of W nonces is held as bit planes: plane b has bit b of all W numbers, one nonce a bit. Adding one
 * plane of inputs to a counter by rippling would touch all its planes; a carry-save tree (Harley and Seal; Warren,
 * Hacker's Delight, section 5-1) lets carries of equal weight meet in pairs instead, so that 2^n inputs take 2^n - 1
 * full adders and leave one carry of weight 2^n, which alone ripples on.
 *
 * The functions here only decide which adder feeds which. What an adder is, an instruction sequence or a line of a
 * shader, is for the caller's `Adders` to say.
 */

/** How a backend adds; `Plane` is what it calls a plane of bits. Emission is in call order. */
export interface Adders<Plane> {
  /** The plane of the list's i-th input. */
  input(i: number): Plane;
  /** Sets counter plane `bit` to the sum bit of itself, a and b, and returns the carry. */
  full(bit: number, a: Plane, b: Plane): Plane;
  /** Sets counter plane `bit` to the sum bit of itself and a, and returns the carry. */
  half(bit: number, a: Plane): Plane;
  /** As `half`, where nothing can carry: the counter's last plane. */
  last(bit: number, a: Plane): void;
}

/** Planes of a counter: sums stay below 2^10 (see `bias` in layout.ts). */
export const COUNTER_BITS = 10;

/** Adds 2^level inputs to the counter. */
export function addInputs<Plane>(adders: Adders<Plane>, level: number): void {
  let carry = carryOf(adders, level - 1, 0);
  for (let bit = level; bit < COUNTER_BITS - 1; bit++) carry = adders.half(bit, carry);
  adders.last(COUNTER_BITS - 1, carry);
}

/** The carry of weight 2^(bit + 1) that 2^(bit + 1) inputs from `first` on leave, the counter's lower planes kept. */
function carryOf<Plane>(adders: Adders<Plane>, bit: number, first: number): Plane {
  if (bit === 0) return adders.full(0, adders.input(first), adders.input(first + 1));
  const low = carryOf(adders, bit - 1, first);
  return adders.full(bit, low, carryOf(adders, bit - 1, first + 2 ** bit));
}
