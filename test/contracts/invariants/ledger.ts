import { expect } from "chai";
import type { EventLog, Log } from "ethers";

import { Stage } from "../bounties/bounty-scene.ts";
import { ethers, Phase } from "../tasks/scenario.ts";
import type { Bounties } from "./bounties.ts";
import { type Disputes } from "./disputes.ts";
import { type Emission, OpenState } from "./emission.ts";
import { type Market, OPEN_BOND, SUPPLY } from "./market.ts";
import type { Walk } from "./walk.ts";

/** Events that happen once in the life of what their first arguments name: to be paid twice would show here. */
const ONCE: Readonly<Record<string, number>> = {
  "workMint.RewardMinted": 1,
  "workMint.VerifiersPaid": 1,
  "registry.TaskSettled": 1,
  "registry.TrainingBegun": 1,
  "court.DisputeClosed": 1,
  "demands.DemandEnded": 1,
  "board.EntryReleased": 2,
  "fillers.FillerOpened": 1,
};
const WATCHED = [
  "token",
  "stakes",
  "registry",
  "court",
  "demands",
  "workMint",
  "openMint",
  "fillers",
  "board",
] as const;

type Watched = (typeof WATCHED)[number];

/** Whose things the books hold besides what events tell. */
interface Parts {
  readonly bounties: Bounties;
  readonly disputes: Disputes;
  readonly emission: Emission;
}

/** Keeps the books of the whole market from its events, and compares them with what the contracts hold. */
export class Ledger {
  readonly #walk: Walk;
  readonly #parts: Parts;
  readonly #names = new Map<string, Watched>();
  readonly #once = new Set<string>();
  /** GRIST wei that is left of each task's fee and forfeits. */
  readonly #tasks = new Map<string, bigint>();
  #next: number;
  #minted = 0n;
  #accounted = 0n;
  #burned = 0n;

  private constructor(walk: Walk, parts: Parts, next: number) {
    this.#walk = walk;
    this.#parts = parts;
    this.#next = next;
  }

  static async open(walk: Walk, parts: Parts): Promise<Ledger> {
    const ledger = new Ledger(walk, parts, (await ethers.provider.getBlockNumber()) + 1);
    for (const name of WATCHED) ledger.#names.set(await walk.market[name].getAddress(), name);
    return ledger;
  }

  /** @param honestServe while the honest still do their duty, none of them may lose a wei of stake */
  async check(honestServe: boolean): Promise<void> {
    await this.#readEvents(honestServe);
    await this.#checkToken();
    await this.#checkStakes();
    await this.#checkRegistry();
    await this.#checkEther();
    await this.#checkBoard();
    await this.#checkPool();
    await this.#checkMint();
  }

  async #readEvents(honestServe: boolean): Promise<void> {
    const latest = await ethers.provider.getBlockNumber();
    if (latest < this.#next) return;
    const range = { fromBlock: this.#next, toBlock: latest };
    const logs = await ethers.provider.getLogs({ ...range, address: [...this.#names.keys()] });
    this.#next = latest + 1;
    for (const log of logs) this.#read(log, honestServe);
  }

  #read(log: Log | EventLog, honestServe: boolean): void {
    const contract = this.#names.get(log.address)!;
    const event = this.#walk.market[contract].interface.parseLog(log);
    if (event === null) return;
    const { args } = event;
    const name = `${contract}.${event.name}`;
    const keys = ONCE[name];
    if (keys !== undefined) {
      const key = [name, ...args.slice(0, keys)].map(String).join(" ");
      expect(this.#once.has(key), `${key} happened twice`).to.equal(false);
      this.#once.add(key);
    }
    switch (name) {
      case "token.Transfer":
        if (args.from === ethers.ZeroAddress) this.#minted += args.value as bigint;
        if (args.to === ethers.ZeroAddress) this.#burned += args.value as bigint;
        break;
      case "workMint.RewardMinted":
        this.#accounted += (args.reward as bigint) - (args.verifiersPart as bigint);
        break;
      case "workMint.VerifiersPaid":
        this.#accounted += (args.share as bigint) * BigInt((args.verifiers as unknown[]).length);
        break;
      case "openMint.Mint":
        this.#accounted += args.rewardAmount as bigint;
        break;
      case "fillers.FillerOpened":
        this.#accounted += args.fee as bigint;
        break;
      case "stakes.Slashed":
        expect(
          honestServe && this.#walk.isHonest({ address: String(args.account) }),
          `the honest ${String(args.account)}'s stake, lost in call ${this.#walk.callOf(log.transactionHash)}`,
        ).to.equal(false);
        break;
      case "registry.TaskCreated":
        this.#add(String(args.taskId), (args.parameters as { fee: bigint }).fee);
        break;
      case "registry.TrainingBegun":
        this.#add(String(args.taskId), -(args.burned as bigint));
        break;
      case "registry.MemberConvicted":
        this.#add(String(args.taskId), args.forfeit as bigint);
        break;
      case "registry.Credited":
        this.#add(String(args.taskId), -(args.amount as bigint));
        break;
      case "registry.TaskSettled":
        expect(this.#tasks.get(String(args.taskId)), "a settled task has spent fee and forfeits exactly").to.equal(0n);
        break;
    }
  }

  #add(taskId: string, amount: bigint): void {
    this.#tasks.set(taskId, (this.#tasks.get(taskId) ?? 0n) + amount);
  }

  /** Every GRIST wei was there at the beginning or minted for a reason, and has one owner. */
  async #checkToken(): Promise<void> {
    const { token, accounts, stakes, registry, board, fillers } = this.#walk.market;
    const supply = await token.totalSupply();
    expect(supply, "supply").to.equal(SUPPLY + this.#minted - this.#burned);
    expect(this.#minted, "minted").to.equal(this.#accounted);
    expect(supply <= (await token.cap()), "cap").to.equal(true);
    const [deployer] = await ethers.getSigners();
    let owned = 0n;
    for (const owner of [deployer!, ...accounts, stakes, registry, board, fillers])
      owned += await token.balanceOf(owner);
    expect(owned, "GRIST of everybody").to.equal(supply);
  }

  async #checkStakes(): Promise<void> {
    const { token, stakes, accounts } = this.#walk.market;
    let staked = 0n;
    for (const account of accounts) {
      const [unbonding] = await stakes.unbondingOf(account);
      staked += (await stakes.freeOf(account)) + (await stakes.lockedOf(account)) + unbonding;
    }
    expect(await token.balanceOf(stakes), "stake").to.equal(staked);
  }

  async #checkRegistry(): Promise<void> {
    const { token, registry, accounts, fillers } = this.#walk.market;
    let owed = 0n;
    for (const account of [...accounts, fillers]) owed += await registry.creditOf(account);
    for (const left of this.#tasks.values()) {
      expect(left >= 0n, "a task spends no more than it has").to.equal(true);
      owed += left;
    }
    expect(await token.balanceOf(registry), "fees, forfeits and credits").to.equal(owed);
  }

  async #checkEther(): Promise<void> {
    const { court, demands, openMint, accounts } = this.#walk.market;
    let [ofCourt, ofDemands, ofOpenMint] = [0n, 0n, 0n];
    for (const account of accounts) {
      ofCourt += await court.creditOf(account);
      ofOpenMint += await openMint.creditOf(account);
    }
    for (const { disputeId, isOver } of this.#parts.disputes.cases) {
      if (isOver) continue;
      const { state, deposits } = await court.disputeOf(disputeId);
      if (state < 4n) ofCourt += deposits[0] + deposits[1];
    }
    for (const { demandId } of this.#parts.disputes.demands) {
      const { state, deposit } = await demands.demandOf(demandId);
      if (state === 1n) ofDemands += deposit;
    }
    for (const claim of this.#parts.emission.claims) {
      const { state, deposit } =
        claim.end === undefined ? await this.#parts.emission.look(claim) : { state: claim.end, deposit: 0n };
      if (state === OpenState.Struck)
        ofOpenMint += OPEN_BOND - OPEN_BOND / 2n; // burnt
      else if (state !== OpenState.Collected) ofOpenMint += OPEN_BOND + deposit;
      if (this.#walk.isHonest(claim.miner))
        expect(state, "an honest claim of the open mint").not.to.equal(OpenState.Struck);
    }
    expect(await ethers.provider.getBalance(court), "ether of the court").to.equal(ofCourt);
    expect(await ethers.provider.getBalance(demands), "ether of the demands").to.equal(ofDemands);
    expect(await ethers.provider.getBalance(openMint), "ether of the open mint").to.equal(ofOpenMint);
  }

  /** The board holds at least its credits and what its live bounties may still have to pay. */
  async #checkBoard(): Promise<void> {
    const { token, board, accounts } = this.#walk.market;
    let owed = 0n;
    for (const account of accounts) owed += await board.creditOf(account);
    for (const { bountyId, isOver } of this.#parts.bounties.bounties) {
      if (isOver) continue;
      const { stage, bounty, voterPay, candidate } = await board.bountyOf(bountyId);
      if (stage >= Stage.Paid) continue;
      const { bonds } = await board.ballotOf(bountyId, candidate);
      owed += bounty + voterPay + bonds;
    }
    expect((await token.balanceOf(board)) >= owed, "what the board owes").to.equal(true);
  }

  /** Nobody votes or is drawn with weight that it has not locked. */
  async #checkPool(): Promise<void> {
    const { pool, stakes, beacon, accounts } = this.#walk.market;
    const epoch = (await beacon.currentEpoch()) + 1n;
    const lockId = await pool.lockId();
    let total = 0n;
    for (const account of accounts) {
      const weight = await pool.weightAt(account, epoch);
      total += weight;
      expect((await stakes.lockedFor(account, pool, lockId)) >= weight, "weight without stake").to.equal(true);
    }
    expect(await pool.totalWeightAt(epoch), "total weight").to.equal(total);
  }

  /** What a task's tickets mint is at most 90 % of what it has burned; an epoch mints its emission at most. */
  async #checkMint(): Promise<void> {
    const { workMint, registry, openMint } = this.#walk.market;
    for (const taskId of this.#tasks.keys())
      expect((await workMint.mintedFor(taskId)) * 10n <= (await registry.burnedOf(taskId)) * 9n, "mint").to.equal(true);
    for (const [epoch, minted] of this.#parts.emission.minted)
      expect(minted <= (await openMint.emissionOf(epoch)), `emission of epoch ${String(epoch)}`).to.equal(true);
  }

  /** When all is over and withdrawn, nothing is left anywhere but the burnt bonds, and dust at the board. */
  async checkEmpty(): Promise<void> {
    const { token, stakes, registry, court, demands, board, accounts } = this.#walk.market;
    for (const account of accounts) expect(await stakes.lockedOf(account), "locked stake").to.equal(0n);
    expect(await token.balanceOf(stakes), "stake").to.equal(0n);
    expect(await token.balanceOf(registry), "the registry's GRIST").to.equal(0n);
    expect(await ethers.provider.getBalance(court), "the court's ether").to.equal(0n);
    expect(await ethers.provider.getBalance(demands), "the demands' ether").to.equal(0n);
    const voters = BigInt(accounts.length * this.#parts.bounties.bounties.length);
    expect((await token.balanceOf(board)) <= voters, "the board's dust").to.equal(true);
    for (const taskId of this.#tasks.keys()) {
      const { phase } = await registry.taskOf(taskId);
      expect([Phase.Settled, Phase.Cancelled, Phase.Failed]).to.include(phase);
      expect(this.#once.has(`registry.TaskSettled ${taskId}`), `${taskId} is settled`).to.equal(true);
    }
  }

  /** What became of the tasks. */
  async ends(): Promise<readonly bigint[]> {
    const { registry }: Market = this.#walk.market;
    return Promise.all([...this.#tasks.keys()].map(async (taskId) => (await registry.taskOf(taskId)).phase));
  }
}
