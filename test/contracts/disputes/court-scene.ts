import { encodeProgram, type Segment, segmentDomain, segmentTypes } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Hex } from "viem";

import type {
  Audits,
  Court,
  Demands,
  EvaluationGame,
  Misconduct,
  Perjury,
  SegmentGame,
  TensHashGame,
  VerifierPool,
  WorkMint,
} from "../../../types/ethers-contracts/index.js";
import { deployRegistry } from "../helpers/deploy-registry.ts";
import {
  begin,
  BEACON,
  CHALLENGE_SECONDS,
  createTask,
  ethers,
  fill,
  GRIST,
  networkHelpers,
  Role,
  type Scene,
  STAKED,
  type Suite,
  type Worker,
} from "../tasks/scenario.ts";
import { DATASET_ROOT, type Draft, ITERATIONS, PROGRAM, SEGMENT_LENGTH, Slots } from "./honest-slots.ts";

export const MINER_STAKE = 40n * GRIST;

/** Every ticket is lucky, and every iteration has some. */
const MINT = {
  macsPerTicket: 100n,
  halvingEpochs: 1_000n,
  wantedClaims: 4n,
  verifierShareBps: 2_000n,
  verifiersPerClaim: 1n,
  initialTarget: 2n ** 256n - 1n,
  initialEmission: 2n * GRIST,
  maxPerTicket: GRIST,
} as const;

/** Every segment is drawn, and one verifier is enough. */
const AUDITS = { quotaBps: 10_000n, verifiersPerAudit: 1n } as const;

export const COURT = { moveSeconds: 600n, clockSeconds: 3_000n, bond: 5n * GRIST } as const;

export const DisputeState = { None: 0n, Waiting: 1n, Open: 2n, Decided: 3n, Closed: 4n, Withdrawn: 5n } as const;

/** The real court with its prosecutors and games, over the real registry and mint, with a task in training. */
export interface CourtScene extends Omit<Scene, "court"> {
  readonly court: Court;
  readonly misconduct: Misconduct;
  readonly demands: Demands;
  readonly tensHashGame: TensHashGame;
  readonly segmentGame: SegmentGame;
  readonly evaluationGame: EvaluationGame;
  readonly workMint: WorkMint;
  readonly audits: Audits;
  readonly pool: VerifierPool;
  readonly perjury: Perjury;
  readonly slots: Slots;
}

/** `SignedSegment`. */
export interface SignedSegment {
  readonly segment: Segment;
  readonly signature: string;
}

/** Three slots train {@link PROGRAM}. */
export async function inCourt(): Promise<CourtScene> {
  const suite = await deployCourt();
  const scene = await createTask(suite.parts, {
    datasetRoot: DATASET_ROOT,
    program: encodeProgram(PROGRAM),
    iterations: ITERATIONS,
    segmentLength: SEGMENT_LENGTH,
    minerStake: MINER_STAKE,
  });
  await fill(scene);
  await begin(scene);
  const { trainingSeed } = await scene.registry.trainingOf(scene.taskId);
  const slots = new Slots(scene.taskId as Hex, trainingSeed as Hex);
  return { ...scene, ...suite.judges, slots };
}

/** The suite with everything that disputes need, without a task. */
export async function deployCourt() {
  const signers = await ethers.getSigners();
  const at = (index: number): HardhatEthersSigner => signers[index]!;
  const worker = (index: number): Worker => ({ owner: at(index), operator: at(index + 9) });

  const token = await ethers.deployContract("GristToken", [10n ** 9n * GRIST, [at(0)], [10n ** 6n * GRIST]]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const template = await ethers.deployContract("MlpTemplate");
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
  const court = await ethers.deployContract("Court", [registry, stakes, COURT]);
  const misconduct = await ethers.deployContract("Misconduct", [court, registry, template]);
  const demands = await ethers.deployContract("Demands", [court, registry, stakes]);
  const pool = await ethers.deployContract("VerifierPool", [stakes, beacon, GRIST]);
  const workMint = await ethers.deployContract("WorkMint", [token, registry, beacon, pool, MINT]);
  const audits = await ethers.deployContract("Audits", [registry, beacon, pool, AUDITS]);
  const tensHashGame = await ethers.deployContract("TensHashGame", [court, workMint, beacon]);
  const libraries = { Clocks: await (await ethers.deployContract("Clocks")).getAddress() };
  const segmentGame = await ethers.deployContract("SegmentGame", [court, registry, template], { libraries });
  const evaluationGame = await ethers.deployContract("EvaluationGame", [court, registry, template]);
  await token.appoint([workMint]);
  const log = await ethers.deployContract("LogDouble");
  await registry.wire(workMint, court, log, audits);
  await stakes.wire([registry, pool, court]);
  const evidence = [court, workMint, audits, pool, segmentGame, tensHashGame, misconduct];
  const perjury = await ethers.deployContract("Perjury", evidence);
  await pool.wire(perjury);
  await court.wire([segmentGame, evaluationGame, tensHashGame], [misconduct, demands]);

  for (const account of signers.slice(1)) {
    await token.transfer(account, 2_000n * GRIST);
    await token.connect(account).approve(stakes, STAKED);
    await stakes.connect(account).stake(STAKED);
    await token.connect(account).approve(registry, 1_000n * GRIST);
  }
  const parts: Suite = {
    token,
    beacon,
    stakes,
    template,
    registry,
    log,
    mint: await speakAs(await workMint.getAddress()),
    court: await speakAs(await court.getAddress()),
    client: at(1),
    miners: [worker(2), worker(3), worker(4)],
    supervisor: worker(5),
    evaluators: [worker(6), worker(7), worker(8)],
    verifier: at(9),
    stranger: at(10),
  };
  const games = { segmentGame, evaluationGame, tensHashGame };
  return { parts, judges: { court, misconduct, demands, ...games, workMint, audits, pool, perjury } };
}

/** Signs as an operator of the scene's task, or as anybody else in any domain. */
export async function sign(
  { registry, miners }: Pick<CourtScene, "registry" | "miners">,
  { segment }: Pick<Draft, "segment">,
  options: { signer?: HardhatEthersSigner; chainId?: number; registry?: string } = {},
): Promise<SignedSegment> {
  const { chainId } = await ethers.provider.getNetwork();
  const address = options.registry ?? (await registry.getAddress());
  const domain = segmentDomain(options.chainId ?? Number(chainId), address as Hex);
  const signer = options.signer ?? miners[segment.slot]!.operator;
  return { segment, signature: await signer.signTypedData(domain, { Segment: [...segmentTypes.Segment] }, segment) };
}

/** `Place` of a slot. */
export function placeOf({ taskId }: Pick<CourtScene, "taskId">, index: number) {
  return { taskId, role: Role.Miner, index };
}

export async function isConvicted({ registry, taskId }: CourtScene, slot: number): Promise<boolean> {
  return (await registry.placeOf(taskId, Role.Miner, slot)).convicted;
}

async function speakAs(address: string): Promise<HardhatEthersSigner> {
  await networkHelpers.setBalance(address, 10n ** 20n);
  return ethers.getImpersonatedSigner(address);
}
