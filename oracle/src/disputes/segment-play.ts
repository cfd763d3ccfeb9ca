import { courtAbi, GristmillError, segmentGameAbi, Side } from "@gristmill/sdk";
import type { Abi, Hex } from "viem";
import { zeroHash } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { readDispute } from "./court-events.ts";
import type { DisputeWork } from "./dispute-work.ts";
import { segmentDeposit } from "./deposits.ts";
import type { SegmentGameState, TaskParameters } from "./game-state.ts";
import type { Play, Step } from "./play.ts";
import { requireRefuted } from "./preflight.ts";
import type { SegmentCall } from "./segment-player.ts";
import { attackSegment, defendSegment } from "./segment-player.ts";
import type { SegmentTruth } from "./segment-truth.ts";

/** The court refuses moves through the game: its errors are to be named as well. */
export const COURT_ERRORS: Abi = courtAbi.filter(({ type }) => type === "error");

/** Disputes over segments. */
export class SegmentPlay implements Play {
  readonly game: Hex;
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #parameters: TaskParameters;
  readonly #work: DisputeWork;
  /** Segments recomputed for disputes that are under way. */
  readonly #truths = new Map<Hex, Promise<SegmentTruth>>();

  constructor(chain: Chain, contracts: Contracts, parameters: TaskParameters, work: DisputeWork) {
    this.game = contracts.segmentGame.address;
    this.#chain = chain;
    this.#contracts = contracts;
    this.#parameters = parameters;
    this.#work = work;
  }

  claimOf({ id }: Accusation): Promise<Hex> {
    return Promise.resolve(id);
  }

  async opening({ id, slot }: Accusation): Promise<Step> {
    const message = this.#work.segment(id);
    if (message === undefined)
      throw new GristmillError("VIEW_INCOMPLETE", `segment ${id} of slot ${String(slot)} is not in this node's log`);
    const truth = await this.#truth(id, Side.Challenger);
    requireRefuted(message, truth, await this.#work.recompute(id, true));
    const { segment, signature } = message;
    const predecessor = truth.predecessor?.segment ?? { ...NO_SEGMENT, taskId: segment.taskId };
    return this.#step("challenge", [segment, signature, predecessor], "challenge");
  }

  async next(dispute: KnownDispute, side: number): Promise<Step | undefined> {
    const { disputeId, claim } = dispute;
    const { game } = await readDispute(this.#chain, this.#contracts, dispute);
    if (game?.kind !== "segment") return undefined;
    const call = this.#call(claim, game, await this.#truth(claim, side), side);
    if (call === undefined) return undefined;
    const { functionName, args } = call;
    if (functionName === "proveMalformedList") {
      const { address, abi } = this.#contracts.misconduct;
      return { address, abi, functionName, args, value: 0n };
    }
    return this.#step(functionName, [disputeId, ...args], isAnswered(call) ? game.stage : undefined);
  }

  forget(claim: Hex): void {
    this.#truths.delete(claim);
  }

  #call(claim: Hex, game: SegmentGameState, truth: SegmentTruth, side: number): SegmentCall | undefined {
    if (side === Side.Defender) return defendSegment(game, truth, this.#parameters);
    return attackSegment(game, truth, {
      account: this.#chain.account.address,
      signature: this.#work.segment(claim)?.signature ?? "0x",
      parameters: this.#parameters,
      findList: this.#work.findList,
    });
  }

  /** The segment as this side holds it to be, computed once a dispute. */
  async #truth(claim: Hex, side: number): Promise<SegmentTruth> {
    const work = this.#work;
    const kept =
      this.#truths.get(claim) ?? (side === Side.Defender ? work.defence(claim) : work.recompute(claim, false));
    this.#truths.set(claim, kept);
    try {
      return await kept;
    } catch (error) {
      // What was missing may come: the next look asks again.
      this.#truths.delete(claim);
      throw error;
    }
  }

  async #step(
    functionName: string,
    args: readonly unknown[],
    at: Parameters<typeof segmentDeposit>[2] | undefined,
  ): Promise<Step> {
    const value = at === undefined ? 0n : await segmentDeposit(this.#chain, this.#contracts, at);
    return { address: this.game, abi: [...segmentGameAbi, ...COURT_ERRORS], functionName, args, value };
  }
}

/** Whether the other side has to answer a call: what decides a dispute, and what prepares that, needs no answer. */
function isAnswered({ functionName }: SegmentCall): boolean {
  return functionName.startsWith("choose") || functionName.startsWith("reveal");
}

/** What stands for the predecessor of a slot's first segment. */
const NO_SEGMENT = {
  slot: 0,
  first: 0,
  last: 0,
  previous: zeroHash,
  recordsRoot: zeroHash,
  stateId: zeroHash,
  residualId: zeroHash,
  work: zeroHash,
};
