import { batchLeaf, datasetRoot, encodeProgram, initialWeights, stateId } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Hex } from "viem";

import { recomputeScore } from "../../../oracle/src/disputes/evaluation-truth.ts";
import type { TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import { randomBatch, seededRandom } from "../../sdk/fixtures/programs.ts";
import { PROGRAM, SEGMENT_LENGTH, trainingSet } from "../disputes/arena.ts";
import { withOneMoreHit } from "../disputes/evaluation-arena.ts";
import { deployRegistry } from "../helpers/deploy-registry.ts";
import { hashOf } from "../tasks/filler-scene.ts";
import { BALANCED, ethers, GRIST, networkHelpers, taskParameters, ZERO } from "../tasks/scenario.ts";

export { PROGRAM, SEGMENT_LENGTH };

export const SUPPLY = 10n ** 6n * GRIST;
const STAKED = 1_500n * GRIST;
/** Wei that covers every deposit and bond of an answer. */
export const ETHER = 10n ** 17n;
export const OPEN_BOND = 10n ** 16n;
export const ITERATIONS = 4 * SEGMENT_LENGTH;

/**
 * Windows are longer than all honest calls between two looks at the chain take, which {@link Walk} has every few calls,
 * and short enough that a walk sees many tasks end.
 */
export const BEACON = {
  epochBlocks: 50n,
  seedDelay: 2n,
  provingWindow: 40n,
  attestationBlocks: 20n,
  attestationRounds: 2n,
  challengeBlocks: 60n,
} as const;

export const COURT = { moveSeconds: 250n, clockSeconds: 1_500n, bond: 5n * GRIST } as const;

/** The longest that a walk lets pass without a look at the chain; shorter than any deadline. */
export const LONGEST_PAUSE = 100;

/** A ticket or so for each iteration, all of them lucky. */
const WORK_MINT = {
  macsPerTicket: 250n,
  halvingEpochs: 40n,
  wantedClaims: 4n,
  verifierShareBps: 2_000n,
  verifiersPerClaim: 1n,
  initialTarget: 2n ** 256n - 1n,
  initialEmission: 4n * GRIST,
  maxPerTicket: GRIST,
} as const;

/** Half of the segments, where as many attestations are ordered as there are segments. */
const AUDITS = { quotaBps: 5_000n, verifiersPerAudit: 1n } as const;

const OPEN_MINT = {
  halvingEpochs: 40n,
  wantedClaims: 3n,
  moveBlocks: 60n,
  easiestTarget: 2n ** 256n - 1n,
  initialEmission: 12n * GRIST,
  bond: OPEN_BOND,
} as const;

const FILLERS = { halvingEpochs: 40n, periodEpochs: 2n, initialEmission: 50n * GRIST, proposalBurn: GRIST } as const;

/** What everybody trains on. */
export const TRAINING_SET = trainingSet(PROGRAM, 7);
const testBatches = (() => {
  const random = seededRandom(5);
  return Array.from({ length: 5 }, () => randomBatch(PROGRAM, random));
})();
export const TEST_SET = {
  root: datasetRoot(testBatches.map(batchLeaf)),
  batches: testBatches.length,
  salt: ethers.id("test salt"),
} as const;

/** No dispute shows a wrong sum, so the slots may as well agree on this model, whose score is known once and for all. */
const model = initialWeights(PROGRAM, ethers.id("model") as Hex);
export const FINAL_STATE = stateId(PROGRAM, model);
export const TRUE_SCORE = recomputeScore(PROGRAM, model, testBatches);
export const FALSE_SCORE = withOneMoreHit(TRUE_SCORE, 2);

/** A task of {@link PROGRAM}. */
export function orderOf(overrides: Partial<TaskParametersStruct>): TaskParametersStruct {
  const abi = ethers.AbiCoder.defaultAbiCoder();
  const { root, batches, salt } = TEST_SET;
  return taskParameters({
    datasetRoot: datasetRoot(TRAINING_SET.batches.map(batchLeaf)),
    program: encodeProgram(PROGRAM),
    testCommitment: ethers.keccak256(abi.encode(["bytes32", "uint32", "bytes32"], [root, batches, salt])),
    minerStake: 40n * GRIST,
    segmentLength: SEGMENT_LENGTH,
    iterations: ITERATIONS,
    durations: {
      registration: 700,
      training: 900,
      submission: 400,
      reveal: 250,
      evaluationCommit: 300,
      evaluationReveal: 300,
    },
    ...overrides,
  });
}

const entry = (name: string) => orderOf({ salt: ZERO, fee: 0n, specHash: ethers.id(name) });
export const CATALOGUE = [entry("filler"), entry("another filler")];
export const PROPOSAL = entry("of public interest");

/** All contracts of the suite, wired as a deployment wires them, and their actors. */
export async function deployMarket() {
  const accounts = (await ethers.getSigners()).map(withGas);
  const token = await ethers.deployContract("GristToken", [10n ** 9n * GRIST, [accounts[0]!], [SUPPLY]]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const stakes = await ethers.deployContract("StakeManager", [token, 2_000]);
  const template = await ethers.deployContract("MlpTemplate");
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, 700]);
  const court = await ethers.deployContract("Court", [registry, stakes, COURT]);
  const misconduct = await ethers.deployContract("Misconduct", [court, registry, template]);
  const demands = await ethers.deployContract("Demands", [court, registry, stakes]);
  const pool = await ethers.deployContract("VerifierPool", [stakes, beacon, GRIST]);
  const workMint = await ethers.deployContract("WorkMint", [token, registry, beacon, pool, WORK_MINT]);
  const tensHashGame = await ethers.deployContract("TensHashGame", [court, workMint, beacon]);
  const libraries = { Clocks: await (await ethers.deployContract("Clocks")).getAddress() };
  const segmentGame = await ethers.deployContract("SegmentGame", [court, registry, template], { libraries });
  const evaluationGame = await ethers.deployContract("EvaluationGame", [court, registry, template]);
  const audits = await ethers.deployContract("Audits", [registry, beacon, pool, AUDITS]);
  const perjury = await ethers.deployContract("Perjury", [
    court,
    workMint,
    audits,
    pool,
    segmentGame,
    tensHashGame,
    misconduct,
  ]);
  const log = await ethers.deployContract("SupervisorLog", [registry, beacon]);
  const openMint = await ethers.deployContract("OpenMint", [token, beacon, OPEN_MINT]);
  const catalogue = CATALOGUE.map(hashOf);
  const fillers = await ethers.deployContract("FillerTasks", [token, registry, beacon, template, FILLERS, catalogue]);
  const terms = { quorumBps: 4_000n, voterPayBps: 1_000n };
  const board = await ethers.deployContract("BountyBoard", [token, stakes, beacon, pool, terms]);
  await token.appoint([workMint, openMint, fillers]);
  await registry.wire(workMint, court, log, audits);
  await stakes.wire([registry, pool, court, board]);
  await pool.wire(perjury);
  await court.wire([segmentGame, evaluationGame, tensHashGame], [misconduct, demands]);

  for (const account of accounts.slice(1)) {
    await token.transfer(account, 10_000n * GRIST);
    await token.connect(account).approve(stakes, ethers.MaxUint256);
    await token.connect(account).approve(registry, ethers.MaxUint256);
    await token.connect(account).approve(board, ethers.MaxUint256);
    await token.connect(account).approve(fillers, ethers.MaxUint256);
    await stakes.connect(account).stake(STAKED);
    await registry.connect(account).setProfile(BALANCED);
  }
  const cast = castOf(accounts.slice(1));
  // More than all others may ever have together: no vote is lost by the honest, and most claims are theirs to attest.
  await pool.connect(cast.anchor).enlist(500n * GRIST, cast.anchor);
  await pool.connect(cast.slyVerifier).enlist(60n * GRIST, cast.slyVerifier);
  await networkHelpers.mine(BEACON.epochBlocks);
  return {
    token,
    beacon,
    stakes,
    registry,
    court,
    misconduct,
    demands,
    pool,
    workMint,
    audits,
    tensHashGame,
    segmentGame,
    evaluationGame,
    perjury,
    log,
    openMint,
    fillers,
    board,
    ...cast,
  };
}

/** A signer that brings its gas: an estimate would run every call twice. */
function withGas(account: HardhatEthersSigner): HardhatEthersSigner {
  const send = account.sendTransaction.bind(account);
  account.sendTransaction = (transaction) => send({ gasLimit: 16_000_000n, ...transaction });
  return account;
}

export type Market = Awaited<ReturnType<typeof deployMarket>>;

/**
 * Everybody has a character: the honest do their duty in time and say what is true, though they call whatever they like
 * besides; the sly lie, fall silent and accuse the innocent.
 */
function castOf(accounts: readonly HardhatEthersSigner[]) {
  const at = (index: number): HardhatEthersSigner => accounts[index]!;
  const sly = [1, 6, 7, 8, 11, 13, 15, 17].map(at);
  return {
    accounts,
    clients: [at(0), at(0), at(1)],
    miners: [2, 3, 4, 5, 6, 7, 8].map(at),
    evaluators: [9, 10, 11].map(at),
    supervisors: [12, 12, 13].map(at),
    anchor: at(14),
    slyVerifier: at(15),
    watcher: at(16),
    slyChallenger: at(17),
    stranger: at(18),
    sly: new Set(sly.map(({ address }) => address)),
  };
}
