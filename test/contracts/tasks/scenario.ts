import { closestBelow, type DrawnRank, rankOf } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { ContractTransactionResponse } from "ethers";
import { network } from "hardhat";
import type { Address, Hex } from "viem";

import type {
  EpochBeacon,
  GristToken,
  LogDouble,
  MlpTemplate,
  StakeManager,
  TaskRegistry,
} from "../../../types/ethers-contracts/index.js";
import type { ScoreStruct, TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import { deployRegistry } from "../helpers/deploy-registry.ts";
import { headerOf } from "../helpers/header.ts";

export const { ethers, networkHelpers, provider } = await network.create();

/** Hardhat's loadFixture over this chain: `fixture` must be a named function. */
export function loadFixture<T>(fixture: () => Promise<T>): Promise<T> {
  return networkHelpers.loadFixture(fixture);
}

export const GRIST = 10n ** 18n;
export const ZERO = ethers.ZeroHash;

/** Contracts' enums by their names. */
export const Phase = {
  None: 0n,
  Registration: 1n,
  Seeding: 2n,
  Drawing: 3n,
  Joining: 4n,
  Training: 5n,
  Submission: 6n,
  Reveal: 7n,
  EvaluationCommit: 8n,
  EvaluationReveal: 9n,
  Closing: 10n,
  Settled: 11n,
  Cancelled: 12n,
  Failed: 13n,
} as const;
export const Role = { Miner: 0n, Supervisor: 1n, Evaluator: 2n } as const;
export const Standing = { None: 0n, Applied: 1n, Drawn: 2n, Joined: 3n, Declined: 4n } as const;

export type Score = ScoreStruct;

/** Actors that take part, each owner with the operator that signs for it. */
export interface Worker {
  readonly owner: HardhatEthersSigner;
  readonly operator: HardhatEthersSigner;
}

/** The contracts on a fresh chain and the accounts, each with free stake and an allowance for fees. */
export interface Suite {
  readonly token: GristToken;
  readonly beacon: EpochBeacon;
  readonly stakes: StakeManager;
  readonly template: MlpTemplate;
  readonly registry: TaskRegistry;
  /** Says which supervisors co-signed the log. */
  readonly log: LogDouble;
  /** Speaks as the wired mint. */
  readonly mint: HardhatEthersSigner;
  /** Speaks as the wired court. */
  readonly court: HardhatEthersSigner;
  readonly client: HardhatEthersSigner;
  readonly miners: readonly Worker[];
  readonly supervisor: Worker;
  readonly evaluators: readonly Worker[];
  readonly verifier: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
}

/** A suite with one task. */
export interface Scene extends Suite {
  readonly taskId: string;
  readonly parameters: TaskParametersStruct;
}

/** A scene in which the court may be the real one. */
export type CourtlessScene = Omit<Scene, "court">;

export const SUPPLY = 10n ** 6n * GRIST;
export const CHALLENGE_SECONDS = 7_000n;
export const STAKED = 500n * GRIST;
export const FEE = 100n * GRIST + 7n;
export const MACS = 2n * (3n * 5n * 2n + 2n * 4n * 3n);

export const TEST_SET = { root: ethers.id("test root"), batches: 5n, salt: ethers.id("test salt") } as const;
export const STATE = ethers.id("final state");
export const ALL_SLOTS = 0b111n;
export const SCORE = { correct: 175n, loss: 4_321n, root: ethers.id("score root") } as const satisfies Score;

/** Preferences that every task suits in part. */
export const BALANCED = "0x8080808080808080";

export const BEACON = {
  epochBlocks: 12n,
  seedDelay: 2n,
  provingWindow: 20n,
  attestationBlocks: 2n,
  attestationRounds: 1n,
  challengeBlocks: 3n,
} as const;

const abi = ethers.AbiCoder.defaultAbiCoder();

export const MLP_TYPE =
  "tuple(uint32[] sizes,uint32[] shift,uint32[] back,uint32[] tau,uint32[] initBound,uint32 batch,uint32 batches,uint32 q0,uint32 halveEvery)";

/** A small network of sizes 4-3-2, B = 2. */
export const MLP = {
  sizes: [4, 3, 2],
  shift: [2, 2],
  back: [0, 2],
  tau: [100, 100],
  initBound: [8, 8],
  batch: 2,
  batches: 6,
  q0: 16,
  halveEvery: 0,
};

export function encodeProgram(mlp: object): string {
  return abi.encode([MLP_TYPE], [mlp]);
}

export function taskParameters(overrides: Partial<TaskParametersStruct> = {}): TaskParametersStruct {
  return {
    salt: ethers.id("salt"),
    specHash: ethers.id("spec"),
    datasetRoot: ethers.id("dataset"),
    testCommitment: ethers.keccak256(
      abi.encode(["bytes32", "uint32", "bytes32"], [TEST_SET.root, TEST_SET.batches, TEST_SET.salt]),
    ),
    manifest: "bafymanifest",
    program: encodeProgram(MLP),
    fee: FEE,
    minerStake: 30n * GRIST,
    supervisorStake: 20n * GRIST,
    evaluatorStake: 10n * GRIST,
    shares: { burn: 1_000, miners: 5_000, bonus: 1_500, supervisors: 500, evaluators: 1_000, verifiers: 1_000 },
    durations: {
      registration: 1_000,
      training: 20_000,
      submission: 3_000,
      reveal: 4_000,
      evaluationCommit: 5_000,
      evaluationReveal: 6_000,
    },
    iterations: 10,
    segmentLength: 4,
    slots: 3,
    minSlots: 2,
    supervisors: 1,
    evaluators: 3,
    maxSilentEpochs: 2,
    attestations: 7,
    baseline: 100,
    goal: 200,
    ...overrides,
  };
}

export async function deploySuite(): Promise<Suite> {
  const signers = await ethers.getSigners();
  const at = (index: number): HardhatEthersSigner => signers[index]!;
  const worker = (index: number): Worker => ({ owner: at(index), operator: at(index + 9) });
  const [deployer, client, verifier, stranger] = [at(0), at(1), at(9), at(10)];

  const token = await ethers.deployContract("GristToken", [10n ** 9n * GRIST, [deployer], [SUPPLY]]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const template = await ethers.deployContract("MlpTemplate");
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
  // Any contracts will do as mint, audits and court: the tests speak in their names.
  const mint = await ethers.deployContract("MlpTemplate");
  const court = await ethers.deployContract("MlpTemplate");
  const log = await ethers.deployContract("LogDouble");
  await registry.wire(mint, court, log, mint);
  await stakes.wire([registry]);

  for (const account of signers.slice(1)) {
    await token.transfer(account, 2_000n * GRIST);
    await token.connect(account).approve(stakes, STAKED);
    await stakes.connect(account).stake(STAKED);
    await token.connect(account).approve(registry, 1_000n * GRIST);
  }
  for (const { owner } of [2, 3, 4, 5, 6, 7, 8].map(worker)) await registry.connect(owner).setProfile(BALANCED);
  return {
    token,
    beacon,
    stakes,
    template,
    registry,
    log,
    mint: await speakAs(mint),
    court: await speakAs(court),
    client,
    verifier,
    stranger,
    miners: [worker(2), worker(3), worker(4)],
    supervisor: worker(5),
    evaluators: [worker(6), worker(7), worker(8)],
  };
}

async function speakAs(contract: { getAddress: () => Promise<string> }): Promise<HardhatEthersSigner> {
  const signer = await ethers.getImpersonatedSigner(await contract.getAddress());
  await networkHelpers.setBalance(signer.address, 10n ** 20n);
  return signer;
}

/** Creates a task of the client's; its id and parameters join the suite. */
export async function createTask(suite: Suite, overrides: Partial<TaskParametersStruct> = {}): Promise<Scene> {
  const parameters = taskParameters(overrides);
  const registry = suite.registry.connect(suite.client);
  const taskId = await registry.createTask.staticCall(parameters);
  await registry.createTask(parameters);
  return { ...suite, taskId, parameters };
}

export async function applyFor(scene: Scene, role: bigint, { owner }: Pick<Worker, "owner">): Promise<void> {
  await scene.registry.connect(owner).applyFor(scene.taskId, role);
}

/** The ranks of a role that are submitted so far. */
export async function ranksOf({ registry, taskId }: CourtlessScene, role: bigint): Promise<DrawnRank[]> {
  const drawn = await registry.queryFilter(registry.filters.RankDrawn(taskId, role));
  return drawn.map(({ args }) => ({ owner: args.owner as Address, rank: args.rank }));
}

/** The rank that an owner will draw, from the SDK. */
export async function rankAhead({ registry, taskId }: CourtlessScene, role: bigint, owner: string): Promise<bigint> {
  const { seed, properties, createdIn } = await registry.assignmentOf(taskId, role);
  const preferences = await registry.preferencesOf(owner, createdIn - 1n);
  const application = { seed: seed as Hex, role: Number(role), owner: owner as Address };
  return rankOf(application, preferences as Hex, properties as Hex);
}

/** Submits the rank that a worker drew. */
export async function draw(scene: CourtlessScene, role: bigint, { owner }: Pick<Worker, "owner">): Promise<void> {
  const rank = await rankAhead(scene, role, owner.address);
  const previous = closestBelow(await ranksOf(scene, role), rank);
  await scene.registry.connect(owner).drawRank(scene.taskId, role, previous);
}

export async function join(scene: CourtlessScene, role: bigint, worker: Worker): Promise<void> {
  await scene.registry.connect(worker.owner).join(scene.taskId, role, worker.operator);
}

/** The wanted number of workers of every role, in the order of their places. */
function crewOf({ miners, supervisor, evaluators, parameters }: Scene): (readonly [role: bigint, worker: Worker])[] {
  const supervisors = parameters.supervisors === 0 ? [] : [supervisor];
  return [
    ...miners.slice(0, Number(parameters.slots)).map((worker) => [Role.Miner, worker] as const),
    ...supervisors.map((worker) => [Role.Supervisor, worker] as const),
    ...evaluators.slice(0, Number(parameters.evaluators)).map((worker) => [Role.Evaluator, worker] as const),
  ];
}

/** The wanted number of workers of every role applies. */
export async function applyAll(scene: Scene): Promise<void> {
  for (const [role, worker] of crewOf(scene)) await applyFor(scene, role, worker);
}

/** The wanted number of workers of every role applies, and the client closes the registration: Seeding begins. */
export async function fill(scene: Scene): Promise<void> {
  await applyAll(scene);
  await scene.registry.connect(scene.client).closeRegistration(scene.taskId);
}

/** Header of the block that seeds the training, mined if need be. */
export async function seedHeader({ registry, beacon, taskId }: Scene): Promise<string> {
  const { seedBase } = await registry.taskOf(taskId);
  const block = await beacon.randomnessBlock(seedBase);
  const head = BigInt(await ethers.provider.getBlockNumber());
  if (block > head) await networkHelpers.mineUpTo(block);
  return headerOf(provider, block);
}

export async function proveTaskSeed(scene: Scene): Promise<void> {
  await scene.registry.connect(scene.stranger).proveTaskSeed(scene.taskId, await seedHeader(scene));
}

/** Everybody draws and joins, in the order of the scene's workers: from Seeding to Training. */
export async function begin(scene: Scene): Promise<void> {
  await proveTaskSeed(scene);
  await drawAll(scene);
  await joinAll(scene);
}

export async function drawAll(scene: Scene): Promise<void> {
  for (const [role, worker] of crewOf(scene)) await draw(scene, role, worker);
}

export async function joinAll(scene: Scene): Promise<void> {
  for (const [role, worker] of crewOf(scene)) await join(scene, role, worker);
}

export function segmentId(slot: number, last: number): string {
  return ethers.id(`segment ${slot} ${last}`);
}

/** One slot commits up to `last` under the operator's key. */
export async function commit(scene: CourtlessScene, slot: number, last: number): Promise<void> {
  const { registry, miners, taskId } = scene;
  await registry
    .connect(miners[slot]!.operator)
    .commit(taskId, slot, last, segmentId(slot, last), ethers.id(`root ${slot} ${last}`));
}

/** Mines to the first block in which calls fall into an epoch `count` after the current one. */
export async function passEpochs({ beacon }: Pick<Suite, "beacon">, count: number): Promise<void> {
  const epoch = await beacon.epochAt(BigInt(await ethers.provider.getBlockNumber()) + 1n);
  await networkHelpers.mineUpTo(await beacon.lastBlockOf(epoch + BigInt(count) - 1n));
}

export async function submit(scene: CourtlessScene, slot: number, stateId = STATE, slots = ALL_SLOTS): Promise<void> {
  await scene.registry.connect(scene.miners[slot]!.operator).submitState(scene.taskId, slot, stateId, slots);
}

export async function revealTestSet({ registry, client, taskId }: Scene): Promise<void> {
  await registry.connect(client).revealTestSet(taskId, TEST_SET.root, TEST_SET.batches, TEST_SET.salt, "bafytestset");
}

export const SCORE_SALT = ethers.id("score salt");

export function sealOf({ taskId, evaluators }: CourtlessScene, evaluator: number, score: Score = SCORE): string {
  return ethers.keccak256(
    abi.encode(
      ["bytes32", "address", "uint32", "uint64", "bytes32", "bytes32"],
      [taskId, evaluators[evaluator]!.operator.address, score.correct, score.loss, score.root, SCORE_SALT],
    ),
  );
}

export async function seal(scene: CourtlessScene, evaluator: number, score: Score = SCORE): Promise<void> {
  const { registry, evaluators, taskId } = scene;
  await registry
    .connect(evaluators[evaluator]!.operator)
    .commitScore(taskId, evaluator, sealOf(scene, evaluator, score));
}

export async function open(scene: CourtlessScene, evaluator: number, score: Score = SCORE): Promise<void> {
  const { registry, evaluators, taskId } = scene;
  await registry.connect(evaluators[evaluator]!.operator).revealScore(taskId, evaluator, score, SCORE_SALT);
}

/** The task's one supervisor has co-signed the log. */
export async function cosignLog({ log, taskId }: CourtlessScene): Promise<void> {
  await log.setDiligent(taskId, 1);
}

/** What the court can do to a place. */
export async function suspend({ registry, court, taskId }: Scene, role: bigint, index: number): Promise<void> {
  await registry.connect(court).suspend(taskId, role, index);
}

export async function resume({ registry, court, taskId }: Scene, role: bigint, index: number): Promise<void> {
  await registry.connect(court).resume(taskId, role, index);
}

export function convict(
  { registry, court, stranger, taskId }: Scene,
  role: bigint,
  index: number,
  accuser = stranger,
): Promise<ContractTransactionResponse> {
  return registry.connect(court).convict(taskId, role, index, accuser);
}

/** Waits until the current phase's deadline has passed, without sending anything to the registry. */
export async function passDeadline({ registry, taskId }: Scene): Promise<void> {
  const { phaseEndsAt } = await registry.taskOf(taskId);
  await networkHelpers.time.increaseTo(phaseEndsAt);
}

/** Waits until no claim window of the task is open. */
export async function passClaims({ registry, beacon, taskId }: Scene): Promise<void> {
  const { lastCommitEpoch, slotsJoined } = await registry.taskOf(taskId);
  let settlesAt = await beacon.settlesAt(lastCommitEpoch);
  for (let slot = 0n; slot < slotsJoined; slot++) settlesAt += (await registry.placeOf(taskId, 0, slot)).pausedBlocks;
  if (BigInt(await ethers.provider.getBlockNumber()) < settlesAt) await networkHelpers.mineUpTo(settlesAt);
}

/** Waits until the scores of a task in Closing cannot be challenged any more. */
export async function passChallenges({ registry, taskId }: Scene): Promise<void> {
  const { phase, phaseEndsAt } = await registry.taskOf(taskId);
  const latest = BigInt(await networkHelpers.time.latest());
  if (phase === Phase.Closing && latest < phaseEndsAt) await networkHelpers.time.increaseTo(phaseEndsAt);
}

export async function settle(scene: Scene): Promise<void> {
  await passClaims(scene);
  await passChallenges(scene);
  await scene.registry.connect(scene.stranger).settle(scene.taskId);
}

export async function phaseOf({ registry, taskId }: Scene): Promise<bigint> {
  return (await registry.taskOf(taskId)).phase;
}

/** `bps` of the fee, as the registry rounds it. */
export function shareOf(bps: number): bigint {
  return (FEE * BigInt(bps)) / 10_000n;
}

// --- fixtures, one for each phase of a task that goes well

export async function inRegistration(): Promise<Scene> {
  return createTask(await deploySuite());
}

export async function inSeeding(): Promise<Scene> {
  const scene = await inRegistration();
  await fill(scene);
  return scene;
}

export async function inDrawing(): Promise<Scene> {
  const scene = await inSeeding();
  await proveTaskSeed(scene);
  return scene;
}

export async function inJoining(): Promise<Scene> {
  const scene = await inDrawing();
  await drawAll(scene);
  return scene;
}

export async function inTraining(): Promise<Scene> {
  const scene = await inSeeding();
  await begin(scene);
  return scene;
}

export async function inSubmission(): Promise<Scene> {
  const scene = await inTraining();
  for (const slot of [0, 1, 2]) await commit(scene, slot, 9);
  return scene;
}

export async function inReveal(): Promise<Scene> {
  const scene = await inSubmission();
  await cosignLog(scene);
  for (const slot of [0, 1, 2]) await submit(scene, slot);
  return scene;
}

export async function inEvaluationCommit(): Promise<Scene> {
  const scene = await inReveal();
  await revealTestSet(scene);
  return scene;
}

export async function inEvaluationReveal(): Promise<Scene> {
  const scene = await inEvaluationCommit();
  for (const evaluator of [0, 1, 2]) await seal(scene, evaluator);
  return scene;
}

export async function inClosing(): Promise<Scene> {
  const scene = await inEvaluationReveal();
  for (const evaluator of [0, 1, 2]) await open(scene, evaluator);
  return scene;
}
