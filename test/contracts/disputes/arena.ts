import {
  type BatchSet,
  batchLeaf,
  type Clock,
  datasetRoot,
  encodeProgram,
  merkleProof,
  misconductAbi,
  type MlpParameters,
  recordHash,
  type SegmentMessage,
  segmentDomain,
  segmentGameAbi,
  segmentTypes,
} from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { TransactionReceipt } from "ethers";
import type { EncodeFunctionDataParameters, Hex, Log } from "viem";
import { encodeFunctionData, parseEventLogs } from "viem";

import { type SegmentEvent, type SegmentGameState, segmentGameState } from "../../../oracle/src/disputes/game-state.ts";
import type { TaskParameters } from "../../../oracle/src/disputes/game-state.ts";
import {
  attackSegment,
  defendSegment,
  type Evidence,
  type SegmentCall,
} from "../../../oracle/src/disputes/segment-player.ts";
import { recomputeSegment, type SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import {
  positionAfter,
  type SlotContext,
  type SlotPosition,
  startPosition,
} from "../../../oracle/src/training/slot-replica.ts";
import { Trainer, type TrainerState } from "../../../oracle/src/training/trainer.ts";
import type { TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import { randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { begin, createTask, ethers, fill, networkHelpers } from "../tasks/scenario.ts";
import { COURT, type CourtScene, deployCourt, DisputeState } from "./court-scene.ts";

export const Side = { Challenger: 0n, Defender: 1n } as const;

export const SEGMENT_LENGTH = 3;

/** A small network that moves: 5-4-3, B = 3. */
export const PROGRAM: MlpParameters = {
  sizes: [5, 4, 3],
  shift: [6, 5],
  back: [0, 3],
  tau: [300, 200],
  initBound: [20_000, 20_000],
  batch: 3,
  batches: 4,
  q0: 512,
  halveEvery: 4,
};

/** A chain with the court and its games, and a task in training whose data everybody has. */
export interface Arena extends Omit<CourtScene, "slots"> {
  readonly challenger: HardhatEthersSigner;
  readonly mlp: MlpParameters;
  readonly train: BatchSet;
  readonly seed: Hex;
}

/** What training a task's slots takes of its scene. */
export type Training = Pick<Arena, "taskId" | "seed" | "mlp" | "train" | "registry" | "miners"> & {
  readonly parameters: Pick<TaskParametersStruct, "slots" | "segmentLength" | "iterations">;
};

/** One slot's honest segments, and what they were computed from. */
export interface Chain {
  readonly truths: readonly SegmentTruth[];
  readonly messages: readonly SegmentMessage[];
}

const engine = await createEngine("cpu");

/** Batches of anything that can be committed, bad values included. */
export function trainingSet(p: MlpParameters, seed: number): BatchSet {
  const random = seededRandom(seed);
  return {
    inputs: p.sizes[0]!,
    classes: p.sizes.at(-1)!,
    batchRows: p.batch,
    batches: Array.from({ length: p.batches }, () => randomBatch(p, random)),
  };
}

/** A task in training over `mlp`, with whatever else its client wants. */
export async function arenaFor(
  mlp: MlpParameters,
  salt = "salt",
  overrides: Partial<TaskParametersStruct> = {},
): Promise<Arena> {
  const { parts, judges } = await deployCourt();
  const train = trainingSet(mlp, 7);
  const scene = await createTask(parts, {
    salt: ethers.id(salt),
    program: encodeProgram(mlp),
    datasetRoot: datasetRoot(train.batches.map(batchLeaf)),
    segmentLength: SEGMENT_LENGTH,
    iterations: 4 * SEGMENT_LENGTH,
    ...overrides,
  });
  await fill(scene);
  await begin(scene);
  const seed = (await scene.registry.trainingOf(scene.taskId)).trainingSeed as Hex;
  const challenger = (await ethers.getSigners())[18]!;
  return { ...scene, ...judges, challenger, mlp, train, seed };
}

export async function arena(): Promise<Arena> {
  return arenaFor(PROGRAM);
}

export function contextOf({ taskId, seed, mlp, train, parameters }: Training, slot: number): SlotContext {
  return {
    taskId: taskId as Hex,
    seed,
    slot,
    slots: Number(parameters.slots),
    parameters: mlp,
    segmentLength: Number(parameters.segmentLength),
    iterations: Number(parameters.iterations),
    train,
    batchLeaves: train.batches.map(batchLeaf),
  };
}

/** Signs a draft with the slot's operator key. */
export async function sign(
  where: Pick<Arena, "registry" | "miners">,
  draft: Omit<SegmentMessage, "signature">,
): Promise<SegmentMessage> {
  const { chainId } = await ethers.provider.getNetwork();
  const domain = segmentDomain(Number(chainId), (await where.registry.getAddress()) as Hex);
  const types = { Segment: [...segmentTypes.Segment] };
  const { operator } = where.miners[draft.segment.slot]!;
  return { ...draft, signature: (await operator.signTypedData(domain, types, draft.segment)) as Hex };
}

/** The peers' view of what was published. */
export function logOf(where: Arena, chains: readonly (readonly SegmentMessage[])[]): TaskLog {
  const log = new TaskLog(Number(where.parameters.slots));
  for (const message of chains.flat()) log.add(message);
  return log;
}

/** Trains a slot honestly, segment by segment. */
export class Apprentice {
  readonly #where: Training;
  readonly #slot: number;
  readonly #context: SlotContext;
  #position: SlotPosition;
  #state: TrainerState | undefined;
  #predecessor: SegmentMessage | undefined;

  constructor(where: Training, slot: number) {
    this.#where = where;
    this.#slot = slot;
    this.#context = contextOf(where, slot);
    this.#position = startPosition(this.#context);
  }

  /** Trains the next segment, which takes in all that is in the log of the others, unless it is the first. */
  async next(others: TaskLog): Promise<{ readonly truth: SegmentTruth; readonly message: SegmentMessage }> {
    const { mlp, seed, train } = this.#where;
    const [slot, position, state] = [this.#slot, this.#position, this.#state];
    const heads = this.#predecessor === undefined ? position.clock : others.heads();
    const clock: Clock = heads.map((entry, peer) =>
      peer === slot ? { count: position.next, segmentId: position.previous } : entry,
    );
    const lists = others.listsBetween(position.clock, clock, slot);
    const origin = { context: this.#context, engine, state, position, predecessor: this.#predecessor, clock, lists };
    const truth = await recomputeSegment(origin);
    const trainer = Trainer.create({ parameters: mlp, seed, engine, ...(state && { state }) });
    trainer.takeIn(lists.map((list) => ({ ...list, sign: 1 as const })));
    for (const record of truth.message.records) trainer.iterate(record.index, train.batches[record.batch]!);
    const message = await sign(this.#where, truth.message);
    this.#state = trainer.snapshot();
    this.#predecessor = message;
    this.#position = positionAfter(message);
    return { truth, message };
  }
}

/**
 * Trains `count` segments of a slot honestly, taking in at each the whole log of the others.
 * @param others what the slot's peers published before
 */
export async function honestChain(where: Training, slot: number, count: number, others: TaskLog): Promise<Chain> {
  const apprentice = new Apprentice(where, slot);
  const truths: SegmentTruth[] = [];
  const messages: SegmentMessage[] = [];
  for (let n = 0; n < count; n++) {
    const { truth, message } = await apprentice.next(others);
    truths.push(truth);
    messages.push(message);
  }
  return { truths, messages };
}

/** Finds lists in a log, as a node does. */
export function finderOf(log: TaskLog): Evidence["findList"] {
  return (entry, slot, index) => {
    const chain = log.chain(slot);
    const to = chain.findIndex(({ id }) => id === entry.segmentId);
    const from = chain.findIndex(({ message }) => index >= message.segment.first && index <= message.segment.last);
    const segments = chain.slice(from, to + 1).reverse();
    const holder = segments.at(-1)!.message;
    const place = index - holder.segment.first;
    return {
      chain: segments.map(({ message }) => message.segment),
      record: holder.records[place]!,
      recordProof: merkleProof(holder.records.map(recordHash), place),
    };
  };
}

export type SideName = "challenger" | "defender";

/** How a dispute went. */
export interface Outcome {
  readonly disputeId: Hex;
  readonly state: SegmentGameState;
  readonly winner: SideName;
  readonly byTimeout: boolean;
  readonly moves: readonly Move[];
}

/** A transaction of a dispute. */
export interface Move {
  readonly name: string;
  readonly side: SideName;
  readonly gas: bigint;
  /** Wei of its gas at the block's base fee. */
  readonly cost: bigint;
  /** Wei. */
  readonly deposit: bigint;
}

/** Who plays what: a side without a next move lets its time run out. */
export interface Players {
  readonly defender: SegmentTruth;
  readonly challenger: SegmentTruth;
  /** The challenger's log of the peers' segments. */
  readonly log?: TaskLog;
  /** Replaces a side's move; undefined makes it silent. */
  readonly override?: (
    side: SideName,
    state: SegmentGameState,
    call: SegmentCall | undefined,
  ) => SegmentCall | undefined;
  /** Called before each move, to pass time. */
  readonly before?: (side: SideName) => Promise<void>;
  /** Who challenges, if not the arena's challenger. */
  readonly by?: HardhatEthersSigner;
}

/** Opens a dispute over a signed segment and plays it to its end, the closing of the case included. */
export async function playSegment(where: Arena, message: SegmentMessage, players: Players): Promise<Outcome> {
  const opened = await challengeSegment(where, message, players);
  return playOn(where, opened, message, players);
}

/** A dispute that was opened, with its events so far. */
export interface Opened {
  readonly disputeId: Hex;
  readonly events: readonly SegmentEvent[];
  readonly moves: readonly Move[];
}

/** Opens a dispute, or queues it. */
export async function challengeSegment(
  where: Arena,
  message: SegmentMessage,
  { challenger: truth, by = where.challenger }: Players,
): Promise<Opened> {
  const { segmentGame } = where;
  const deposit = await depositFor(await segmentGame.openingGas());
  const predecessor = truth.predecessor?.segment ?? emptySegment(message);
  const opening = await segmentGame
    .connect(by)
    .challenge(message.segment, message.signature, predecessor, { value: deposit });
  const receipt = (await opening.wait())!;
  const events = eventsOf(receipt);
  const { disputeId } = events[0]!.args as { readonly disputeId: Hex };
  return { disputeId, events, moves: [await moveOf(receipt, "challenge", "challenger", deposit)] };
}

/** Plays an open dispute to its end. */
export async function playOn(
  where: Arena,
  opened: Opened,
  { segment: { slot }, signature }: SegmentMessage,
  players: Players,
): Promise<Outcome> {
  const { court } = where;
  const { disputeId } = opened;
  const { by = where.challenger } = players;
  const evidence = {
    account: by.address as Hex,
    signature,
    parameters: parametersOf(where),
    findList: finderOf(players.log ?? new TaskLog(0)),
  };
  const { operator } = where.miners[slot]!;
  const events = [...opened.events];
  const moves = [...opened.moves];
  let byTimeout = false;
  for (;;) {
    const dispute = await court.disputeOf(disputeId);
    if (dispute.state !== DisputeState.Open) break;
    const side = dispute.turn === Side.Challenger ? "challenger" : "defender";
    const state = segmentGameState(events)!;
    const usual =
      side === "defender"
        ? defendSegment(state, players.defender, parametersOf(where))
        : attackOrNothing(state, players.challenger, evidence);
    const call = players.override === undefined ? usual : players.override(side, state, usual);
    await players.before?.(side);
    const mover = side === "challenger" ? by : operator;
    const receipt = call === undefined ? undefined : await send(where, disputeId, state, call, mover);
    if (call === undefined || receipt === undefined) {
      // Nothing to say, or nothing that the game accepts: time runs out.
      await networkHelpers.time.increase(Number(COURT.moveSeconds) + 1);
      await court.connect(where.stranger).expire(disputeId);
      byTimeout = true;
      break;
    }
    events.push(...eventsOf(receipt.receipt));
    moves.push(await moveOf(receipt.receipt, call.functionName, side, receipt.deposit));
    if (call.functionName === "proveMalformedList") {
      // The slot is convicted without the game, which anybody may now take back for the challenger.
      await court.connect(where.stranger).retract(disputeId);
      return { disputeId, state, winner: "challenger", byTimeout, moves };
    }
  }
  const { turn } = await court.disputeOf(disputeId);
  const winner = turn === Side.Challenger ? "challenger" : "defender";
  const closing = (await (await court.connect(where.stranger).close(disputeId)).wait())!;
  moves.push(await moveOf(closing, "close", winner, 0n));
  return { disputeId, state: segmentGameState(events)!, winner, byTimeout, moves };
}

/** Sends a move; undefined if the game refuses it. */
async function send(
  { segmentGame, misconduct }: Arena,
  disputeId: Hex,
  state: SegmentGameState,
  { functionName, args }: SegmentCall,
  mover: HardhatEthersSigner,
): Promise<{ readonly receipt: TransactionReceipt; readonly deposit: bigint } | undefined> {
  const isDirect = functionName === "proveMalformedList";
  const decides =
    isDirect || functionName.startsWith("refute") || ["nameElement", "contestList"].includes(functionName);
  const deposit = decides ? 0n : await depositFor(await segmentGame.answerGas(state.stage));
  const to = await (isDirect ? misconduct : segmentGame).getAddress();
  const abi = isDirect ? misconductAbi : segmentGameAbi;
  const request = { abi, functionName, args: isDirect ? args : [disputeId, ...args] } as EncodeFunctionDataParameters;
  try {
    const transaction = await mover.sendTransaction({ to, data: encodeFunctionData(request), value: deposit });
    return { receipt: (await transaction.wait())!, deposit };
  } catch (error) {
    if (!String(error).includes("revert")) throw error;
    lastRefusal = String(error);
    return undefined;
  }
}

/** Wei that the next block asks for an answer of so much gas. */
async function depositFor(gas: bigint): Promise<bigint> {
  const { baseFeePerGas } = (await ethers.provider.getBlock("latest"))!;
  // The base fee grows by an eighth from block to block at most.
  return (gas * 2n * baseFeePerGas! * 9n) / 8n;
}

/** Why the game refused the last move that it refused. */
export let lastRefusal = "";

function eventsOf(receipt: TransactionReceipt): SegmentEvent[] {
  return parseEventLogs<typeof segmentGameAbi>({ abi: segmentGameAbi, logs: receipt.logs as unknown as Log[] });
}

async function moveOf(receipt: TransactionReceipt, name: string, side: SideName, deposit: bigint): Promise<Move> {
  const { baseFeePerGas } = (await ethers.provider.getBlock(receipt.blockNumber))!;
  return { name, side, gas: receipt.gasUsed, cost: receipt.gasUsed * baseFeePerGas!, deposit };
}

/** The challenger's next move, undefined if it finds nothing to refute. */
export function attackOrNothing(
  state: SegmentGameState,
  truth: SegmentTruth,
  evidence: Evidence,
): SegmentCall | undefined {
  try {
    return attackSegment(state, truth, evidence);
  } catch (error) {
    if ((error as { code?: string }).code === "NOTHING_TO_REFUTE") return undefined;
    throw error;
  }
}

/** The task's parameters as the player passes them on. */
export function parametersOf({ parameters }: Pick<Arena, "parameters">): TaskParameters {
  return parameters as unknown as TaskParameters;
}

/** What stands for the predecessor of a slot's first segment. */
export function emptySegment({ segment }: Pick<SegmentMessage, "segment">): SegmentMessage["segment"] {
  const zero = `0x${"00".repeat(32)}` as const;
  return {
    taskId: segment.taskId,
    slot: 0,
    first: 0,
    last: 0,
    previous: zero,
    recordsRoot: zero,
    stateId: zero,
    residualId: zero,
    work: zero,
  };
}
