import {
  DemandKind,
  DemandState,
  GristmillError,
  merkleProof,
  openElement,
  Role,
  segmentId,
  updateTensor,
} from "@gristmill/sdk";
import type { demandsAbi, SegmentMessage } from "@gristmill/sdk";
import type { GetContractEventsReturnType, Hex } from "viem";
import { encodeAbiParameters, isAddressEqual, keccak256, parseEventLogs } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { priceOf } from "./deposits.ts";
import type { DisputeReport } from "./dispute-report.ts";
import type { DisputeWork } from "./dispute-work.ts";

/** A segment by its place in a slot's commit. */
export interface CommittedPlace {
  readonly slot: number;
  readonly epoch: bigint;
  /** Of the segment among those of the commit, from 0. */
  readonly place: number;
}

type DemandEvent = GetContractEventsReturnType<typeof demandsAbi, "Demanded", true>[number];

/** Something that somebody asked a slot to produce. */
interface Demand {
  readonly demandId: Hex;
  readonly slot: number;
  readonly demander: Hex;
  readonly kind: number;
  /** Of the segment, of the update list, or of the commit. */
  readonly content: Hex;
  readonly row: number;
  /** Unix seconds. */
  readonly until: bigint;
}

/**
 * A node's part in the demands of one task: it answers those against its own slot, because who does not produce what it
 * named or committed is convicted (DESIGN section 5), and closes those of its own that nobody answered. The deposit of a
 * demand pays for the gas of its answer.
 */
export class DemandDuty {
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #taskId: Hex;
  readonly #report: DisputeReport;
  readonly #since: bigint;
  readonly #feed: EventFeed<DemandEvent>;
  #asked: Demand[] = [];
  #asking: Promise<unknown> = Promise.resolve();
  #made: Demand[] = [];

  /** @param since block of the task's creation: no demand in it is older */
  constructor(chain: Chain, contracts: Contracts, taskId: Hex, report: DisputeReport, since: bigint) {
    this.#chain = chain;
    this.#contracts = contracts;
    this.#taskId = taskId;
    this.#report = report;
    this.#since = since;
    const { address, abi } = contracts.demands;
    const filter = { address, abi, eventName: "Demanded", args: { taskId }, strict: true } as const;
    this.#feed = new EventFeed(chain, since, (fromBlock, toBlock) =>
      chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
  }

  /** Takes in the demands up to `head` and does what is due; what fails is tried again at the next look. */
  async look(head: Head, work: DisputeWork): Promise<void> {
    const { demands } = this.#contracts;
    await this.#scan(head.number, work);
    for (const demand of this.#asked) {
      const { state } = await demands.read.demandOf([demand.demandId]);
      if (state !== DemandState.Open || (await this.#answer(demand, work)))
        this.#asked = this.#asked.filter((other) => other !== demand);
    }
    for (const demand of this.#made) {
      if (head.timestamp <= demand.until) continue;
      const { state } = await demands.read.demandOf([demand.demandId]);
      if (state !== DemandState.Open || (await this.#close(demand)))
        this.#made = this.#made.filter((other) => other !== demand);
    }
  }

  /**
   * Asks a slot on the chain for a segment that it committed and that nobody serves. One after the other: each demand that is
   * open doubles the price of the next.
   */
  async ask(place: CommittedPlace): Promise<void> {
    const asked = this.#asking.then(() => this.#ask(place));
    this.#asking = asked.catch(() => undefined);
    return asked;
  }

  async #ask({ slot, epoch, place }: CommittedPlace): Promise<void> {
    const { demands } = this.#contracts;
    const { address, abi } = demands;
    const accused = { taskId: this.#taskId, role: Role.Miner, index: slot };
    try {
      const value = await priceOf(
        this.#chain,
        this.#contracts,
        await demands.read.gasOf([accused, DemandKind.Committed]),
      );
      const args = [this.#taskId, slot, epoch, place] as const;
      const { logs } = await this.#chain.transact({ address, abi, functionName: "demandCommitted", args, value });
      for (const { args: made } of parseEventLogs({ abi, logs, eventName: "Demanded" }))
        this.#report.demanded(made.demandId, slot, epoch, value);
    } catch (error) {
      // Somebody asked before, or the slot has nothing to lose any more.
      if (!isRevert(error)) throw error;
      this.#report.warn("demand-refused", this.#taskId, error, { slot, epoch: Number(epoch) });
    }
  }

  async #scan(head: bigint, { slot }: DisputeWork): Promise<void> {
    const { undone, added } = await this.#feed.take(head);
    const isLeft = ({ demandId }: Demand): boolean => !undone.some(({ args }) => args.demandId === demandId);
    const all: Demand[] = added.map(({ args }) => args);
    const isOwn = ({ demander }: Demand): boolean => isAddressEqual(demander, this.#chain.account.address);
    this.#asked = [...this.#asked.filter(isLeft), ...all.filter((demand) => demand.slot === slot)];
    this.#made = [...this.#made.filter(isLeft), ...all.filter(isOwn)];
  }

  async #answer(demand: Demand, work: DisputeWork): Promise<boolean> {
    const { demandId, kind, content, row } = demand;
    const { address, abi } = this.#contracts.demands;
    try {
      if (kind === DemandKind.Segment) {
        const { segment, signature, records } = held(work.segment(content), content);
        const args = [demandId, { segment, signature }, records] as const;
        await this.#chain.transact({ address, abi, functionName: "answerSegment", args });
      } else if (kind === DemandKind.ListRow) {
        const list = updateTensor(held(work.list(content), content));
        const opening = openElement(list, Math.min(row, list.rows - 1), 0);
        const args = [demandId, list.rows, opening] as const;
        await this.#chain.transact({ address, abi, functionName: "answerListRow", args });
      } else {
        const { epoch, messages } = await this.#committed(demand, work);
        const { segment, signature, records, clock } = held(messages[row], content);
        const proof = merkleProof(
          messages.map((message) => segmentId(message.segment)),
          row,
        );
        const args = [demandId, epoch, { segment, signature }, records, clock, proof] as const;
        await this.#chain.transact({ address, abi, functionName: "answerCommitted", args });
      }
    } catch (error) {
      // Somebody else was first: the next look sees it.
      if (!isRevert(error, "Demands_WrongState")) this.#report.warn("answer-refused", demandId, error, { demandId });
      return false;
    }
    this.#report.produced(demandId, content);
    return true;
  }

  /** The epoch of the commit that is asked about, and the slot's messages in it. */
  async #committed(
    { slot, content }: Demand,
    work: DisputeWork,
  ): Promise<{ readonly epoch: bigint; readonly messages: readonly SegmentMessage[] }> {
    const { registry } = this.#contracts;
    const commits = await this.#chain.public.getContractEvents({
      address: registry.address,
      abi: registry.abi,
      eventName: "Committed",
      args: { taskId: this.#taskId, slot },
      fromBlock: this.#since,
      strict: true,
    });
    const commit = commits.find(({ args }) => commitContent(args.epoch, args.segmentsRoot) === content);
    const { epoch, first, last } = held(commit, content).args;
    const messages: SegmentMessage[] = [];
    for (let next = first; next <= last;) {
      const message = held(work.segmentAt(slot, next), content);
      messages.push(message);
      next = message.segment.last + 1;
    }
    return { epoch, messages };
  }

  /** Convicts the slot that did not answer. */
  async #close({ demandId, slot }: Demand): Promise<boolean> {
    const { address, abi } = this.#contracts.demands;
    try {
      await this.#chain.transact({ address, abi, functionName: "close", args: [demandId] });
    } catch (error) {
      if (!isRevert(error)) throw error;
      this.#report.warn("demand-refused", demandId, error, { slot });
      return false;
    }
    return true;
  }
}

/** How a demand names a commit: keccak256(abi.encode(epoch, segmentsRoot)). */
function commitContent(epoch: bigint, segmentsRoot: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "uint64" }, { type: "bytes32" }], [epoch, segmentsRoot]));
}

/** @throws GristmillError CONTENT_MISSING */
function held<T>(found: T | undefined, content: Hex): T {
  if (found !== undefined) return found;
  throw new GristmillError("CONTENT_MISSING", `this node is to produce ${content}, and does not hold it`, {
    hints: ["its slot is convicted unless somebody who holds it answers: restore the data folder, or ask peers"],
  });
}
