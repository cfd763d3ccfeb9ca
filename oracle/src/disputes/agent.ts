import { courtAbi, DisputeState, GristmillError, Role, Side } from "@gristmill/sdk";
import type { SegmentMessage } from "@gristmill/sdk";
import type { Logger } from "pino";
import type { Hex, TransactionReceipt } from "viem";
import { isAddressEqual, parseEventLogs } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { FINAL_DEPTH } from "../chain/finality.ts";
import type { DisputeMode } from "../config/dispute-modes.ts";
import type { Database } from "../storage/database.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { DisputeStore } from "../storage/dispute-store.ts";
import { Aftermath } from "./aftermath.ts";
import type { ConvictionEvent, DisputeView } from "./court-events.ts";
import { convictionsBetween, disputesBetween } from "./court-events.ts";
import type { CommittedPlace } from "./demand-duty.ts";
import { DemandDuty } from "./demand-duty.ts";
import { DisputeReport, placeName } from "./dispute-report.ts";
import type { DisputeWork } from "./dispute-work.ts";
import type { TaskParameters } from "./game-state.ts";
import type { Play, Step } from "./play.ts";
import { reasonsToWait } from "./preflight.ts";
import { ScorePlay } from "./score-play.ts";
import { SegmentPlay } from "./segment-play.ts";
import { TensHashPlay } from "./tens-hash-play.ts";

/** Blocks after which the loser of a dispute closes it if the winner does not, and between two tries to open one. */
const CLOSING_PATIENCE = 10n;
const RETRY_BLOCKS = 5n;

export interface DisputeAgentOptions {
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly database: Database;
  readonly log: Logger;
  readonly mode: DisputeMode;
  readonly taskId: Hex;
  /** Block of the task's creation: no dispute of it is older. */
  readonly since: bigint;
  /** Of the task, as in its event. */
  readonly parameters: TaskParameters;
  /** The clock on the wall, unix seconds. */
  readonly now?: () => number;
}

/** What an equipped agent works with. */
interface Equipment {
  readonly work: DisputeWork;
  readonly segments: Play;
  readonly tickets: Play;
  readonly scores: Play;
}

/**
 * A node's part in the disputes of one task (DESIGN section 7): it watches all of them, answers for the node's own slot
 * or score, and challenges what the node found false. `look` is to be called with each new head; everything between two looks is
 * in the database or on the chain, so a node that was killed goes on where it was.
 *
 * Before anything is sent that costs a bond or a deposit, the intent is written to the disk. A move found there that the
 * chain does not show may be under way: it is sent again only when no transaction of the account is pending any more.
 */
export class DisputeAgent {
  readonly store: DisputeStore;
  /** Aborts when the node's own slot is convicted. */
  readonly convicted: AbortSignal;
  readonly #convict = new AbortController();
  readonly #options: DisputeAgentOptions;
  readonly #report: DisputeReport;
  readonly #aftermath: Aftermath;
  readonly #demands: DemandDuty;
  #equipment: Equipment | undefined;
  #scanned: bigint;
  readonly #convictions: EventFeed<ConvictionEvent>;
  #highest = 0n;
  /** Slots whose equivocation needs no proof any more. */
  readonly #proven = new Set<number>();
  /** When a dispute that this node lost was seen decided, and when an accusation may be tried again. */
  readonly #decidedAt = new Map<Hex, bigint>();
  readonly #retryAt = new Map<Hex, bigint>();

  constructor(options: DisputeAgentOptions) {
    const { chain, contracts, database, log, taskId, since } = options;
    this.#options = options;
    this.convicted = this.#convict.signal;
    this.#report = new DisputeReport(chain, contracts, log.child({ task: taskId }));
    this.store = new DisputeStore(database, taskId);
    this.#demands = new DemandDuty(chain, contracts, taskId, this.#report, since);
    this.#aftermath = new Aftermath(chain, contracts, this.store, this.#report, since);
    const last = this.store.lastBlock();
    this.#scanned = last === undefined ? since : last + 1n;
    this.#convictions = new EventFeed(chain, since, (from, to) =>
      convictionsBetween(chain, contracts, taskId, from, to),
    );
  }

  /** Gives the agent what it takes to do more than watch. */
  equip(work: DisputeWork): void {
    const { chain, contracts, parameters, since, taskId } = this.#options;
    this.#equipment = {
      work,
      segments: new SegmentPlay(chain, contracts, parameters, work),
      tickets: new TensHashPlay(chain, contracts, since, work),
      scores: new ScorePlay(chain, contracts, taskId, parameters, work),
    };
  }

  /** Notes that something is false; the next looks challenge it. What was noted before stays as it is. */
  accuse(accusation: Omit<Accusation, "state">): void {
    if (this.#options.mode !== "challenge" || this.store.accusation(accusation.id) !== undefined) return;
    this.store.accuse({ ...accusation, state: "found" });
  }

  /** Asks a slot on the chain for a segment that it committed and that nobody serves, if the node is to challenge at all. */
  async demand(place: CommittedPlace): Promise<void> {
    if (this.#options.mode === "challenge") await this.#demands.ask(place);
  }

  /** Takes in the chain up to `head` and does what is due. */
  async look(head: Head): Promise<void> {
    if (this.#options.mode === "off") return;
    await this.#watch(head.number);
    for (const dispute of this.store.going()) await this.#attend(dispute, head);
    for (const accusation of this.store.accusations()) await this.#prosecute(accusation, head);
    await this.#proveEquivocations();
    if (this.#equipment !== undefined) await this.#demands.look(head, this.#equipment.work);
    if (this.#options.mode === "challenge") await this.#aftermath.look(head);
    if (head.number > this.#highest) this.#highest = head.number;
  }

  /**
   * Challenges one thing now.
   * @returns the dispute's id
   * @throws GristmillError VIEW_INCOMPLETE, RERUNS_DIFFER, SEGMENT_AGREES, TICKET_AGREES, ALREADY_CHALLENGED, and what the
   * chain refuses
   */
  async challenge(accused: Pick<Accusation, "kind" | "id" | "slot">, head: Head): Promise<Hex> {
    await this.#watch(head.number);
    const accusation: Accusation = { ...accused, state: "found", reason: "asked for by its operator" };
    const known = await this.#challengeOf(accusation);
    if (known !== undefined)
      throw new GristmillError("ALREADY_CHALLENGED", `this account challenged it before: ${known.disputeId}`, {
        hints: ["answer it with `oracle-miner disputes respond`"],
      });
    return this.#open(accusation, head);
  }

  /**
   * Does what a dispute asks of this node now.
   * @returns name of the call that it made, undefined if there is nothing to do
   * @throws GristmillError DISPUTE_UNKNOWN, and what the chain refuses
   */
  async respond(disputeId: Hex, head: Head): Promise<string | undefined> {
    await this.#watch(head.number);
    const dispute = this.store.all().find((known) => known.disputeId === disputeId);
    if (dispute === undefined)
      throw new GristmillError("DISPUTE_UNKNOWN", `task ${this.#options.taskId} has no dispute ${disputeId}`, {
        hints: ["list them with `oracle-miner disputes list`"],
      });
    return this.#act(dispute, await this.#options.contracts.court.read.disputeOf([disputeId]), head);
  }

  // --- what the chain says

  async #watch(to: bigint): Promise<void> {
    const { chain, contracts, taskId, since, parameters } = this.#options;
    const from = this.#scanned - FINAL_DEPTH;
    for (const dispute of await disputesBetween(chain, contracts, taskId, from > since ? from : since, to))
      if (this.store.add(dispute)) this.#report.opened(dispute);
    this.#scanned = to + 1n;
    // What a conviction ends does not begin again: only a confirmed one counts.
    const { added } = await this.#convictions.take(chain.settledBlock(to));
    for (const { args: conviction } of added) {
      const { role, index } = conviction;
      const own = this.#isOwn(role, index);
      this.#report.convicted(conviction, parameters, own);
      if (role === Role.Miner) this.#aftermath.add(index);
      if (own && role === Role.Miner)
        this.#convict.abort(
          new GristmillError(
            "SLOT_CONVICTED",
            `slot ${String(index)} of task ${taskId} was convicted and lost its stake`,
          ),
        );
    }
  }

  // --- disputes that are going on

  /** Reports what happened in a dispute, and does what it asks of this node now. */
  async #attend(dispute: KnownDispute, head: Head): Promise<void> {
    const { disputeId, claim } = dispute;
    const view = await this.#options.contracts.court.read.disputeOf([disputeId]);
    await this.#report.progress(dispute, view);
    if (view.state === DisputeState.Closed || view.state === DisputeState.Withdrawn) {
      this.store.end(disputeId);
      this.#playOf(dispute)?.forget(claim);
      await this.#collect(dispute);
      return;
    }
    try {
      await this.#act(dispute, view, head);
    } catch (error) {
      this.#report.warn("move-refused", disputeId, error, { dispute: disputeId, move: view.moves });
    }
  }

  /** Does what a dispute asks of this node now, if anything; says what it did. */
  async #act(dispute: KnownDispute, view: DisputeView, head: Head): Promise<string | undefined> {
    const side = this.#sideIn(dispute);
    if (side === undefined) return undefined;
    if (view.state === DisputeState.Decided) return this.#close(dispute, view, side, head);
    if (side === Side.Challenger && (await this.#isMoot(dispute))) return this.#call("retract", dispute.disputeId);
    if (view.state !== DisputeState.Open) return undefined;
    if (view.turn === side) return this.#move(dispute, view, side);
    return head.timestamp > view.movesUntil ? this.#call("expire", dispute.disputeId) : undefined;
  }

  /** The side that this node plays, undefined if it only watches. */
  #sideIn({ challenger, role, index }: KnownDispute): number | undefined {
    const { mode, chain } = this.#options;
    if (mode === "watch" || this.#equipment === undefined) return undefined;
    if (this.#isOwn(role, index)) return Side.Defender;
    return mode === "challenge" && isAddressEqual(challenger, chain.account.address) ? Side.Challenger : undefined;
  }

  #isOwn(role: number, index: number): boolean {
    const { slot, evaluator } = this.#equipment?.work ?? {};
    return (role === Role.Miner && slot === index) || (role === Role.Evaluator && evaluator === index);
  }

  async #move(dispute: KnownDispute, { moves }: DisputeView, side: number): Promise<string | undefined> {
    const { chain, contracts } = this.#options;
    const { disputeId } = dispute;
    if (this.store.intended(disputeId, moves) !== undefined) {
      // Sent before, or about to be when this process was killed: the chain may not show it yet.
      if (await chain.hasPending()) return undefined;
      if ((await contracts.court.read.disputeOf([disputeId])).moves !== moves) return undefined;
    }
    const step = await this.#playOf(dispute)?.next(dispute, side);
    if (step === undefined) return undefined;
    this.store.intend(disputeId, moves, step.functionName);
    await this.#send(step);
    return step.functionName;
  }

  async #close({ disputeId }: KnownDispute, view: DisputeView, side: number, head: Head): Promise<string | undefined> {
    const since = this.#decidedAt.get(disputeId) ?? head.number;
    this.#decidedAt.set(disputeId, since);
    if (view.turn !== side && head.number - since < CLOSING_PATIENCE) return undefined;
    return this.#call("close", disputeId);
  }

  /** Whether the accused was convicted by another dispute: whoever waits, or was called after it, gets everything back. */
  async #isMoot({ role, index }: KnownDispute): Promise<boolean> {
    const { contracts, taskId } = this.#options;
    return (await contracts.registry.read.placeOf([taskId, role, index])).convicted;
  }

  /** Takes out the ether that an ended dispute credited to this node. */
  async #collect(dispute: KnownDispute): Promise<void> {
    const { chain, contracts } = this.#options;
    if (this.#sideIn(dispute) === undefined) return;
    const credit = await contracts.court.read.creditOf([chain.account.address]);
    if (credit === 0n) return;
    const { address, abi } = contracts.court;
    await chain.transact({ address, abi, functionName: "withdraw", args: [] });
    this.#report.depositsReturned(dispute.disputeId, credit);
  }

  async #call(functionName: "expire" | "close" | "retract", disputeId: Hex): Promise<string> {
    const { address, abi } = this.#options.contracts.court;
    try {
      await this.#options.chain.transact({ address, abi, functionName, args: [disputeId] });
    } catch (error) {
      // The other side, or anybody, was first.
      if (!isRevert(error, "Court_WrongState")) throw error;
    }
    return functionName;
  }

  // --- challenging

  /** Challenges what is accused, unless it was done, or the node does not see enough to bond for it. */
  async #prosecute(accusation: Accusation, head: Head): Promise<void> {
    const { chain, contracts, mode, taskId } = this.#options;
    const { id, kind, slot } = accusation;
    const place = placeOf(accusation);
    if (mode !== "challenge" || this.#equipment === undefined || head.number < (this.#retryAt.get(id) ?? 0n)) return;
    this.#retryAt.set(id, head.number + RETRY_BLOCKS);
    try {
      if (accusation.state === "sending") {
        // Killed while the challenge was being sent: it may be in the chain, or on its way.
        if (await chain.hasPending()) return;
        await this.#watch((await chain.head()).number);
      }
      const { convicted } = await contracts.registry.read.placeOf([taskId, place.role, slot]);
      if (convicted || (await this.#challengeOf(accusation)) !== undefined) {
        this.store.accuse({ ...accusation, state: "settled" });
        return;
      }
      // One at a time: the first that is won settles them all, and each further one takes twice the bond.
      if (this.#own(this.store.going()).some(({ role, index }) => role === place.role && index === slot)) return;
      await this.#open(accusation, head);
    } catch (error) {
      this.#report.warn("challenge-refused", id, error, { ...placeName(place.role, slot), [kind]: id });
    }
  }

  /** Disputes that this account challenged in. */
  #own(disputes: readonly KnownDispute[]): KnownDispute[] {
    return disputes.filter(({ challenger }) => isAddressEqual(challenger, this.#options.chain.account.address));
  }

  /** This account's own dispute over what is accused, whatever became of it. */
  async #challengeOf(accusation: Accusation): Promise<KnownDispute | undefined> {
    const claim = await this.#playFor(accusation).claimOf(accusation);
    return this.#own(this.store.all()).find((known) => known.claim === claim);
  }

  /** Checks once more that it is false and that this node sees everything, then bonds. */
  async #open(accusation: Accusation, head: Head): Promise<Hex> {
    const { chain, contracts, taskId, now = () => Math.floor(Date.now() / 1000) } = this.#options;
    const { work } = this.#need();
    const bond = await contracts.court.read.bondFor([{ taskId, ...placeOf(accusation) }]);
    await work.ensureStake(bond);
    const around = { chain, contracts, head, highest: this.#highest, peers: work.peers(), now: now() };
    const reasons = await reasonsToWait(around, bond);
    if (reasons.length > 0) throw new GristmillError("VIEW_INCOMPLETE", reasons.join("; "));
    const step = await this.#playFor(accusation).opening(accusation);

    this.store.accuse({ ...accusation, state: "sending" });
    let receipt: TransactionReceipt;
    try {
      receipt = await this.#send(step);
    } catch (error) {
      // Refused before it was mined: nothing is bonded.
      if (isRevert(error)) this.store.accuse({ ...accusation, state: "found" });
      throw error;
    }
    await this.#watch((await chain.head()).number);
    this.store.accuse({ ...accusation, state: "settled" });
    const [opened] = parseEventLogs({ abi: courtAbi, logs: receipt.logs, eventName: "DisputeOpened", strict: true });
    if (opened === undefined)
      throw new GristmillError("DISPUTE_LOST", "the challenge was mined, but opened no dispute");
    return opened.args.disputeId;
  }

  // --- direct proofs

  /** Convicts other slots that signed two contradicting segments: that costs no bond and needs no game. */
  async #proveEquivocations(): Promise<void> {
    const { chain, contracts, mode, taskId } = this.#options;
    if (mode === "watch" || this.#equipment === undefined) return;
    const { address, abi } = contracts.misconduct;
    for (const { slot, first, second } of this.#equipment.work.equivocations()) {
      if (this.#proven.has(slot) || this.#isOwn(Role.Miner, slot)) continue;
      const { convicted } = await contracts.registry.read.placeOf([taskId, Role.Miner, slot]);
      try {
        if (!convicted)
          await chain.transact({
            address,
            abi,
            functionName: "proveEquivocation",
            args: [signed(first), signed(second)],
          });
        this.#proven.add(slot);
      } catch (error) {
        this.#report.warn("proof-refused", first.segment.recordsRoot, error, { slot });
      }
    }
  }

  // --- helpers

  #send(step: Step): Promise<TransactionReceipt> {
    return this.#options.chain.transact(step);
  }

  #playOf({ game }: KnownDispute): Play | undefined {
    const { segments, tickets, scores } = this.#equipment ?? {};
    const plays = [segments, tickets, scores];
    return plays.find((play) => play !== undefined && isAddressEqual(play.game, game));
  }

  #playFor({ kind }: Accusation): Play {
    const { segments, tickets, scores } = this.#need();
    return { segment: segments, ticket: tickets, score: scores }[kind];
  }

  #need(): Equipment {
    if (this.#equipment === undefined)
      throw new GristmillError(
        "DISPUTE_NOT_EQUIPPED",
        "this node has not joined the task: it only watches its disputes",
      );
    return this.#equipment;
  }
}

function signed({ segment, signature }: SegmentMessage): Pick<SegmentMessage, "segment" | "signature"> {
  return { segment, signature };
}

/** The place whose stake answers for what is accused. */
function placeOf({ kind, slot }: Pick<Accusation, "kind" | "slot">): { readonly role: number; readonly index: number } {
  return { role: kind === "score" ? Role.Evaluator : Role.Miner, index: slot };
}
