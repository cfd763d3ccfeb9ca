import { evaluationGameAbi, misconductAbi, openLayer, segmentGameAbi, tensHashTraceId } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { TransactionReceipt } from "ethers";
import {
  bytesToHex,
  encodeFunctionData,
  type EncodeFunctionDataParameters,
  type Hex,
  type Log,
  parseEventLogs,
} from "viem";

import { defendScore } from "../../../oracle/src/disputes/evaluation-player.ts";
import type { EvaluationTruth } from "../../../oracle/src/disputes/evaluation-truth.ts";
import {
  type EvaluationEvent,
  evaluationGameState,
  type SegmentEvent,
  segmentGameState,
} from "../../../oracle/src/disputes/game-state.ts";
import { defendSegment } from "../../../oracle/src/disputes/segment-player.ts";
import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { firstFalseNeuron } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { attackOrNothing, emptySegment, finderOf, parametersOf, Side } from "../disputes/arena.ts";
import { attackScoreOrNothing } from "../disputes/evaluation-arena.ts";
import { Role } from "../tasks/scenario.ts";
import type { TicketClaim } from "./claims.ts";
import { ETHER, type Market } from "./market.ts";
import type { Shown, SlotRun, TaskRun } from "./tasks.ts";
import type { Sending } from "./walk.ts";

/** `Place` of a task. */
export interface PlaceStruct {
  readonly taskId: Hex;
  readonly role: bigint;
  readonly index: number;
}

/** A move of a dispute, to be sent. */
export interface Move {
  readonly kind: string;
  readonly by: HardhatEthersSigner;
  readonly send: () => Sending;
}

/** A dispute in court, with what either side holds to be true. */
export abstract class Case {
  abstract readonly place: PlaceStruct;
  readonly challenger: HardhatEthersSigner;
  readonly defender: HardhatEthersSigner;
  protected readonly market: Market;
  disputeId = "";
  /** Sides that will not move again. */
  readonly silent = new Set<bigint>();
  isOver = false;

  constructor(market: Market, challenger: HardhatEthersSigner, defender: HardhatEthersSigner) {
    this.market = market;
    this.challenger = challenger;
    this.defender = defender;
  }

  /** The challenge. */
  abstract readonly opening: Move;
  /** The side's next move, undefined if it has none. */
  abstract nextMove(side: bigint): Promise<Move | undefined> | Move | undefined;
  /** Takes in what a move of this case has brought to light. */
  abstract read(receipt: TransactionReceipt): void;

  moverOf(side: bigint): HardhatEthersSigner {
    return side === Side.Challenger ? this.challenger : this.defender;
  }
}

/** Over a signed segment. */
export class SegmentCase extends Case {
  readonly run: TaskRun;
  readonly shown: Shown;
  readonly place: PlaceStruct;
  /** What the challenger holds to be true. */
  readonly #other: SegmentTruth;
  readonly #events: SegmentEvent[] = [];

  constructor(
    market: Market,
    { run, slot, shown }: { run: TaskRun; slot: SlotRun; shown: Shown },
    challenger: HardhatEthersSigner,
    other: SegmentTruth,
  ) {
    super(market, challenger, slot.operator);
    this.run = run;
    this.shown = shown;
    this.place = { taskId: run.taskId, role: Role.Miner, index: slot.index };
    this.#other = other;
  }

  get opening(): Move {
    const { segment, signature } = this.shown.message;
    const predecessor = this.#other.predecessor?.segment ?? emptySegment(this.shown.message);
    const game = this.market.segmentGame.connect(this.challenger);
    return {
      kind: "SegmentGame.challenge",
      by: this.challenger,
      send: () => game.challenge(segment, signature, predecessor, { value: ETHER }),
    };
  }

  async nextMove(side: bigint): Promise<Move | undefined> {
    const state = segmentGameState(this.#events)!;
    const evidence = {
      account: this.challenger.address as Hex,
      signature: this.shown.message.signature,
      parameters: parametersOf(this.run),
      findList: finderOf(this.run.log),
    };
    const call =
      side === Side.Defender
        ? defendSegment(state, this.shown.told, parametersOf(this.run))
        : attackOrNothing(state, this.#other, evidence);
    if (call === undefined) return undefined;
    const isDirect = call.functionName === "proveMalformedList";
    const { misconduct, segmentGame } = this.market;
    const to = await (isDirect ? misconduct : segmentGame).getAddress();
    const abi = isDirect ? misconductAbi : segmentGameAbi;
    const args = isDirect ? call.args : [this.disputeId, ...call.args];
    const data = encodeFunctionData({ abi, functionName: call.functionName, args });
    const by = this.moverOf(side);
    const kind = `${isDirect ? "Misconduct" : "SegmentGame"}.${call.functionName}`;
    return { kind, by, send: () => by.sendTransaction({ to, data, value: valueOf(call.functionName) }) };
  }

  read({ logs }: TransactionReceipt): void {
    const events = parseEventLogs({ abi: segmentGameAbi, logs: logs as unknown as Log[], strict: true });
    this.#events.push(...(events as SegmentEvent[]));
  }
}

/** Over an evaluator's score. */
export class ScoreCase extends Case {
  readonly place: PlaceStruct;
  readonly #run: TaskRun;
  readonly #told: EvaluationTruth;
  readonly #other: EvaluationTruth;
  readonly #events: EvaluationEvent[] = [];

  constructor(
    market: Market,
    {
      run,
      index,
      told,
      evaluator,
    }: { run: TaskRun; index: number; told: EvaluationTruth; evaluator: HardhatEthersSigner },
    challenger: HardhatEthersSigner,
    other: EvaluationTruth,
  ) {
    super(market, challenger, evaluator);
    this.place = { taskId: run.taskId, role: Role.Evaluator, index };
    this.#run = run;
    this.#told = told;
    this.#other = other;
  }

  get opening(): Move {
    const game = this.market.evaluationGame.connect(this.challenger);
    const { taskId, index } = this.place;
    return {
      kind: "EvaluationGame.challenge",
      by: this.challenger,
      send: () => game.challenge(taskId, index, { value: ETHER }),
    };
  }

  async nextMove(side: bigint): Promise<Move | undefined> {
    const state = evaluationGameState(this.#events)!;
    const call =
      side === Side.Defender
        ? defendScore(state, this.#told, parametersOf(this.#run))
        : attackScoreOrNothing(state, this.#other, this.challenger.address as Hex);
    if (call === undefined) return undefined;
    const to = await this.market.evaluationGame.getAddress();
    const args = [this.disputeId, ...call.args];
    const request = { abi: evaluationGameAbi, functionName: call.functionName, args } as EncodeFunctionDataParameters;
    const [by, data] = [this.moverOf(side), encodeFunctionData(request)];
    const value = valueOf(call.functionName);
    return { kind: `EvaluationGame.${call.functionName}`, by, send: () => by.sendTransaction({ to, data, value }) };
  }

  read({ logs }: TransactionReceipt): void {
    const events = parseEventLogs({ abi: evaluationGameAbi, logs: logs as unknown as Log[], strict: true });
    this.#events.push(...(events as EvaluationEvent[]));
  }
}

/** Over a claimed TensHash. */
export class TicketCase extends Case {
  readonly claim: TicketClaim;
  readonly place: PlaceStruct;

  constructor(market: Market, claim: TicketClaim, challenger: HardhatEthersSigner, defender: HardhatEthersSigner) {
    super(market, challenger, defender);
    this.claim = claim;
    this.place = { taskId: claim.run.taskId, role: Role.Miner, index: claim.details.slot };
  }

  get opening(): Move {
    const game = this.market.tensHashGame.connect(this.challenger);
    const { details } = this.claim;
    const send = () => game.challenge(details, { value: ETHER });
    return { kind: "TensHashGame.challenge", by: this.challenger, send };
  }

  async nextMove(side: bigint): Promise<Move | undefined> {
    const { details, told, truth, seed } = this.claim;
    const { x } = await this.market.tensHashGame.questionOf(details);
    const question = { seed, x, y: bytesToHex(told.y), traceId: tensHashTraceId(told.trace) };
    const by = this.moverOf(side);
    const game = this.market.tensHashGame.connect(by);
    if (side === Side.Defender) {
      const send = () => game.reveal(this.disputeId, question, told.trace, "0x", { value: ETHER });
      return { kind: "TensHashGame.reveal", by, send };
    }
    const wrong = firstFalseNeuron(told, truth);
    if (wrong === undefined) return undefined;
    const { states, proof } = openLayer(told.trace, wrong.layer);
    const send = () => game.prove(this.disputeId, question, wrong.layer, wrong.index, states, [...proof]);
    return { kind: "TensHashGame.prove", by, send };
  }

  read(): void {
    // The trace is known.
  }
}

/** Wei that comes with a move: nothing with one that decides. */
function valueOf(functionName: string): bigint {
  const decides = functionName.startsWith("refute") || functionName.startsWith("prove");
  return decides || functionName === "nameElement" || functionName === "contestList" ? 0n : ETHER;
}
