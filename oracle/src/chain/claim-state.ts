import { ClaimState } from "@gristmill/sdk";

/** The name of a claim's state. */
export function claimStateName(state: number): string {
  return Object.entries(ClaimState).find(([, value]) => value === state)?.[0] ?? `state ${String(state)}`;
}
