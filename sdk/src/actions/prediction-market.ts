import type { Address, ContractFunctionArgs, Hex } from "viem";

import { read } from "../client/read.ts";
import { eventIn, send, type SendOptions, type Sent } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { contractOf } from "../client/contract-of.ts";
import { epochBeaconAbi } from "../contracts/abis/epoch-beacon.ts";
import { predictionMarket64Abi } from "../contracts/abis/prediction-market64.ts";
import type { MarketPhase, ScoringStage } from "../contracts/enums.ts";
import { GristmillError } from "../errors.ts";
import type { TestPortion } from "../shared-models/test-portion.ts";
import { headerOf } from "./epochs.ts";
import type { Sample } from "./shared-model.ts";

/** What a provider fixes for one market, `MarketTerms` of the contracts. */
export type MarketTerms = ContractFunctionArgs<typeof predictionMarket64Abi, "payable", "open">[0];

/** A `PredictionMarket64`: one provider's markets, one after the other. */
export interface MarketRef {
  readonly market: Address;
}

/** Where a market stands. */
export interface Market {
  readonly id: bigint;
  readonly phase: MarketPhase;
  /** Unix seconds: the phase's deadline; of an end, when unclaimed balances become anyone's. */
  readonly endsAt: bigint;
  /** Wei to stake on a sample. */
  readonly stake: bigint;
  readonly contributions: bigint;
  readonly portions: bigint;
  readonly revealed: bigint;
  /** Reward rounds begun, and the step that scoring is at. */
  readonly pass: bigint;
  readonly stage: ScoringStage;
  /** Wei of the bounty that no round has used yet. */
  readonly left: bigint;
  /** Its model, trained on all samples so far; once settled, that of the last pass. */
  readonly model: Address;
}

/**
 * A market, the latest of the contract if none is named.
 * @throws ContractError `PredictionMarket_Unknown`; GristmillError CALL_FAILED
 */
export async function getMarket(
  client: SuiteClient,
  { market: address, id: named }: MarketRef & { readonly id?: bigint | undefined },
): Promise<Market> {
  const market = { address, abi: predictionMarket64Abi } as const;
  const id = named ?? (await read(client, { ...market, functionName: "latest", args: [] }));
  const args = [id] as const;
  const [[phase, endsAt], stake, [contributions, revealed, portions], [pass, stage, left], model] = await Promise.all([
    read(client, { ...market, functionName: "phaseOf", args }),
    read(client, { ...market, functionName: "getNextAddDataCost", args: [] }),
    read(client, { ...market, functionName: "countsOf", args }),
    read(client, { ...market, functionName: "scoringOf", args }),
    read(client, { ...market, functionName: "modelOf", args }),
  ]);
  const known = { phase: phase as MarketPhase, stage: stage as ScoringStage };
  return { id, ...known, endsAt, stake, contributions, portions, revealed, pass, left, model };
}

/**
 * Begins a market of the sender's, the contract's owner, with a bounty.
 * @param bounty wei
 * @param commitments one for each portion of the test set, 2 to 256, see `commitToPortion`
 * @throws ContractError `PredictionMarket_OutOfRange`, `PredictionMarket_WrongPhase`; GristmillError MARKET_PORTIONS and
 *   those of every sending action
 */
export async function openMarket(
  client: SuiteClient,
  {
    market: address,
    terms,
    bounty,
    commitments,
    ...options
  }: SendOptions &
    MarketRef & { readonly terms: MarketTerms; readonly bounty: bigint; readonly commitments: readonly Hex[] },
): Promise<Sent & { readonly id: bigint }> {
  if (commitments.length < 2 || commitments.length > 256) {
    throw new GristmillError("MARKET_PORTIONS", `The test set is cut into ${commitments.length} portions.`, {
      hints: ["cut it into 2 to 256, each small enough to be revealed in one transaction"],
    });
  }
  const market = { address, abi: predictionMarket64Abi } as const;
  const call = { ...market, functionName: "open", args: [terms, commitments], value: bounty } as const;
  const receipt = await send(client, call, options);
  return { receipt, id: eventIn(receipt, predictionMarket64Abi, "MarketOpened").args.id };
}

/**
 * Draws the portion that is revealed first, from a block's prevrandao. Anyone may.
 * @throws ContractError `PredictionMarket_WrongPhase`, `EpochBeacon_TooEarly`; GristmillError BLOCK_MISSING,
 *   BLOCK_HEADER_MISMATCH and those of every sending action
 */
export async function drawPortion(
  client: SuiteClient,
  { market: address, ...options }: SendOptions & SuiteOptions & MarketRef,
): Promise<Sent & { readonly portion: bigint }> {
  const market = { address, abi: predictionMarket64Abi } as const;
  const beacon = await contractOf(client, options, "EpochBeacon", epochBeaconAbi);
  const id = await read(client, { ...market, functionName: "latest", args: [] });
  const [openedAt] = await read(client, { ...market, functionName: "drawOf", args: [id] });
  const block = await read(client, { ...beacon, functionName: "randomnessBlock", args: [openedAt] });
  const args = [await headerOf(client, block)] as const;
  const receipt = await send(client, { ...market, functionName: "draw", args }, options);
  return { receipt, portion: eventIn(receipt, predictionMarket64Abi, "PortionDrawn").args.portion };
}

/**
 * Reveals a portion of the test set: first the one drawn, after participation all others.
 * @throws ContractError `PredictionMarket_WrongPortion`, `PredictionMarket_NotThisPortion`,
 *   `PredictionMarket_ModelNotBuilt`; GristmillError as every sending action
 */
export async function revealPortion(
  client: SuiteClient,
  {
    market: address,
    portion,
    opening,
    ...options
  }: SendOptions & MarketRef & { readonly portion: bigint; readonly opening: TestPortion },
): Promise<Sent> {
  const market = { address, abi: predictionMarket64Abi } as const;
  const args = [portion, opening.data, opening.labels, opening.salt] as const;
  return { receipt: await send(client, { ...market, functionName: "reveal", args }, options) };
}

/**
 * Stakes a sample on a market.
 * @throws ContractError `PredictionMarket_WrongPhase`; GristmillError as every sending action
 */
export async function contributeSample(
  client: SuiteClient,
  { market: address, data, classification, ...options }: SendOptions & MarketRef & Sample,
): Promise<Sent & { readonly stake: bigint }> {
  const market = { address, abi: predictionMarket64Abi } as const;
  const stake = await read(client, { ...market, functionName: "getNextAddDataCost", args: [] });
  const call = { ...market, functionName: "addData", args: [data, classification], value: stake } as const;
  return { receipt: await send(client, call, options), stake };
}

/**
 * Ends participation early, as the provider.
 * @throws ContractError `PredictionMarket_TooFewContributions`, `PredictionMarket_NotTheProvider`; GristmillError as every
 *   sending action
 */
export async function closeMarket(
  client: SuiteClient,
  { market: address, ...options }: SendOptions & MarketRef,
): Promise<Sent> {
  const market = { address, abi: predictionMarket64Abi } as const;
  return { receipt: await send(client, { ...market, functionName: "close", args: [] }, options) };
}

/**
 * Goes on building the market's model by at most so many steps. Anyone may; to be repeated until it is done.
 * @throws ContractError `PredictionMarket_WrongPhase`; GristmillError as every sending action
 */
export async function buildMarketModel(
  client: SuiteClient,
  { market: address, steps, ...options }: SendOptions & MarketRef & { readonly steps: bigint },
): Promise<Sent> {
  const market = { address, abi: predictionMarket64Abi } as const;
  return { receipt: await send(client, { ...market, functionName: "build", args: [steps] }, options) };
}

/**
 * Goes on scoring the market by at most so many steps. Anyone may; to be repeated until {@link getMarket} says Settled.
 * @throws ContractError `PredictionMarket_WrongPhase`; GristmillError as every sending action
 */
export async function scoreMarket(
  client: SuiteClient,
  { market: address, steps, ...options }: SendOptions & MarketRef & { readonly steps: bigint },
): Promise<Sent> {
  const market = { address, abi: predictionMarket64Abi } as const;
  return { receipt: await send(client, { ...market, functionName: "score", args: [steps] }, options) };
}

/**
 * Takes out what the sender has coming from a market that has ended.
 * @returns wei
 * @throws ContractError `PredictionMarket_NothingToPay`, `PredictionMarket_WrongPhase`; GristmillError as every sending action
 */
export async function refundMarket(
  client: SuiteClient,
  { market: address, id, ...options }: SendOptions & MarketRef & { readonly id: bigint },
): Promise<Sent & { readonly amount: bigint }> {
  const market = { address, abi: predictionMarket64Abi } as const;
  const receipt = await send(client, { ...market, functionName: "refund", args: [id] }, options);
  return { receipt, amount: eventIn(receipt, predictionMarket64Abi, "Paid").args.amount };
}
