/** States of a claim, in the order of `IWorkMint.ClaimState`. */
export const ClaimState = { None: 0, Claimed: 1, Attested: 2, Frozen: 3, Minted: 4, Expired: 5 } as const;
