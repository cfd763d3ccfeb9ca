import { mkdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Hex } from "viem";
import { z } from "zod";

import { KeyValueStore } from "../storage/key-value-store.ts";
import type { BountyNode } from "./bounty-node.ts";

const SCOPE = "bounty-entries";

const hex = z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x"));
const entrySchema = z.object({
  bountyId: hex,
  salt: hex,
  modelHash: hex,
  commitment: hex,
  /** As it is or will be announced; unknown while the scoring set is sealed. */
  loss: z.number().optional(),
});

/** What this node needs to open what it has committed to. */
export type StoredEntry = z.output<typeof entrySchema>;

/**
 * This node's entries, one a bounty: kept durably before they are committed to on the chain, since whoever cannot open its
 * commitment loses its stake. Models stay in files that only this user reads, until they are revealed.
 */
export class EntryStore {
  readonly #values: KeyValueStore;
  readonly #folder: string;

  constructor({ database, config }: Pick<BountyNode, "database" | "config">) {
    this.#values = new KeyValueStore(database, SCOPE);
    this.#folder = join(config.dataDir, "bounties");
  }

  async keep(entry: StoredEntry, model: Uint8Array): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await writeFile(this.#path(entry.bountyId), model, { mode: 0o600, flush: true });
    this.update(entry);
  }

  update(entry: StoredEntry): void {
    this.#values.setDurably(entry.bountyId, new TextEncoder().encode(JSON.stringify(entry)));
  }

  get(bountyId: Hex): StoredEntry | undefined {
    const text = this.#values.getText(bountyId);
    return text === undefined ? undefined : entrySchema.parse(JSON.parse(text));
  }

  model(bountyId: Hex): Uint8Array {
    return new Uint8Array(readFileSync(this.#path(bountyId)));
  }

  #path(bountyId: Hex): string {
    return join(this.#folder, `${bountyId}.model`);
  }
}
