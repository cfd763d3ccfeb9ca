import { courtAbi, GristmillError, segmentGameAbi, segmentId } from "@gristmill/sdk";
import type { SegmentMessage } from "@gristmill/sdk";
import type { Logger } from "pino";
import type { Hex } from "viem";
import { formatEther, isAddressEqual, parseEventLogs, zeroHash } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { DisputeMode } from "../config/dispute-modes.ts";
import type { Database } from "../storage/database.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { DisputeStore } from "../storage/dispute-store.ts";
import type { Conviction, DisputeView } from "./court-events.ts";
import { convictionsBetween, disputesBetween, DisputeState, readDispute, Side, sideName } from "./court-events.ts";
import { decisionOf, moveName } from "./decision.ts";
import type { DisputeStep } from "./deposits.ts";
import { depositFor } from "./deposits.ts";
import type { SegmentGameState, TaskParameters } from "./game-state.ts";
import { reasonsToWait, requireRefuted } from "./preflight.ts";
import type { Evidence, SegmentCall } from "./segment-player.ts";
import { attackSegment, defendSegment } from "./segment-player.ts";
import type { SegmentTruth } from "./segment-truth.ts";

/** Role of a slot's place: `Role` of contracts/types/TaskTypes.sol. */
const MINER = 0;

/** Blocks that are searched again for disputes, so that a reorganisation loses none. */
const REORG_BLOCKS = 64n;

/** Blocks after which the loser of a dispute closes it if the winner does not, and between two tries to open one. */
const CLOSING_PATIENCE = 10n;
const RETRY_BLOCKS = 5n;

/** Refusals of both contracts that a move passes through: names of their errors. */
const GAME_ABI = [...segmentGameAbi, ...courtAbi.filter(({ type }) => type === "error")] as const;

/** What a node can compute in a task's disputes. Its role supplies it. */
export interface DisputeWork {
  /** The node's own slot, undefined if it has none. */
  readonly slot: number | undefined;
  /** The segment that the log holds under this id. */
  segment(id: Hex): SegmentMessage | undefined;
  /** An own segment as the slot computed it. @throws GristmillError if the database lacks what it takes */
  defence(id: Hex): Promise<SegmentTruth>;
  /**
   * Somebody's segment recomputed from everything that it names.
   * @param check on another engine than usual
   * @throws GristmillError if something is missing
   */
  recompute(id: Hex, check: boolean): Promise<SegmentTruth>;
  readonly findList: Evidence["findList"];
  /** Connected peers that take part in the task. */
  peers(): number;
  /** Sees to so much free stake, if the operator allows it. @throws GristmillError STAKE_MISSING */
  ensureStake(amount: bigint): Promise<void>;
}

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

/**
 * A node's part in the disputes of one task (DESIGN section 7): it watches all of them, answers for the node's own slot,
 * and challenges what the node found false. `look` is to be called with each new head; everything between two looks is
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
  #work: DisputeWork | undefined;
  #scanned: bigint;
  #convictionsScanned: bigint;
  #highest = 0n;
  /** Moves already reported, by dispute; and disputes whose outcome was. */
  readonly #reported = new Map<Hex, number>();
  readonly #decided = new Map<Hex, bigint>();
  /** Segments recomputed for disputes that are under way. */
  readonly #truths = new Map<Hex, Promise<SegmentTruth>>();
  /** What was said last of a matter, so that it is not said at every block. */
  readonly #said = new Map<string, string>();
  readonly #retryAt = new Map<Hex, bigint>();

  constructor(options: DisputeAgentOptions) {
    this.#options = options;
    this.convicted = this.#convict.signal;
    this.store = new DisputeStore(options.database, options.taskId);
    const last = this.store.lastBlock();
    this.#scanned = last === undefined ? options.since : last + 1n;
    this.#convictionsScanned = options.since;
  }

  /** Gives the agent what it takes to do more than watch. */
  equip(work: DisputeWork): void {
    this.#work = work;
  }

  /** Notes that a segment is false; the next looks challenge it. Known ones stay as they are. */
  accuse(segment: Hex, slot: number, reason: string): void {
    if (this.#options.mode !== "challenge" || this.store.accusation(segment) !== undefined) return;
    this.store.accuse({ segmentId: segment, slot, state: "found", reason });
  }

  /** Takes in the chain up to `head` and does what is due. */
  async look(head: Head): Promise<void> {
    if (this.#options.mode === "off") return;
    await this.#watch(head.number);
    for (const dispute of this.store.going()) await this.#attend(dispute, head);
    for (const accusation of this.store.accusations()) await this.#prosecute(accusation, head);
    if (head.number > this.#highest) this.#highest = head.number;
  }

  /**
   * Challenges one segment now.
   * @returns the dispute's id
   * @throws GristmillError VIEW_INCOMPLETE, RERUNS_DIFFER, SEGMENT_AGREES, ALREADY_CHALLENGED, and what the chain refuses
   */
  async challenge(segment: Hex, slot: number, head: Head): Promise<Hex> {
    await this.#watch(head.number);
    const known = this.#challengeOf(segment);
    if (known !== undefined)
      throw new GristmillError(
        "ALREADY_CHALLENGED",
        `this account challenged segment ${segment} before: ${known.disputeId}`,
        {
          hints: ["answer it with `oracle-miner disputes respond`"],
        },
      );
    return this.#open({ segmentId: segment, slot, state: "found", reason: "asked for by its operator" }, head);
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
    const { chain, taskId, since, log } = this.#options;
    const from = this.#scanned - REORG_BLOCKS;
    for (const dispute of await disputesBetween(chain, taskId, from > since ? from : since, to)) {
      if (!this.store.add(dispute)) continue;
      const { disputeId, index, role, challenger, claim, bond } = dispute;
      const place = role === MINER ? { slot: index } : { evaluator: index };
      log.info({
        event: "dispute-opened",
        task: taskId,
        dispute: disputeId,
        ...place,
        challenger,
        claim,
        bond: formatEther(bond),
      });
    }
    this.#scanned = to + 1n;
    if (to < this.#convictionsScanned) return;
    for (const conviction of await convictionsBetween(chain, taskId, this.#convictionsScanned, to))
      this.#takeConviction(conviction);
    this.#convictionsScanned = to + 1n;
  }

  #takeConviction({ role, index, accuser, reward, forfeit }: Conviction): void {
    const { log, taskId, parameters } = this.#options;
    const isSlot = role === MINER;
    const stake = isSlot ? parameters.minerStake : parameters.evaluatorStake;
    const own = isSlot && this.#work?.slot === index;
    log[own ? "error" : "info"]({
      event: "convicted",
      task: taskId,
      ...(isSlot ? { slot: index } : { evaluator: index }),
      accuser,
      stake: formatEther(stake),
      burned: formatEther(stake - reward - forfeit),
      accusers: formatEther(reward),
      honest: formatEther(forfeit),
    });
    if (own)
      this.#convict.abort(
        new GristmillError(
          "SLOT_CONVICTED",
          `slot ${String(index)} of task ${taskId} was convicted and lost its stake`,
        ),
      );
  }

  // --- disputes that are going on

  /** Reports what happened in a dispute, and does what it asks of this node now. */
  async #attend(dispute: KnownDispute, head: Head): Promise<void> {
    const { contracts } = this.#options;
    const view = await contracts.court.read.disputeOf([dispute.disputeId]);
    await this.#report(dispute, view);
    if (view.state === DisputeState.Closed || view.state === DisputeState.Withdrawn) {
      this.store.end(dispute.disputeId);
      this.#truths.delete(dispute.claim);
      await this.#collect(dispute);
      return;
    }
    try {
      await this.#act(dispute, view, head);
    } catch (error) {
      this.#warn("move-refused", dispute.disputeId, error, { dispute: dispute.disputeId, move: view.moves });
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
    if (mode === "watch" || this.#work === undefined) return undefined;
    if (role === MINER && this.#work.slot === index) return Side.Defender;
    return mode === "challenge" && isAddressEqual(challenger, chain.account.address) ? Side.Challenger : undefined;
  }

  async #move(dispute: KnownDispute, { moves }: DisputeView, side: number): Promise<string | undefined> {
    const { chain, contracts } = this.#options;
    const { disputeId, claim } = dispute;
    if (!isAddressEqual(dispute.game, contracts.segmentGame.address)) return undefined;
    if (this.store.intended(disputeId, moves) !== undefined) {
      // Sent before, or about to be when this process was killed: the chain may not show it yet.
      if (await chain.hasPending()) return undefined;
      if ((await contracts.court.read.disputeOf([disputeId])).moves !== moves) return undefined;
    }
    const { game } = await readDispute(chain, contracts, dispute);
    if (game === undefined) return undefined;
    const call = this.#nextCall(claim, game, await this.#truth(claim, side), side);
    if (call === undefined) return undefined;
    this.store.intend(disputeId, moves, call.functionName);
    if (call.functionName === "proveMalformedList") await this.#prove(call);
    else await this.#send(call.functionName, [disputeId, ...call.args], isDecision(call) ? undefined : game.stage);
    return call.functionName;
  }

  #nextCall(claim: Hex, game: SegmentGameState, truth: SegmentTruth, side: number): SegmentCall | undefined {
    if (side === Side.Defender) return defendSegment(game, truth, this.#options.parameters);
    const { segment, findList } = this.#need();
    const signature = segment(claim)?.signature ?? "0x";
    return attackSegment(game, truth, { signature, parameters: this.#options.parameters, findList });
  }

  /** The segment as this side holds it to be, computed once a dispute. */
  async #truth(claim: Hex, side: number): Promise<SegmentTruth> {
    const work = this.#need();
    const kept =
      this.#truths.get(claim) ?? (side === Side.Defender ? work.defence(claim) : work.recompute(claim, false));
    this.#truths.set(claim, kept);
    try {
      return await kept;
    } catch (error) {
      // What was missing may come: the next look asks again.
      this.#truths.delete(claim);
      throw error;
    }
  }

  async #close(dispute: KnownDispute, view: DisputeView, side: number, head: Head): Promise<string | undefined> {
    const { disputeId } = dispute;
    const since = this.#decided.get(disputeId) ?? head.number;
    this.#decided.set(disputeId, since);
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
    const { chain, contracts, log, taskId } = this.#options;
    if (this.#sideIn(dispute) === undefined) return;
    const credit = await contracts.court.read.creditOf([chain.account.address]);
    if (credit === 0n) return;
    const { address, abi } = contracts.court;
    await chain.transact({ address, abi, functionName: "withdraw", args: [] });
    log.info({ event: "deposits-returned", task: taskId, dispute: dispute.disputeId, ether: formatEther(credit) });
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

  /** Challenges a segment, unless it was done, or the node does not see enough to bond for it. */
  async #prosecute(accusation: Accusation, head: Head): Promise<void> {
    const { chain, contracts, mode, taskId } = this.#options;
    const { segmentId: claim, slot } = accusation;
    if (mode !== "challenge" || this.#work === undefined || head.number < (this.#retryAt.get(claim) ?? 0n)) return;
    this.#retryAt.set(claim, head.number + RETRY_BLOCKS);
    try {
      if (accusation.state === "sending") {
        // Killed while the challenge was being sent: it may be in the chain, or on its way.
        if (await chain.hasPending()) return;
        await this.#watch((await chain.head()).number);
      }
      const { convicted } = await contracts.registry.read.placeOf([taskId, MINER, slot]);
      if (convicted || this.#challengeOf(claim) !== undefined) {
        this.store.accuse({ ...accusation, state: "settled" });
        return;
      }
      // One at a time: the first that is won settles them all, and each further one takes twice the bond.
      if (this.store.going().some((dispute) => this.#isOwnAgainst(dispute, slot))) return;
      await this.#open(accusation, head);
    } catch (error) {
      this.#warn("challenge-refused", claim, error, { slot, claim });
    }
  }

  #isOwnAgainst({ challenger, role, index }: KnownDispute, slot: number): boolean {
    return role === MINER && index === slot && isAddressEqual(challenger, this.#options.chain.account.address);
  }

  /** This account's own dispute over a claim, whatever became of it. */
  #challengeOf(claim: Hex): KnownDispute | undefined {
    const account = this.#options.chain.account.address;
    return this.store.all().find((known) => known.claim === claim && isAddressEqual(known.challenger, account));
  }

  /** Checks once more that the segment is false and that this node sees everything, then bonds. */
  async #open(accusation: Accusation, head: Head): Promise<Hex> {
    const { chain, contracts, taskId } = this.#options;
    const { segmentId: claim, slot } = accusation;
    const work = this.#need();
    const message = work.segment(claim);
    if (message === undefined)
      throw new GristmillError("VIEW_INCOMPLETE", `segment ${claim} of slot ${String(slot)} is not in this node's log`);
    const bond = await contracts.court.read.bondFor([{ taskId, role: MINER, index: slot }]);
    await work.ensureStake(bond);
    const now = this.#options.now ?? (() => Math.floor(Date.now() / 1000));
    const around = { chain, contracts, head, highest: this.#highest, peers: work.peers(), now: now() };
    const reasons = await reasonsToWait(around, bond);
    if (reasons.length > 0) throw new GristmillError("VIEW_INCOMPLETE", reasons.join("; "));
    const truth = await this.#truth(claim, Side.Challenger);
    requireRefuted(message, truth, await work.recompute(claim, true));

    this.store.accuse({ ...accusation, state: "sending" });
    const { segment, signature } = message;
    const predecessor = truth.predecessor?.segment ?? { ...NO_SEGMENT, taskId };
    let logs;
    try {
      ({ logs } = await this.#send("challenge", [segment, signature, predecessor], "challenge"));
    } catch (error) {
      // Refused before it was mined: nothing is bonded.
      if (isRevert(error)) this.store.accuse({ ...accusation, state: "found" });
      throw error;
    }
    await this.#watch((await chain.head()).number);
    this.store.accuse({ ...accusation, state: "settled" });
    const [opened] = parseEventLogs({ abi: courtAbi, logs, eventName: "DisputeOpened", strict: true });
    if (opened === undefined)
      throw new GristmillError("DISPUTE_LOST", "the challenge was mined, but opened no dispute");
    return opened.args.disputeId;
  }

  // --- helpers

  /** Sends a call of the segment game with the deposit that it needs; what decides a dispute needs none. */
  async #send(functionName: string, args: readonly unknown[], step: DisputeStep | undefined) {
    const { chain, contracts } = this.#options;
    const value = step === undefined ? 0n : await depositFor(chain, contracts, step);
    // The player builds the arguments of each call in its own type; here they only pass through.
    const call = { address: contracts.segmentGame.address, abi: GAME_ABI, functionName, args, value };
    return chain.transact(call as unknown as Parameters<Chain["transact"]>[0]);
  }

  /** Brings a direct proof, which ends a dispute by conviction. */
  async #prove({ functionName, args }: SegmentCall): Promise<void> {
    const { chain, contracts } = this.#options;
    const { address, abi } = contracts.misconduct;
    await chain.transact({ address, abi, functionName, args } as unknown as Parameters<Chain["transact"]>[0]);
  }

  /** Says what happened in a dispute since it was looked at last. */
  async #report(dispute: KnownDispute, view: DisputeView): Promise<void> {
    const { chain, contracts, log, taskId } = this.#options;
    const { disputeId, index, role } = dispute;
    const place = role === MINER ? { slot: index } : { evaluator: index };
    const moved = this.#reported.get(disputeId) ?? 0;
    const over = view.state === DisputeState.Decided || view.state === DisputeState.Closed;
    if (view.moves === moved && (!over || this.#said.has(`outcome ${disputeId}`))) return;
    const record = await readDispute(chain, contracts, dispute);
    for (const entry of record.court) {
      if (entry.eventName === "DisputeMoved" && entry.args.move >= moved) {
        const { move } = entry.args;
        const side = sideName(entry.args.side);
        const what = moveName(record.moves, move);
        log.info({ event: "dispute-moved", task: taskId, dispute: disputeId, ...place, side, move, what });
        this.#reported.set(disputeId, move + 1);
      }
      if (entry.eventName !== "DisputeDecided" || this.#said.has(`outcome ${disputeId}`)) continue;
      this.#said.set(`outcome ${disputeId}`, "");
      const winner = sideName(entry.args.winner);
      const why = entry.args.byTimeout ? "silence" : decisionOf(record);
      log.info({ event: "dispute-decided", task: taskId, dispute: disputeId, ...place, winner, why });
    }
  }

  /** Warns once of each new reason. */
  #warn(event: string, matter: Hex, error: unknown, fields: Readonly<Record<string, unknown>>): void {
    const { log, taskId } = this.#options;
    // Amounts and times in it change from block to block.
    const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\d/g, "");
    if (this.#said.get(matter) === text) return;
    this.#said.set(matter, text);
    log.warn({ event, task: taskId, ...fields, error });
  }

  #need(): DisputeWork {
    if (this.#work === undefined)
      throw new GristmillError(
        "DISPUTE_NOT_EQUIPPED",
        "this node has not joined the task, so it only watches its disputes",
      );
    return this.#work;
  }
}

/** Whether a call ends its dispute, so that nobody has to answer it. */
function isDecision({ functionName }: SegmentCall): boolean {
  return functionName.startsWith("refute") || functionName === "contestList";
}

/** What stands for the predecessor of a slot's first segment. */
const NO_SEGMENT = {
  slot: 0,
  first: 0,
  last: 0,
  previous: zeroHash,
  recordsRoot: zeroHash,
  stateId: zeroHash,
  residualId: zeroHash,
  work: zeroHash,
};
