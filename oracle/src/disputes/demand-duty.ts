import { GristmillError, openElement, updateTensor } from "@gristmill/sdk";
import type { demandsAbi } from "@gristmill/sdk";
import type { GetContractEventsReturnType, Hex } from "viem";

import type { Chain, Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import { EventFeed } from "../chain/event-feed.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { DisputeReport } from "./dispute-report.ts";
import type { DisputeWork } from "./dispute-work.ts";

/** Kinds of demands: `DemandKind` of contracts/types/DemandTypes.sol. */
const DemandKind = { Segment: 0, ListRow: 1 } as const;

/** `DemandState.Open` of contracts/types/DemandTypes.sol. */
const OPEN = 1;

type DemandEvent = GetContractEventsReturnType<typeof demandsAbi, "Demanded", true>[number];

/** Something that somebody asked the node's slot to produce. */
interface Demand {
  readonly demandId: Hex;
  readonly kind: number;
  /** Of the segment, or of the update list. */
  readonly content: Hex;
  readonly row: number;
}

/**
 * Answers demands against the node's own slot: what it named in a clock it holds, and who does not produce it is convicted
 * (DESIGN section 5). The deposit of the demand pays for the gas.
 */
export class DemandDuty {
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #taskId: Hex;
  readonly #report: DisputeReport;
  readonly #since: bigint;
  #feed: EventFeed<DemandEvent> | undefined;
  #open: Demand[] = [];

  /** @param since block of the task's creation: no demand in it is older */
  constructor(chain: Chain, contracts: Contracts, taskId: Hex, report: DisputeReport, since: bigint) {
    this.#chain = chain;
    this.#contracts = contracts;
    this.#taskId = taskId;
    this.#report = report;
    this.#since = since;
  }

  /** Takes in the demands up to `head` and answers those that are open; what fails is tried again at the next look. */
  async look({ number: head }: Head, work: DisputeWork): Promise<void> {
    if (work.slot === undefined) return;
    const { demands } = this.#contracts;
    this.#feed ??= this.#feedOf(work.slot);
    const { undone, added } = await this.#feed.take(head);
    this.#open = this.#open.filter(({ demandId }) => !undone.some(({ args }) => args.demandId === demandId));
    this.#open.push(...added.map(({ args }) => args));
    for (const demand of this.#open) {
      const { state } = await demands.read.demandOf([demand.demandId]);
      if (state !== OPEN || (await this.#answer(demand, work)))
        this.#open = this.#open.filter((other) => other !== demand);
    }
  }

  #feedOf(slot: number): EventFeed<DemandEvent> {
    const { address, abi } = this.#contracts.demands;
    const filter = { address, abi, eventName: "Demanded", args: { taskId: this.#taskId, slot }, strict: true } as const;
    return new EventFeed(this.#chain, this.#since, (fromBlock, toBlock) =>
      this.#chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
  }

  async #answer({ demandId, kind, content, row }: Demand, work: DisputeWork): Promise<boolean> {
    const { address, abi } = this.#contracts.demands;
    try {
      if (kind === DemandKind.Segment) {
        const { segment, signature, records } = held(work.segment(content), content);
        const args = [demandId, { segment, signature }, records] as const;
        await this.#chain.transact({ address, abi, functionName: "answerSegment", args });
      } else {
        const list = updateTensor(held(work.list(content), content));
        const opening = openElement(list, Math.min(row, list.rows - 1), 0);
        const args = [demandId, list.rows, opening] as const;
        await this.#chain.transact({ address, abi, functionName: "answerListRow", args });
      }
    } catch (error) {
      // Somebody else was first: the next look sees it.
      if (!isRevert(error, "Demands_WrongState")) this.#report.warn("answer-refused", demandId, error, { demandId });
      return false;
    }
    this.#report.produced(demandId, content);
    return true;
  }
}

/** @throws GristmillError CONTENT_MISSING */
function held<T>(found: T | undefined, content: Hex): T {
  if (found !== undefined) return found;
  throw new GristmillError("CONTENT_MISSING", `this node is to produce ${content}, and does not hold it`, {
    hints: ["its slot is convicted unless somebody who holds it answers: restore the data folder, or ask peers"],
  });
}
