import {
  type Batch,
  batchChunks,
  batchLeaf,
  commitModel,
  commitTestSet,
  datasetRoot,
  encodeProgram,
  initialWeights,
  matrix,
  type MlpParameters,
  narrowWeights,
  programAlone,
  stateId,
  weightChunks,
  weightIds,
} from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Hex } from "viem";

import { type EvaluationTruth, recomputeScore } from "../../../oracle/src/disputes/evaluation-truth.ts";
import type { ExactBountyParametersStruct } from "../../../types/ethers-contracts/interfaces/IExactBounties.js";
import { randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { COURT } from "../disputes/court-scene.ts";
import { playScore, scoreOf } from "../disputes/evaluation-arena.ts";
import { ethers, GRIST, networkHelpers, STAKED } from "../tasks/scenario.ts";
import { ENTRY_STAKE, Scoring, Stage, Status } from "./bounty-scene.ts";

export const BOUNTY = 100n * GRIST + 1n;
/** Seconds that a candidate has at least, and others to look at its score. */
export const LEAST = 600;
export const SALT = ethers.id("salt") as Hex;
export const SET_SALT = ethers.id("set salt") as Hex;

/** 5-40-3, B = 3: a layer of 40 leaves takes two chunks. */
export const PROGRAM: MlpParameters = {
  sizes: [5, 40, 3],
  shift: [6, 5],
  back: [0, 3],
  tau: [300, 200],
  initBound: [20_000, 20_000],
  batch: 3,
  batches: 4,
  q0: 512,
  halveEvery: 4,
};

/** Six batches, the last of one row: a tree with padding. */
export const TEST_SET = batchesOf(PROGRAM, 6, 11);
export const TEST_ROOT = datasetRoot(TEST_SET.map(batchLeaf));

export function batchesOf(p: MlpParameters, count: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => randomBatch(p, random, i === count - 1 ? 1 : p.batch));
}

/** A state that can be published, and what it truly scores. */
export interface Model {
  readonly weights: readonly Int32Array[];
  readonly stateId: Hex;
  readonly truth: EvaluationTruth;
}

export function modelOf(name: string, p = PROGRAM, set = TEST_SET): Model {
  const weights = narrowWeights(initialWeights(p, ethers.id(name) as Hex));
  return { weights, stateId: stateId(p, weights), truth: recomputeScore(p, weights, set) };
}

/** Better than the truth by all that one batch lost, down to the tensor that says so. */
export function withoutLoss(truth: EvaluationTruth, batch = 2): EvaluationTruth {
  const trace = truth.trace(batch);
  const k = trace.instructions.findIndex(({ op }) => op === "Missing");
  const { cols } = trace.tensors[k]!;
  const zeros = matrix("u8", 1, cols, new Uint8Array(cols));
  const lied = { ...trace, loss: 0, tensors: trace.tensors.with(k, zeros) };
  const scores = truth.scores.map((score, i) => (i === batch ? { ...score, loss: 0 } : score));
  return { scores, trace: (i) => (i === batch ? lied : truth.trace(i)) };
}

export function exactParameters(overrides: Partial<ExactBountyParametersStruct> = {}): ExactBountyParametersStruct {
  return {
    salt: ethers.id("bounty"),
    specHash: ethers.id("spec"),
    scoringCommitment: TEST_ROOT,
    manifest: "bafymanifest",
    program: encodeProgram(PROGRAM),
    testBatches: TEST_SET.length,
    scoring: Scoring.Open,
    bounty: BOUNTY,
    entryStake: ENTRY_STAKE,
    durations: { entry: 1_000, unsealing: 2_000, announcing: 3_000, reveal: 4_000, challenge: 5_000 },
    ...overrides,
  };
}

export const SEALED: Partial<ExactBountyParametersStruct> = {
  scoring: Scoring.Sealed,
  testBatches: 0,
  scoringCommitment: commitTestSet({ testRoot: TEST_ROOT, testBatches: TEST_SET.length, salt: SET_SALT }),
};

/** Exact bounties with a court and a game of their own, on a fresh chain. */
export async function deployExact() {
  const [, poster, ann, bob, cid, challenger, stranger] = await ethers.getSigners();
  const token = await ethers.deployContract("GristToken", [
    10n ** 9n * GRIST,
    [(await ethers.getSigners())[0]!],
    [10n ** 6n * GRIST],
  ]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const template = await ethers.deployContract("MlpTemplate");
  const exact = await ethers.deployContract("ExactBounties", [token, stakes, template, LEAST]);
  const court = await ethers.deployContract("Court", [exact, stakes, COURT]);
  const game = await ethers.deployContract("EvaluationGame", [court, exact, template]);
  // Stands for the game over segments, of which a challenger asks the gas of moves alone: that of every game over a trace.
  const tasksGame = await ethers.deployContract("EvaluationGame", [court, exact, template]);
  await stakes.wire([exact, court]);
  await exact.wire(court);
  await court.wire([game], []);
  const actors = [poster!, ann!, bob!, cid!, challenger!, stranger!];
  for (const actor of actors) {
    await token.transfer(actor, 3_000n * GRIST);
    await token.connect(actor).approve(stakes, STAKED);
    await stakes.connect(actor).stake(STAKED);
    await token.connect(actor).approve(exact, 1_000n * GRIST);
  }
  return {
    token,
    stakes,
    template,
    exact,
    court,
    game,
    tasksGame,
    poster: poster!,
    ann: ann!,
    bob: bob!,
    cid: cid!,
    challenger: challenger!,
    stranger: stranger!,
    actors,
  };
}

export type ExactSuite = Awaited<ReturnType<typeof deployExact>>;
export type ExactScene = ExactSuite & { readonly bountyId: Hex };

export async function postExact(
  suite: ExactSuite,
  overrides: Partial<ExactBountyParametersStruct> = {},
): Promise<ExactScene> {
  const parameters = exactParameters(overrides);
  const own = suite.exact.connect(suite.poster);
  const bountyId = (await own.post.staticCall(parameters)) as Hex;
  await own.post(parameters);
  return { ...suite, bountyId };
}

/** Commits a model; resolves with the entry's number. */
export async function enter(
  { exact, bountyId }: ExactScene,
  owner: HardhatEthersSigner,
  model: Pick<Model, "stateId">,
): Promise<number> {
  const own = exact.connect(owner);
  const commitment = commitModel(bountyId, owner.address as Hex, model.stateId, SALT);
  const entry = await own.enter.staticCall(bountyId, commitment);
  await own.enter(bountyId, commitment);
  return Number(entry);
}

/** Commits a model and announces what is told of it. */
export async function enterWith(
  scene: ExactScene,
  owner: HardhatEthersSigner,
  model: Model,
  told: EvaluationTruth = model.truth,
): Promise<number> {
  const entry = await enter(scene, owner, model);
  await scene.exact.connect(owner).announce(scene.bountyId, entry, scoreOf(told));
  return entry;
}

/** What opens a model's commitment. */
export function openingOf({ weights }: Pick<Model, "weights">, p = PROGRAM) {
  return { program: encodeProgram(p), weights: weightIds(p, weights), salt: SALT };
}

/** A model's chunks as ethers takes them. */
export function chunksOf({ weights }: Pick<Model, "weights">, p = PROGRAM) {
  return weightChunks(p, weights).map((chunk) => ({ ...chunk, proof: [...chunk.proof] }));
}

/** A set's chunks as ethers takes them. */
export function setChunksOf(batches: readonly Batch[]) {
  return batchChunks(batches).map((chunk) => ({ ...chunk, proof: [...chunk.proof] }));
}

/** Publishes the whole model of the candidate. */
export async function publish(scene: ExactScene, owner: HardhatEthersSigner, model: Model): Promise<void> {
  await scene.exact.connect(owner).publishModel(scene.bountyId, openingOf(model), chunksOf(model));
}

/** What opens the sealed set, and its chunks. */
export const SET_OPENING = {
  program: encodeProgram(PROGRAM),
  testRoot: TEST_ROOT,
  testBatches: TEST_SET.length,
  salt: SET_SALT,
} as const;
export const SET_CHUNKS = setChunksOf(TEST_SET);

/** The place of an entry in the court. */
export async function placeOf({ exact, bountyId }: ExactScene, entry: number) {
  return { taskId: (await exact.placeIdOf(bountyId, entry)) as Hex, role: 2n, index: 0n };
}

/** Plays a dispute over the entry of `defender` to its end. */
export async function dispute(
  scene: ExactScene,
  entry: number,
  {
    owner,
    told,
    truth,
    by = scene.challenger,
  }: {
    readonly owner: HardhatEthersSigner;
    readonly told: EvaluationTruth;
    readonly truth: EvaluationTruth;
    readonly by?: HardhatEthersSigner;
  },
) {
  const { taskId } = await placeOf(scene, entry);
  const where = {
    evaluationGame: scene.game,
    court: scene.court,
    challenger: by,
    evaluators: [{ owner, operator: owner }],
    taskId,
    parameters: programAlone(encodeProgram(PROGRAM)),
  };
  return playScore(where, 0, told, truth);
}

/** Opens a dispute over an entry and leaves it there; resolves with its id. */
export async function challenge(scene: ExactScene, entry: number, by = scene.challenger): Promise<string> {
  const { game, court } = scene;
  const place = await placeOf(scene, entry);
  const { baseFeePerGas } = (await ethers.provider.getBlock("latest"))!;
  const value = (await game.openingGas()) * 3n * baseFeePerGas!;
  await game.connect(by).challenge(place.taskId, 0, { value });
  const waiting = await court.waitingOn(place);
  return waiting.at(-1) ?? (await court.currentOf(place));
}

/** Lets the stage run out and cranks. */
export async function passStage({ exact, bountyId }: ExactScene): Promise<void> {
  const { stageEndsAt } = await exact.bountyOf(bountyId);
  await networkHelpers.time.increaseTo(stageEndsAt);
  await exact.advance(bountyId);
}

export async function stageOf({ exact, bountyId }: ExactScene): Promise<bigint> {
  return (await exact.bountyOf(bountyId)).stage;
}

/** Everybody takes out what it can; resolves with what then is still in the contract, or locked by it. */
export async function emptied(scene: ExactScene): Promise<bigint> {
  const { exact, bountyId, actors, token, stakes } = scene;
  const { entryCount, stage } = await exact.bountyOf(bountyId);
  if (stage < Stage.Paid) return -1n;
  for (let entry = 0n; entry < entryCount; entry++) {
    const { status } = await exact.entryOf(bountyId, entry);
    if (status === Status.Committed || status === Status.Announced) await exact.release(bountyId, entry);
  }
  for (const actor of actors) if ((await exact.creditOf(actor)) > 0n) await exact.connect(actor).withdraw();
  const locked = await Promise.all(actors.map((actor) => stakes.lockedFor(actor, exact, bountyId)));
  return (await token.balanceOf(exact)) + locked.reduce((sum, one) => sum + one, 0n);
}
