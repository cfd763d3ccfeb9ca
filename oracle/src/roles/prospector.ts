import { randomBytes } from "node:crypto";

import { openTicketInput } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToBigInt, bytesToHex, formatEther, hexToBytes } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { Head } from "../chain/chain.ts";
import { ensureSeed } from "../chain/epochs.ts";
import { heads } from "../chain/follow.ts";
import { NodeHasher } from "./node-hasher.ts";
import type { Node } from "./node.ts";
import { OpenClaims } from "./open-claims.ts";

/** Milliseconds of hashing between two looks at the chain. */
const SLICE = 2_000;

/** Gas of the transactions that a claim takes in all, an answer included, and how much the price may rise meanwhile. */
const CLAIM_GAS = 800_000n;
const GAS_RISE = 2n;

/** What a prospector needs of a node: no network, no tasks. */
export type ProspectingNode = Pick<Node, "config" | "chain" | "contracts" | "schedule" | "log" | "signal">;

/**
 * A prospector's part: searches nonces for the open mint, claims what is lucky, and collects; and hashes everybody else's
 * claims again, and challenges the false ones. It needs ether for gas and bonds, and no GRIST.
 * @throws the signal's reason when the node stops
 */
export async function runProspector(node: ProspectingNode): Promise<void> {
  const prospector = new Prospector(node);
  try {
    for await (const head of heads(node.chain, node.signal)) {
      await prospector.attend(head);
      const until = Date.now() + SLICE;
      while (Date.now() < until && (await prospector.search(head)));
    }
  } finally {
    await prospector.dispose();
  }
}

/** Searches and claims, step by step. */
export class Prospector {
  readonly #node: ProspectingNode;
  readonly #hasher: NodeHasher;
  readonly #claims: OpenClaims;
  #nonce = bytesToBigInt(randomBytes(31));
  #bond: bigint | undefined;
  #seedDelay: bigint | undefined;
  #isPoor = false;

  constructor(node: ProspectingNode) {
    this.#node = node;
    this.#hasher = new NodeHasher(node);
    this.#claims = new OpenClaims(node, this.#hasher);
  }

  /** Does what is due for claims, the own ones and others'. */
  async attend(head: Head): Promise<void> {
    await this.#claims.attend(head);
  }

  /** Hashes one batch of nonces and claims what is lucky; false if there is nothing to hash at this head. */
  async search(head: Head): Promise<boolean> {
    const { chain, contracts, log, signal } = this.#node;
    const epoch = await this.#claimableEpoch(head.number + 1n);
    if (epoch === undefined || !(await this.#canBond())) return false;
    const seed = await ensureSeed(chain, contracts, epoch, head.number);
    if (seed === undefined) return false;
    const hasher = await this.#hasher.withSeed(seed);
    const target = await contracts.openMint.read.targetOf([epoch]);
    const first = this.#nonce;
    const count = hasher.batchSize;
    this.#nonce += BigInt(count);
    const input = (index: number) => hexToBytes(this.#inputOf(epoch, first + BigInt(index)));
    const found = await hasher.search({ count, input }, target, { signal });
    for (const { index, output } of found) await this.#claim(epoch, first + BigInt(index), bytesToHex(output));
    log.debug({ event: "searched", epoch: Number(epoch), nonces: count, lucky: found.length });
    return true;
  }

  /** Ends the hasher's threads. */
  async dispose(): Promise<void> {
    await this.#hasher.dispose();
  }

  async #claim(epoch: bigint, nonce: bigint, digest: Hex): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.openMint;
    const claimId = this.#inputOf(epoch, nonce);
    const value = await this.#bondPerClaim();
    try {
      await chain.transact({ address, abi, functionName: "mint", args: [nonce, digest], value });
      log.info({ event: "open-claim", claimId, epoch: Number(epoch), bond: formatEther(value) });
    } catch (error) {
      // The epoch's claims closed under way.
      if (!isRevert(error)) throw error;
      log.warn({ event: "open-claim-refused", claimId, epoch: Number(epoch), error });
    }
  }

  /** The epoch that a transaction in `block` can claim for. */
  async #claimableEpoch(block: bigint): Promise<bigint | undefined> {
    const { contracts, schedule } = this.#node;
    this.#seedDelay ??= BigInt(await contracts.beacon.read.seedDelay());
    const past = block - this.#seedDelay - schedule.genesisBlock;
    return past < schedule.epochBlocks ? undefined : past / schedule.epochBlocks - 1n;
  }

  /** Whether the wallet bears one more claim; says so once if it does not. */
  async #canBond(): Promise<boolean> {
    const { chain, log } = this.#node;
    const needed = (await this.#bondPerClaim()) + CLAIM_GAS * GAS_RISE * (await chain.baseFee());
    const balance = await chain.public.getBalance({ address: chain.account.address });
    const isPoor = balance < needed;
    if (isPoor && !this.#isPoor)
      log.warn({ event: "bond-missing", needed: formatEther(needed), balance: formatEther(balance) });
    this.#isPoor = isPoor;
    return !isPoor;
  }

  async #bondPerClaim(): Promise<bigint> {
    return (this.#bond ??= await this.#node.contracts.openMint.read.bond());
  }

  #inputOf(epoch: bigint, nonce: bigint): Hex {
    const { chain, contracts } = this.#node;
    return openTicketInput({
      chainId: BigInt(chain.deployment.chainId),
      openMint: contracts.openMint.address,
      miner: chain.account.address,
      epoch,
      nonce,
    });
  }
}
