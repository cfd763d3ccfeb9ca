import { randomBytes } from "node:crypto";

import { sealAttestationRoot } from "@gristmill/sdk";
import type { auditsAbi, workMintAbi } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, isAddressEqual } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { Chain, Head } from "../chain/chain.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import { median } from "../statistics.ts";
import { ClaimStore } from "../storage/claim-store.ts";
import type { Finding, Refutation } from "./claim-audit.ts";
import type { Node } from "./node.ts";

/** What of a node attesting takes. */
export type AttestingNode = Pick<Node, "chain" | "schedule" | "database" | "log">;

/** Something that drawn verifiers attest by commit and reveal: a claim, or a segment drawn for an audit. */
export interface Attestable {
  /** Under which the contract knows it. */
  readonly id: Hex;
  /** Whether somebody loses what is not attested in time, as a claim's miner does. */
  readonly isUrgent: boolean;
  /** Names of the log's lines about it. */
  readonly events: { readonly sealed: string; readonly attested: string };
  /** Names it in them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** First block of its rounds. */
  readonly since: bigint;
  /** Whether attestations that begin now still count; `over`: none is possible any more. */
  standing(head: bigint): Promise<"wanted" | "agreed" | "over">;
  /** The first seat of the round that draws this verifier, if one does. */
  seatIn(round: number): Promise<number | undefined>;
  /** Computes it again. Missing data is no verdict. */
  audit(): Promise<Finding>;
  /** What traces are sealed as. */
  rootOf(traces: readonly Hex[]): Hex;
  seal(sealedRoot: Hex): Promise<{ readonly blockNumber: bigint }>;
  /** The block in which the chain shows a seal, undefined if it shows none. */
  sealedAt(sealedRoot: Hex): Promise<bigint | undefined>;
  /** Whether it shows this verifier's attestation. */
  isAttested(): Promise<boolean>;
  reveal(seat: number, traces: readonly Hex[], salt: Hex): Promise<unknown>;
  /** What is to be challenged where it is false. */
  accused(refutation: Refutation): { readonly kind: "segment" | "ticket"; readonly id: Hex; readonly slot: number };
  /** Called when it is over. @param attested whether this verifier's attestation is on the chain */
  ended?(attested: boolean): void;
  /** Called once where what it takes to audit it is not to be had. */
  unavailable?(): Promise<void>;
}

/** Audits that run at the same time, and how many of them may be of what is not urgent. */
const AUDITS_AT_ONCE = 3;
const PATIENT_AUDITS_AT_ONCE = 1;

/** Audits by whose time the next one's is estimated. */
const AUDITS_TIMED = 5;

interface Attestation {
  readonly salt: Hex;
  readonly traces: readonly Hex[];
}

/**
 * Attests what this verifier is drawn for: runs it again bit for bit, seals what came out, opens the seal; and challenges
 * what is false. What it could not check it leaves alone.
 */
export class Attester {
  readonly #node: AttestingNode;
  readonly #taskId: Hex;
  readonly #verifier: Hex;
  readonly #disputes: Pick<DisputeAgent, "accuse">;
  readonly #store: ClaimStore;
  readonly #open = new Map<Hex, Attestable>();
  /** Seats that draw this verifier, by matter and round. */
  readonly #seats = new Map<string, number | undefined>();
  readonly #findings = new Map<Hex, Exclude<Finding, { outcome: "unavailable" }> | "pending">();
  /** What waits to be audited. Audits take longer than a block and mostly wait for data, so a few run beside the rounds. */
  readonly #waiting = new Set<Attestable>();
  readonly #auditing = new Map<Attestable, Promise<void>>();
  /** Blocks that the last audits of what is urgent took. */
  #took: number[] = [];
  /** The latest block that was attended to. */
  #head = 0n;
  /** Matters with a transaction under way. */
  readonly #busy = new Set<Hex>();
  /** Seals that this process sent or saw on the chain, with their blocks. */
  readonly #sealed = new Map<Hex, bigint>();
  readonly #failure = Promise.withResolvers<never>();

  constructor(node: AttestingNode, taskId: Hex, disputes: Pick<DisputeAgent, "accuse">) {
    this.#node = node;
    this.#taskId = taskId;
    this.#verifier = node.chain.account.address;
    this.#disputes = disputes;
    this.#store = new ClaimStore(node.database);
    // Whoever waits for the failure sees it; afterwards it must not count as unhandled.
    this.#failure.promise.catch(() => undefined);
  }

  /** Rejects when something beside the rounds fails. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Whether nothing can be attested any more. */
  get idle(): boolean {
    return this.#open.size === 0;
  }

  add(matter: Attestable): void {
    this.#open.set(matter.id, matter);
  }

  /** Lets go of what a reorganisation took back; it may come again with other contents. */
  forget(id: Hex): void {
    this.#open.delete(id);
    this.#findings.delete(id);
    for (const key of this.#seats.keys()) if (key.startsWith(id)) this.#seats.delete(key);
  }

  /**
   * Does for all matters what their rounds ask for now, and resolves when it is done. That takes blocks to be mined, in which
   * other matters' halves of a round pass: whoever follows the chain does not wait for it.
   */
  async attend(head: Head): Promise<void> {
    this.#head = head.number;
    const idle = [...this.#open.values()].filter(({ id }) => !this.#busy.has(id));
    for (const { id } of idle) this.#busy.add(id);
    await Promise.all(
      idle.map((matter) =>
        this.#attend(matter, head)
          .finally(() => this.#busy.delete(matter.id))
          .catch(this.#failure.reject),
      ),
    );
  }

  /** Resolves when all audits are done; those that still wait find their matters decided. */
  async settle(): Promise<void> {
    while (this.#auditing.size > 0) await Promise.all(this.#auditing.values());
  }

  async #attend(matter: Attestable, head: Head): Promise<void> {
    const { id } = matter;
    const standing = await matter.standing(head.number);
    const kept = this.#store.get(id);
    // What this verifier shares in is not a matter of its own notes: it may have been killed before it made them.
    const opened = kept !== undefined && (await matter.isAttested());
    if (standing === "over") {
      this.#open.delete(id);
      matter.ended?.(opened);
      return;
    }
    try {
      const { round, revealing } = this.#roundAt(head.number + 1n, matter.since);
      const seat = await this.#seatIn(matter, Math.max(round, 0));
      if (seat === undefined || opened) return;
      if (kept?.state === `sealed-${String(round)}`) {
        const attestation = kept.payload as Attestation;
        await (revealing ? this.#reveal(matter, attestation, { round, seat }) : this.#sendSeal(matter, attestation));
        return;
      }
      const finding = this.#findings.get(id);
      if (finding === undefined) this.#startAudit(matter);
      else if (finding === "pending") return;
      else if (finding.outcome === "false") this.#refute(matter, finding);
      else if (round >= 0 && !revealing && standing === "wanted") await this.#seal(matter, finding.traces, round);
    } catch (error) {
      // The half-round ended under way, or others decided: the next moment shows.
      if (!isRevert(error)) throw error;
      this.#node.log.warn({ event: "attestation-refused", task: this.#taskId, ...matter.fields, error });
    }
  }

  /** The round of a block, below 0 before the first. What is sent now is mined in the next block at the earliest. */
  #roundAt(block: bigint, since: bigint): { readonly round: number; readonly revealing: boolean } {
    const { attestationBlocks } = this.#node.schedule;
    if (block < since) return { round: -1, revealing: false };
    const elapsed = block - since;
    return {
      round: Number(elapsed / (2n * attestationBlocks)),
      revealing: elapsed % (2n * attestationBlocks) >= attestationBlocks,
    };
  }

  /** Draws are final, so each is asked for once. */
  async #seatIn(matter: Attestable, round: number): Promise<number | undefined> {
    const key = `${matter.id}:${String(round)}`;
    if (!this.#seats.has(key)) this.#seats.set(key, await matter.seatIn(round));
    return this.#seats.get(key);
  }

  #startAudit(matter: Attestable): void {
    this.#findings.set(matter.id, "pending");
    this.#waiting.add(matter);
    this.#auditNext();
  }

  /** Begins the next audit, as {@link #urgency} has it, and of equals what began first, if there is room for it. */
  #auditNext(): void {
    const patient = [...this.#auditing.keys()].filter(({ isUrgent }) => !isUrgent).length;
    const [next] = [...this.#waiting]
      .filter(({ isUrgent }) => isUrgent || patient < PATIENT_AUDITS_AT_ONCE)
      .sort((a, b) => this.#urgency(b) - this.#urgency(a) || Number(a.since - b.since));
    if (next === undefined || this.#auditing.size === AUDITS_AT_ONCE) return;
    this.#waiting.delete(next);
    const audit = this.#audit(next).catch(this.#failure.reject);
    this.#auditing.set(next, audit);
    void audit.finally(() => {
      this.#auditing.delete(next);
      this.#auditNext();
    });
  }

  async #audit(matter: Attestable): Promise<void> {
    // Its rounds may have passed while it waited.
    if (!this.#open.has(matter.id)) return;
    const began = this.#head;
    const finding = await matter.audit();
    if (finding.outcome === "unavailable") {
      await matter.unavailable?.();
      // Who serves it may be gone for a moment only: it is asked for again as long as there are rounds.
      this.#findings.delete(matter.id);
      return;
    }
    this.#findings.set(matter.id, finding);
    if (matter.isUrgent) this.#took = [...this.#took, Number(this.#head - began)].slice(-AUDITS_TIMED);
  }

  /**
   * How early a matter that waits is audited. Where more is claimed than this node can audit, going by age alone would
   * bring each of them a little too late: what cannot be sealed any more waits behind all the others, and is looked at only
   * because it may be false.
   */
  #urgency({ isUrgent, since }: Attestable): number {
    if (!isUrgent) return 1;
    const { attestationBlocks, attestationRounds } = this.#node.schedule;
    const sealsEnd = since + (2n * attestationRounds - 1n) * attestationBlocks;
    const usual = this.#took.length === 0 ? 0n : BigInt(Math.ceil(median(this.#took)));
    return this.#head + usual + 1n < sealsEnd ? 2 : 0;
  }

  async #seal(matter: Attestable, traces: readonly Hex[], round: number): Promise<void> {
    const attestation = { salt: bytesToHex(randomBytes(32)), traces };
    // Written before it is sent: a seal that cannot be opened after a crash would be lost work.
    this.#keep(matter.id, `sealed-${String(round)}`, attestation);
    await this.#sendSeal(matter, attestation);
  }

  /** Sends a seal that was written down, unless the chain has it: this node may have been killed before or after it did. */
  async #sendSeal(matter: Attestable, { salt, traces }: Attestation): Promise<void> {
    const sealedRoot = sealAttestationRoot(matter.id, this.#verifier, matter.rootOf(traces), salt);
    if (this.#sealed.has(sealedRoot)) return;
    const block = (await matter.sealedAt(sealedRoot)) ?? (await matter.seal(sealedRoot)).blockNumber;
    this.#sealed.set(sealedRoot, block);
    this.#node.log.info({ event: matter.events.sealed, task: this.#taskId, ...matter.fields });
  }

  /** Opens a seal that is on the chain: one that was mined too late, or that a kill kept from being sent, opens nothing. */
  async #reveal(
    matter: Attestable,
    { traces, salt }: Attestation,
    { round, seat }: { readonly round: number; readonly seat: number },
  ): Promise<void> {
    const sealedRoot = sealAttestationRoot(matter.id, this.#verifier, matter.rootOf(traces), salt);
    const block = this.#sealed.get(sealedRoot) ?? (await matter.sealedAt(sealedRoot));
    if (block === undefined) return;
    const sealed = this.#roundAt(block, matter.since);
    if (sealed.round !== round || sealed.revealing) return;
    await matter.reveal(seat, traces, salt);
    this.#node.log.info({
      event: matter.events.attested,
      task: this.#taskId,
      ...matter.fields,
      traceRoot: matter.rootOf(traces),
    });
  }

  #keep(id: Hex, state: string, payload: unknown): void {
    this.#store.put({ claimId: id, taskId: this.#taskId, state, payload });
  }

  /** What was run again and is false gets no attestation of this verifier's, and its slot a dispute. */
  #refute(matter: Attestable, refutation: Refutation): void {
    const { reason } = refutation;
    this.#open.delete(matter.id);
    this.#node.log.warn({ event: "refuted", task: this.#taskId, ...matter.fields, reason });
    this.#disputes.accuse({ ...matter.accused(refutation), reason });
  }
}

/** The block in which a contract's logs show a seal, of those from a block on; undefined if they show none. */
export async function sealBlock(
  { public: client }: Pick<Chain, "public">,
  { address, abi }: { readonly address: Hex; readonly abi: typeof auditsAbi | typeof workMintAbi },
  sealedRoot: Hex,
  fromBlock: bigint,
): Promise<bigint | undefined> {
  // Rounds may begin with the next block, and some nodes refuse to be asked of a block that is not there.
  if (fromBlock > (await client.getBlockNumber({ cacheTime: 0 }))) return undefined;
  const eventName = "AttestationSealed";
  const [sealed] = await client.getContractEvents({ address, abi, eventName, args: { sealedRoot }, fromBlock });
  return sealed?.blockNumber;
}

/** The first of a round's seats that draws the verifier. */
export async function firstSeat(
  verifier: Hex,
  seats: number,
  drawn: (seat: number) => Promise<Hex>,
): Promise<number | undefined> {
  for (let seat = 0; seat < seats; seat += 1) if (isAddressEqual(await drawn(seat), verifier)) return seat;
  return undefined;
}
