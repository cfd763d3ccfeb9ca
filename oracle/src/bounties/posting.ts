import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type BatchSet,
  bountyIdOf,
  type compileBounty,
  encodeBatchSet,
  GristmillError,
  ScoringMode,
} from "@gristmill/sdk";
import type { Address, Hex } from "viem";
import { bytesToHex, isHex } from "viem";

import { KeyValueStore } from "../storage/key-value-store.ts";
import { encodeBountyManifest } from "./bounty-data.ts";
import type { BountyNode } from "./bounty-node.ts";

/** Where a poster keeps the salts of its sealed scoring sets. */
const SCOPE = "bounty-scoring-salts";

/** What compiling a bounty's spec, of whichever kind, gives for its posting. */
interface Compiled {
  readonly specBytes: Uint8Array;
  readonly specHash: Hex;
  readonly train: BatchSet;
  readonly scoring: BatchSet;
  readonly terms: { readonly scoring: number };
  readonly warnings: readonly string[];
}

/** A bounty whose data are published, and which is not posted yet. */
export interface PreparedBounty<C extends Compiled> {
  readonly compiled: C;
  readonly bountyId: Hex;
  /** Of the id. */
  readonly salt: Hex;
  readonly isOpen: boolean;
  /** The scoring set, encoded. */
  readonly scoringSet: Uint8Array;
  /** Of the scoring set's commitment, if it is sealed. */
  readonly scoringSalt: Hex;
  /** Address of the manifest, which names spec, training data and, if it is open, the scoring set. */
  readonly manifest: string;
}

/**
 * Compiles a bounty's spec and publishes its data. The scoring set and its salt are on the disk before the bounty exists:
 * a poster that forgets a sealed one pays for nothing.
 *
 * @param board on which the bounty will be posted
 * @throws GristmillError SPEC_*, DATASET_*
 */
export async function prepareBounty<C extends Compiled>(
  node: BountyNode,
  board: Address,
  file: string,
  compile: (text: string, files: Parameters<typeof compileBounty>[1]) => Promise<C>,
): Promise<PreparedBounty<C>> {
  const { chain, blobs, log } = node;
  const compiled = await compile(await readFile(file, "utf8"), {
    baseDir: dirname(file),
    readFile: async (path: string) => new Uint8Array(await readFile(path)),
  });
  for (const warning of compiled.warnings) log.warn({ event: "spec-warning", warning });
  const { specBytes, specHash, terms } = compiled;
  const scoringSet = encodeBatchSet(compiled.scoring);
  const isOpen = terms.scoring === ScoringMode.Open;
  const [spec, train] = [await blobs.put(specBytes), await blobs.put(encodeBatchSet(compiled.train))];
  const published = isOpen ? { scoring: await blobs.put(scoringSet) } : {};
  const manifest = await blobs.put(encodeBountyManifest({ version: 1, spec, train, ...published }));
  const [salt, scoringSalt] = [bytesToHex(randomBytes(32)), bytesToHex(randomBytes(32))];
  const bountyId = bountyIdOf(chain.deployment.chainId, board, chain.account.address, specHash, salt);
  await mkdir(node.config.dataDir, { recursive: true });
  await writeFile(scoringPath(node, bountyId), scoringSet, { mode: 0o600, flush: true });
  new KeyValueStore(node.database, SCOPE).setDurably(bountyId, new TextEncoder().encode(scoringSalt));
  return { compiled, bountyId, salt, isOpen, scoringSet, scoringSalt, manifest };
}

/**
 * The sealed scoring set that this data folder keeps, encoded, and its salt.
 *
 * @throws GristmillError SCORING_SET_LOST
 */
export async function keptScoringSet(node: BountyNode, bountyId: Hex): Promise<{ set: Uint8Array; salt: Hex }> {
  const salt = new KeyValueStore(node.database, SCOPE).getText(bountyId);
  if (salt === undefined || !isHex(salt))
    throw new GristmillError("SCORING_SET_LOST", `this data folder does not hold the scoring set of ${bountyId}`, {
      hints: ["run the poster with the --data-dir that it posted the bounty from"],
    });
  return { set: new Uint8Array(await readFile(scoringPath(node, bountyId))), salt };
}

function scoringPath({ config }: BountyNode, bountyId: Hex): string {
  return join(config.dataDir, `scoring-set-${bountyId}.bin`);
}
