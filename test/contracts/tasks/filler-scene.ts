import type { TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import { headerOf } from "../helpers/header.ts";
import { deploySuite, ethers, GRIST, networkHelpers, provider, taskParameters, ZERO } from "./scenario.ts";

export const FILLERS = {
  halvingEpochs: 8n,
  periodEpochs: 2n,
  initialEmission: 50n * GRIST,
  proposalBurn: 12n * GRIST,
};

/** Salt and fee are the protocol's. */
function entry(overrides: Partial<TaskParametersStruct> = {}): TaskParametersStruct {
  return taskParameters({ salt: ZERO, fee: 0n, ...overrides });
}

export const CATALOGUE = [entry(), entry({ datasetRoot: ethers.id("other data") }), entry({ iterations: 12 })];
export const PROPOSAL = entry({ datasetRoot: ethers.id("of public interest") });

export const hashOf = (parameters: TaskParametersStruct): string => {
  const fragment = new ethers.Interface([
    "function f(tuple(bytes32 salt,bytes32 specHash,bytes32 datasetRoot,bytes32 testCommitment,string manifest,bytes program,uint128 fee,uint128 minerStake,uint128 supervisorStake,uint128 evaluatorStake,tuple(uint16 burn,uint16 miners,uint16 bonus,uint16 supervisors,uint16 evaluators,uint16 verifiers) shares,tuple(uint32 registration,uint32 training,uint32 submission,uint32 reveal,uint32 evaluationCommit,uint32 evaluationReveal) durations,uint32 iterations,uint16 segmentLength,uint8 slots,uint8 minSlots,uint8 supervisors,uint8 evaluators,uint8 maxSilentEpochs,uint16 attestations,uint32 baseline,uint32 goal))",
  ]);
  return ethers.keccak256(ethers.dataSlice(fragment.encodeFunctionData("f", [parameters]), 4));
};

export async function filling() {
  const suite = await deploySuite();
  const { token, registry, beacon, template } = suite;
  const fillers = await ethers.deployContract("FillerTasks", [
    token,
    registry,
    beacon,
    template,
    FILLERS,
    CATALOGUE.map(hashOf),
  ]);
  await token.appoint([fillers]);
  for (const account of [suite.client, suite.stranger]) await token.connect(account).approve(fillers, 100n * GRIST);
  return { ...suite, fillers };
}

export type Filling = Awaited<ReturnType<typeof filling>>;

/** The parameters that were drawn for an epoch, the queue's included. */
export async function drawnFor({ fillers }: Filling, epoch: bigint): Promise<TaskParametersStruct> {
  const { entry: hash } = await fillers.drawnFor(epoch);
  return [...CATALOGUE, PROPOSAL].find((parameters) => hashOf(parameters) === hash)!;
}

async function proveSeed({ beacon }: Filling, epoch: bigint): Promise<bigint> {
  const block = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(block);
  await beacon.proveSeed(epoch, await headerOf(provider, block));
  return BigInt(await beacon.seedOf(epoch));
}

/** The first period from the current epoch on whose seed is odd or even as wanted, with its seed proven. */
export async function nextPeriod(scene: Filling, isOdd?: boolean): Promise<bigint> {
  const { beacon } = scene;
  let epoch = await beacon.currentEpoch();
  epoch += epoch % FILLERS.periodEpochs;
  for (; ; epoch += FILLERS.periodEpochs) {
    const seed = await proveSeed(scene, epoch);
    if (isOdd === undefined || (seed % 2n === 1n) === isOdd) return epoch;
  }
}
