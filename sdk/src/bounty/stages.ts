/** Stages of a bounty as the board numbers them. */
export const BountyStage = {
  None: 0,
  Entry: 1,
  Unsealing: 2,
  Announcing: 3,
  Reveal: 4,
  Vote: 5,
  Opening: 6,
  Challenge: 7,
  Paid: 8,
  Undecided: 9,
  Returned: 10,
  Withheld: 11,
} as const;

export const ScoringMode = { Open: 0, Sealed: 1 } as const;

/** What a staker finds of a candidate. */
export const Verdict = { None: 0, Honest: 1, False: 2, Unavailable: 3 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

export const EntryStatus = { None: 0, Committed: 1, Announced: 2, Struck: 3, Released: 4 } as const;

/** The name of a stage, for people. */
export function bountyStageName(stage: number): string {
  return Object.entries(BountyStage).find(([, value]) => value === stage)?.[0] ?? `stage ${stage}`;
}

/** Whether nothing can happen any more but taking out what one is owed. */
export function isBountyOver(stage: number): boolean {
  return stage >= BountyStage.Paid;
}
