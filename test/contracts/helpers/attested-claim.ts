import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";

import { claimIdOf, type CommittedWork } from "./committed-work.ts";
import type { MintSuite } from "./mint-suite.ts";

/** A verifier with the account that signs for it. */
export interface Seat {
  readonly verifier: HardhatEthersSigner;
  readonly operator: HardhatEthersSigner;
}

/** Claims a ticket and returns the claim's id. */
export async function makeClaim(suite: MintSuite, work: CommittedWork, index: number, ticket = 0): Promise<string> {
  const claim = await work.claim(index, ticket);
  await suite.mint.connect(suite.operator).claim(claim);
  return claimIdOf(suite, claim);
}

/**
 * Claims one ticket of the work after the other until the draws of one, its different verifiers per round, are as
 * wanted: which verifiers a ticket draws is up to the chain's randomness.
 * @param used tickets to leave out, the first ones
 */
export async function makeClaimDrawing(
  suite: MintSuite,
  work: CommittedWork,
  isWanted: (rounds: readonly Seat[][]) => boolean,
  used = 0,
): Promise<{ claimId: string; rounds: Seat[][]; used: number }> {
  const indices = work.records.flat().map(({ index }) => index);
  for (let next = used; next < 4 * indices.length; ++next) {
    const claimId = await makeClaim(suite, work, indices[Math.floor(next / 4)]!, next % 4);
    const rounds = [await drawnIn(suite, claimId, 0), await drawnIn(suite, claimId, 1)];
    if (isWanted(rounds)) return { claimId, rounds, used: next + 1 };
  }
  return expect.fail("no ticket draws as wanted");
}

/** How many different verifiers the rounds draw in all. */
export function countDrawn(rounds: readonly Seat[][]): number {
  return new Set(rounds.flat().map(({ verifier }) => verifier.address)).size;
}

/** The different verifiers that a round draws, in the order of their seats. */
export async function drawnIn(suite: MintSuite, claimId: string, round: number): Promise<Seat[]> {
  const seats = Number(await suite.mint.verifiersPerClaim());
  const drawn = await Promise.all(
    Array.from({ length: seats }, (_, seat) => suite.mint.drawnVerifier(claimId, round, seat)),
  );
  return [...new Set(drawn)].map((address) => seatOf(suite, address));
}

/** A verifier that the round does not draw. */
export async function undrawnIn(suite: MintSuite, claimId: string, round: number): Promise<Seat> {
  const drawn = await drawnIn(suite, claimId, round);
  const other = suite.verifiers.find(({ address }) => !drawn.some(({ verifier }) => verifier.address === address));
  return seatOf(suite, other!.address);
}

/** What a verifier commits to. */
export function seal(suite: MintSuite, claimId: string, verifier: string, traceRoot: string, salt: string): string {
  const { ethers } = suite;
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "address", "bytes32", "bytes32"],
      [claimId, verifier, traceRoot, salt],
    ),
  );
}

/** The salt of everybody. */
export function saltOf(suite: MintSuite): string {
  return suite.ethers.id("salt");
}

export async function commitBy(suite: MintSuite, claimId: string, seat: Seat, traceRoot: string): Promise<void> {
  const sealed = seal(suite, claimId, seat.verifier.address, traceRoot, saltOf(suite));
  await suite.mint.connect(seat.operator).commitAttestation(claimId, seat.verifier, sealed);
}

export function revealBy(suite: MintSuite, claimId: string, seat: Seat, traceRoot: string) {
  return suite.mint.connect(seat.operator).revealAttestation(claimId, seat.verifier, traceRoot, saltOf(suite));
}

/** Mines so that the next transaction is in the first block of a half of a round. */
export async function enterHalf(suite: MintSuite, claimId: string, round: number, revealing: boolean): Promise<void> {
  const { claimedAt } = await suite.mint.claimOf(claimId);
  const half = BigInt(2 * round + (revealing ? 1 : 0));
  await suite.nextBlockIs(claimedAt + half * (await suite.beacon.attestationBlocks()));
}

/**
 * Lets the drawn verifiers attest `traceRoot`, round after round, until the claim is attested.
 * @returns those that attested
 */
export async function attest(suite: MintSuite, claimId: string, traceRoot: string): Promise<Seat[]> {
  const attesters = new Map<string, Seat>();
  const rounds = Number(await suite.beacon.attestationRounds());
  for (let round = 0; round < rounds && (await suite.mint.claimOf(claimId)).state === 1n; ++round) {
    const seats = (await drawnIn(suite, claimId, round)).filter(({ verifier }) => !attesters.has(verifier.address));
    if (round > 0) await enterHalf(suite, claimId, round, false);
    for (const seat of seats) await commitBy(suite, claimId, seat, traceRoot);
    await enterHalf(suite, claimId, round, true);
    for (const seat of seats) {
      await revealBy(suite, claimId, seat, traceRoot);
      attesters.set(seat.verifier.address, seat);
    }
  }
  return [...attesters.values()];
}

function seatOf(suite: MintSuite, address: string): Seat {
  const index = suite.verifiers.findIndex((verifier) => verifier.address === address);
  return { verifier: suite.verifiers[index]!, operator: suite.verifierOperators[index]! };
}
