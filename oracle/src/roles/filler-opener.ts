import type { TaskParameters } from "@gristmill/sdk";
import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther, hexToBigInt } from "viem";

import type { Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import { ensureSeed, epochAt } from "../chain/epochs.ts";
import { catalogueParameters } from "./filler-catalogue.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";

/** Idle blocks after which a node opens a filler task, so that clients come first; and how far nodes spread. */
const PATIENCE = 8n;
const SPREAD = 4n;

/**
 * Opens the filler tasks that epochs' seeds draw, whenever this node has had nothing to train for some blocks, and burns what
 * earlier ones left over. Anybody may, so nothing depends on this node.
 */
export class FillerOpener {
  readonly #node: Node;
  readonly #patience: bigint;
  #idleSince: bigint | undefined;
  #lookedAt = -1n;

  constructor(node: Node) {
    this.#node = node;
    this.#patience = PATIENCE + (hexToBigInt(self(node)) % SPREAD);
  }

  /** Looks at a head at which the node has nothing to do. */
  async idle({ number }: Head): Promise<void> {
    // A head in between was one with something to do.
    if (this.#idleSince === undefined || number > this.#lookedAt + this.#patience) this.#idleSince = number;
    this.#lookedAt = number;
    if (number - this.#idleSince < this.#patience) return;
    try {
      await this.#burnLeftover();
      await this.#open(number);
    } catch (error) {
      // Somebody else was first, or this release makes other tasks than the chain's.
      const isOurs = error instanceof GristmillError && error.code === "FILLER_RULE_DIFFERS";
      if (!isOurs && !isRevert(error)) throw error;
      this.#node.log[isOurs ? "warn" : "debug"]({ event: "filler-refused", error });
      this.#idleSince = undefined;
    }
  }

  async #open(head: bigint): Promise<void> {
    const { chain, contracts, log, schedule } = this.#node;
    const { address, abi, read } = contracts.fillers;
    const epoch = await this.#claimablePeriod(epochAt(schedule, head), head);
    if (epoch === undefined || (await ensureSeed(chain, contracts, epoch, head)) === undefined) return;
    const [entry, queued] = await read.drawnFor([epoch]);
    const parameters = queued ? await this.#proposal(entry) : await catalogueParameters(this.#node, entry);
    if (parameters === undefined) return;
    await chain.transact({ address, abi, functionName: "open", args: [epoch, parameters] });
    const fee = formatEther(await read.emissionOf([epoch]));
    log.info({ event: "filler-opened", epoch: Number(epoch), entry, queued, fee });
  }

  /** The latest period whose task is still to be opened: its epoch's seed can be proven, and claims for it are taken. */
  async #claimablePeriod(current: bigint, head: bigint): Promise<bigint | undefined> {
    const { beacon, fillers } = this.#node.contracts;
    const period = BigInt(await fillers.read.periodEpochs());
    for (let epoch = current - (current % period); epoch >= 0n; epoch -= period) {
      // What is sent now is mined in the next block at the earliest.
      if (head + 1n > (await beacon.read.claimsCloseAt([epoch]))) return undefined;
      if ((await beacon.read.seedBlockOf([epoch])) > head) continue;
      return BigInt(await fillers.read.taskOf([epoch])) === 0n ? epoch : undefined;
    }
    return undefined;
  }

  async #proposal(entry: Hex): Promise<TaskParameters | undefined> {
    const proposed = await this.#node.contracts.fillers.getEvents.TaskProposed(
      { entry },
      { fromBlock: BigInt(this.#node.chain.deployment.blockNumber), toBlock: "latest" },
    );
    return proposed[0]?.args.parameters;
  }

  async #burnLeftover(): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.fillers;
    const credit = await contracts.registry.read.creditOf([address]);
    if (credit === 0n) return;
    await chain.transact({ address, abi, functionName: "burnLeftover", args: [] });
    log.info({ event: "filler-burnt", amount: formatEther(credit) });
  }
}
