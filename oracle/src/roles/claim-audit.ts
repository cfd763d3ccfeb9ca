import { setImmediate as nextTurn } from "node:timers/promises";

import { GristmillError, isLucky, recordHash, tensHashTraceId, ticketInput, workMintAbi } from "@gristmill/sdk";
import type { SegmentMessage } from "@gristmill/sdk";
import type { ContractFunctionArgs, GetContractEventsReturnType, Hex } from "viem";
import { bytesToHex, decodeFunctionData, hexToBytes } from "viem";

import type { SegmentTruth } from "../disputes/segment-truth.ts";
import { iterationOf, recomputeSegment } from "../disputes/segment-truth.ts";
import { traceCaseHash, traceCaseOf } from "../disputes/trace-case.ts";
import { checkEngine, createEngine } from "../training/create-engine.ts";
import type { MatrixEngine } from "../training/matrix-engine.ts";
import type { SlotContext } from "../training/slot-replica.ts";
import { firstDifference } from "../training/slot-replica.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { NodeHasher } from "./node-hasher.ts";
import type { Node } from "./node.ts";
import type { TaskSession, TrainingSet } from "./session.ts";
import { segmentOrigin } from "./segment-origin.ts";
import { slotContext } from "./session.ts";

/** Milliseconds a miner has to produce the state before a claimed segment, and peers the segments that lead to it. */
const FETCH_TIMEOUT = 20_000;

type ClaimArguments = ContractFunctionArgs<typeof workMintAbi, "nonpayable", "claim">[0];

type ClaimEvent = GetContractEventsReturnType<typeof workMintAbi, "TicketClaimed", true>[number];

/** A claim as it was posted. */
export interface AuditedClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
  /** What the transaction that made it carried: the signed segment and the record, with proofs. */
  readonly claim: ClaimArguments;
}

/** A claim that is not true: its ticket does not hash to what was claimed, or the segment that earned it is false. */
export interface Refutation {
  readonly outcome: "false";
  readonly reason: string;
  readonly fault: "ticket" | "segment";
}

/** What running a claim or a segment again showed. */
export type Finding =
  /** With the hash of each attested iteration's trace and all that it reads: of a claim the claimed one, of a segment all. */
  | { readonly outcome: "true"; readonly traces: readonly Hex[] }
  | Refutation
  | { readonly outcome: "unavailable"; readonly reason: string };

/** Runs claims again, the training of the claimed iteration and the TensHash of its ticket; and other segments. */
export class ClaimAudit {
  readonly #node: Node;
  readonly #session: TaskSession;
  readonly #data: TrainingSet;
  readonly #hasher: NodeHasher;
  readonly #claims: EventFeed<ClaimEvent>;
  /** The hasher has one seed at a time, so tickets are audited one after the other. */
  #hashing: Promise<unknown> = Promise.resolve();
  /** Audits of claims that run now. */
  readonly #urgent = new Set<Promise<Finding>>();

  constructor(node: Node, session: TaskSession, data: TrainingSet) {
    this.#node = node;
    this.#session = session;
    this.#data = data;
    this.#hasher = new NodeHasher(node);
    const { chain, contracts } = node;
    const { address, abi } = contracts.mint;
    const { taskId, createdAt } = session.terms;
    const filter = { address, abi, eventName: "TicketClaimed", args: { taskId }, strict: true } as const;
    this.#claims = new EventFeed(chain, createdAt, (fromBlock, toBlock) =>
      chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
  }

  /** Ends the threads that hash. */
  async dispose(): Promise<void> {
    await this.#hasher.dispose();
  }

  /** The task's claims since the last look, and the ids of those that a reorganisation took back. */
  async claimsUpTo(
    head: bigint,
  ): Promise<{ readonly undone: readonly Hex[]; readonly added: readonly AuditedClaim[] }> {
    const { undone, added } = await this.#claims.take(head);
    const claims: AuditedClaim[] = [];
    for (const { args, transactionHash } of added) {
      const { input } = await this.#node.chain.public.getTransaction({ hash: transactionHash });
      const call = decodeFunctionData({ abi: workMintAbi, data: input });
      if (call.functionName === "claim") claims.push({ ...args, claim: call.args[0] });
    }
    return { undone: undone.map(({ args }) => args.claimId), added: claims };
  }

  /** Checks a claim bit for bit. Missing data is no verdict: only what was computed here differs or agrees. */
  async audit({ details, claim }: AuditedClaim): Promise<Finding> {
    const { slot } = details;
    const finding = this.#tried(slot, async () => {
      const ticket = this.#hashing.then(() => this.#auditTicket(details));
      this.#hashing = ticket.catch(() => undefined);
      return (await ticket) ?? (await this.#auditTraining(slot, claim));
    });
    this.#urgent.add(finding);
    return finding.finally(() => this.#urgent.delete(finding));
  }

  /**
   * Checks a segment of the log bit for bit, with the traces of all its iterations. Those take many times as long as what a
   * claim needs, so claims that come meanwhile go first.
   */
  async auditSegment(message: SegmentMessage): Promise<Finding> {
    const { slot, first } = message.segment;
    return this.#tried(slot, async () => {
      const { truth, context } = await this.#rerun(message, await this.#engine());
      const difference = firstDifference(message.segment, truth.message.segment);
      if (difference !== undefined) return { outcome: "false", reason: `segment: ${difference}`, fault: "segment" };
      const traces: Hex[] = [];
      for (const index of message.records.keys()) {
        await nextTurn();
        await Promise.allSettled(this.#urgent);
        traces.push(this.#traceHash(context, truth, first + index));
      }
      return { outcome: "true", traces };
    });
  }

  async #tried(slot: number, audit: () => Promise<Finding>): Promise<Finding> {
    try {
      return await audit();
    } catch (error) {
      if (this.#node.signal.aborted) throw error;
      this.#node.log.warn({ event: "audit-failed", slot, error });
      return { outcome: "unavailable", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A reason to call the ticket false, undefined if there is none. */
  async #auditTicket(details: ClaimDetails): Promise<Finding | undefined> {
    const { chain, contracts } = this.#node;
    const hasher = await this.#hasher.withSeed(await contracts.beacon.read.seedOf([details.epoch]));
    const x = ticketInput({
      chainId: BigInt(chain.deployment.chainId),
      mint: contracts.mint.address,
      ...details,
    });
    const [output] = await hasher.hash([x]);
    const y = bytesToHex(output ?? new Uint8Array());
    if (y !== details.y)
      return { outcome: "false", reason: `TensHash of the ticket is ${y}, claimed ${details.y}`, fault: "ticket" };
    if (!isLucky(hexToBytes(y), x, await contracts.mint.read.targetOf([details.epoch])))
      return { outcome: "false", reason: "the ticket is not lucky", fault: "ticket" };
    const traceId = tensHashTraceId(await hasher.trace(x));
    return traceId === details.traceId
      ? undefined
      : { outcome: "false", reason: `the TensHash trace is ${traceId}, claimed ${details.traceId}`, fault: "ticket" };
  }

  async #auditTraining(slot: number, claim: ClaimArguments): Promise<Finding> {
    const { segment } = claim;
    const message = await this.fetch(slot, segment.first, segment.last);
    if (message === undefined || firstDifference(segment, message.segment) !== undefined)
      return { outcome: "unavailable", reason: "the claimed segment could not be fetched" };

    const { truth, context } = await this.#rerun(message, await this.#engine());
    const difference = firstDifference(segment, truth.message.segment);
    if (difference !== undefined) return { outcome: "false", reason: `segment: ${difference}`, fault: "segment" };
    const { index } = claim.record;
    const record = truth.message.records[index - segment.first];
    if (record === undefined || recordHash(record) !== recordHash(claim.record))
      return { outcome: "false", reason: "the record is not one of the segment's", fault: "segment" };
    return { outcome: "true", traces: [this.#traceHash(context, truth, index)] };
  }

  /** What a slot published over the iterations `first` to `last`, from the log or from a peer; undefined if nobody has it. */
  async fetch(slot: number, first: number, last: number): Promise<SegmentMessage | undefined> {
    const signal = AbortSignal.any([this.#node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]);
    const covering = () => this.#session.log.covering(slot, first);
    if (covering() === undefined) await this.#session.fetchUpTo(slot, last + 1, signal);
    return covering()?.message;
  }

  /** Computes a segment from everything that it names. */
  async #rerun(
    message: SegmentMessage,
    engine: MatrixEngine,
  ): Promise<{ readonly truth: SegmentTruth; readonly context: SlotContext }> {
    const signal = AbortSignal.any([this.#node.signal, AbortSignal.timeout(FETCH_TIMEOUT)]);
    const context = slotContext(this.#session, message.segment.slot, this.#data);
    const truth = await recomputeSegment(await segmentOrigin(this.#session, context, engine, message, signal));
    return { truth, context };
  }

  /** What is attested of iteration `index`. */
  #traceHash(context: SlotContext, truth: SegmentTruth, index: number): Hex {
    const trace = truth.trace(index - truth.message.segment.first);
    const { program } = this.#session.terms.onChain;
    return traceCaseHash(traceCaseOf(trace, program, iterationOf(context, index, trace)));
  }

  /**
   * A segment of the log with everything that a dispute over it may ask for.
   * @param check on another engine than usual
   * @throws GristmillError SEGMENT_UNKNOWN, and what `segmentOrigin` throws
   */
  async recompute(id: Hex, check: boolean): Promise<SegmentTruth> {
    const message = this.#session.log.get(id)?.message;
    if (message === undefined)
      throw new GristmillError("SEGMENT_UNKNOWN", `segment ${id} is not in this node's log`, {
        hints: ["peers that hold it are not connected: try again later"],
      });
    const engine = check ? await createEngine(checkEngine(this.#node.config.backend)) : await this.#engine();
    return (await this.#rerun(message, engine)).truth;
  }

  async #engine(): Promise<MatrixEngine> {
    return createEngine(this.#node.config.backend);
  }
}
