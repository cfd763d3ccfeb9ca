import {
  ClaimState,
  merkleProof,
  Phase,
  recordHash,
  Role,
  tensHashTraceId,
  ticketInput,
  ticketsOf,
} from "@gristmill/sdk";
import type { IterationRecord, workMintAbi } from "@gristmill/sdk";
import type { ContractFunctionArgs, Hex } from "viem";
import { bytesToHex, encodeAbiParameters, formatEther, hexToBytes, keccak256, parseEventLogs, zeroHash } from "viem";

import { isRevert, isUnprofitable, revertArguments } from "../chain/chain.ts";
import { ensureSeed, epochAt, lastBlockOf } from "../chain/epochs.ts";
import { ClaimStore } from "../storage/claim-store.ts";
import type { LoggedSegment } from "../storage/task-log.ts";
import type { TensHasher } from "../tenshash/index.ts";
import type { SlotContext } from "../training/slot-replica.ts";
import type { ClaimDetails, StoredDetails } from "../chain/claim-details.ts";
import { fetchDetails, restoreDetails, storeDetails } from "../chain/claim-details.ts";
import { claimStateName } from "../chain/claim-state.ts";
import { worthOfClaim } from "./claim-worth.ts";
import { NodeHasher } from "./node-hasher.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { SlotWork } from "./slot-work.ts";
import type { TaskFollower, TaskMoment } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";

interface Ticket {
  readonly record: IterationRecord;
  readonly segment: LoggedSegment;
  readonly ticket: number;
  /** TensHash input, 32 bytes. */
  readonly x: Uint8Array;
}

interface LuckyTicket extends Ticket {
  readonly y: Hex;
}

interface OpenClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
}

/** A claim that the slot's stake did not bear yet, ready to be sent. */
interface WaitingClaim {
  readonly claimId: Hex;
  readonly claim: ContractFunctionArgs<typeof workMintAbi, "nonpayable", "claim">[0];
  /** Block in which the window of an earlier claim ends. */
  readonly retryAt: bigint;
}

type Commit = Awaited<ReturnType<Node["contracts"]["registry"]["read"]["commitOf"]>>;

/**
 * Turns committed work into GRIST: when an epoch's seed is out, hashes the tickets that the slot's iterations of that
 * epoch earned, claims the lucky ones, and mints the claims when their windows have passed (DESIGN section 6).
 */
export class TicketAgent {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #session: TaskSession;
  readonly #context: SlotContext;
  readonly #hasher: NodeHasher;
  readonly #work: SlotWork;
  readonly #prepare: (segmentId: Hex) => Promise<unknown>;
  #nextEpoch: bigint;
  readonly #claims: ClaimStore;
  #open: OpenClaim[];
  #waiting: WaitingClaim[] = [];

  /**
   * @param work says what the slot claims of its tickets
   * @param prepare makes the state after a segment ready to be served
   */
  constructor(
    node: Node,
    follower: TaskFollower,
    session: TaskSession,
    context: SlotContext,
    work: SlotWork,
    prepare: (segmentId: Hex) => Promise<unknown>,
  ) {
    this.#work = work;
    this.#prepare = prepare;
    this.#node = node;
    this.#follower = follower;
    this.#session = session;
    this.#context = context;
    this.#hasher = new NodeHasher(node);
    this.#claims = new ClaimStore(node.database);
    // What was claimed before a restart is still to be minted.
    this.#open = this.#claims
      .ofTask(session.terms.taskId)
      .filter(({ state }) => state === "claimed")
      .map(({ claimId, payload }) => ({ claimId, details: restoreDetails(payload as StoredDetails) }));
    this.#nextEpoch = epochAt(node.schedule, session.terms.createdAt);
  }

  /** Runs until the task is over and every claim is decided. */
  async run(): Promise<void> {
    try {
      await this.#recallClaims();
      for (let moment = await this.#follower.now(); ; moment = await this.#follower.next()) {
        await this.#drawDue(moment);
        await this.#claimWaiting(moment);
        await this.#mintDue(moment);
        if (isTerminal(moment.task.phase) && this.#open.length + this.#waiting.length === 0) return;
      }
    } finally {
      await this.#hasher.dispose();
    }
  }

  /** Takes up the slot's claims that the chain shows and this node did not note: it was killed right after it made them. */
  async #recallClaims(): Promise<void> {
    const { taskId, createdAt } = this.#session.terms;
    const { mint } = this.#node.contracts;
    const events = await mint.getEvents.TicketClaimed({ taskId, miner: self(this.#node) }, { fromBlock: createdAt });
    for (const { claimId, details } of events.map(({ args }) => args))
      if (claimId !== undefined && details !== undefined && this.#claims.get(claimId) === undefined)
        this.#keep(claimId, details);
  }

  /** Draws every epoch whose commits are closed, in order, as soon as its seed is out. */
  async #drawDue({ head, task }: TaskMoment): Promise<void> {
    const { chain, contracts, schedule } = this.#node;
    const { taskId } = this.#session.terms;
    const current = epochAt(schedule, head.number);
    while (this.#nextEpoch < current) {
      const epoch = this.#nextEpoch;
      if (task.phase > Phase.Submission && epoch > task.lastCommitEpoch) return;
      const commit = await contracts.registry.read.commitOf([taskId, this.#context.slot, epoch]);
      if (commit.segmentId !== zeroHash) {
        const seed = await ensureSeed(chain, contracts, epoch, head.number);
        if (seed === undefined) return;
        await this.#draw(epoch, seed, commit);
      }
      this.#nextEpoch += 1n;
    }
  }

  async #draw(epoch: bigint, seed: Hex, commit: Commit): Promise<void> {
    const { contracts, log } = this.#node;
    const { taskId } = this.#session.terms;
    const closes = await contracts.beacon.read.claimsCloseAt([epoch]);
    const { head } = await this.#follower.now();
    if (head.number >= closes) {
      log.warn({ event: "draw-late", task: taskId, epoch: Number(epoch) });
      return;
    }
    const target = await this.#openEpoch(epoch);
    const tickets = await this.#ticketsOf(commit);
    const hasher = await this.#hasher.withSeed(seed);
    const began = performance.now();
    const range = { count: tickets.length, input: (index: number) => tickets[index]!.x };
    const found = await hasher.search(range, target, { signal: this.#node.signal });
    const lucky: LuckyTicket[] = found.map(({ index, output }) => ({ ...tickets[index]!, y: bytesToHex(output) }));
    log.info({
      event: "draw",
      task: taskId,
      slot: this.#context.slot,
      epoch: Number(epoch),
      tickets: tickets.length,
      lucky: lucky.length,
      seconds: (performance.now() - began) / 1000,
    });
    if ((await this.#follower.now()).head.number >= closes) {
      log.warn({ event: "claims-late", task: taskId, epoch: Number(epoch), lucky: lucky.length });
      return;
    }
    await Promise.all(lucky.map((ticket) => this.#claim(epoch, commit, ticket, hasher)));
  }

  /** The epoch's target, fixing it on-chain if nobody has yet. */
  async #openEpoch(epoch: bigint): Promise<bigint> {
    const { chain, contracts, schedule } = this.#node;
    const { address, abi, getEvents } = contracts.mint;
    // Opening an open one changes nothing and costs gas.
    const [opened] = await getEvents.EpochOpened({ epoch }, { fromBlock: lastBlockOf(schedule, epoch) });
    const call = { address, abi, functionName: "openEpoch", args: [epoch] } as const;
    if (opened === undefined)
      await chain.transact(call).catch((error: unknown) => {
        // Its claims have closed.
        if (!isRevert(error)) throw error;
      });
    return contracts.mint.read.targetOf([epoch]);
  }

  /** All tickets that the commit's iterations earned. */
  async #ticketsOf(commit: Commit): Promise<Ticket[]> {
    const { chain, contracts } = this.#node;
    const { log, terms } = this.#session;
    const { slot } = this.#context;
    const macsPerTicket = await contracts.mint.read.macsPerTicket();
    const { macs } = (await this.#follower.now()).task;
    const tickets: Ticket[] = [];
    for (const segment of log.chain(slot))
      for (const record of segment.message.records) {
        if (record.index < commit.first || record.index > commit.last) continue;
        const count = Number(ticketsOf(macs, macsPerTicket, record.index));
        for (let ticket = 0; ticket < count; ticket += 1) {
          const x = ticketInput({
            chainId: BigInt(chain.deployment.chainId),
            mint: contracts.mint.address,
            taskId: terms.taskId,
            miner: self(this.#node),
            slot,
            index: record.index,
            work: record.work,
            ticket,
          });
          tickets.push({ record, segment, ticket, x });
        }
      }
    return tickets;
  }

  async #claim(epoch: bigint, commit: Commit, lucky: LuckyTicket, hasher: TensHasher): Promise<void> {
    const { contracts, log } = this.#node;
    const { taskId } = this.#session.terms;
    const { slot } = this.#context;
    const { segment, signature, records } = lucky.segment.message;
    const ids = this.#session.log
      .chain(slot)
      .filter(({ message }) => message.segment.first >= commit.first && message.segment.last <= commit.last)
      .map(({ id }) => id);
    const claimId = keccak256(
      encodeAbiParameters(
        [{ type: "bytes32" }, { type: "uint256" }, { type: "uint256" }, { type: "uint256" }],
        [taskId, BigInt(slot), BigInt(lucky.record.index), BigInt(lucky.ticket)],
      ),
    );
    const { state } = await contracts.mint.read.claimOf([claimId]);
    if (this.#open.some((open) => open.claimId === claimId)) return;
    if (state === ClaimState.None) {
      log.info({
        event: "lucky",
        task: taskId,
        slot,
        epoch: Number(epoch),
        iteration: lucky.record.index,
        ticket: lucky.ticket,
        claimId,
      });
      const stated = this.#work.claimOf({ y: hexToBytes(lucky.y), trace: await hasher.trace(lucky.x) });
      await this.#send(claimId, {
        segment,
        signature,
        segmentProof: merkleProof(ids, ids.indexOf(lucky.segment.id)),
        record: lucky.record,
        recordProof: merkleProof(records.map(recordHash), lucky.record.index - segment.first),
        epoch,
        ticket: lucky.ticket,
        y: bytesToHex(stated.y),
        traceId: tensHashTraceId(stated.trace),
      });
    } else this.#keep(claimId, await fetchDetails(contracts, claimId, this.#session.terms.createdAt));
  }

  /** Posts a claim. What the slot's stake cannot bear yet waits until the windows of earlier claims have ended. */
  async #send(claimId: Hex, claim: WaitingClaim["claim"]): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { taskId } = this.#session.terms;
    const { address, abi } = contracts.mint;
    try {
      const { logs } = await chain.transact({
        address,
        abi,
        functionName: "claim",
        worth: await worthOfClaim(this.#node, { taskId, epoch: claim.epoch }),
        args: [claim],
      });
      const [claimed] = parseEventLogs({ abi, logs, eventName: "TicketClaimed" });
      const details = claimed?.args.details;
      this.#keep(claimId, details ?? (await fetchDetails(contracts, claimId, this.#session.terms.createdAt)));
    } catch (error) {
      if (!isRevert(error) && !isUnprofitable(error)) throw error;
      const retryAt = retryBlock(error);
      if (retryAt === 0n) log.warn({ event: "claim-refused", task: taskId, claimId, error });
      else {
        log.info({ event: "claim-waits", task: taskId, claimId, until: Number(retryAt) });
        this.#waiting.push({ claimId, claim, retryAt });
      }
      return;
    }
    log.info({ event: "claim", task: taskId, slot: this.#context.slot, claimId });
    // The verifier will ask for the state before the segment: it had better be there.
    await this.#prepare(claim.segment.previous);
  }

  #keep(claimId: Hex, details: ClaimDetails): void {
    const { taskId } = this.#session.terms;
    this.#claims.put({ claimId, taskId, state: "claimed", payload: storeDetails(details) });
    this.#open.push({ claimId, details });
  }

  /** Posts what waited for earlier windows to end, as long as its epoch takes claims. */
  async #claimWaiting({ head }: TaskMoment): Promise<void> {
    const { beacon } = this.#node.contracts;
    const due = this.#waiting.filter(({ retryAt }) => head.number + 1n >= retryAt);
    this.#waiting = this.#waiting.filter((claim) => !due.includes(claim));
    for (const { claimId, claim } of due)
      if (head.number < (await beacon.read.claimsCloseAt([claim.epoch]))) await this.#send(claimId, claim);
      else {
        const fields = { task: this.#session.terms.taskId, claimId, epoch: Number(claim.epoch) };
        this.#node.log.warn({ event: "claim-refused", ...fields, error: "its epoch's claims closed while it waited" });
      }
  }

  /** Mints what is attested and past its window; lets go of what never will be. */
  async #mintDue({ head }: TaskMoment): Promise<void> {
    const undecided = await Promise.all(
      this.#open.map(async (claim) => {
        if (!(await this.#isDecidable(claim, head.number))) return [claim];
        await this.#mint(claim);
        this.#claims.put({ claimId: claim.claimId, taskId: this.#session.terms.taskId, state: "decided", payload: {} });
        return [];
      }),
    );
    this.#open = undecided.flat();
  }

  /** Whether the claim's window has passed, or it is lost; a window stands still while the slot is in a dispute. */
  async #isDecidable({ details }: OpenClaim, head: bigint): Promise<boolean> {
    const { beacon, mint, registry } = this.#node.contracts;
    if (head < (await beacon.read.settlesAt([details.epoch]))) return false;
    const { convicted, suspended } = await registry.read.placeOf([details.taskId, Role.Miner, details.slot]);
    return convicted || (!suspended && head >= (await mint.read.mintableAt([details])));
  }

  async #mint({ claimId, details }: OpenClaim): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.mint;
    const { state } = await contracts.mint.read.claimOf([claimId]);
    if (state !== ClaimState.Attested) {
      // Anybody may mint, so somebody else may have.
      if (state !== ClaimState.Minted && state !== ClaimState.Paid)
        log.warn({ event: "claim-lost", claimId, state: claimStateName(state) });
      return;
    }
    try {
      const { logs } = await chain.transact({ address, abi, functionName: "mint", args: [details] });
      for (const { args } of parseEventLogs({ abi, logs, eventName: "RewardMinted" }))
        log.info({
          event: "mint",
          task: details.taskId,
          claimId,
          reward: formatEther(args.reward - args.verifiersPart),
        });
    } catch (error) {
      // The slot was convicted, the task's tickets have minted what its burn allows, or the token's cap is reached.
      if (!isRevert(error)) throw error;
      log.warn({ event: "mint-refused", claimId, error });
    }
  }
}

/** Block from which a claim that the slot's stake did not bear may be tried again; 0 if waiting does not help. */
function retryBlock(error: unknown): bigint {
  const retryAt = revertArguments(error, "WorkMint_StakeTooLow")?.at(-1);
  return typeof retryAt === "bigint" ? retryAt : 0n;
}
