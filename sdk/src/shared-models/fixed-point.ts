import { GristmillError } from "../errors.ts";

/** 1 in the fixed point of shared models: the classifiers' `toFloat`. */
export const ONE = 1_000_000_000n;

/**
 * A number as the classifiers take it: times 1e9, rounded to the nearest integer, halves away from zero.
 * @param bits of the signed integer that it has to fit in
 * @param field what the number is, for the error
 * @throws GristmillError FIXED_POINT_RANGE
 */
export function toFixedPoint(value: number, bits: number, field: string): bigint {
  const rounded = Math.sign(value) * Math.round(Math.abs(value) * Number(ONE));
  const scaled = Number.isFinite(rounded) ? BigInt(rounded) : undefined;
  if (scaled === undefined || BigInt.asIntN(bits, scaled) !== scaled) {
    throw new GristmillError(
      "FIXED_POINT_RANGE",
      `${field} is ${value}, which times 1e9 is no integer of ${bits} bits with sign.`,
      { hints: [`keep its absolute value below ${(2 ** (bits - 1) / Number(ONE)).toPrecision(3)}`] },
    );
  }
  return scaled;
}

/** The number that an integer in fixed point stands for. */
export function fromFixedPoint(value: bigint): number {
  return Number(value) / Number(ONE);
}
