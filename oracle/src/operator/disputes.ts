import { DisputeState } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther, isAddressEqual } from "viem";

import type { DisputeView } from "../disputes/court-events.ts";
import { disputesBetween, sideName } from "../disputes/court-events.ts";
import type { KnownDispute } from "../storage/dispute-store.ts";
import type { Reader } from "./reader.ts";

/** A dispute with the task that it is about. */
export type ListedDispute = KnownDispute & { readonly taskId: Hex };

/** All disputes over places of a task, or of every task, the oldest first. */
export async function disputesOf({ chain, contracts }: Reader, taskId?: Hex): Promise<ListedDispute[]> {
  const { number } = await chain.head();
  return disputesBetween(chain, contracts, taskId, BigInt(chain.deployment.blockNumber), number);
}

/** Whether an account is a side of the dispute. */
export async function isSide(
  { contracts }: Reader,
  { taskId, role, index, challenger }: ListedDispute,
  account: Hex,
): Promise<boolean> {
  const { owner, operator } = await contracts.registry.read.placeOf([taskId, role, index]);
  return [challenger, owner, operator].some((side) => isAddressEqual(side, account));
}

/** A dispute as programs read it; amounts in GRIST and ether, times in Unix seconds. */
export function disputeSummary(dispute: ListedDispute, view: DisputeView) {
  return {
    dispute: dispute.disputeId,
    task: dispute.taskId,
    place: placeName(dispute),
    claim: dispute.claim,
    challenger: dispute.challenger,
    bond: formatEther(dispute.bond),
    state: stateName(view),
    turn: view.state === DisputeState.Open ? sideName(view.turn) : undefined,
    movesUntil: Number(view.movesUntil),
    moves: view.moves,
    clocks: view.clocks.map(Number),
    deposits: view.deposits.map((deposit) => formatEther(deposit)),
  };
}

/** `slot 3`, `evaluator 0` */
export function placeName({ role, index }: KnownDispute): string {
  return `${role === 0 ? "slot" : "evaluator"} ${String(index)}`;
}

/** A state in words, with the winner where there is one. */
export function stateName({ state, turn }: DisputeView): string {
  const name = Object.entries(DisputeState).find(([, value]) => value === state)?.[0] ?? "";
  const over = state === DisputeState.Decided || state === DisputeState.Closed;
  return over ? `${name.toLowerCase()}, won by the ${sideName(turn)}` : name.toLowerCase();
}
