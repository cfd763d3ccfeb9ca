import { openLayer } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { bytesToHex, type Hex } from "viem";

import { firstFalseNeuron, type TicketTruth } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { hashOf } from "../tasks/filler-scene.ts";
import { GRIST, ZERO } from "../tasks/scenario.ts";
import type { Hashes } from "./hashes.ts";
import { CATALOGUE, ETHER, OPEN_BOND, PROPOSAL } from "./market.ts";
import type { Tasks } from "./tasks.ts";
import type { Action, Department, Walk } from "./walk.ts";

export const OpenState = { None: 0n, Claimed: 1n, Challenged: 2n, Answered: 3n, Collected: 4n, Struck: 5n } as const;

/** A claim of the open mint, and what is true of it. */
interface OpenClaim {
  readonly x: Hex;
  readonly epoch: bigint;
  readonly miner: HardhatEthersSigner;
  readonly told: TicketTruth;
  readonly truth: TicketTruth;
  readonly isTrue: boolean;
  /** Once it is decided for good. */
  end?: bigint;
}

/** The open mint, the filler tasks, and everybody's stake. */
export class Emission implements Department {
  readonly claims: OpenClaim[] = [];
  readonly minted = new Map<bigint, bigint>();
  readonly #walk: Walk;
  readonly #tasks: Tasks;
  readonly #hashes: Hashes;
  #nonce = 0n;

  constructor(walk: Walk, tasks: Tasks, hashes: Hashes) {
    this.#walk = walk;
    this.#tasks = tasks;
    this.#hashes = hashes;
  }

  get actions(): readonly Action[] {
    const stake: Action = () => this.#stake();
    return [
      () => this.#claim(),
      () => this.#challenge(),
      () => this.#prove(),
      () => this.#collectSome(),
      () => this.#expire(),
      () => this.#withdraw(),
      () => this.#fill(),
      stake,
      stake,
      () => this.#enlist(),
    ];
  }

  /** Honest miners answer whoever challenges them. */
  async attend(): Promise<void> {
    const { openMint } = this.#walk.market;
    for (const claim of this.claims) {
      if (claim.end !== undefined || !this.#walk.isHonest(claim.miner)) continue;
      const { state, endsAt } = await this.look(claim);
      if (state !== OpenState.Challenged || (await this.#walk.blockNumber()) >= endsAt) continue;
      const own = openMint.connect(claim.miner);
      await this.#walk.must("OpenMint.answer", claim.miner, () => own.answer(claim.x, claim.told.trace));
    }
  }

  async crank(): Promise<void> {
    const { openMint, stranger } = this.#walk.market;
    for (const claim of this.claims) {
      const { state } = await this.look(claim);
      if (claim.end !== undefined) continue;
      if (state === OpenState.Challenged)
        await this.#walk.must("OpenMint.expire", stranger, () => openMint.connect(stranger).expire(claim.x));
      // Only its miner collects: to be silent costs nobody else anything.
      else await this.#collect(claim, claim.miner);
      await this.look(claim);
    }
  }

  async look(claim: OpenClaim) {
    const view = await this.#walk.market.openMint.claimOf(claim.x);
    if (view.state === OpenState.Collected || view.state === OpenState.Struck) claim.end = view.state;
    return view;
  }

  async #claim(): Promise<void> {
    const { openMint, beacon } = this.#walk.market;
    const { dice } = this.#walk;
    const epoch = await openMint.claimableEpoch();
    const seed = await beacon.seedOf(epoch);
    if (seed === ZERO) return;
    const miner = this.#walk.anybody();
    const nonce = this.#nonce++;
    const x = (await openMint.ticketInput(miner, epoch, nonce)) as Hex;
    const truth = await this.#hashes.truthOf(seed, x);
    const lies = !this.#walk.isHonest(miner) && dice.below(2) === 0;
    const told = lies ? { ...truth, y: truth.y.with(dice.below(32), dice.below(256)) } : truth;
    const own = openMint.connect(miner);
    const receipt = await this.#walk.send("OpenMint.mint", miner, () =>
      own.mint(nonce, bytesToHex(told.y), { value: OPEN_BOND }),
    );
    if (receipt === undefined) return;
    const isTrue = bytesToHex(told.y) === bytesToHex(truth.y);
    // The block may have been the first of the next epoch; then the ticket was another.
    const { state } = await openMint.claimOf(x);
    expect(state, "the claim that was made").to.equal(OpenState.Claimed);
    this.claims.push({ x, epoch, miner, told, truth, isTrue });
  }

  async #challenge(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const by = this.#walk.anybody();
    const { openMint } = this.#walk.market;
    const value = this.#walk.dice.pick([0n, ETHER, ETHER]);
    await this.#walk.send("OpenMint.challenge", by, () => openMint.connect(by).challenge(claim.x, { value }));
  }

  /** Whoever has challenged shows the neuron that is false, or, if there is none, any. */
  async #prove(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const { dice, market } = this.#walk;
    const { told, truth, x, isTrue } = claim;
    const any = { layer: dice.below(66), index: dice.below(256) };
    const { layer, index } = firstFalseNeuron(told, truth) ?? any;
    const { states, proof } = openLayer(told.trace, layer);
    const by = this.#walk.anybody();
    const own = market.openMint.connect(by);
    const receipt = await this.#walk.send("OpenMint.prove", by, () => own.prove(x, layer, index, states, [...proof]));
    expect(receipt !== undefined && isTrue, "a true claim was struck").to.equal(false);
  }

  async #collectSome(): Promise<void> {
    const claim = this.#some();
    if (claim !== undefined) await this.#collect(claim, this.#walk.mostly(claim.miner));
  }

  async #collect({ x, epoch, miner }: OpenClaim, by: HardhatEthersSigner): Promise<void> {
    const { openMint, token } = this.#walk.market;
    const before = await token.balanceOf(miner);
    await this.#walk.send("OpenMint.collect", by, () => openMint.connect(by).collect(x));
    const reward = (await token.balanceOf(miner)) - before;
    this.minted.set(epoch, (this.minted.get(epoch) ?? 0n) + reward);
  }

  async #expire(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const by = this.#walk.anybody();
    const { openMint } = this.#walk.market;
    await this.#walk.send("OpenMint.expire", by, () => openMint.connect(by).expire(claim.x));
  }

  async #withdraw(): Promise<void> {
    const by = this.#walk.anybody();
    const own = this.#walk.market.openMint.connect(by);
    if ((await own.creditOf(by)) > 0n || this.#walk.oneIn(10))
      await this.#walk.send("OpenMint.withdraw", by, () => own.withdraw());
  }

  async #stake(): Promise<void> {
    const { dice, market } = this.#walk;
    const by = this.#walk.anybody();
    const own = market.stakes.connect(by);
    const amount = BigInt(dice.below(200)) * GRIST;
    await dice.pick<Action>([
      () => this.#walk.send("StakeManager.stake", by, () => own.stake(amount)),
      () => this.#walk.send("StakeManager.requestUnstake", by, () => own.requestUnstake(amount / 4n)),
      () => this.#walk.send("StakeManager.withdraw", by, () => own.withdraw()),
      () => this.#walk.send("StakeManager.lock", by, () => own.lock(by, ZERO, amount)),
      () => this.#walk.send("StakeManager.unlock", by, () => own.unlock(by, ZERO, amount)),
      () => this.#walk.send("StakeManager.slash", by, () => own.slash(market.anchor, ZERO, amount, by, 0n, 0n)),
    ])();
  }

  /** Little weight each, so that the anchor's stays the majority; the anchor itself stays. */
  async #enlist(): Promise<void> {
    const { dice, market } = this.#walk;
    const by = this.#walk.anybody();
    if (by === market.anchor) return;
    const own = market.pool.connect(by);
    const amount = BigInt(dice.below(4)) * GRIST;
    await dice.pick<Action>([
      () => this.#walk.send("VerifierPool.enlist", by, () => own.enlist(amount, by)),
      () => this.#walk.send("VerifierPool.resign", by, () => own.resign()),
      () => this.#walk.send("VerifierPool.release", by, () => own.release()),
      () => this.#walk.send("VerifierPool.slash", by, () => own.slash(market.anchor, by)),
    ])();
  }

  async #fill(): Promise<void> {
    const { dice, market } = this.#walk;
    const { fillers, beacon } = market;
    const by = this.#walk.anybody();
    const own = fillers.connect(by);
    await dice.pick<Action>([
      () => this.#openFiller(by),
      () => this.#openFiller(by),
      () => this.#walk.send("FillerTasks.propose", by, () => own.propose(PROPOSAL)),
      () => this.#walk.send("FillerTasks.burnLeftover", by, () => own.burnLeftover()),
      async () => {
        const epoch = await beacon.currentEpoch();
        return this.#walk.send("FillerTasks.open", by, () => own.open(epoch, CATALOGUE[0]!));
      },
    ])();
  }

  async #openFiller(by: HardhatEthersSigner): Promise<void> {
    const { fillers, beacon } = this.#walk.market;
    const last = (await beacon.currentEpoch()) - 1n;
    const epoch = last - (last % (await fillers.periodEpochs()));
    const isOpen = (await fillers.taskOf(epoch)) !== ZERO;
    if (isOpen || (await beacon.seedOf(epoch)) === ZERO) return;
    const { entry } = await fillers.drawnFor(epoch);
    const parameters = [...CATALOGUE, PROPOSAL].find((one) => hashOf(one) === entry)!;
    const own = fillers.connect(by);
    const receipt = await this.#walk.send("FillerTasks.open", by, () => own.open(epoch, parameters));
    if (receipt === undefined) return;
    const [opened] = await fillers.queryFilter(fillers.filters.FillerOpened(epoch));
    const { taskId, fee } = opened!.args;
    this.#tasks.add(taskId as Hex, { ...parameters, salt: await beacon.seedOf(epoch), fee });
  }

  /** Mostly a young claim: old ones are decided. */
  #some(): OpenClaim | undefined {
    const { dice } = this.#walk;
    if (this.claims.length === 0) return undefined;
    return dice.below(4) === 0 ? dice.pick(this.claims) : this.claims.at(-1 - dice.below(8));
  }
}
