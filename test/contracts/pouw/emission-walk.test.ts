import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { openLayer } from "@gristmill/sdk";
import { expect } from "chai";
import { bytesToHex, type Hex, hexToBytes } from "viem";

import { firstFalseNeuron } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { headerOf } from "../helpers/header.ts";
import { Dice, seedsFor } from "../helpers/dice.ts";
import { drawnFor, filling, FILLERS, PROPOSAL } from "../tasks/filler-scene.ts";
import { ethers, GRIST, loadFixture, networkHelpers, provider, SUPPLY } from "../tasks/scenario.ts";

const STEPS = 200;
const SEEDS = seedsFor([5, 6], STEPS);
const BOND = 10n ** 17n;
const DEPOSIT = 10n ** 16n;
const EMISSION = 12n * GRIST;

const State = { None: 0n, Claimed: 1n, Challenged: 2n, Answered: 3n, Collected: 4n, Struck: 5n } as const;

/** The open mint, the filler tasks and the stakes over one token. */
async function emitting() {
  const [, ...accounts] = await ethers.getSigners();
  const suite = await filling();
  // The fillers were appointed, and that happens once: a token of its own for the open mint, on the same epochs.
  const token = await ethers.deployContract("GristToken", [1_000n * GRIST, [], []]);
  const openMint = await ethers.deployContract("OpenMint", [
    token,
    suite.beacon,
    {
      halvingEpochs: 5n,
      wantedClaims: 3n,
      moveBlocks: 8n,
      easiestTarget: 2n ** 256n - 1n,
      initialEmission: EMISSION,
      bond: BOND,
    },
  ]);
  await token.appoint([openMint]);
  return { ...suite, openToken: token, openMint, accounts: accounts.slice(0, 6) };
}

type Emitting = Awaited<ReturnType<typeof emitting>>;

/** A claim as the walk knows it to be. */
interface Claimed {
  readonly x: Hex;
  readonly epoch: bigint;
  readonly miner: HardhatEthersSigner;
  readonly y: Uint8Array;
  readonly trace: Uint8Array;
  readonly isTrue: boolean;
  /** Once it is decided for good. */
  end?: bigint;
}

class Walk {
  readonly #scene: Emitting;
  readonly #dice: Dice;
  readonly #hasher: TensHasher;
  readonly claims: Claimed[] = [];
  readonly #minted = new Map<bigint, bigint>();
  #seed = "";
  #nonce = 0n;
  done = 0;

  constructor(scene: Emitting, dice: Dice, hasher: TensHasher) {
    this.#scene = scene;
    this.#dice = dice;
    this.#hasher = hasher;
  }

  /** Takes a step that may be refused, but only by an error that the suite declares: never by a panic. */
  async step(): Promise<void> {
    const actions = [this.#claim, this.#claim, this.#challenge, this.#prove, this.#collect, this.#stake, this.#fill];
    const others = [this.#expire, this.#withdraw, this.#wait, this.#wait];
    try {
      const all = [...actions, ...others];
      await (this.claims.length === 0 ? this.#claim() : this.#dice.pick(all).call(this));
      this.done++;
    } catch (error) {
      expect(String(error)).to.match(
        /custom error '(OpenMint|FillerTasks|Registry|EpochBeacon|StakeManager|ERC20)_?[A-Z]/,
      );
    }
  }

  async #claim(): Promise<void> {
    const { openMint, beacon } = this.#scene;
    const epoch = await openMint.claimableEpoch();
    if ((await beacon.seedOf(epoch)) === ethers.ZeroHash) {
      const block = await beacon.seedBlockOf(epoch, { blockTag: "pending" });
      await beacon.proveSeed(epoch, await headerOf(provider, block));
    }
    const seed = await beacon.seedOf(epoch);
    if (seed !== this.#seed) await this.#hasher.setSeed(hexToBytes(seed as Hex));
    this.#seed = seed;
    const miner = this.#anybody();
    const nonce = this.#nonce++;
    const x = (await openMint.ticketInput(miner, epoch, nonce)) as Hex;
    const trace = await this.#hasher.trace(hexToBytes(x));
    const truth = (await this.#hasher.hash([hexToBytes(x)]))[0]!;
    const isTrue = this.#dice.below(3) !== 0;
    const y = isTrue ? truth.slice() : truth.with(this.#dice.below(32), this.#dice.below(256));
    await openMint.connect(miner).mint(nonce, bytesToHex(y), { value: BOND });
    const isSame = bytesToHex(y) === bytesToHex(truth);
    this.claims.push({ x, epoch, miner, y, trace, isTrue: isSame });
  }

  async #challenge(): Promise<void> {
    const value = this.#dice.pick([0n, DEPOSIT, DEPOSIT]);
    await this.#scene.openMint.connect(this.#anybody()).challenge(this.#some().x, { value });
  }

  /** Whoever has challenged shows the neuron that is false, or, if there is none, any. */
  async #prove(): Promise<void> {
    const { openMint } = this.#scene;
    const { x, y, trace, isTrue } = this.#some();
    const truth = isTrue ? { y, trace } : { y: (await this.#hasher.hash([hexToBytes(x)]))[0]!, trace };
    const any = { layer: this.#dice.below(66), index: this.#dice.below(256) };
    const { layer, index } = firstFalseNeuron({ y, trace }, truth) ?? any;
    const { states, proof } = openLayer(trace, layer);
    await openMint.connect(this.#anybody()).prove(x, layer, index, states, [...proof]);
    expect(isTrue, "a true claim was struck").to.equal(false);
  }

  async #expire(): Promise<void> {
    await this.#scene.openMint.connect(this.#anybody()).expire(this.#some().x);
  }

  async #collect(): Promise<void> {
    await this.collect(this.#some());
  }

  async collect({ x, miner, epoch }: Claimed): Promise<void> {
    const { openMint, openToken } = this.#scene;
    const before = await openToken.balanceOf(miner);
    await openMint.connect(miner).collect(x);
    const reward = (await openToken.balanceOf(miner)) - before;
    this.#minted.set(epoch, (this.#minted.get(epoch) ?? 0n) + reward);
  }

  async #withdraw(): Promise<void> {
    await this.#scene.openMint.connect(this.#anybody()).withdraw();
  }

  async #stake(): Promise<void> {
    const { stakes } = this.#scene;
    const own = stakes.connect(this.#anybody());
    const amount = BigInt(this.#dice.below(40)) * GRIST;
    await this.#dice.pick([() => own.requestUnstake(amount), () => own.withdraw()])();
  }

  async #fill(): Promise<void> {
    const { fillers, registry, client, openMint } = this.#scene;
    const epoch = await openMint.claimableEpoch();
    await this.#dice.pick([
      async () => fillers.open(epoch, await drawnFor(this.#scene, epoch)),
      () => fillers.connect(client).propose(PROPOSAL),
      () => fillers.burnLeftover(),
      async () => registry.settle(await fillers.taskOf(this.#dice.below(Number(epoch) + 1))),
    ])();
  }

  /** Time passes; honest miners have answered before it does. */
  async #wait(): Promise<void> {
    await this.answerAll();
    if (this.#dice.below(6) === 0) await networkHelpers.time.increase(this.#dice.pick([300, 3_000]));
    await networkHelpers.mine(this.#dice.below(4) + 1);
  }

  async answerAll(): Promise<void> {
    const { openMint } = this.#scene;
    for (const claim of this.claims) {
      const { x, miner, trace, isTrue } = claim;
      if (claim.end !== undefined || (!isTrue && this.#dice.below(3) !== 0)) continue;
      const { state, endsAt } = await this.#look(claim);
      const inTime = BigInt(await ethers.provider.getBlockNumber()) < endsAt;
      if (state === State.Challenged && inTime) await openMint.connect(miner).answer(x, trace);
    }
  }

  /** Every wei of ether and GRIST has one owner, no true claim is struck, no epoch mints more than its emission. */
  async check(): Promise<void> {
    const { openMint, openToken, token, stakes, registry, fillers, accounts } = this.#scene;
    let ether = 0n;
    for (const claim of this.claims) {
      const { state, deposit } = claim.end === undefined ? await this.#look(claim) : { state: claim.end, deposit: 0n };
      if (state === State.Struck)
        ether += BOND - BOND / 2n; // burnt
      else if (state !== State.Collected) ether += BOND + deposit;
      if (claim.isTrue) expect(state, "a true claim").not.to.equal(State.Struck);
    }
    for (const account of accounts) ether += await openMint.creditOf(account);
    expect(await ethers.provider.getBalance(openMint), "ether of the open mint").to.equal(ether);
    for (const [epoch, minted] of this.#minted)
      expect(minted <= (await openMint.emissionOf(epoch)), `emission of epoch ${epoch}`).to.equal(true);
    const all = [...this.#minted.values()].reduce((sum, minted) => sum + minted, 0n);
    expect(await openToken.totalSupply()).to.equal(all);

    const opened = await fillers.queryFilter(fillers.filters.FillerOpened());
    const proposed = await fillers.queryFilter(fillers.filters.TaskProposed());
    const burned = await fillers.queryFilter(fillers.filters.LeftoverBurned());
    const created = opened.reduce((sum, { args }) => sum + args.fee, 0n);
    const gone = burned.reduce((sum, { args }) => sum + args.amount, BigInt(proposed.length) * FILLERS.proposalBurn);
    expect(await token.totalSupply(), "GRIST").to.equal(SUPPLY + created - gone);
    const unspent = created - burned.reduce((sum, { args }) => sum + args.amount, 0n);
    expect(await token.balanceOf(registry), "fees of fillers that nobody trained").to.equal(unspent);
    let staked = 0n;
    for (const account of (await ethers.getSigners()).slice(1)) {
      const [unbonding] = await stakes.unbondingOf(account);
      staked += (await stakes.freeOf(account)) + (await stakes.lockedOf(account)) + unbonding;
    }
    expect(await token.balanceOf(stakes), "stake").to.equal(staked);
  }

  async #look(claim: Claimed) {
    const view = await this.#scene.openMint.claimOf(claim.x);
    if (view.state === State.Collected || view.state === State.Struck) claim.end = view.state;
    return view;
  }

  #anybody(): HardhatEthersSigner {
    return this.#dice.pick(this.#scene.accounts);
  }

  /** Mostly a young claim: old ones are decided. */
  #some(): Claimed {
    const young = this.claims.slice(-12);
    return this.#dice.pick(this.#dice.below(4) === 0 ? this.claims : young);
  }
}

describe("random walks through the emission", function () {
  this.timeout(120_000);
  let hasher: TensHasher;
  const ends = new Set<bigint>();

  before(async () => {
    hasher = await createTensHasher("wasm", { threads: 2 });
  });

  after(() => hasher.dispose());

  for (const seed of SEEDS) {
    it(`keep every wei accounted for, strike no true claim, and end (seed ${seed})`, async () => {
      const scene = await loadFixture(emitting);
      const { openMint, accounts } = scene;
      const walk = new Walk(scene, new Dice(seed), hasher);
      for (let count = 0; count < STEPS; count++) {
        await walk.step();
        if (count % 50 === 0) await walk.check();
      }
      expect(walk.done, "steps that were not refused").to.be.at.least(STEPS / 4);

      await walk.answerAll();
      await networkHelpers.mine(200);
      for (const claim of walk.claims) {
        const { state } = await openMint.claimOf(claim.x);
        if (state === State.Challenged) await openMint.expire(claim.x);
        else if (state === State.Claimed || state === State.Answered) await walk.collect(claim);
        ends.add((await openMint.claimOf(claim.x)).state);
      }
      await walk.check();
      for (const account of accounts)
        if ((await openMint.creditOf(account)) !== 0n) await openMint.connect(account).withdraw();
      await walk.check();
    });
  }

  it("reach both ends of a claim", () => {
    expect([...ends].sort()).to.deep.equal([State.Collected, State.Struck]);
  });
});
