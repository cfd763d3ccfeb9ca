import { sha256Hex } from "#sha256";
import { encodeAbiParameters, type Hex, keccak256 } from "viem";

import { GristmillError } from "../errors.ts";
import type { Verdict } from "./stages.ts";

/** Losses on the chain are counted in this part of one. */
export const LOSS_UNIT = 1e-9;

const BYTES32 = { type: "bytes32" } as const;
const ADDRESS = { type: "address" } as const;

/** The id that the board will give a bounty: keccak256(abi.encode(chainid, board, poster, specHash, salt)). */
export function bountyIdOf(chainId: number, board: Hex, poster: Hex, specHash: Hex, salt: Hex): Hex {
  const types = [{ type: "uint256" }, ADDRESS, ADDRESS, BYTES32, BYTES32] as const;
  return keccak256(encodeAbiParameters(types, [BigInt(chainId), board, poster, specHash, salt]));
}

/** SHA-256 of a blob: how models and scoring sets are committed to. */
export function blobHash(bytes: Uint8Array): Hex {
  return sha256Hex(bytes);
}

/** What an entry commits to: bound to its owner, so that a copy opens for nobody. */
export function commitModel(bountyId: Hex, owner: Hex, modelHash: Hex, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([BYTES32, ADDRESS, BYTES32, BYTES32], [bountyId, owner, modelHash, salt]));
}

/** What a poster of a sealed scoring set commits to. */
export function commitScoringSet(scoringHash: Hex, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([BYTES32, BYTES32], [scoringHash, salt]));
}

/** What a voter seals before anybody's verdict can be read: bound to its voter, so that a copy opens for nobody. */
export function sealVote(
  bountyId: Hex,
  {
    entry,
    voter,
    verdict,
    salt,
  }: { readonly entry: number; readonly voter: Hex; readonly verdict: Verdict; readonly salt: Hex },
): Hex {
  const types = [BYTES32, { type: "uint32" }, ADDRESS, { type: "uint8" }, BYTES32] as const;
  return keccak256(encodeAbiParameters(types, [bountyId, entry, voter, verdict, salt]));
}

/**
 * A loss as it is announced, in 10^-9.
 * @throws GristmillError LOSS_UNANNOUNCEABLE unless it is a finite number from 0 on
 */
export function encodeLoss(loss: number): bigint {
  const units = Math.round(loss / LOSS_UNIT);
  if (!(units >= 0 && units < 2 ** 63))
    throw new GristmillError("LOSS_UNANNOUNCEABLE", `a loss of ${loss} cannot be announced`, {
      hints: ["train on: the loss has to be a finite number that is not negative"],
    });
  return BigInt(units);
}

/** A loss as a number. */
export function decodeLoss(units: bigint): number {
  return Number(units) * LOSS_UNIT;
}
