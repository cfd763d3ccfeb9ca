/**
 * What a task is like and what an account prefers, as vectors of a byte for each pole of each property: the mirror of
 * `Similarity` in contracts/libraries (DESIGN section 8).
 */
import { bytesToHex, type Hex, hexToBytes, isHex, size } from "viem";

import { GristmillError } from "../errors.ts";

/** The poles in the order of a vector's components: each two are the ends of one property. */
export const POLES = ["light", "heavy", "short", "long", "littleData", "muchData", "few", "many"] as const;

/** One end of a property. */
export type Pole = (typeof POLES)[number];

/** Weights of the poles, 0 to 255. */
export type PoleWeights = Readonly<Record<Pole, number>>;

/** What a task's properties follow from. */
export interface TaskShape {
  /** Multiply-accumulates of one iteration, positive. */
  readonly macs: bigint;
  /** Iterations of a slot, positive. */
  readonly iterations: number;
  /** Batches of the training set, positive. */
  readonly batches: number;
  /** Slots wanted, 1 to 80. */
  readonly slots: number;
}

const MOST = 255;
const LIGHTEST_LOG = 10;

/** The properties of a task, eight bytes: the weights of its poles, those of a property summing to 255. */
export function taskProperties({ macs, iterations, batches, slots }: TaskShape): Hex {
  const positions = [
    8 * Math.max(floorLog2(macs) - LIGHTEST_LOG, 0),
    16 * floorLog2(BigInt(iterations)),
    16 * floorLog2(BigInt(batches)),
    3 * slots,
  ];
  const components = positions.flatMap((position) => {
    const second = Math.min(position, MOST);
    return [MOST - second, second];
  });
  return bytesToHex(Uint8Array.from(components));
}

/**
 * The vector of an account's preferences, eight bytes.
 * @param weights of the poles; those left out weigh nothing
 * @throws GristmillError PREFERENCE_INVALID if a weight is not a byte, or all are zero
 */
export function encodePreferences(weights: Partial<PoleWeights>): Hex {
  const components = POLES.map((pole) => {
    const weight = weights[pole] ?? 0;
    if (!Number.isInteger(weight) || weight < 0 || weight > MOST) {
      throw new GristmillError("PREFERENCE_INVALID", `The weight of ${pole} is ${weight}, not a whole number to 255.`, {
        hints: ["give 0 to what does not suit you and 255 to what suits you best"],
      });
    }
    return weight;
  });
  if (components.every((weight) => weight === 0)) {
    throw new GristmillError("PREFERENCE_INVALID", "Preferences that weigh nothing suit no task.", {
      hints: [`weigh at least one of ${POLES.join(", ")}`],
    });
  }
  return bytesToHex(Uint8Array.from(components));
}

/**
 * The weights in a vector of preferences or properties.
 * @throws GristmillError PREFERENCE_INVALID
 */
export function decodePreferences(vector: Hex): PoleWeights {
  const components = vectorOf(vector);
  return Object.fromEntries(POLES.map((pole, index) => [pole, components[index]!])) as PoleWeights;
}

/**
 * The cosine of two vectors in parts of 65,536: floor(sqrt(floor(2^32 dot(a, b)^2 / (|a|^2 |b|^2)))), 0 if one is zero.
 * @throws GristmillError PREFERENCE_INVALID
 */
export function similarity(a: Hex, b: Hex): number {
  const [left, right] = [vectorOf(a), vectorOf(b)];
  const normA = dot(left, left);
  const normB = dot(right, right);
  if (normA === 0n || normB === 0n) return 0;
  return Number(floorSqrt(((dot(left, right) ** 2n) << 32n) / (normA * normB)));
}

function vectorOf(vector: Hex): Uint8Array {
  if (!isHex(vector) || size(vector) !== POLES.length) {
    throw new GristmillError("PREFERENCE_INVALID", `${vector} is not a vector of ${POLES.length} bytes.`);
  }
  return hexToBytes(vector);
}

/** Each term is at most 255^2, so the sum is exact as a number. */
function dot(a: Uint8Array, b: Uint8Array): bigint {
  return BigInt(a.reduce((sum, value, index) => sum + value * b[index]!, 0));
}

/** 0 for 0, as the contract has it. */
function floorLog2(value: bigint): number {
  return value <= 0n ? 0 : value.toString(2).length - 1;
}

/** Newton's method from above; the argument is at most 2^32. */
function floorSqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << 17n;
  for (let next = (root + value / root) >> 1n; next < root; next = (root + value / root) >> 1n) root = next;
  return root;
}
