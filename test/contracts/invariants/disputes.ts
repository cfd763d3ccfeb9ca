import { merkleProof, type Segment, type SegmentMessage, segmentId, updateTensor } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { TransactionReceipt } from "ethers";
import type { Hex } from "viem";

import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { Side } from "../disputes/arena.ts";
import { DisputeState } from "../disputes/court-scene.ts";
import { openClock, openRecord, openRow } from "../disputes/honest-slots.ts";
import { Role } from "../tasks/scenario.ts";
import { type Case, type Move, ScoreCase, SegmentCase, TicketCase } from "./cases.ts";
import type { Claims, TicketClaim } from "./claims.ts";
import { ETHER, FALSE_SCORE, TRUE_SCORE } from "./market.ts";
import type { Shown, SlotRun, TaskRun, Tasks } from "./tasks.ts";
import type { Action, Department, Sending, Walk } from "./walk.ts";

const DemandState = { None: 0n, Open: 1n } as const;
const MOST_LIVE_CASES = 12;
const ATTEMPTS = 3;

/** Something that may be wrong with what a slot, an evaluator or a claim says. */
interface Suspicion {
  readonly key: string;
  readonly isJust: boolean;
  readonly accuse: (challenger: HardhatEthersSigner) => Promise<void>;
}

interface Demand {
  readonly demandId: string;
  readonly slot: SlotRun;
  readonly answer: Action;
  isOver: boolean;
}

/** Challenges and their games, direct proofs, demands, perjury, and what the court carries out. */
export class Disputes implements Department {
  readonly cases: Case[] = [];
  readonly demands: Demand[] = [];
  readonly #walk: Walk;
  readonly #tasks: Tasks;
  readonly #claims: Claims;
  readonly #attempts = new Map<string, number>();

  constructor(walk: Walk, tasks: Tasks, claims: Claims) {
    this.#walk = walk;
    this.#tasks = tasks;
    this.#claims = claims;
  }

  get liveCases(): readonly Case[] {
    return this.cases.filter(({ isOver }) => !isOver);
  }

  get actions(): readonly Action[] {
    const accuse: Action = () => this.#accuseSomebody();
    const move: Action = () => this.#slyMove();
    const crank: Action = () => this.#crankSomething();
    return [
      accuse,
      accuse,
      move,
      move,
      crank,
      crank,
      () => this.#wrongMove(),
      () => this.#demand(),
      () => this.#proveSomething(),
      () => this.#accuseVerifier(),
      () => this.#withdraw(),
    ];
  }

  async attend(): Promise<void> {
    for (const one of this.liveCases) await this.#attendCase(one);
    for (const demand of this.demands)
      if (!demand.isOver && this.#walk.isHonest(demand.slot.operator)) await this.#answer(demand);
    await this.#watch();
  }

  /** The stranger ends what nobody moves in any more, place after place, queue after queue. */
  async crank(): Promise<void> {
    const { court, stranger, demands } = this.#walk.market;
    for (const demand of this.demands) {
      if ((await demands.demandOf(demand.demandId)).state !== DemandState.Open) continue;
      await this.#walk.must("Demands.close", stranger, () => demands.connect(stranger).close(demand.demandId));
    }
    let rounds = 0;
    for (let left = this.liveCases; left.length > 0; left = this.liveCases) {
      expect(++rounds, "rounds until all disputes are over").to.be.below(200);
      await this.#walk.pass(1_000);
      for (const one of left) await this.#push(one, stranger);
      for (const { place } of left)
        await this.#walk.send("Court.callNext", stranger, () => court.connect(stranger).callNext(place));
    }
  }

  // --- accusing

  /** What can be challenged now of a task's slots, evaluators and claims. */
  *#suspicions(): Generator<Suspicion> {
    for (const run of this.#tasks.live) {
      for (const slot of run.slots) {
        for (const shown of slot.shown) yield this.#segmentSuspicion(run, slot, shown);
      }
      for (const [index, told] of run.scores)
        yield {
          key: `score ${run.taskId} ${String(index)}`,
          isJust: told === FALSE_SCORE,
          accuse: async (challenger) => {
            const [, operator] = await this.#walk.market.registry.memberOf(run.taskId, Role.Evaluator, index);
            const evaluator = this.#walk.signer(operator)!;
            const other = told === FALSE_SCORE ? TRUE_SCORE : FALSE_SCORE;
            await this.#open(new ScoreCase(this.#walk.market, { run, index, told, evaluator }, challenger, other));
          },
        };
    }
    for (const claim of this.#claims.live) {
      const slot = claim.run.slots[claim.details.slot]!;
      yield {
        key: `claim ${claim.claimId}`,
        isJust: claim.told.y.some((byte, i) => byte !== claim.truth.y[i]),
        accuse: async (by) => this.#open(new TicketCase(this.#walk.market, claim, by, slot.operator)),
      };
    }
  }

  #segmentSuspicion(run: TaskRun, slot: SlotRun, shown: Shown): Suspicion {
    const isJust = shown.told !== shown.truth;
    return {
      key: `segment ${segmentId(shown.message.segment)}`,
      isJust,
      accuse: async (challenger) => {
        const other = isJust ? shown.truth : new WrongGradient().lie(shown.truth);
        await this.#open(new SegmentCase(this.#walk.market, { run, slot, shown }, challenger, other));
      },
    };
  }

  /** The honest accuse whom they caught; the sly accuse anybody. */
  async #accuseSomebody(): Promise<void> {
    if (this.liveCases.length >= MOST_LIVE_CASES) return;
    const by = this.#walk.oneIn(2) ? this.#walk.market.slyChallenger : this.#walk.anybody();
    const all = [...this.#suspicions()].filter(({ isJust }) => isJust || !this.#walk.isHonest(by));
    if (all.length > 0) await this.#walk.dice.pick(all).accuse(by);
  }

  async #open(one: Case): Promise<void> {
    const { kind, by, send } = one.opening;
    const receipt = await this.#walk.send(kind, by, send);
    if (receipt === undefined) return;
    one.disputeId = this.#disputeIn(receipt);
    one.read(receipt);
    this.cases.push(one);
  }

  #disputeIn({ logs }: TransactionReceipt): string {
    const { court } = this.#walk.market;
    for (const log of logs) {
      const event = court.interface.parseLog(log);
      if (event?.name === "DisputeOpened") return String(event.args[0]);
    }
    return "";
  }

  // --- playing

  /** The side whose turn it is, undefined unless the case is open and in time. */
  async #turnOf({ disputeId }: Case): Promise<bigint | undefined> {
    const { state, turn, movesUntil } = await this.#walk.market.court.disputeOf(disputeId);
    return state === DisputeState.Open && BigInt(this.#walk.now) < movesUntil ? turn : undefined;
  }

  async #attendCase(one: Case): Promise<void> {
    for (let moves = 0; moves < 2; moves++) {
      const side = await this.#turnOf(one);
      if (side === undefined || one.silent.has(side) || !this.#walk.isHonest(one.moverOf(side))) return;
      await this.#move(one, side);
    }
  }

  /** A sly side plays on, or falls silent. */
  async #slyMove(): Promise<void> {
    if (this.liveCases.length === 0) return;
    const one = this.#walk.dice.pick(this.liveCases);
    const side = await this.#turnOf(one);
    if (side === undefined || one.silent.has(side)) return;
    if (this.#walk.oneIn(12) && !this.#walk.isHonest(one.moverOf(side))) one.silent.add(side);
    else await this.#move(one, side);
  }

  async #move(one: Case, side: bigint): Promise<void> {
    const move: Move | undefined = await one.nextMove(side);
    const defends = side === Side.Defender && this.#walk.isHonest(one.defender);
    if (defends) expect(move, "an answer of an honest defender's").not.to.equal(undefined);
    const send = defends ? this.#walk.must.bind(this.#walk) : this.#walk.send.bind(this.#walk);
    const receipt = move === undefined ? undefined : await send(move.kind, move.by, move.send);
    if (receipt === undefined) one.silent.add(side);
    else one.read(receipt);
  }

  /** A move at the wrong time, by the wrong side, with the wrong words. */
  async #wrongMove(): Promise<void> {
    if (this.cases.length === 0) return;
    const { dice, market } = this.#walk;
    const { disputeId } = dice.pick(this.cases);
    const by = this.#walk.anybody();
    const [court, game, scores] = [market.court, market.segmentGame, market.evaluationGame].map((c) =>
      c.connect(by),
    ) as [typeof market.court, typeof market.segmentGame, typeof market.evaluationGame];
    const calls: Record<string, Move["send"]> = {
      "SegmentGame.chooseIteration": () => game.chooseIteration(disputeId, dice.below(5), { value: ETHER }),
      "SegmentGame.revealNodes": () => game.revealNodes(disputeId, 1, [], "0x", { value: ETHER }),
      "SegmentGame.revealLeaf": () => game.revealLeaf(disputeId, "0x01", "0x", { value: ETHER }),
      "EvaluationGame.revealSums": () => scores.revealSums(disputeId, [], "0x", { value: ETHER }),
      "Court.defenderMoves": () => court.defenderMoves(disputeId, by, disputeId, "0x", 1n, { value: ETHER }),
      "Court.decideForChallenger": () => court.decideForChallenger(disputeId),
      "Court.setDelegate": () => court.setDelegate(market.stranger, this.#walk.oneIn(2)),
    };
    const kind = dice.pick(Object.keys(calls));
    // What an honest side says in its own case is true.
    if (this.#walk.isHonest(by) && kind.includes("Game.")) return;
    await this.#walk.send(kind, by, calls[kind]!);
  }

  // --- what the court carries out

  async #crankSomething(): Promise<void> {
    const { dice, market } = this.#walk;
    const demand = this.demands.at(-1 - dice.below(6));
    if (demand !== undefined && this.#walk.oneIn(4)) {
      const by = this.#walk.anybody();
      await this.#walk.send("Demands.close", by, () => market.demands.connect(by).close(demand.demandId));
      return;
    }
    if (this.cases.length === 0) return;
    const one = dice.pick(this.liveCases.length > 0 && !this.#walk.oneIn(5) ? this.liveCases : this.cases);
    const by = this.#walk.anybody();
    const court = market.court.connect(by);
    await dice.pick<Action>([
      () => this.#walk.send("Court.expire", by, () => court.expire(one.disputeId)),
      () => this.#walk.send("Court.close", by, () => court.close(one.disputeId)),
      () => this.#walk.send("Court.retract", by, () => court.retract(one.disputeId)),
      () => this.#walk.send("Court.callNext", by, () => court.callNext(one.place)),
    ])();
  }

  /** Whatever is due in a case is done by `by`. */
  async #push(one: Case, by: HardhatEthersSigner): Promise<void> {
    const court = this.#walk.market.court.connect(by);
    const { state, movesUntil } = await court.disputeOf(one.disputeId);
    if (state === DisputeState.Closed || state === DisputeState.Withdrawn) one.isOver = true;
    if (one.isOver) return;
    const { taskId, role, index } = one.place;
    const { convicted } = await this.#walk.market.registry.placeOf(taskId, role, index);
    if (state === DisputeState.Decided) await this.#walk.must("Court.close", by, () => court.close(one.disputeId));
    else if (convicted) await this.#walk.must("Court.retract", by, () => court.retract(one.disputeId));
    else if (state === DisputeState.Open && BigInt(this.#walk.now) > movesUntil)
      await this.#walk.must("Court.expire", by, () => court.expire(one.disputeId));
  }

  /** The watcher accuses whoever lied, and has the court do what is due. */
  async #watch(): Promise<void> {
    const { watcher } = this.#walk.market;
    for (const one of this.liveCases) await this.#push(one, watcher);
    for (const suspicion of this.#suspicions()) {
      const attempts = this.#attempts.get(suspicion.key) ?? 0;
      if (!suspicion.isJust || attempts >= ATTEMPTS || !this.#walk.oneIn(3)) continue;
      this.#attempts.set(suspicion.key, attempts + 1);
      await suspicion.accuse(watcher);
    }
    for (const run of this.#tasks.live)
      for (const { equivocation } of run.slots) {
        const key = equivocation === undefined ? "" : segmentId(equivocation[0].segment);
        const attempts = this.#attempts.get(key) ?? 0;
        if (equivocation === undefined || attempts >= 1 || !this.#walk.oneIn(3)) continue;
        this.#attempts.set(key, attempts + 1);
        const [first, second] = equivocation.map(signedOf) as [Signed, Signed];
        const misconduct = this.#walk.market.misconduct.connect(watcher);
        await this.#walk.send("Misconduct.proveEquivocation", watcher, () =>
          misconduct.proveEquivocation(first, second),
        );
      }
  }

  // --- direct proofs and perjury

  /** Of whatever a slot has shown, an accusation that holds only where it lied. */
  async #proveSomething(): Promise<void> {
    const found = this.#someShown();
    if (found === undefined) return;
    const { dice, market } = this.#walk;
    const { run, shown } = found;
    const other = this.#someShown()!.shown;
    const by = this.#walk.anybody();
    const misconduct = market.misconduct.connect(by);
    const [signed, second] = [signedOf(shown.message), signedOf(other.message)];
    const record = openRecord(shown.message, 0);
    const predecessor = other.message.segment;
    const calls: Record<string, Move["send"]> = {
      proveEquivocation: () => misconduct.proveEquivocation(signed, second),
      proveImpossibleSegment: () => misconduct.proveImpossibleSegment(signed),
      proveBrokenLink: () => misconduct.proveBrokenLink(signed, predecessor),
      proveMisplacedRecord: () => misconduct.proveMisplacedRecord(signed, record),
      proveChangingClock: () => misconduct.proveChangingClock(signed, record, openRecord(shown.message, 1)),
      proveWrongLastWork: () => misconduct.proveWrongLastWork(signed, openRecord(shown.message, 2)),
      proveWrongBatch: () => misconduct.proveWrongBatch(signed, record, run.parameters),
      proveImpossibleClock: () => misconduct.proveImpossibleClock(signed, openClock(shown.message)),
      proveFalseNaming: () => misconduct.proveFalseNaming(signed, openClock(shown.message), 0, predecessor),
    };
    const name = dice.pick(Object.keys(calls));
    await this.#walk.send(`Misconduct.${name}`, by, calls[name]!);
  }

  async #accuseVerifier(): Promise<void> {
    const { dice, market } = this.#walk;
    // Mostly of what is known to be false.
    const { claims } = this.#claims;
    if (claims.length === 0) return;
    const lies = claims.filter(({ isTrue }) => !isTrue);
    const claim = dice.pick(lies.length === 0 || this.#walk.oneIn(3) ? claims : lies);
    const { details } = claim;
    const about = this.cases.filter((one) => one instanceof SegmentCase === !isTicketLie(claim));
    const disputeId = about.length === 0 ? claim.claimId : dice.pick(about).disputeId;
    const by = this.#walk.anybody();
    const perjury = market.perjury.connect(by);
    const number = dice.below(2);
    await dice.pick<Action>([
      () => this.#walk.send("Perjury.convictForTicket", by, () => perjury.convictForTicket(details, number, disputeId)),
      () => this.#walk.send("Perjury.convictForTrace", by, () => perjury.convictForTrace(details, number, disputeId)),
      () => this.#walk.send("Perjury.convictForSegment", by, () => perjury.convictForSegment(details, number)),
    ])();
  }

  // --- demands

  /** Somebody asks a slot for a segment that it has named or committed, or for a row of a list that it took in. */
  async #demand(): Promise<void> {
    const found = this.#someShown();
    if (found === undefined) return;
    const { dice, market } = this.#walk;
    const { run, slot, shown } = found;
    const by = this.#walk.anybody();
    const [own, answers] = [market.demands.connect(by), market.demands.connect(slot.operator)];
    const [epoch, segments] = [...slot.commits].at(-1) ?? [];
    if (epoch !== undefined && segments !== undefined && dice.below(3) === 0) {
      const place = dice.below(segments.length);
      const { message } = segments[place]!;
      const ids = segments.map((one) => segmentId(one.message.segment));
      const signed = signedOf(message);
      await this.#demandBy(
        "demandCommitted",
        { by, slot, send: () => own.demandCommitted(run.taskId, slot.index, epoch, place, { value: ETHER }) },
        "answerCommitted",
        (id) =>
          answers.answerCommitted(id, epoch, signed, [...message.records], [...message.clock], merkleProof(ids, place)),
      );
      return;
    }
    const { clock } = shown.message;
    const peer = clock.findIndex(({ count }) => count > 0);
    const named = peer < 0 ? undefined : run.log.get(clock[peer]!.segmentId)?.message;
    if (named === undefined) return;
    const naming = { signed: signedOf(shown.message), opening: openClock(shown.message), peer };
    if (dice.below(2) === 0)
      await this.#demandBy(
        "demandSegment",
        { by, slot, send: () => own.demandSegment({ ...naming, chain: [] }, { value: ETHER }) },
        "answerSegment",
        (id) => answers.answerSegment(id, signedOf(named), [...named.records]),
      );
    else {
      const list = updateTensor(named.lists[0]!);
      const chain = [named.segment];
      await this.#demandBy(
        "demandListRow",
        { by, slot, send: () => own.demandListRow({ ...naming, chain }, openRecord(named, 0), 0, { value: ETHER }) },
        "answerListRow",
        (id) => answers.answerListRow(id, list.rows, openRow(list, 0)),
      );
    }
  }

  /** Makes a demand, and keeps how its slot will answer. */
  async #demandBy(
    kind: string,
    { by, slot, send }: { readonly by: HardhatEthersSigner; readonly slot: SlotRun; readonly send: () => Sending },
    answerKind: string,
    answer: (demandId: string) => Sending,
  ): Promise<void> {
    const { interface: demands } = this.#walk.market.demands;
    const receipt = await this.#walk.send(`Demands.${kind}`, by, send);
    for (const log of receipt?.logs ?? []) {
      const event = demands.parseLog(log);
      if (event?.name !== "Demanded") continue;
      const demandId = String(event.args[0]);
      const say: Action = () => this.#walk.send(`Demands.${answerKind}`, slot.operator, () => answer(demandId));
      this.demands.push({ demandId, slot, answer: say, isOver: false });
    }
  }

  async #answer(demand: Demand): Promise<void> {
    const { state, until } = await this.#walk.market.demands.demandOf(demand.demandId);
    demand.isOver = state !== DemandState.Open || BigInt(this.#walk.now) >= until;
    if (!demand.isOver) await demand.answer();
  }

  async #withdraw(): Promise<void> {
    const by = this.#walk.anybody();
    const own = this.#walk.market.court.connect(by);
    if ((await own.creditOf(by)) > 0n || this.#walk.oneIn(10))
      await this.#walk.send("Court.withdraw", by, () => own.withdraw());
  }

  #someShown(): { run: TaskRun; slot: SlotRun; shown: Shown } | undefined {
    const { dice } = this.#walk;
    const all = this.#tasks.live.flatMap((run) =>
      run.slots.flatMap((slot) => slot.shown.map((shown) => ({ run, slot, shown }))),
    );
    return all.length === 0 ? undefined : dice.pick(all);
  }
}

type Signed = ReturnType<typeof signedOf>;

function signedOf({ segment, signature }: SegmentMessage): { segment: Segment; signature: Hex } {
  return { segment, signature };
}

function isTicketLie({ told, truth }: TicketClaim): boolean {
  return told !== truth;
}
