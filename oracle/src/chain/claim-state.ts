/** States of a claim, in the order of `IWorkMint.ClaimState`. */
export const ClaimState = { None: 0, Claimed: 1, Attested: 2, Minted: 3, Paid: 4, Expired: 5, Void: 6 } as const;

/** The name of a claim's state. */
export function claimStateName(state: number): string {
  return Object.entries(ClaimState).find(([, value]) => value === state)?.[0] ?? `state ${String(state)}`;
}
