import {
  type BatchSet,
  batchLeaf,
  type Clock,
  datasetRoot,
  encodeProgram,
  merkleProof,
  type MlpParameters,
  recordHash,
  type SegmentMessage,
  segmentDomain,
  segmentGameAbi,
  segmentId,
  segmentTypes,
} from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { ContractTransactionReceipt } from "ethers";
import type { EncodeFunctionDataParameters, Hex, Log } from "viem";
import { encodeFunctionData, parseEventLogs } from "viem";

import { type SegmentEvent, type SegmentGameState, segmentGameState } from "../../../oracle/src/disputes/game-state.ts";
import type { TaskParameters } from "../../../oracle/src/disputes/game-state.ts";
import {
  attackSegment,
  defendSegment,
  type FindList,
  type SegmentCall,
} from "../../../oracle/src/disputes/segment-player.ts";
import { recomputeSegment, type SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { createEngine } from "../../../oracle/src/training/create-engine.ts";
import { positionAfter, type SlotContext, startPosition } from "../../../oracle/src/training/slot-replica.ts";
import { Trainer, type TrainerState } from "../../../oracle/src/training/trainer.ts";
import type { Court, EvaluationGame, SegmentGame } from "../../../types/ethers-contracts/index.js";
import { randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { deployRegistry } from "../helpers/deploy-registry.ts";
import {
  begin,
  CHALLENGE_SECONDS,
  createTask,
  ethers,
  fill,
  GRIST,
  networkHelpers,
  type Scene,
  STAKED,
  type Suite,
  type Worker,
} from "../tasks/scenario.ts";

/** States of a dispute, as `DisputeState` has them. */
export const DisputeState = { None: 0n, Waiting: 1n, Open: 2n, Decided: 3n, Closed: 4n, Withdrawn: 5n } as const;
export const Side = { Challenger: 0n, Defender: 1n } as const;

export const MOVE_SECONDS = 60;
export const CLOCK_SECONDS = 600;
export const BOND = 2n * GRIST;
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
export interface Arena extends Scene {
  readonly realCourt: Court;
  readonly segmentGame: SegmentGame;
  readonly evaluationGame: EvaluationGame;
  readonly challenger: HardhatEthersSigner;
  readonly mlp: MlpParameters;
  readonly train: BatchSet;
  readonly seed: Hex;
}

/** One slot's honest segments, and what they were computed from. */
export interface Chain {
  readonly truths: readonly SegmentTruth[];
  readonly messages: readonly SegmentMessage[];
}

const engine = await createEngine("cpu");

async function deployCourt(): Promise<
  Suite & Pick<Arena, "realCourt" | "segmentGame" | "evaluationGame" | "challenger">
> {
  const signers = await ethers.getSigners();
  const at = (index: number): HardhatEthersSigner => signers[index]!;
  const worker = (index: number): Worker => ({ owner: at(index), operator: at(index + 9) });
  const token = await ethers.deployContract("GristToken", [10n ** 9n * GRIST, [at(0)], [10n ** 6n * GRIST]]);
  const beacon = await ethers.deployContract("EpochBeacon", [
    {
      epochBlocks: 12n,
      seedDelay: 2n,
      provingWindow: 20n,
      attestationBlocks: 2n,
      attestationRounds: 1n,
      challengeBlocks: 3n,
    },
  ]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const template = await ethers.deployContract("MlpTemplate");
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
  const realCourt = await ethers.deployContract("Court", [
    registry,
    stakes,
    { moveSeconds: MOVE_SECONDS, clockSeconds: CLOCK_SECONDS, bond: BOND },
  ]);
  const clocks = await ethers.deployContract("Clocks");
  const segmentGame = await ethers.deployContract("SegmentGame", [realCourt, registry, template], {
    libraries: { Clocks: await clocks.getAddress() },
  });
  const evaluationGame = await ethers.deployContract("EvaluationGame", [realCourt, registry, template]);
  // Nothing mints here, and direct proofs have tests of their own: any contracts will do in their places.
  const mint = await ethers.deployContract("MlpTemplate");
  await realCourt.wire([segmentGame, evaluationGame], []);
  await registry.wire(mint, realCourt);
  await stakes.wire([registry, realCourt]);
  for (const account of signers.slice(1)) {
    await token.transfer(account, 2_000n * GRIST);
    await token.connect(account).approve(stakes, STAKED);
    await stakes.connect(account).stake(STAKED);
    await token.connect(account).approve(registry, 1_000n * GRIST);
  }
  return {
    token,
    beacon,
    stakes,
    template,
    registry,
    mint: at(0),
    court: at(0),
    client: at(1),
    verifier: at(9),
    stranger: at(10),
    miners: [worker(2), worker(3), worker(4)],
    supervisor: worker(5),
    evaluators: [worker(6), worker(7), worker(8)],
    realCourt,
    segmentGame,
    evaluationGame,
    challenger: at(18),
  };
}

/** Batches of anything that can be committed, bad values included. */
export function trainingSet(p: MlpParameters, seed: number): BatchSet {
  const random = seededRandom(seed);
  return { batches: Array.from({ length: p.batches }, () => randomBatch(p, random)) } as BatchSet;
}

/** A task in training over `mlp`. */
export async function arenaFor(mlp: MlpParameters, salt = "salt"): Promise<Arena> {
  const suite = await deployCourt();
  const train = trainingSet(mlp, 7);
  const scene = await createTask(suite, {
    salt: ethers.id(salt),
    program: encodeProgram(mlp),
    datasetRoot: datasetRoot(train.batches.map(batchLeaf)),
    segmentLength: SEGMENT_LENGTH,
    iterations: 4 * SEGMENT_LENGTH,
  });
  await fill(scene);
  await begin(scene);
  const seed = (await suite.registry.taskOf(scene.taskId)).trainingSeed as Hex;
  return { ...suite, ...scene, mlp, train, seed };
}

export async function arena(): Promise<Arena> {
  return arenaFor(PROGRAM);
}

export function contextOf({ taskId, seed, mlp, train, parameters }: Arena, slot: number): SlotContext {
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
export async function sign(where: Arena, draft: Omit<SegmentMessage, "signature">): Promise<SegmentMessage> {
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

/**
 * Trains `count` segments of a slot honestly, taking in at each the whole log of the others.
 * @param others what the slot's peers published before
 */
export async function honestChain(where: Arena, slot: number, count: number, others: TaskLog): Promise<Chain> {
  const context = contextOf(where, slot);
  const truths: SegmentTruth[] = [];
  const messages: SegmentMessage[] = [];
  let position = startPosition(context);
  let state: TrainerState | undefined;
  for (let n = 0; n < count; n++) {
    const heads = n === 0 ? position.clock : others.heads();
    const clock: Clock = heads.map((entry, peer) =>
      peer === slot ? { count: position.next, segmentId: position.previous } : entry,
    );
    const lists = others.listsBetween(position.clock, clock, slot);
    const predecessor = messages.at(-1);
    const truth = await recomputeSegment({ context, engine, state, position, predecessor, clock, lists });
    const trainer = Trainer.create({ parameters: where.mlp, seed: where.seed, engine, ...(state && { state }) });
    trainer.takeIn(lists.map((list) => ({ ...list, sign: 1 as const })));
    for (const record of truth.message.records) trainer.iterate(record.index, where.train.batches[record.batch]!);
    state = trainer.snapshot();
    const message = await sign(where, truth.message);
    truths.push(truth);
    messages.push(message);
    position = positionAfter(message);
  }
  return { truths, messages };
}

/** Finds lists in a log, as a node does. */
export function finderOf(log: TaskLog): FindList {
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

/** How a dispute went. */
export interface Outcome {
  readonly disputeId: Hex;
  readonly state: SegmentGameState;
  readonly winner: "challenger" | "defender";
  /** Gas of each move by its name, in order, by side. */
  readonly moves: readonly { readonly name: string; readonly side: "challenger" | "defender"; readonly gas: bigint }[];
}

/** Who plays what: a side without a next move lets its time run out. */
export interface Players {
  readonly defender: SegmentTruth;
  readonly challenger: SegmentTruth;
  readonly findList?: FindList;
  /** Replaces a side's move; undefined makes it silent. */
  readonly override?: (
    side: "challenger" | "defender",
    state: SegmentGameState,
    call: SegmentCall | undefined,
  ) => SegmentCall | undefined;
}

/** Opens a dispute over a signed segment and plays it to its end, the closing of the case included. */
export async function playSegment(where: Arena, message: SegmentMessage, players: Players): Promise<Outcome> {
  const { segmentGame, realCourt, challenger, miners } = where;
  const { operator } = miners[message.segment.slot]!;
  const events: SegmentEvent[] = [];
  const moves: Outcome["moves"][number][] = [];
  const take = (receipt: ContractTransactionReceipt, name: string, side: "challenger" | "defender"): void => {
    const logs = receipt.logs as unknown as Log[];
    events.push(...parseEventLogs({ abi: segmentGameAbi, logs, strict: true }));
    moves.push({ name, side, gas: receipt.gasUsed });
  };
  const value = await deposit(where);
  const predecessor = players.challenger.predecessor?.segment ?? emptySegment(message);
  const opening = await segmentGame
    .connect(challenger)
    .challenge(message.segment, message.signature, predecessor, { value });
  take((await opening.wait())!, "challenge", "challenger");
  const opened = events[0]!;
  const disputeId = (opened.args as { readonly disputeId: Hex }).disputeId;

  for (;;) {
    const dispute = await realCourt.disputeOf(disputeId);
    if (dispute.state !== DisputeState.Open) break;
    const side = dispute.turn === Side.Challenger ? "challenger" : "defender";
    const state = segmentGameState(events)!;
    const honest =
      side === "defender"
        ? defendSegment(state, players.defender, parametersOf(where))
        : attackOrNothing(state, players.challenger, players.findList);
    const call = players.override === undefined ? honest : players.override(side, state, honest);
    if (call === undefined) {
      await networkHelpers.time.increase(MOVE_SECONDS + 1);
      await realCourt.connect(where.stranger).expire(disputeId);
      break;
    }
    const decides = call.functionName.startsWith("refute") || call.functionName === "contestList";
    const mover = side === "challenger" ? challenger : operator;
    const transaction = await mover.sendTransaction({
      to: await segmentGame.getAddress(),
      data: encodeFunctionData({ abi: segmentGameAbi, functionName: call.functionName, args: [disputeId, ...call.args] } as EncodeFunctionDataParameters),
      value: decides ? 0n : await deposit(where),
    });
    take((await transaction.wait())!, call.functionName, side);
  }
  const { turn } = await realCourt.disputeOf(disputeId);
  const closing = await realCourt.connect(where.stranger).close(disputeId);
  moves.push({ name: "close", side: "challenger", gas: (await closing.wait())!.gasUsed });
  const winner = turn === Side.Challenger ? "challenger" : "defender";
  return { disputeId, state: segmentGameState(events)!, winner, moves };
}

function attackOrNothing(
  state: SegmentGameState,
  truth: SegmentTruth,
  findList: FindList = () => {
    throw new Error("no log");
  },
): SegmentCall | undefined {
  try {
    return attackSegment(state, truth, findList);
  } catch (error) {
    if ((error as { code?: string }).code === "NOTHING_TO_REFUTE") return undefined;
    throw error;
  }
}

/** More than any move's deposit at the present base fee. */
async function deposit(_where: Arena): Promise<bigint> {
  const block = (await ethers.provider.getBlock("latest"))!;
  return 8_000_000n * block.baseFeePerGas!;
}

/** The task's parameters as the player passes them on. */
export function parametersOf({ parameters }: Arena): TaskParameters {
  return parameters as unknown as TaskParameters;
}

function emptySegment({ segment }: SegmentMessage): SegmentMessage["segment"] {
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

export { segmentId };
