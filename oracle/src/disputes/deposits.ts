import type { SegmentCall } from "./segment-player.ts";

/**
 * Gas of the other side's answer that a move has to cover, as contracts/disputes/TraceGame.sol has it; the court asks for
 * it at twice the base fee of the block. Moves that decide need none.
 */
const ANSWER_GAS: Readonly<Partial<Record<SegmentCall["functionName"] | "challenge", bigint>>> = {
  challenge: 1_500_000n,
  revealOutcomes: 150_000n,
  chooseIteration: 2_000_000n,
  revealTrace: 150_000n,
  chooseTensor: 200_000n,
  revealNodes: 150_000n,
  // Down to a leaf; less on the way.
  chooseNode: 300_000n,
  revealLeaf: 800_000n,
};

const DEPOSIT_FACTOR = 2n;

/** The base fee rises by at most an eighth a block (EIP-1559): this covers a move that is mined three blocks later. */
const RISE = { numerator: 3n, denominator: 2n };

/** Gas of all moves of a challenger together, rounded up. */
const CHALLENGER_GAS = 3_000_000n;

/** Wei to send along with a move, given the latest base fee. What exceeds the court's price goes to the winner, too. */
export function depositFor(move: SegmentCall["functionName"] | "challenge", baseFee: bigint): bigint {
  return ((ANSWER_GAS[move] ?? 0n) * baseFee * DEPOSIT_FACTOR * RISE.numerator) / RISE.denominator;
}

/** Wei that a challenger needs to see a dispute through: the deposits of all its moves, and the gas of these. */
export function challengersEther(baseFee: bigint): bigint {
  const deposits = (["challenge", "chooseIteration", "chooseTensor", "chooseNode", "chooseNode", "chooseNode"] as const)
    .map((move) => depositFor(move, baseFee))
    .reduce((sum, deposit) => sum + deposit, 0n);
  return deposits + CHALLENGER_GAS * baseFee * DEPOSIT_FACTOR;
}
