import type { ContractFunctionArgs, ContractFunctionReturnType, Hex } from "viem";

import type { BatchChunk, ModelOpening, WeightChunk } from "../bounty/publication.ts";
import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { eventIn, send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { exactBountiesAbi } from "../contracts/abis/exact-bounties.ts";
import type { Score } from "./scores.ts";

/** What a poster fixes, `ExactBountyParameters` of the contracts. */
export type ExactBountyParameters = ContractFunctionArgs<typeof exactBountiesAbi, "nonpayable", "post">[0];

/** What opens the commitment to a sealed set, `SetOpening` of the contracts. */
export type SetOpening = ContractFunctionArgs<typeof exactBountiesAbi, "nonpayable", "publishSet">[1];

/** An exact bounty, `ExactBountyView` of `IExactBounties`. */
export type ExactBountyView = ContractFunctionReturnType<typeof exactBountiesAbi, "view", "bountyOf">;

/** One of its entries, `ExactEntryView` of `IExactBounties`. */
export type ExactEntryView = ContractFunctionReturnType<typeof exactBountiesAbi, "view", "entryOf">;

/** What names a bounty in an action. */
export interface BountyRef {
  readonly bountyId: Hex;
}

/**
 * Where an exact bounty stands; its `stage` is `BountyStage.None` if there is no such bounty.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getExactBounty(
  client: SuiteClient,
  { bountyId, ...options }: SuiteOptions & BountyRef,
): Promise<ExactBountyView> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  return read(client, { ...bounties, functionName: "bountyOf", args: [bountyId] });
}

/**
 * One entry of an exact bounty; its `status` is `EntryStatus.None` if there is none of this number.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getExactEntry(
  client: SuiteClient,
  { bountyId, entry, ...options }: SuiteOptions & BountyRef & { readonly entry: number },
): Promise<ExactEntryView> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  return read(client, { ...bounties, functionName: "entryOf", args: [bountyId, entry] });
}

/**
 * Escrows an exact bounty, out of an allowance, and opens it for entries.
 * @returns its id
 * @throws ContractError `Bounty_ParameterOutOfRange`, `Bounty_Exists`, `Bounty_Banned`; GristmillError as every sending action
 */
export async function postExactBounty(
  client: SuiteClient,
  { parameters, ...options }: SuiteSendOptions & { readonly parameters: ExactBountyParameters },
): Promise<Sent & BountyRef> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  const receipt = await send(client, { ...bounties, functionName: "post", args: [parameters] }, options);
  return { receipt, bountyId: eventIn(receipt, exactBountiesAbi, "ExactBountyPosted").args.bountyId };
}

/**
 * Publishes batches of a sealed scoring set, those that come next; all in as many calls as `callsOf` makes of them.
 * @throws ContractError `Bounty_WrongStage`, `Bounty_NotThePoster`, `Bounty_WrongOpening`, `Publication_Unbound`;
 *   GristmillError as every sending action
 */
export async function publishScoringSet(
  client: SuiteClient,
  {
    bountyId,
    set,
    batches,
    ...options
  }: SuiteSendOptions & BountyRef & { readonly set: SetOpening; readonly batches: readonly BatchChunk[] },
): Promise<Sent> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  const args = [bountyId, set, batches] as const;
  return { receipt: await send(client, { ...bounties, functionName: "publishSet", args }, options) };
}

/**
 * Commits to a model and locks the entry's stake.
 * @returns the entry's number
 * @throws ContractError `Bounty_WrongStage`, `Bounty_ConflictOfInterest`, `Bounty_Banned`, `StakeManager_NotEnoughFree`;
 *   GristmillError as every sending action
 */
export async function enterExactBounty(
  client: SuiteClient,
  {
    bountyId,
    commitment,
    ...options
  }: SuiteSendOptions & BountyRef & { /** See `commitModel`; its hash is the state's id. */ readonly commitment: Hex },
): Promise<Sent & { readonly entry: number }> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  const receipt = await send(client, { ...bounties, functionName: "enter", args: [bountyId, commitment] }, options);
  return { receipt, entry: eventIn(receipt, exactBountiesAbi, "ModelCommitted").args.entry };
}

/**
 * Announces the score of a committed model, once and for good.
 * @throws ContractError `Bounty_WrongStage`, `Bounty_NotTheOwner`, `Bounty_WrongStatus`, `Bounty_NoScore`; GristmillError as
 *   every sending action
 */
export async function announceScore(
  client: SuiteClient,
  {
    bountyId,
    entry,
    score,
    ...options
  }: SuiteSendOptions & BountyRef & { readonly entry: number; readonly score: Score },
): Promise<Sent> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  const args = [bountyId, entry, score] as const;
  return { receipt: await send(client, { ...bounties, functionName: "announce", args }, options) };
}

/**
 * Publishes weights of the candidate's model, those that come next; all in as many calls as `callsOf` makes of them.
 * @throws ContractError `Bounty_WrongStage`, `Bounty_NotTheOwner`, `Bounty_WrongOpening`, `Publication_Unbound`;
 *   GristmillError as every sending action
 */
export async function publishModel(
  client: SuiteClient,
  {
    bountyId,
    model,
    chunks,
    ...options
  }: SuiteSendOptions & BountyRef & { readonly model: ModelOpening; readonly chunks: readonly WeightChunk[] },
): Promise<Sent> {
  const bounties = await contractOf(client, options, "ExactBounties", exactBountiesAbi);
  const args = [bountyId, model, chunks] as const;
  return { receipt: await send(client, { ...bounties, functionName: "publishModel", args }, options) };
}
