import { randomBytes } from "node:crypto";

import { sealAttestationRoot } from "@gristmill/sdk";
import type { auditsAbi, workMintAbi } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, isAddressEqual } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { Chain, Head } from "../chain/chain.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import { ClaimStore } from "../storage/claim-store.ts";
import type { Finding, Refutation } from "./claim-audit.ts";
import type { Node } from "./node.ts";

/** What of a node attesting takes. */
export type AttestingNode = Pick<Node, "chain" | "schedule" | "database" | "log">;

/** Something that drawn verifiers attest by commit and reveal: a claim, or a segment drawn for an audit. */
export interface Attestable {
  /** Under which the contract knows it. */
  readonly id: Hex;
  /** Whether somebody loses what is not attested in time, as a claim's miner does: such matters are audited first. */
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
  seal(sealedRoot: Hex): Promise<unknown>;
  /** Whether the chain shows a seal. */
  isSealed(sealedRoot: Hex): Promise<boolean>;
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

/** Audits that run at the same time. */
const AUDITS_AT_ONCE = 3;

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
  readonly #lanes = new Set<Promise<void>>();
  #auditing = 0;
  /** Matters with a transaction under way. */
  readonly #busy = new Set<Hex>();
  /** Seals that this process sent or saw on the chain. */
  readonly #sealed = new Set<Hex>();
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

  /** Resolves when the audits that run are done; the others find their matters decided. */
  async settle(): Promise<void> {
    await Promise.all(this.#lanes);
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
        await (revealing ? this.#reveal(matter, attestation, seat) : this.#sendSeal(matter, attestation));
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
    if (this.#auditing === AUDITS_AT_ONCE) return;
    this.#auditing += 1;
    const lane = this.#auditWaiting().catch(this.#failure.reject);
    this.#lanes.add(lane);
    void lane.finally(() => this.#lanes.delete(lane));
  }

  /** Audits one after the other, what is urgent first, and of that whose rounds began first. */
  async #auditWaiting(): Promise<void> {
    while (this.#waiting.size > 0) {
      const matter = [...this.#waiting].reduce((first, other) => (comesBefore(other, first) ? other : first));
      this.#waiting.delete(matter);
      // Its rounds may have passed while it waited.
      if (!this.#open.has(matter.id)) continue;
      const finding = await matter.audit();
      if (finding.outcome === "unavailable") {
        await matter.unavailable?.();
        // Who serves it may be gone for a moment only: it is asked for again as long as there are rounds.
        this.#findings.delete(matter.id);
      } else {
        this.#findings.set(matter.id, finding);
      }
    }
    this.#auditing -= 1;
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
    if (!(await matter.isSealed(sealedRoot))) await matter.seal(sealedRoot);
    this.#sealed.add(sealedRoot);
    this.#node.log.info({ event: matter.events.sealed, task: this.#taskId, ...matter.fields });
  }

  /** Opens a seal that is on the chain: one that was sent too late, or that a kill kept from being sent, opens nothing. */
  async #reveal(matter: Attestable, { traces, salt }: Attestation, seat: number): Promise<void> {
    const sealedRoot = sealAttestationRoot(matter.id, this.#verifier, matter.rootOf(traces), salt);
    if (!this.#sealed.has(sealedRoot) && !(await matter.isSealed(sealedRoot))) return;
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

function comesBefore(one: Attestable, other: Attestable): boolean {
  return one.isUrgent === other.isUrgent ? one.since < other.since : one.isUrgent;
}

/** Whether a contract's logs show a seal, from a block on. */
export async function hasSeal(
  { public: client }: Pick<Chain, "public">,
  { address, abi }: { readonly address: Hex; readonly abi: typeof auditsAbi | typeof workMintAbi },
  sealedRoot: Hex,
  fromBlock: bigint,
): Promise<boolean> {
  // Rounds may begin with the next block, and some nodes refuse to be asked of a block that is not there.
  if (fromBlock > (await client.getBlockNumber({ cacheTime: 0 }))) return false;
  const eventName = "AttestationSealed";
  return (await client.getContractEvents({ address, abi, eventName, args: { sealedRoot }, fromBlock })).length > 0;
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
