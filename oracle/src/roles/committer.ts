import { merkleRoot, Phase } from "@gristmill/sdk";
import type { Hex } from "viem";

import { isRevert } from "../chain/chain.ts";
import { epochAt, lastBlockOf } from "../chain/epochs.ts";
import type { SlotContext } from "../training/slot-replica.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { TaskFollower, TaskMoment } from "./task-follower.ts";

/** Blocks before an epoch's end, and seconds before the training's, at which a miner commits what it has. */
const BLOCKS_BEFORE_CLOSE = 3n;
const SECONDS_BEFORE_DEADLINE = 10n;

type SlotView = Awaited<ReturnType<Node["contracts"]["registry"]["read"]["slotOf"]>>;

/**
 * Commits a slot's head once per epoch, late in it, so that as much work as possible draws under its seed. Only what
 * has been published is committed: a head nobody can fetch would keep the slot out of the final state.
 */
export class Committer {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #session: TaskSession;
  readonly #context: SlotContext;
  readonly #committed: (segmentId: Hex) => Promise<void>;

  constructor(
    node: Node,
    follower: TaskFollower,
    session: TaskSession,
    context: SlotContext,
    committed: (segmentId: Hex) => Promise<void>,
  ) {
    this.#node = node;
    this.#follower = follower;
    this.#session = session;
    this.#context = context;
    this.#committed = committed;
  }

  /** Runs until the training phase is over, or the slot is out of it. */
  async run(): Promise<void> {
    const { taskId } = this.#session.terms;
    for (let moment = await this.#follower.now(); ; moment = await this.#follower.next()) {
      if (moment.task.phase > Phase.Training) return;
      const state = await this.#node.contracts.registry.read.slotOf([taskId, this.#context.slot]);
      if (state.dropped) {
        this.#node.log.warn({ event: "dropped", task: taskId, slot: this.#context.slot });
        return;
      }
      if (this.#due(moment, state)) await this.#commit(state.next);
    }
  }

  #due({ head, task }: TaskMoment, state: SlotView): boolean {
    const { schedule } = this.#node;
    const { slot, iterations } = this.#context;
    const trained = this.#session.log.head(slot).count;
    // A transaction sent now is mined in the next block at the earliest.
    const epoch = epochAt(schedule, head.number + 1n);
    const closing = lastBlockOf(schedule, epoch) - head.number <= BLOCKS_BEFORE_CLOSE;
    const ending = task.phaseEndsAt > 0n && task.phaseEndsAt - head.timestamp <= SECONDS_BEFORE_DEADLINE;
    if (trained < iterations && !closing && !ending) return false;
    const committedNow = state.next > 0 && state.lastCommitEpoch >= epoch;
    return !committedNow && trained > state.next;
  }

  /** @param next first iteration that is not committed yet */
  async #commit(next: number): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { terms } = this.#session;
    const { slot } = this.#context;
    const head = this.#session.log.head(slot);
    const segments = this.#session.log
      .chain(slot)
      .filter(({ message }) => message.segment.first >= next && message.segment.last < head.count);
    const last = head.count - 1;
    const { address, abi } = contracts.registry;
    try {
      await chain.transact({
        address,
        abi,
        functionName: "commit",
        args: [terms.taskId, slot, last, head.segmentId, merkleRoot(segments.map(({ id }) => id))],
      });
      log.info({ event: "commit", task: terms.taskId, slot, first: next, last, segments: segments.length });
      await this.#committed(head.segmentId);
    } catch (error) {
      // The epoch or the phase ended under way: the next moment shows whether there is still something to commit.
      if (!isRevert(error)) throw error;
      log.warn({ event: "commit-refused", task: terms.taskId, slot, error });
    }
  }
}
