/**
 * Who gets a task's places (DESIGN section 8): what each applicant draws, whether it is eligible, and in which order they
 * may join. The mirror of TaskLottery, for applicants that want to predict or check it.
 */
import { type Address, encodeAbiParameters, type Hex, hexToBigInt, keccak256, zeroAddress } from "viem";

import { similarity } from "./preferences.ts";

const DRAW_BITS = 95n;
const RESERVE = 1n << DRAW_BITS;
const SIMILARITY_BITS = 16n;

/** Who applied for which place. */
export interface Application {
  /** The task's seed, from `assignmentOf`. */
  readonly seed: Hex;
  /** Of contracts/types/TaskTypes.sol: miner 0, supervisor 1, evaluator 2. */
  readonly role: number;
  readonly owner: Address;
}

/** The random number of 95 bits that an application draws: keccak256(abi.encode(seed, role, owner)) >> 161. */
export function drawOf({ seed, role, owner }: Application): bigint {
  const words = encodeAbiParameters([{ type: "bytes32" }, { type: "uint8" }, { type: "address" }], [seed, role, owner]);
  return hexToBigInt(keccak256(words)) >> (256n - DRAW_BITS);
}

/**
 * Whether a cosine is at least the draw, both read as fractions of one.
 * @param cosine parts of 65,536, from `similarity`
 */
export function isEligible(cosine: number, draw: bigint): boolean {
  return BigInt(cosine) << (DRAW_BITS - SIMILARITY_BITS) >= draw;
}

/**
 * What decides who goes first, the lowest: the draw, above all others' if the applicant is not eligible but a reserve.
 * @param preferences of the owner in the block before the task was created, `0x0000000000000000` if it had none
 * @param properties of the task
 */
export function rankOf(application: Application, preferences: Hex, properties: Hex): bigint {
  const draw = drawOf(application);
  return isEligible(similarity(preferences, properties), draw) ? draw : RESERVE | draw;
}

/** Whether a rank is that of a reserve. */
export function isReserve(rank: bigint): boolean {
  return rank >= RESERVE;
}

/** Somebody's rank, as the event `RankDrawn` tells it. */
export interface DrawnRank {
  readonly owner: Address;
  readonly rank: bigint;
}

/** The owners in the order in which they may join. */
export function joiningOrder(ranks: readonly DrawnRank[]): Address[] {
  return [...ranks].sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ owner }) => owner);
}

/** Who ranks closest below `rank`, the zero address if nobody does: what `drawRank` wants to be told. */
export function closestBelow(ranks: readonly DrawnRank[], rank: bigint): Address {
  return joiningOrder(ranks.filter((other) => other.rank < rank)).at(-1) ?? zeroAddress;
}
