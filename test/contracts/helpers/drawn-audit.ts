import { auditIdOf, merkleProof, sealAttestationRoot, segmentId, tracesRoot } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { Address, Hex } from "viem";

import type { Audits } from "../../../types/ethers-contracts/index.js";
import { SALT, type Seat } from "./attested-claim.ts";
import type { CommittedWork } from "./committed-work.ts";
import type { MintSuite } from "./mint-suite.ts";

/** What auditing needs of a suite. */
export type Auditable = Pick<MintSuite, "ethers" | "beacon" | "nextBlockIs"> & {
  readonly audits: Audits;
  readonly verifiers: readonly HardhatEthersSigner[];
  readonly verifierOperators: readonly HardhatEthersSigner[];
};

/** A drawn segment with all that an attestation of it brings along. */
export interface DrawnAudit {
  readonly auditId: Hex;
  /** `AuditDetails`. */
  readonly details: { taskId: Hex; slot: number; epoch: bigint; first: number; segmentId: Hex };
  readonly proof: Hex[];
  /** What anybody computes who runs the segment again. */
  readonly traces: Hex[];
}

/** The audit of the work's segment number `place`. */
export function auditAt({ ethers }: Auditable, work: CommittedWork, place: number): DrawnAudit {
  const { taskId, slot, epoch, segments, records } = work;
  const { first } = segments[place]!;
  return {
    auditId: auditIdOf({ taskId, slot, first }),
    details: { taskId, slot, epoch, first, segmentId: segmentId(segments[place]!) },
    proof: merkleProof(segments.map(segmentId), place),
    traces: records[place]!.map(({ index }) => ethers.id(`trace ${index}`) as Hex),
  };
}

/** The different verifiers that a round draws, in the order of their seats. */
export async function seatsIn(suite: Auditable, { auditId, details }: DrawnAudit, round: number): Promise<Seat[]> {
  const { audits, verifiers, verifierOperators } = suite;
  const seats = Number(await audits.verifiersPerAudit());
  const drawn = await Promise.all(
    Array.from({ length: seats }, (_, seat) => audits.drawnVerifier(auditId, details.epoch, round, seat)),
  );
  return [...new Set(drawn)].map((address) => {
    const index = verifiers.findIndex((verifier) => verifier.address === address);
    return { number: drawn.indexOf(address), verifier: verifiers[index]!, operator: verifierOperators[index]! };
  });
}

/** An audit of the work whose two rounds draw as wanted: whom a segment draws is up to the chain's randomness. */
export async function auditDrawing(
  suite: Auditable,
  work: CommittedWork,
  isWanted: (rounds: readonly Seat[][]) => boolean,
): Promise<DrawnAudit & { readonly rounds: readonly Seat[][] }> {
  for (const place of work.segments.keys()) {
    const audit = auditAt(suite, work, place);
    const rounds = [await seatsIn(suite, audit, 0), await seatsIn(suite, audit, 1)];
    if (isWanted(rounds)) return { ...audit, rounds };
  }
  return expect.fail("no segment draws as wanted");
}

export function sealAuditBy({ audits }: Auditable, { auditId, traces }: DrawnAudit, { verifier, operator }: Seat) {
  const sealed = sealAttestationRoot(auditId, verifier.address as Address, tracesRoot(traces), SALT as Hex);
  return audits.connect(operator).sealAttestation(sealed);
}

export function revealAuditBy({ audits }: Auditable, audit: DrawnAudit, { operator, number }: Seat) {
  return audits.connect(operator).revealAttestation(audit.details, audit.proof, number, audit.traces, SALT);
}

/** Mines so that the next transaction is in the first block of a half of a round. */
export async function enterAuditHalf(
  suite: Auditable,
  { details }: DrawnAudit,
  round: number,
  revealing: boolean,
): Promise<void> {
  const half = BigInt(2 * round + (revealing ? 1 : 0));
  const start = await suite.audits.startsAt(details.epoch);
  await suite.nextBlockIs(start + half * (await suite.beacon.attestationBlocks()));
}
