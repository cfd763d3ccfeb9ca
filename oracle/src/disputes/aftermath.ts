import { ClaimState, Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroAddress } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { DisputeStore, KnownDispute } from "../storage/dispute-store.ts";
import type { DisputeReport } from "./dispute-report.ts";
import { questionHash } from "./tens-hash-play.ts";

/** A claim of a convicted slot. */
interface LostClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
}

/** Hexadecimal digits, with their 0x, of the part of an attested hash that the mint keeps: bytes11. */
const ATTESTED_DIGITS = 2 + 2 * 11;

/**
 * What is left to do when a slot was convicted: its claims are taken out of their epochs, so that the honest share the
 * whole emission, and who attested what was refuted is convicted as well. Everything here may be done by anybody, so
 * that somebody else was first is no failure.
 */
export class Aftermath {
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #store: DisputeStore;
  readonly #report: DisputeReport;
  readonly #since: bigint;
  /** Slots whose conviction is still to be followed up. */
  readonly #due = new Set<number>();

  /** @param since block of the task's creation: no claim of it is older */
  constructor(chain: Chain, contracts: Contracts, store: DisputeStore, report: DisputeReport, since: bigint) {
    this.#chain = chain;
    this.#contracts = contracts;
    this.#store = store;
    this.#report = report;
    this.#since = since;
  }

  /** Notes that a slot was convicted. */
  add(slot: number): void {
    this.#due.add(slot);
  }

  /** Does what is due; what fails is tried again at the next call. */
  async look(head: Head): Promise<void> {
    for (const slot of this.#due) {
      const claims = await this.#claimsOf(slot);
      const disputes = await this.#provenAgainst(slot);
      for (const claim of claims) {
        await this.#discard(claim, head);
        await this.#convictAttesters(claim, disputes);
      }
      await this.#convictAuditors(slot, disputes);
      this.#due.delete(slot);
    }
  }

  async #claimsOf(slot: number): Promise<LostClaim[]> {
    const { taskId } = this.#store;
    const { address, abi } = this.#contracts.mint;
    const events = await this.#chain.public.getContractEvents({
      address,
      abi,
      eventName: "TicketClaimed",
      args: { taskId },
      fromBlock: this.#since,
      strict: true,
    });
    return events.flatMap(({ args: { claimId, details } }) => (details.slot === slot ? [{ claimId, details }] : []));
  }

  /** Disputes that ended with something false of the slot's being shown. */
  async #provenAgainst(slot: number): Promise<KnownDispute[]> {
    const { court } = this.#contracts;
    const against = this.#store.all().filter(({ role, index }) => role === Role.Miner && index === slot);
    const views = await Promise.all(against.map(({ disputeId }) => court.read.disputeOf([disputeId])));
    return against.filter((_, at) => views[at]?.proven === true);
  }

  async #discard({ claimId, details }: LostClaim, head: Head): Promise<void> {
    const { beacon, mint } = this.#contracts;
    const { state } = await mint.read.claimOf([claimId]);
    if (state !== ClaimState.Claimed && state !== ClaimState.Attested) return;
    if (head.number + 1n >= (await beacon.read.settlesAt([details.epoch]))) return;
    const { address, abi } = mint;
    const done = await this.#tried(() =>
      this.#chain.transact({ address, abi, functionName: "discard", args: [details] }),
    );
    if (done) this.#report.discarded(claimId, details.slot);
  }

  async #convictAttesters({ claimId, details }: LostClaim, disputes: readonly KnownDispute[]): Promise<void> {
    const { mint, perjury, pool } = this.#contracts;
    const { address, abi } = perjury;
    const attestations = await mint.read.attestationsOf([claimId]);
    for (const [at, { verifier, traceRoot }] of attestations.entries()) {
      if ((await pool.read.operatorOf([verifier])) === zeroAddress) continue;
      const number = BigInt(at);
      const evidence = await this.#evidence(details, traceRoot, disputes);
      if (evidence === undefined) continue;
      const { functionName, disputeId } = evidence;
      const done = await this.#tried(() =>
        functionName === "convictForSegment"
          ? this.#chain.transact({ address, abi, functionName, args: [details, number] })
          : this.#chain.transact({ address, abi, functionName, args: [details, number, disputeId] }),
      );
      if (done) this.#report.attesterConvicted(claimId, verifier);
    }
  }

  /** What shows that an attestation of the claim is false, undefined if nothing does. */
  async #evidence(
    details: ClaimDetails,
    attested: Hex,
    disputes: readonly KnownDispute[],
  ): Promise<Evidence | undefined> {
    const { misconduct, segmentGame, tensHashGame } = this.#contracts;
    if ((await misconduct.read.refuterOf([details.segmentId])) !== zeroAddress)
      return { functionName: "convictForSegment", disputeId: undefined };
    const question = questionHash(await tensHashGame.read.questionOf([details]));
    for (const { disputeId, claim } of disputes) {
      if (claim === question) return { functionName: "convictForTicket", disputeId };
      if (claim !== details.segmentId) continue;
      const refuted = await segmentGame.read.caseOf([disputeId]);
      if (refuted.slice(0, ATTESTED_DIGITS) === attested) return { functionName: "convictForTrace", disputeId };
    }
    return undefined;
  }

  /** Convicts who attested what was refuted in audits of the slot. */
  async #convictAuditors(slot: number, disputes: readonly KnownDispute[]): Promise<void> {
    const { audits, perjury, pool } = this.#contracts;
    const { address, abi } = perjury;
    const events = await this.#chain.public.getContractEvents({
      address: audits.address,
      abi: audits.abi,
      eventName: "SegmentAttested",
      args: { taskId: this.#store.taskId },
      fromBlock: this.#since,
      strict: true,
    });
    for (const { auditId, verifier, details, traces } of events.map(({ args }) => args)) {
      if (details.slot !== slot || (await pool.read.operatorOf([verifier])) === zeroAddress) continue;
      const evidence = await this.#auditEvidence(details.segmentId, traces, disputes);
      if (evidence === undefined) continue;
      const attestations = await audits.read.attestationsOf([auditId]);
      const number = BigInt(attestations.findIndex((attestation) => attestation.verifier === verifier));
      const done = await this.#tried(() => {
        if (evidence === "segment")
          return this.#chain.transact({
            address,
            abi,
            functionName: "convictAuditorForSegment",
            args: [details, number],
          });
        const args = [details, number, traces, evidence.place, evidence.disputeId] as const;
        return this.#chain.transact({ address, abi, functionName: "convictAuditorForTrace", args });
      });
      if (done) this.#report.auditorConvicted(auditId, verifier);
    }
  }

  /** What shows that an attestation of these traces is false: a direct proof, a refuted trace, or nothing. */
  async #auditEvidence(
    segmentId: Hex,
    traces: readonly Hex[],
    disputes: readonly KnownDispute[],
  ): Promise<"segment" | { readonly place: bigint; readonly disputeId: Hex } | undefined> {
    const { misconduct, segmentGame } = this.#contracts;
    if ((await misconduct.read.refuterOf([segmentId])) !== zeroAddress) return "segment";
    for (const { disputeId, claim } of disputes) {
      if (claim !== segmentId) continue;
      const place = traces.indexOf(await segmentGame.read.caseOf([disputeId]));
      if (place >= 0) return { place: BigInt(place), disputeId };
    }
    return undefined;
  }

  /** Whether the chain took it. */
  async #tried(send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      if (!isRevert(error)) throw error;
      return false;
    }
  }
}

/** How a false attestation is shown. */
type Evidence =
  | { readonly functionName: "convictForSegment"; readonly disputeId: undefined }
  | { readonly functionName: "convictForTicket" | "convictForTrace"; readonly disputeId: Hex };
