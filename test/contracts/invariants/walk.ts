import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { TransactionReceipt } from "ethers";

import { Dice } from "../helpers/dice.ts";
import { ethers, networkHelpers } from "../tasks/scenario.ts";
import type { Market } from "./market.ts";

/** Something that somebody may do, right or wrong. */
export type Action = () => Promise<unknown>;

/** A part of the market: what its actors try, and what the honest among them must not miss. */
export interface Department {
  /** What may be tried now, each as likely as it stands here often. */
  readonly actions: readonly Action[];
  /** What honest actors do before time passes: answers, reveals and votes that are due. */
  attend(): Promise<void>;
  /** Everybody has fallen silent for good: what a stranger does to bring all to its end. */
  crank(): Promise<void>;
}

/** A transaction that is under way. */
export type Sending = Promise<{ wait(): Promise<TransactionReceipt | null> }>;

/** How often a call was made, and how often it was not refused. */
export interface Count {
  made: number;
  done: number;
}

/** Errors that the suite and OpenZeppelin declare: whatever is refused, is refused by one of them. */
const REFUSAL =
  /reverted with custom error '((Registry|Court|EpochBeacon|StakeManager|WorkMint|OpenMint|FillerTasks|Bounty|VerifierPool|Audits|SupervisorLog|Misconduct|Demands|Perjury|Game|SegmentGame|EvaluationGame|TensHashGame|Statement|TaskRules|TensorMerkle|ERC20)_?[A-Z]|ECDSA|RLP)/;

/**
 * One walk through the market. Every call goes through {@link send}, which sets the time of its block: the same seed makes
 * the same walk, call by call.
 */
export class Walk {
  readonly market: Market;
  readonly dice: Dice;
  readonly counts: Map<string, Count>;
  /** The last calls, for whoever has to understand a failure. */
  readonly recent: string[] = [];
  /** Calls that were not refused, by the hash of their transaction. */
  readonly #mined = new Map<string, string>();
  calls = 0;
  /** Unix seconds of the last block. */
  now: number;

  private constructor(market: Market, seed: number, counts: Map<string, Count>, now: number) {
    this.market = market;
    this.dice = new Dice(seed);
    this.counts = counts;
    this.now = now;
  }

  static async begin(market: Market, seed: number, counts: Map<string, Count>): Promise<Walk> {
    // The same time of the first block in every run, whenever the chain was started.
    const beginning = 4_000_000_000;
    await networkHelpers.time.increaseTo(beginning);
    return new Walk(market, seed, counts, beginning);
  }

  /**
   * Makes a call that may be refused, but only by an error that the suite declares: never by a panic.
   * @returns the receipt, undefined if it was refused
   */
  async send(kind: string, by: HardhatEthersSigner, call: () => Sending): Promise<TransactionReceipt | undefined> {
    const count = this.counts.get(kind) ?? { made: 0, done: 0 };
    this.counts.set(kind, count);
    count.made++;
    this.calls++;
    await networkHelpers.time.setNextBlockTimestamp(++this.now);
    const name = `${String(this.calls)} ${kind} by ${by.address.slice(0, 6)}`;
    try {
      const receipt = await (await call()).wait();
      count.done++;
      this.#note(name);
      this.#mined.set(receipt!.hash, name);
      return receipt!;
    } catch (error) {
      const reason = String(error);
      this.#note(`${name}: ${reason.replace(/.*custom error /s, "")}`);
      expect(reason, name).to.match(REFUSAL);
      return undefined;
    }
  }

  /** The same for a call that must not be refused. */
  async must(kind: string, by: HardhatEthersSigner, call: () => Sending): Promise<TransactionReceipt> {
    const receipt = await this.send(kind, by, call);
    expect(receipt, `${this.recent.at(-1) ?? kind}: must not be refused`).not.to.equal(undefined);
    return receipt!;
  }

  /** Lets blocks pass, a second each. */
  async mine(blocks: number): Promise<void> {
    await networkHelpers.time.setNextBlockTimestamp(this.now + 1);
    await networkHelpers.mine(blocks);
    this.now += blocks;
  }

  /** Lets time pass without blocks. */
  async pass(seconds: number): Promise<void> {
    this.now += seconds;
    await networkHelpers.time.setNextBlockTimestamp(this.now);
    await networkHelpers.mine(1);
  }

  async blockNumber(): Promise<bigint> {
    return BigInt(await ethers.provider.getBlockNumber());
  }

  /** Number, name and sender of the call that was mined as a transaction. */
  callOf(transactionHash: string): string {
    return this.#mined.get(transactionHash) ?? transactionHash;
  }

  isHonest({ address }: { readonly address: string }): boolean {
    return !this.market.sly.has(address);
  }

  /** The signer of an address; undefined if it is a contract's or nobody's. */
  signer(address: string): HardhatEthersSigner | undefined {
    return this.market.accounts.find((account) => account.address === address);
  }

  anybody(): HardhatEthersSigner {
    return this.dice.pick(this.market.accounts);
  }

  /** Mostly the one whose call it is, now and then anybody. */
  mostly(account: HardhatEthersSigner | undefined): HardhatEthersSigner {
    return account === undefined || this.dice.below(12) === 0 ? this.anybody() : account;
  }

  /** Once in `n` times. */
  oneIn(n: number): boolean {
    return this.dice.below(n) === 0;
  }

  #note(line: string): void {
    this.recent.push(line);
    if (this.recent.length > 60) this.recent.shift();
  }
}
