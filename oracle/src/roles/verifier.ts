import { randomBytes } from "node:crypto";

import type { Hex } from "viem";
import { bytesToHex, encodeAbiParameters, formatEther, isAddressEqual, keccak256, parseEventLogs } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import { ClaimStore } from "../storage/claim-store.ts";
import { ClaimAudit } from "./claim-audit.ts";
import type { AuditedClaim, Finding, Refutation } from "./claim-audit.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import { ClaimState } from "../chain/claim-state.ts";
import { withCranks } from "./cranks.ts";
import { challengersWork } from "./dispute-work.ts";
import { ensureStake } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import { ScoreAudit, watchScores } from "./score-audit.ts";
import { joinSession, loadTrainingSet } from "./session.ts";
import type { TaskFollower, TaskMoment } from "./task-follower.ts";
import { isTerminal, Phase } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/**
 * A verifier's part: re-runs each lucky claim it is drawn for, bit for bit, attests it if it is true, and challenges its
 * slot if it is false. What it could not check because data is missing it leaves alone.
 */
export async function runVerifier(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const { task } = await follower.until((moment) => moment.task.phase >= Phase.Training);
    if (task.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const audit = new ClaimAudit(node, session, await loadTrainingSet(node, terms));
    const scores = new ScoreAudit(node, session);
    disputes.equip(challengersWork(node, session, audit, scores));
    try {
      const verifier = new Verifier(node, follower, terms, audit, disputes);
      await Promise.all([verifier.run(), watchScores(node, follower, scores, disputes)]);
      await verifier.collectRewards();
    } finally {
      await audit.dispose();
    }
    await collectPay(node, follower);
  });
}

/** Locks stake in the verifier pool unless the node is in it already. */
export async function enlist(node: Node, amount: bigint): Promise<void> {
  const { pool } = node.contracts;
  const weight = await pool.read.weightOf([self(node)]);
  if (weight >= amount) return;
  await ensureStake(node, amount - weight);
  const { address, abi } = pool;
  await node.chain.transact({ address, abi, functionName: "enlist", args: [amount - weight, self(node)] });
  node.log.info({ event: "enlisted" });
}

/** Claims that are run again at the same time. */
const AUDITS_AT_ONCE = 3;

/** At most about two million gas. */
const CLAIMS_PER_PAYMENT = 32;

interface Attestation {
  readonly salt: Hex;
  readonly traceRoot: Hex;
}

class Verifier {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #terms: TaskTerms;
  readonly #audit: ClaimAudit;
  readonly #disputes: DisputeAgent;
  readonly #store: ClaimStore;
  readonly #open = new Map<Hex, AuditedClaim>();
  /** Claims that this verifier attested and whose rewards it shares. */
  readonly #attested = new Map<Hex, ClaimDetails>();
  readonly #findings = new Map<Hex, Finding | "pending">();
  /** Audits take longer than a block and mostly wait for data, so a few run beside the rounds. */
  readonly #lanes: Promise<void>[] = Array.from({ length: AUDITS_AT_ONCE }, () => Promise.resolve());
  #audits = 0;
  /** Claims with a transaction under way. */
  readonly #busy = new Set<Hex>();
  /** Seals that this process sent or saw on the chain. */
  readonly #sealed = new Set<Hex>();
  readonly #failure = Promise.withResolvers<never>();

  constructor(node: Node, follower: TaskFollower, terms: TaskTerms, audit: ClaimAudit, disputes: DisputeAgent) {
    this.#node = node;
    this.#disputes = disputes;
    this.#follower = follower;
    this.#terms = terms;
    this.#audit = audit;
    this.#store = new ClaimStore(node.database);
    // Whoever waits for the next moment sees the failure; afterwards it must not count as unhandled.
    this.#failure.promise.catch(() => undefined);
  }

  async run(): Promise<void> {
    for (let moment = await this.#follower.now(); ; moment = await this.#next()) {
      await this.#collect(moment);
      // A transaction takes blocks to be mined, and other claims' halves of a round pass meanwhile: nobody waits here.
      for (const claim of this.#open.values()) if (!this.#busy.has(claim.claimId)) this.#attendBeside(claim, moment);
      if (isTerminal(moment.task.phase) && this.#open.size === 0) break;
    }
    // Those that run now still read the log; the others find their claims decided.
    await Promise.all(this.#lanes);
  }

  /** The next moment, or the failure of what goes on beside. */
  async #next(): Promise<TaskMoment> {
    return Promise.race([this.#follower.next(), this.#failure.promise]);
  }

  #attendBeside(claim: AuditedClaim, moment: TaskMoment): void {
    this.#busy.add(claim.claimId);
    this.#attend(claim, moment)
      .finally(() => this.#busy.delete(claim.claimId))
      .catch(this.#failure.reject);
  }

  #startAudit(claim: AuditedClaim): void {
    this.#findings.set(claim.claimId, "pending");
    const lane = this.#audits++ % AUDITS_AT_ONCE;
    const audited = (this.#lanes[lane] ?? Promise.resolve()).then(async () => {
      // Its rounds may have passed while it waited.
      if (this.#open.has(claim.claimId)) this.#findings.set(claim.claimId, await this.#audit.audit(claim));
    });
    audited.catch(this.#failure.reject);
    this.#lanes[lane] = audited;
  }

  /** Takes in the claims made since the last look; what a reorganisation took back may come again with another ticket. */
  async #collect({ head }: TaskMoment): Promise<void> {
    const { undone, added } = await this.#audit.claimsUpTo(head.number);
    for (const claimId of undone) {
      this.#open.delete(claimId);
      this.#findings.delete(claimId);
    }
    for (const claim of added) this.#open.set(claim.claimId, claim);
  }

  /** Does what the claim's round asks of this verifier now. */
  async #attend(claim: AuditedClaim, { head }: TaskMoment): Promise<void> {
    const { claimId, details } = claim;
    const { beacon, mint } = this.#node.contracts;
    const { state, claimedAt } = await mint.read.claimOf([claimId]);
    const settled = head.number >= (await beacon.read.settlesAt([details.epoch]));
    const kept = this.#store.get(claimId);
    if (settled || (state !== ClaimState.Claimed && state !== ClaimState.Attested)) {
      if (await this.#hasAttested(claimId)) this.#attested.set(claimId, details);
      this.#open.delete(claimId);
      return;
    }
    try {
      const { round, revealing } = this.#roundAt(head.number + 1n, BigInt(claimedAt));
      const seat = await this.#seatIn(claim, round);
      if (seat === undefined) return;
      if (kept?.state === `sealed-${String(round)}`) {
        if (!revealing) await this.#sendSeal(claim, kept.payload as Attestation, BigInt(claimedAt));
        else if (!(await this.#hasAttested(claimId))) await this.#reveal(claim, kept.payload as Attestation, seat);
        return;
      }
      if (kept?.state.startsWith("sealed") && (await this.#hasAttested(claimId))) return;
      const finding = this.#findings.get(claimId);
      if (finding === undefined) this.#startAudit(claim);
      else if (finding === "pending" || finding.outcome === "unavailable") return;
      else if (finding.outcome === "false") this.#refute(claim, finding);
      else if (!revealing && state === ClaimState.Claimed)
        await this.#seal(claim, finding.traceRoot, round, BigInt(claimedAt));
    } catch (error) {
      // The half-round ended under way, or the claim was decided by others: the next moment shows.
      if (!isRevert(error)) throw error;
      this.#node.log.warn({ event: "attestation-refused", claimId, error });
    }
  }

  /** The round of a claim in a block: what is sent now is mined in the next one at the earliest. */
  #roundAt(block: bigint, claimedAt: bigint): { readonly round: number; readonly revealing: boolean } {
    const { attestationBlocks } = this.#node.schedule;
    const elapsed = block - claimedAt;
    return {
      round: Number(elapsed / (2n * attestationBlocks)),
      revealing: elapsed % (2n * attestationBlocks) >= attestationBlocks,
    };
  }

  /** The first seat of the round that draws this verifier. */
  async #seatIn({ claimId, details }: AuditedClaim, round: number): Promise<number | undefined> {
    const { mint } = this.#node.contracts;
    const seats = await mint.read.verifiersPerClaim();
    for (let seat = 0; seat < seats; seat += 1) {
      const drawn = await mint.read.drawnVerifier([claimId, details.epoch, round, seat]);
      if (isAddressEqual(drawn, self(this.#node))) return seat;
    }
    return undefined;
  }

  async #seal(claim: AuditedClaim, traceRoot: Hex, round: number, claimedAt: bigint): Promise<void> {
    const { claimId } = claim;
    const attestation: Attestation = { salt: bytesToHex(randomBytes(32)), traceRoot };
    // Written before it is sent: a seal that cannot be opened after a crash would be lost work.
    this.#store.put({
      claimId,
      taskId: this.#terms.taskId,
      state: `sealed-${String(round)}`,
      payload: attestation,
    });
    await this.#sendSeal(claim, attestation, claimedAt);
  }

  /** Sends a seal that the store holds, unless the chain has it: this node may have been killed before or after it did. */
  async #sendSeal({ claimId }: AuditedClaim, { traceRoot, salt }: Attestation, claimedAt: bigint): Promise<void> {
    const sealedRoot = sealAttestation(claimId, self(this.#node), traceRoot, salt);
    if (this.#sealed.has(sealedRoot)) return;
    const { address, abi, getEvents } = this.#node.contracts.mint;
    const [known] = await getEvents.AttestationSealed({ sealedRoot }, { fromBlock: claimedAt });
    if (known === undefined)
      await this.#node.chain.transact({ address, abi, functionName: "sealAttestation", args: [sealedRoot] });
    this.#sealed.add(sealedRoot);
    this.#node.log.info({ event: "attestation-sealed", claimId });
  }

  async #reveal({ claimId, details }: AuditedClaim, { traceRoot, salt }: Attestation, seat: number): Promise<void> {
    const { address, abi } = this.#node.contracts.mint;
    const args = [details, seat, traceRoot, salt] as const;
    await this.#node.chain.transact({ address, abi, functionName: "revealAttestation", args });
    this.#node.log.info({ event: "attested", claimId, slot: details.slot, traceRoot });
  }

  /** Whether the chain shows an attestation of this verifier: what it shares in is not a matter of its own notes. */
  async #hasAttested(claimId: Hex): Promise<boolean> {
    const attestations = await this.#node.contracts.mint.read.attestationsOf([claimId]);
    return attestations.some(({ verifier }) => isAddressEqual(verifier, self(this.#node)));
  }

  /** A claim that was run again and is false gets no attestation of this verifier's, and its slot a dispute. */
  #refute({ claimId, details }: AuditedClaim, { reason, fault }: Refutation): void {
    const { slot, segmentId } = details;
    this.#open.delete(claimId);
    this.#node.log.warn({ event: "refuted", claimId, slot, reason });
    this.#disputes.accuse({ kind: fault, id: fault === "segment" ? segmentId : claimId, slot, reason });
  }

  /**
   * Takes the verifiers' part of all claims that this verifier attested. What their miners have not minted by the end of
   * the task, for whatever reason, is minted first.
   */
  async collectRewards(): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.mint;
    const stateOf = async (claimId: Hex) => (await contracts.mint.read.claimOf([claimId])).state;
    try {
      for (const [claimId, details] of this.#attested)
        if ((await stateOf(claimId)) === ClaimState.Attested)
          await chain.transact({ address, abi, functionName: "mint", args: [details] }).catch((error: unknown) => {
            // Its miner was faster, its slot was convicted, or nothing is left to mint.
            if (!isRevert(error)) throw error;
          });
      const states = await Promise.all([...this.#attested.keys()].map(stateOf));
      const due = [...this.#attested.values()].filter((_, index) => states[index] === ClaimState.Minted);
      for (let first = 0; first < due.length; first += CLAIMS_PER_PAYMENT) {
        const args = [due.slice(first, first + CLAIMS_PER_PAYMENT)] as const;
        const { logs } = await chain.transact({ address, abi, functionName: "payVerifiers", args });
        const paid = parseEventLogs({ abi, logs, eventName: "VerifiersPaid" });
        const amount = paid.reduce((sum, { args: { share } }) => sum + share, 0n);
        log.info({ event: "rewards", task: this.#terms.taskId, claims: paid.length, amount: formatEther(amount) });
      }
    } catch (error) {
      // The token's cap is reached.
      if (!isRevert(error)) throw error;
      log.warn({ event: "rewards-refused", task: this.#terms.taskId, error });
    }
  }
}

/** keccak256(abi.encode(claimId, verifier, traceRoot, salt)), as WorkMint opens it. */
export function sealAttestation(claimId: Hex, verifier: Hex, traceRoot: Hex, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "address" }, { type: "bytes32" }, { type: "bytes32" }],
      [claimId, verifier, traceRoot, salt],
    ),
  );
}
