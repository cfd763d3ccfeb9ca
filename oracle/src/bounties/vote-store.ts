import { randomBytes } from "node:crypto";

import { sealVote, type Verdict } from "@gristmill/sdk";
import { bytesToHex, type Hex } from "viem";
import { z } from "zod";

import { KeyValueStore } from "../storage/key-value-store.ts";
import type { BountyNode } from "./bounty-node.ts";

const SCOPE = "bounty-votes";

const voteSchema = z.object({
  verdict: z.literal([1, 2, 3]),
  salt: z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x")),
});

/** A verdict with what opens its seal. */
export interface SealedVote {
  readonly verdict: Verdict;
  readonly salt: Hex;
  readonly seal: Hex;
}

/** This node's votes, kept durably before they are sealed: whoever cannot open its seal loses the bond. */
export class VoteStore {
  readonly #values: KeyValueStore;
  readonly #voter: Hex;

  constructor({ database, chain }: Pick<BountyNode, "database" | "chain">) {
    this.#values = new KeyValueStore(database, SCOPE);
    this.#voter = chain.account.address;
  }

  get(bountyId: Hex, entry: number): SealedVote | undefined {
    const text = this.#values.getText(`${bountyId}/${entry}`);
    if (text === undefined) return undefined;
    const { verdict, salt } = voteSchema.parse(JSON.parse(text));
    return { verdict, salt, seal: sealVote(bountyId, { entry, voter: this.#voter, verdict, salt }) };
  }

  /** Seals a verdict; the first one stands. */
  keep(bountyId: Hex, entry: number, verdict: Verdict): SealedVote {
    const kept = this.get(bountyId, entry);
    if (kept !== undefined) return kept;
    const salt = bytesToHex(randomBytes(32));
    const text = JSON.stringify({ verdict, salt });
    this.#values.setDurably(`${bountyId}/${entry}`, new TextEncoder().encode(text));
    return { verdict, salt, seal: sealVote(bountyId, { entry, voter: this.#voter, verdict, salt }) };
  }
}
