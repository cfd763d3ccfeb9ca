import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import { Stage } from "./stage.ts";

/** The base fee rises by at most an eighth a block (EIP-1559): this covers a move that is mined three blocks later. */
const RISE = { numerator: 3n, denominator: 2n };

/** Gas of all moves of a challenger together, rounded up. */
const CHALLENGER_GAS = 3_000_000n;

/** Stages in which the challenger of a segment moves, with the most groups of hashes that a tensor can have. */
const CHALLENGERS_STAGES = [Stage.Choice, Stage.Tensor, Stage.Node, Stage.Node, Stage.Node, Stage.Node, Stage.Node];

/** A move of the segment game, or the challenge that opens it. */
export type DisputeStep = Stage | "challenge";

/**
 * Wei to send along with a move: the gas of the other side's answer at the price that the court asks for, with a margin
 * for the growth of the base fee. What exceeds that price goes to the winner, too.
 */
export async function depositFor(
  chain: Chain,
  contracts: Pick<Contracts, "court" | "segmentGame">,
  ...steps: readonly DisputeStep[]
): Promise<bigint> {
  const { court, segmentGame } = contracts;
  const [factor, baseFee, ...gas] = await Promise.all([
    court.read.depositFactor(),
    chain.baseFee(),
    ...steps.map((step) => (step === "challenge" ? segmentGame.read.openingGas() : segmentGame.read.answerGas([step]))),
  ]);
  const answers = gas.reduce((sum, each) => sum + each, 0n);
  return (answers * factor * baseFee * RISE.numerator) / RISE.denominator;
}

/** Wei that a challenger needs to see a dispute through: the deposits of all its moves, and the gas of these. */
export async function challengersEther(
  chain: Chain,
  contracts: Pick<Contracts, "court" | "segmentGame">,
): Promise<bigint> {
  const deposits = await depositFor(chain, contracts, "challenge", ...CHALLENGERS_STAGES);
  return deposits + (CHALLENGER_GAS * (await chain.baseFee()) * RISE.numerator) / RISE.denominator;
}
