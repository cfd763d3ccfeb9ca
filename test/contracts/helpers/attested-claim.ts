import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import { type ClaimDetails, claimIdOf, type CommittedWork, detailsOf, type Worker } from "./committed-work.ts";
import type { MintSuite } from "./mint-suite.ts";

/** A verifier that was drawn, with the account that signs for it. */
export interface Seat {
  /** The first seat of the round that draws it. */
  readonly number: number;
  readonly verifier: HardhatEthersSigner;
  readonly operator: HardhatEthersSigner;
}

/** A claim that was made. */
export interface MadeClaim {
  readonly claimId: string;
  readonly details: ClaimDetails;
}

/** What attesting needs of a suite. */
export type Attestable = Worker &
  Pick<MintSuite, "mint" | "beacon" | "verifiers" | "verifierOperators" | "nextBlockIs">;

/** Claims a ticket. */
export async function makeClaim(suite: Attestable, work: CommittedWork, index: number, ticket = 0): Promise<MadeClaim> {
  const claim = await work.claim(index, ticket);
  await suite.mint.connect(suite.operator).claim(claim);
  return { claimId: claimIdOf(suite, claim), details: detailsOf(suite, claim) };
}

/**
 * Claims one ticket of the work after the other until the draws of one, its different verifiers per round, are as
 * wanted: which verifiers a ticket draws is up to the chain's randomness.
 * @param used tickets to leave out, the first ones
 */
export async function makeClaimDrawing(
  suite: Attestable,
  work: CommittedWork,
  isWanted: (rounds: readonly Seat[][]) => boolean,
  used = 0,
): Promise<MadeClaim & { rounds: Seat[][]; used: number }> {
  const indices = work.records.flat().map(({ index }) => index);
  for (let next = used; next < 4 * indices.length; ++next) {
    const claim = await makeClaim(suite, work, indices[Math.floor(next / 4)]!, next % 4);
    const rounds = [await drawnIn(suite, claim, 0), await drawnIn(suite, claim, 1)];
    if (isWanted(rounds)) return { ...claim, rounds, used: next + 1 };
  }
  return expect.fail("no ticket draws as wanted");
}

/** How many different verifiers the rounds draw in all. */
export function countDrawn(rounds: readonly Seat[][]): number {
  return new Set(rounds.flat().map(({ verifier }) => verifier.address)).size;
}

/** The different verifiers that a round draws, in the order of their seats. */
export async function drawnIn(suite: Attestable, { claimId, details }: MadeClaim, round: number): Promise<Seat[]> {
  const seats = Number(await suite.mint.verifiersPerClaim());
  const drawn = await Promise.all(
    Array.from({ length: seats }, (_, seat) => suite.mint.drawnVerifier(claimId, details.epoch, round, seat)),
  );
  return [...new Set(drawn)].map((address) => seatOf(suite, drawn, address));
}

/** What a verifier seals. */
export function seal(
  { ethers }: Pick<MintSuite, "ethers">,
  claimId: string,
  verifier: string,
  traceRoot: string,
): string {
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "address", "bytes32", "bytes32"],
      [claimId, verifier, traceRoot, SALT],
    ),
  );
}

/** The salt of everybody. */
export const SALT = `0x${"5a".repeat(32)}`;

export async function sealBy(
  suite: Attestable,
  { claimId }: MadeClaim,
  { verifier, operator }: Seat,
  traceRoot: string,
): Promise<ContractTransactionResponse> {
  return suite.mint.connect(operator).sealAttestation(seal(suite, claimId, verifier.address, traceRoot));
}

export function revealBy(suite: Attestable, { details }: MadeClaim, { operator, number }: Seat, traceRoot: string) {
  return suite.mint.connect(operator).revealAttestation(details, number, traceRoot, SALT);
}

/** Mines so that the next transaction is in the first block of a half of a round. */
export async function enterHalf(
  suite: Attestable,
  { claimId }: MadeClaim,
  round: number,
  revealing: boolean,
): Promise<void> {
  const { claimedAt } = await suite.mint.claimOf(claimId);
  const half = BigInt(2 * round + (revealing ? 1 : 0));
  await suite.nextBlockIs(claimedAt + half * (await suite.beacon.attestationBlocks()));
}

/**
 * Lets the drawn verifiers attest `traceRoot`, round after round, until the claim is attested.
 * @returns those that attested
 */
export async function attest(suite: Attestable, claim: MadeClaim, traceRoot: string): Promise<Seat[]> {
  const attesters = new Map<string, Seat>();
  const rounds = Number(await suite.beacon.attestationRounds());
  for (let round = 0; round < rounds && (await suite.mint.claimOf(claim.claimId)).state === 1n; ++round) {
    const seats = (await drawnIn(suite, claim, round)).filter(({ verifier }) => !attesters.has(verifier.address));
    if (round > 0) await enterHalf(suite, claim, round, false);
    for (const seat of seats) await sealBy(suite, claim, seat, traceRoot);
    await enterHalf(suite, claim, round, true);
    for (const seat of seats) {
      await revealBy(suite, claim, seat, traceRoot);
      attesters.set(seat.verifier.address, seat);
    }
  }
  return [...attesters.values()];
}

function seatOf(suite: Attestable, drawn: readonly string[], address: string): Seat {
  const index = suite.verifiers.findIndex((verifier) => verifier.address === address);
  const [verifier, operator] = [suite.verifiers[index]!, suite.verifierOperators[index]!];
  return { number: drawn.indexOf(address), verifier, operator };
}
