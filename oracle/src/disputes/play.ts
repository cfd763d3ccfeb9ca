import type { Hex } from "viem";
import type { Abi } from "viem";

import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";

/** A call that a dispute asks for, as `Chain.transact` takes it. */
export interface Step {
  readonly address: Hex;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  /** Wei: the deposit for the other side's answer. */
  readonly value: bigint;
}

/** How disputes of one kind are played: what a node computed, brought into the moves of their game. */
export interface Play {
  /** Address of the game. */
  readonly game: Hex;
  /** What the court calls a thing that this node accuses. */
  claimOf(accusation: Accusation): Promise<Hex>;
  /**
   * The challenge of something false, after it was computed once more.
   * @throws GristmillError if it is not false, or this node lacks what it takes to know
   */
  opening(accusation: Accusation): Promise<Step>;
  /** The next move of a side, undefined if it has none. */
  next(dispute: KnownDispute, side: number): Promise<Step | undefined>;
  /** Lets go of what was computed for a dispute that is over. */
  forget(claim: Hex): void;
}
