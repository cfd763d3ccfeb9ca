import { merkleProof, recordHash, segmentId, tensHashTraceId } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { bytesToHex, type Hex } from "viem";

import type { TicketTruth } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { attestedOf } from "../disputes/attested-segments.ts";
import { SALT, seal } from "../helpers/attested-claim.ts";
import { type ClaimDetails, claimIdOf, detailsOf } from "../helpers/committed-work.ts";
import { ethers, ZERO } from "../tasks/scenario.ts";
import type { Hashes } from "./hashes.ts";
import { BEACON } from "./market.ts";
import type { Shown, TaskRun, Tasks } from "./tasks.ts";
import type { Action, Department, Walk } from "./walk.ts";

const State = { None: 0n, Claimed: 1n, Attested: 2n } as const;

/** A claim of a ticket, and what is true of it. */
export interface TicketClaim {
  readonly claimId: Hex;
  readonly details: ClaimDetails;
  readonly run: TaskRun;
  readonly shown: Shown;
  readonly seed: string;
  readonly told: TicketTruth;
  readonly truth: TicketTruth;
  readonly isTrue: boolean;
  readonly madeAt: bigint;
  /** The rounds in which the anchor or another honest verifier has sealed. */
  readonly sealedIn: Set<bigint>;
  isMinted: boolean;
}

/** Miners claim tickets, verifiers attest them, everybody mints. */
export class Claims implements Department {
  readonly claims: TicketClaim[] = [];
  readonly #walk: Walk;
  readonly #tasks: Tasks;
  readonly #hashes: Hashes;

  constructor(walk: Walk, tasks: Tasks, hashes: Hashes) {
    this.#walk = walk;
    this.#tasks = tasks;
    this.#hashes = hashes;
  }

  get actions(): readonly Action[] {
    const claim: Action = () => this.#claim();
    const mint: Action = () => this.#mint();
    return [
      claim,
      claim,
      claim,
      claim,
      claim,
      mint,
      mint,
      () => this.#payVerifiers(),
      () => this.#discard(),
      () => this.#slyAttestation(),
    ];
  }

  /** Claims whose task is not settled. */
  get live(): readonly TicketClaim[] {
    return this.claims.filter(({ run }) => !run.isOver);
  }

  async attend(): Promise<void> {
    const block = await this.#walk.blockNumber();
    const window = 2n * BEACON.attestationBlocks * BEACON.attestationRounds;
    for (const claim of this.live) if (block < claim.madeAt + window && claim.isTrue) await this.#attest(claim);
  }

  async crank(): Promise<void> {
    const { workMint, stranger } = this.#walk.market;
    for (const { details, isMinted } of this.claims) {
      if (!isMinted) await this.#walk.send("WorkMint.mint", stranger, () => workMint.connect(stranger).mint(details));
      await this.#walk.send("WorkMint.payVerifiers", stranger, () =>
        workMint.connect(stranger).payVerifiers([details]),
      );
    }
  }

  /** A ticket of some iteration that a slot has committed lately, mostly with its true hash. */
  async #claim(): Promise<void> {
    const { dice, market } = this.#walk;
    const { beacon, workMint, registry } = market;
    const current = await beacon.currentEpoch();
    const candidates = this.#tasks.runs.flatMap((run) =>
      run.slots.flatMap((slot) =>
        [...slot.commits].flatMap(([epoch, segments]) =>
          epoch < current && epoch >= current - 2n ? [{ run, slot, epoch, segments }] : [],
        ),
      ),
    );
    if (candidates.length === 0) return;
    const { run, slot, epoch, segments } = dice.pick(candidates);
    const seed = await beacon.seedOf(epoch);
    if (seed === ZERO) return;

    const place = dice.below(segments.length);
    const shown = segments[place]!;
    const { segment, signature, records } = shown.message;
    const record = dice.pick(records);
    const ids = segments.map(({ message }) => segmentId(message.segment));
    const [owner] = await registry.memberOf(run.taskId, 0n, slot.index);
    const ticket = dice.below(2);
    const honest = this.#walk.isHonest(slot.operator);
    const { taskId } = run;
    const input = [taskId, owner, slot.index, record.index, record.work, ticket] as const;
    const x = (await workMint.ticketInput(...input)) as Hex;
    const truth = await this.#hashes.truthOf(seed, x);
    const lies = !honest && dice.below(3) === 0;
    const told = lies ? { ...truth, y: truth.y.with(dice.below(32), dice.below(256)) } : truth;
    const claim = {
      segment,
      signature,
      segmentProof: merkleProof(ids, place),
      record,
      recordProof: merkleProof(records.map(recordHash), record.index - segment.first),
      epoch,
      ticket,
      y: bytesToHex(told.y),
      traceId: tensHashTraceId(told.trace),
    };
    const by = honest ? slot.operator : this.#walk.mostly(slot.operator);
    const own = workMint.connect(by);
    const receipt = await this.#walk.send("WorkMint.claim", by, () => own.claim(claim));
    if (receipt === undefined) return;
    const worker = { ethers, owner: { address: owner } as HardhatEthersSigner, operator: slot.operator, registry };
    this.claims.push({
      claimId: claimIdOf({ ethers }, claim) as Hex,
      details: detailsOf(worker, claim),
      run,
      shown,
      seed,
      told,
      truth,
      isTrue: bytesToHex(told.y) === bytesToHex(truth.y) && shown.told === shown.truth,
      madeAt: BigInt(receipt.blockNumber),
      sealedIn: new Set(),
      isMinted: false,
    });
  }

  /** An honest verifier that is drawn seals and opens what it computed. */
  async #attest(claim: TicketClaim): Promise<void> {
    const { workMint } = this.#walk.market;
    const { claimId, details } = claim;
    if ((await workMint.claimOf(claimId)).state !== State.Claimed) return;
    const { round, revealing } = await workMint.roundOf(claimId);
    const drawn = this.#walk.signer(await workMint.drawnVerifier(claimId, details.epoch, round, 0));
    if (drawn === undefined || !this.#walk.isHonest(drawn)) return;
    const root = this.#rootOf(claim, true);
    if (!revealing && !claim.sealedIn.has(round)) {
      claim.sealedIn.add(round);
      await this.#seal(drawn, claimId, root);
    } else if (revealing && claim.sealedIn.has(round)) {
      await this.#reveal(drawn, claim, root);
    }
  }

  /** A sly verifier attests what the slot told, or anything. */
  async #slyAttestation(): Promise<void> {
    const { dice, market } = this.#walk;
    const claim = this.claims.at(-1 - dice.below(3));
    if (claim === undefined) return;
    const root = dice.below(3) === 0 ? ethers.id("any trace") : this.#rootOf(claim, false);
    const by = this.#walk.isHonest(market.slyVerifier) ? this.#walk.anybody() : market.slyVerifier;
    await this.#seal(by, claim.claimId, root);
    await this.#walk.mine(Number(BEACON.attestationBlocks) - dice.below(3));
    await this.#reveal(by, claim, root);
  }

  #rootOf({ run, shown, details }: TicketClaim, truly: boolean): string {
    return attestedOf(run, truly ? shown.truth : shown.told, details.index);
  }

  async #seal(by: HardhatEthersSigner, claimId: string, root: string): Promise<void> {
    const { workMint } = this.#walk.market;
    const sealedRoot = seal({ ethers }, claimId, by.address, root);
    await this.#walk.send("WorkMint.sealAttestation", by, () => workMint.connect(by).sealAttestation(sealedRoot));
  }

  async #reveal(by: HardhatEthersSigner, { details }: TicketClaim, root: string): Promise<void> {
    const { workMint } = this.#walk.market;
    await this.#walk.send("WorkMint.revealAttestation", by, () =>
      workMint.connect(by).revealAttestation(details, 0, root, SALT),
    );
  }

  async #mint(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const { workMint } = this.#walk.market;
    const by = this.#walk.anybody();
    const receipt = await this.#walk.send("WorkMint.mint", by, () => workMint.connect(by).mint(claim.details));
    if (receipt !== undefined) claim.isMinted = true;
  }

  async #payVerifiers(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const { workMint } = this.#walk.market;
    const by = this.#walk.anybody();
    // The same claim twice: it pays once.
    await this.#walk.send("WorkMint.payVerifiers", by, () =>
      workMint.connect(by).payVerifiers([claim.details, claim.details]),
    );
  }

  async #discard(): Promise<void> {
    const claim = this.#some();
    if (claim === undefined) return;
    const { workMint } = this.#walk.market;
    const by = this.#walk.anybody();
    await this.#walk.send("WorkMint.discard", by, () => workMint.connect(by).discard(claim.details));
  }

  /** Mostly a young one: old ones are decided. */
  #some(): TicketClaim | undefined {
    const { dice } = this.#walk;
    const old = dice.below(4) === 0;
    return old ? dice.pick(this.claims) : this.claims.at(-1 - dice.below(12));
  }
}
