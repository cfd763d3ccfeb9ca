/** Blocks after which no reorganisation takes one back: two epochs of Ethereum's, as `finalized` means. */
export const FINAL_DEPTH = 64n;
