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
type SegmentStep = Stage | "challenge";

/** Wei that the court asks for an answer of so much gas, with a margin for the growth of the base fee. */
export async function priceOf(chain: Chain, { court }: Pick<Contracts, "court">, answerGas: bigint): Promise<bigint> {
  const [factor, baseFee] = await Promise.all([court.read.depositFactor(), chain.baseFee()]);
  return (answerGas * factor * baseFee * RISE.numerator) / RISE.denominator;
}

/** Wei to send along with moves of the segment game. What exceeds the court's price goes to the winner, too. */
export async function segmentDeposit(
  chain: Chain,
  contracts: Pick<Contracts, "court" | "segmentGame">,
  ...steps: readonly SegmentStep[]
): Promise<bigint> {
  const { segmentGame } = contracts;
  const gas = await Promise.all(
    steps.map((step) => (step === "challenge" ? segmentGame.read.openingGas() : segmentGame.read.answerGas([step]))),
  );
  return priceOf(
    chain,
    contracts,
    gas.reduce((sum, each) => sum + each, 0n),
  );
}

/** Wei that a challenger needs to see a dispute through: the deposits of all its moves, and the gas of these. */
export async function challengersEther(
  chain: Chain,
  contracts: Pick<Contracts, "court" | "segmentGame">,
): Promise<bigint> {
  const deposits = await segmentDeposit(chain, contracts, "challenge", ...CHALLENGERS_STAGES);
  return deposits + (CHALLENGER_GAS * (await chain.baseFee()) * RISE.numerator) / RISE.denominator;
}
