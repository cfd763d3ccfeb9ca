import { GristmillError, OpenClaimState, openLayer } from "@gristmill/sdk";
import type { openMintAbi } from "@gristmill/sdk";
import type { GetContractEventsReturnType, Hex } from "viem";
import { bytesToHex, formatEther, hexToBytes, isAddressEqual, parseEventLogs } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { Head } from "../chain/chain.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { priceOf } from "../disputes/deposits.ts";
import type { TicketTruth } from "../disputes/tens-hash-player.ts";
import { firstFalseNeuron } from "../disputes/tens-hash-player.ts";
import type { NodeHasher } from "./node-hasher.ts";
import type { ProspectingNode } from "./prospector.ts";

type ClaimedEvent = GetContractEventsReturnType<typeof openMintAbi, "TicketClaimed", true>[number];

interface OpenClaim {
  /** x, the ticket's input. */
  readonly id: Hex;
  readonly epoch: bigint;
  readonly miner: Hex;
  readonly y: Hex;
}

type ClaimView = Awaited<ReturnType<ProspectingNode["contracts"]["openMint"]["read"]["claimOf"]>>;

/**
 * Follows all claims of the open mint. Own ones are defended and collected; those of others are hashed again, and if they
 * are false, challenged to the end. It keeps nothing: whatever can still be acted on, a restart finds on the chain.
 */
export class OpenClaims {
  readonly #node: ProspectingNode;
  readonly #hasher: NodeHasher;
  readonly #own = new Map<Hex, OpenClaim>();
  readonly #false = new Map<Hex, OpenClaim>();
  #feed: EventFeed<ClaimedEvent> | undefined;

  /** @param hasher whose seed may change between calls */
  constructor(node: ProspectingNode, hasher: NodeHasher) {
    this.#node = node;
    this.#hasher = hasher;
  }

  /** Takes in new claims, and does what is due for those followed. */
  async attend(head: Head): Promise<void> {
    await this.#scan(head);
    for (const [claims, act] of [
      [this.#own, this.#defend.bind(this)],
      [this.#false, this.#accuse.bind(this)],
    ] as const)
      for (const claim of [...claims.values()])
        try {
          const view = await this.#node.contracts.openMint.read.claimOf([claim.id]);
          if (await act(claim, view, head)) claims.delete(claim.id);
        } catch (error) {
          // The time for the move ended under way, or somebody else made it: the next look shows.
          if (!isRevert(error)) throw error;
          this.#node.log.warn({ event: "open-move-refused", claimId: claim.id, error });
        }
  }

  async #scan(head: Head): Promise<void> {
    const { chain, contracts } = this.#node;
    const { address, abi } = contracts.openMint;
    const filter = { address, abi, eventName: "TicketClaimed", strict: true } as const;
    this.#feed ??= new EventFeed(chain, await this.#oldestOpen(head), (fromBlock, toBlock) =>
      chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
    const { undone, added } = await this.#feed.take(head.number);
    for (const { args } of undone) for (const claims of [this.#own, this.#false]) claims.delete(args.x);
    for (const { args } of added) {
      const { x: id, epoch, miner, y } = args;
      const claim = { id, epoch, miner, y };
      if (isAddressEqual(miner, chain.account.address)) this.#own.set(id, claim);
      else if (bytesToHex((await this.#truthOf(claim)).y) !== y) this.#suspect(claim);
    }
  }

  /** The block before which no claim was made that is still open, disputes counted in. */
  async #oldestOpen(head: Head): Promise<bigint> {
    const { chain, contracts, schedule } = this.#node;
    const window = (await contracts.beacon.read.settlesAt([0n])) - schedule.genesisBlock;
    const dispute = 2n * BigInt(await contracts.openMint.read.moveBlocks());
    const oldest = head.number - window - dispute;
    const deployed = BigInt(chain.deployment.blockNumber);
    return oldest > deployed ? oldest : deployed;
  }

  #suspect(claim: OpenClaim): void {
    this.#node.log.warn({ event: "open-refuted", claimId: claim.id, miner: claim.miner, epoch: Number(claim.epoch) });
    this.#false.set(claim.id, claim);
  }

  /** The next step for an own claim; true if none is left. */
  async #defend(claim: OpenClaim, { state, endsAt }: ClaimView, head: Head): Promise<boolean> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.openMint;
    const { id: claimId } = claim;
    if (state === OpenClaimState.Challenged) {
      const { trace } = await this.#truthOf(claim);
      const args = [claimId, bytesToHex(trace)] as const;
      await chain.transact({ address, abi, functionName: "answer", args });
      log.info({ event: "open-answered", claimId });
      return false;
    }
    if (state === OpenClaimState.Struck) {
      log.warn({ event: "open-struck", claimId });
      return true;
    }
    if (state !== OpenClaimState.Claimed && state !== OpenClaimState.Answered) return true;
    if (head.number + 1n < endsAt) return false;
    const { logs } = await chain.transact({ address, abi, functionName: "collect", args: [claimId] });
    for (const { args } of parseEventLogs({ abi, logs, eventName: "Mint" }))
      log.info({ event: "open-mint", claimId, reward: formatEther(args.rewardAmount) });
    return true;
  }

  /** The next step against a false claim; true if none is left. */
  async #accuse(claim: OpenClaim, { state, endsAt }: ClaimView, head: Head): Promise<boolean> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.openMint;
    const { id: claimId } = claim;
    if (state === OpenClaimState.Struck) {
      await this.#withdraw();
      return true;
    }
    if (state === OpenClaimState.Collected || state === OpenClaimState.None) {
      log.warn({ event: "open-escaped", claimId });
      return true;
    }
    if ((await contracts.openMint.read.challengedAt([claimId, chain.account.address])) === 0n) {
      const value = state === OpenClaimState.Claimed ? await this.#answerDeposit() : 0n;
      await chain.transact({ address, abi, functionName: "challenge", args: [claimId], value });
      log.info({ event: "open-challenged", claimId, deposit: formatEther(value) });
    } else if (state === OpenClaimState.Answered) {
      await chain.transact({ address, abi, functionName: "prove", args: await this.#proofAgainst(claim) });
    } else if (head.number > endsAt) {
      await chain.transact({ address, abi, functionName: "expire", args: [claimId] });
    }
    return false;
  }

  /** @throws GristmillError NOTHING_TO_REFUTE if the answer is what this node computes */
  async #proofAgainst(claim: OpenClaim) {
    const { contracts } = this.#node;
    const fromBlock = await contracts.openMint.read.challengedAt([
      claim.id,
      (await contracts.openMint.read.claimOf([claim.id])).challenger,
    ]);
    const [event] = await contracts.openMint.getEvents.ClaimAnswered({ x: claim.id }, { fromBlock });
    const trace = hexToBytes(event?.args.trace ?? "0x");
    const neuron = firstFalseNeuron({ y: hexToBytes(claim.y), trace }, await this.#truthOf(claim));
    if (neuron === undefined)
      throw new GristmillError("NOTHING_TO_REFUTE", `the answer of claim ${claim.id} is what this node computes`, {
        hints: ["check the hasher: `oracle-miner tenshash check`"],
      });
    const { states, proof } = openLayer(trace, neuron.layer);
    return [claim.id, neuron.layer, neuron.index, states, proof] as const;
  }

  async #truthOf({ id, epoch }: OpenClaim): Promise<TicketTruth> {
    const hasher = await this.#hasher.withSeed(await this.#node.contracts.beacon.read.seedOf([epoch]));
    const input = hexToBytes(id);
    const [y] = await hasher.hash([input]);
    if (y === undefined) throw new GristmillError("TENSHASH_NO_OUTPUT", "the hasher gave no output for an input");
    return { y: y.slice(), trace: await hasher.trace(input) };
  }

  async #answerDeposit(): Promise<bigint> {
    const { chain, contracts } = this.#node;
    return priceOf(chain, contracts, await contracts.openMint.read.ANSWER_GAS());
  }

  async #withdraw(): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.openMint;
    const amount = await contracts.openMint.read.creditOf([chain.account.address]);
    if (amount === 0n) return;
    await chain.transact({ address, abi, functionName: "withdraw", args: [] });
    log.info({ event: "open-rewarded", ether: formatEther(amount) });
  }
}
