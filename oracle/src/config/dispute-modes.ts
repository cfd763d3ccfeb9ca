/** What a node does in disputes; each mode does what those before it do. */
export const disputeModes = ["off", "watch", "defend", "challenge"] as const;
export type DisputeMode = (typeof disputeModes)[number];
