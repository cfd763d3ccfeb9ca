import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import {
  Scoring,
  SCORING_SET,
  SEALED,
  SALT as VOTE_SALT,
  sealOf,
  Stage,
  Status,
  Verdict,
} from "../bounties/bounty-scene.ts";
import { ethers, GRIST } from "../tasks/scenario.ts";
import type { Action, Department, Walk } from "./walk.ts";

const MOST_LIVE_BOUNTIES = 3;
const SALT = ethers.id("model salt");
const TRUE_LOSS = 1_000n;
const FALSE_LOSS = 10n;

interface Bounty {
  readonly bountyId: string;
  readonly poster: HardhatEthersSigner;
  readonly entries: { readonly owner: HardhatEthersSigner; readonly model: string; lies: boolean }[];
  /** What was sealed, by entry and voter. */
  readonly sealed: Map<
    string,
    { readonly voter: HardhatEthersSigner; readonly entry: bigint; readonly verdict: bigint }
  >;
  isOver: boolean;
}

/** Posters, hunters and those who vote on models. */
export class Bounties implements Department {
  readonly bounties: Bounty[] = [];
  readonly #walk: Walk;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  get live(): readonly Bounty[] {
    return this.bounties.filter(({ isOver }) => !isOver);
  }

  get actions(): readonly Action[] {
    const some: Action = () => this.#someCall();
    return [some, some, some, some, () => this.#wrongCall(), () => this.#collect(), () => this.#withdraw()];
  }

  async attend(): Promise<void> {
    const { anchor } = this.#walk.market;
    for (const bounty of this.live) {
      const { stage, candidate } = await this.#advanced(bounty);
      const entry = bounty.entries[Number(candidate)];
      if (stage === Stage.Unsealing && this.#walk.isHonest(bounty.poster)) await this.#unseal(bounty);
      if (stage === Stage.Reveal && entry !== undefined && this.#walk.isHonest(entry.owner))
        await this.#reveal(bounty, Number(candidate));
      if (stage === Stage.Vote) await this.#sealVote(bounty, anchor, candidate);
      if (stage === Stage.Opening)
        for (const voter of this.#voters(bounty, candidate))
          if (this.#walk.isHonest(voter)) await this.#openVote(bounty, voter, candidate);
    }
  }

  /** A stranger's cranks: stage by stage to the end, then every entry's stake. */
  async crank(): Promise<void> {
    const { board, stranger } = this.#walk.market;
    const own = board.connect(stranger);
    for (const { bountyId, entries } of this.bounties) {
      while ((await board.bountyOf(bountyId)).stage < Stage.Paid) {
        await this.#walk.pass(1_000);
        await this.#walk.must("BountyBoard.advance", stranger, () => own.advance(bountyId));
      }
      for (const entry of entries.keys()) {
        const { status } = await board.entryOf(bountyId, entry);
        if (status === Status.Committed || status === Status.Announced)
          await this.#walk.must("BountyBoard.release", stranger, () => own.release(bountyId, entry));
      }
    }
  }

  /** Everybody who prevailed in a vote collects. */
  async collectAll(): Promise<void> {
    const { board, accounts } = this.#walk.market;
    for (const { bountyId, entries } of this.bounties)
      for (const entry of entries.keys()) {
        const votes = await board.queryFilter(board.filters.Voted(bountyId, entry));
        for (const { args } of votes) {
          const voter = accounts.find(({ address }) => address === args.voter)!;
          await this.#walk.send("BountyBoard.collect", voter, () => board.connect(voter).collect(bountyId, entry));
        }
      }
  }

  async #advanced(bounty: Bounty) {
    const view = await this.#walk.market.board.bountyOf(bounty.bountyId);
    bounty.isOver = view.stage >= Stage.Paid;
    return view;
  }

  async #someCall(): Promise<void> {
    const { dice, market } = this.#walk;
    if (this.live.length < MOST_LIVE_BOUNTIES && dice.below(6) === 0) return this.#post();
    if (this.live.length === 0) return;
    const bounty = dice.pick(this.live);
    const { stage, scoring, candidate } = await this.#advanced(bounty);
    const by = this.#walk.anybody();
    const announces = stage === (scoring === Scoring.Open ? Stage.Entry : Stage.Announcing);
    if (announces && bounty.entries.length > 0 && dice.below(2) === 0) return this.#announce(bounty);
    if (stage === Stage.Entry) return dice.below(5) === 0 ? this.#advance(bounty) : this.#enter(bounty, by);
    if (stage === Stage.Unsealing && dice.below(3) === 0) return this.#unseal(bounty);
    if (stage === Stage.Reveal && dice.below(3) === 0) return this.#reveal(bounty, Number(candidate));
    if (stage === Stage.Vote) return this.#sealVote(bounty, this.#walk.oneIn(2) ? market.slyVerifier : by, candidate);
    const voters = this.#voters(bounty, candidate);
    if (stage === Stage.Opening && voters.length > 0) return this.#openVote(bounty, dice.pick(voters), candidate);
    return this.#advance(bounty);
  }

  async #post(): Promise<void> {
    const { dice, market } = this.#walk;
    const by = this.#walk.anybody();
    // Whose word decides the votes is no party to them.
    if (by === market.anchor) return;
    const own = market.board.connect(by);
    const isSealed = dice.below(2) === 0;
    const parameters = {
      salt: ethers.id(`bounty ${String(this.bounties.length)} ${by.address}`),
      specHash: ethers.id("spec"),
      scoringCommitment: SCORING_SET.hash,
      manifest: "bafymanifest",
      scoring: Scoring.Open,
      bounty: 20n * GRIST + BigInt(dice.below(1_000)),
      entryStake: 6n * GRIST,
      tolerance: 1n,
      durations: { entry: 300, unsealing: 250, announcing: 250, reveal: 250, vote: 250, opening: 250 },
      ...(isSealed ? SEALED : {}),
    };
    const receipt = await this.#walk.send("BountyBoard.post", by, () => own.post(parameters));
    if (receipt === undefined) return;
    const [posted] = await market.board.queryFilter(market.board.filters.BountyPosted(), receipt.blockNumber);
    this.bounties.push({ bountyId: posted!.args.bountyId, poster: by, entries: [], sealed: new Map(), isOver: false });
  }

  async #enter(bounty: Bounty, by: HardhatEthersSigner): Promise<void> {
    if (by === this.#walk.market.anchor) return;
    const own = this.#walk.market.board.connect(by);
    const model = ethers.id(`model ${String(bounty.entries.length)}`);
    const types = ["bytes32", "address", "bytes32", "bytes32"];
    const opening = ethers.AbiCoder.defaultAbiCoder().encode(types, [bounty.bountyId, by.address, model, SALT]);
    const commitment = ethers.keccak256(opening);
    const receipt = await this.#walk.send("BountyBoard.enter", by, () => own.enter(bounty.bountyId, commitment));
    if (receipt !== undefined) bounty.entries.push({ owner: by, model, lies: false });
  }

  async #announce({ bountyId, entries }: Bounty): Promise<void> {
    const { dice, market } = this.#walk;
    const index = dice.below(entries.length);
    const entry = entries[index]!;
    const lies = !this.#walk.isHonest(entry.owner) && dice.below(2) === 0;
    const own = market.board.connect(entry.owner);
    const loss = (lies ? FALSE_LOSS : TRUE_LOSS) + BigInt(dice.below(5));
    const receipt = await this.#walk.send("BountyBoard.announce", entry.owner, () =>
      own.announce(bountyId, index, loss),
    );
    if (receipt !== undefined) entry.lies = lies;
  }

  async #unseal({ bountyId, poster }: Bounty): Promise<void> {
    const own = this.#walk.market.board.connect(poster);
    const { hash, salt } = SCORING_SET;
    await this.#walk.send("BountyBoard.unseal", poster, () => own.unseal(bountyId, hash, salt, "bafyscoring"));
  }

  async #reveal({ bountyId, entries }: Bounty, candidate: number): Promise<void> {
    const { owner, model } = entries[candidate]!;
    const own = this.#walk.market.board.connect(owner);
    await this.#walk.send("BountyBoard.reveal", owner, () => own.reveal(bountyId, model, SALT, "bafymodel"));
  }

  async #sealVote({ bountyId, entries, sealed }: Bounty, voter: HardhatEthersSigner, entry: bigint): Promise<void> {
    const { dice, market } = this.#walk;
    const key = `${String(entry)} ${voter.address}`;
    if (sealed.has(key) && !this.#walk.oneIn(10)) return;
    const honest = entries[Number(entry)]!.lies ? Verdict.False : Verdict.Honest;
    const verdict = this.#walk.isHonest(voter) ? honest : BigInt(dice.below(4));
    const seal = sealOf(bountyId, entry, voter, verdict);
    const own = market.board.connect(voter);
    const receipt = await this.#walk.send("BountyBoard.sealVote", voter, () => own.sealVote(bountyId, seal));
    if (receipt !== undefined) sealed.set(key, { voter, entry, verdict });
  }

  #voters({ sealed }: Bounty, candidate: bigint): HardhatEthersSigner[] {
    return [...sealed.values()].filter(({ entry }) => entry === candidate).map(({ voter }) => voter);
  }

  async #openVote({ bountyId, sealed }: Bounty, voter: HardhatEthersSigner, entry: bigint): Promise<void> {
    const { board } = this.#walk.market;
    const key = `${String(entry)} ${voter.address}`;
    const { verdict } = sealed.get(key)!;
    const isOpen = (await board.voteOf(bountyId, entry, voter)).verdict !== Verdict.None;
    if (isOpen && !this.#walk.oneIn(10)) return;
    await this.#walk.send("BountyBoard.openVote", voter, () =>
      board.connect(voter).openVote(bountyId, verdict, VOTE_SALT),
    );
  }

  async #advance({ bountyId }: Bounty): Promise<void> {
    const by = this.#walk.anybody();
    await this.#walk.send("BountyBoard.advance", by, () => this.#walk.market.board.connect(by).advance(bountyId));
  }

  async #collect(): Promise<void> {
    const { dice, market } = this.#walk;
    const bounty = this.bounties.at(-1 - dice.below(4));
    if (bounty === undefined || bounty.entries.length === 0) return;
    const { bountyId } = bounty;
    const entry = dice.below(bounty.entries.length);
    const by = dice.pick([market.anchor, market.slyVerifier, this.#walk.anybody()]);
    const own = market.board.connect(by);
    await this.#walk.send("BountyBoard.collect", by, () => own.collect(bountyId, entry));
    await this.#walk.send("BountyBoard.release", by, () => own.release(bountyId, entry));
  }

  async #withdraw(): Promise<void> {
    const by = this.#walk.anybody();
    const own = this.#walk.market.board.connect(by);
    if ((await own.creditOf(by)) > 0n || this.#walk.oneIn(10))
      await this.#walk.send("BountyBoard.withdraw", by, () => own.withdraw());
  }

  /** Any call of some bounty's, at any stage, by anybody. */
  async #wrongCall(): Promise<void> {
    const { dice, market } = this.#walk;
    if (this.bounties.length === 0) return;
    const { bountyId } = dice.pick(this.bounties);
    const by = this.#walk.anybody();
    const own = market.board.connect(by);
    const entry = dice.below(3);
    const calls = {
      cancel: () => own.cancel(bountyId),
      unseal: () => own.unseal(bountyId, SALT, SALT, "bafy"),
      reveal: () => own.reveal(bountyId, SALT, SALT, "bafy"),
      openVote: () => own.openVote(bountyId, Verdict.Honest, SALT),
      sealVote: () => own.sealVote(bountyId, SALT),
      release: () => own.release(bountyId, entry),
      advance: () => own.advance(bountyId),
    };
    const name = dice.pick(Object.keys(calls) as (keyof typeof calls)[]);
    // The anchor's word decides the votes: it seals nothing that it could not open.
    if (by === market.anchor) return;
    await this.#walk.send(`BountyBoard.${name}`, by, calls[name]);
  }
}
