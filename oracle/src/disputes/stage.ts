/** Whose move is next in a game over a trace, and what it brings: `Stage` of contracts/types/GameTypes.sol. */
export const Stage = {
  Outcomes: 0,
  Choice: 1,
  Trace: 2,
  Tensor: 3,
  Nodes: 4,
  Node: 5,
  Leaf: 6,
  Element: 7,
} as const;

export type Stage = (typeof Stage)[keyof typeof Stage];

/** Levels of a tree that are revealed at once. */
export const GROUP_HEIGHT = 5;
