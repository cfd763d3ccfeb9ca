import { joiningOrder } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import {
  applyFor,
  createTask,
  deploySuite,
  draw,
  ethers,
  networkHelpers,
  proveTaskSeed,
  ranksOf,
  Role,
  type Scene,
  type Suite,
} from "./scenario.ts";

/** A scene with many applicants for the miners' slots. */
export interface CrowdScene extends Scene {
  readonly crowd: readonly HardhatEthersSigner[];
}

/** Accounts with so much free stake each, and ether for gas. */
export async function hire(suite: Suite, name: string, count: number, stake: bigint): Promise<HardhatEthersSigner[]> {
  const [bank] = await ethers.getSigners();
  const workers: HardhatEthersSigner[] = [];
  for (let index = 0; index < count; index++) {
    const address = ethers.getAddress(ethers.dataSlice(ethers.id(`${name} ${index}`), 12));
    const owner = await ethers.getImpersonatedSigner(address);
    await networkHelpers.setBalance(address, 10n ** 20n);
    await suite.token.connect(bank).transfer(owner, stake);
    await suite.token.connect(owner).approve(suite.stakes, stake);
    await suite.stakes.connect(owner).stake(stake);
    workers.push(owner);
  }
  return workers;
}

/** Preferences that no two accounts of a crowd share; the first has none at all. */
function preferencesOf(index: number): string {
  return ethers.dataSlice(ethers.id(`preferences ${index}`), 0, 8);
}

/** `count` miners with profiles, and the scene's supervisor and evaluators, have applied for a task of three slots. */
export async function withApplicants(
  count: number,
  overrides: Partial<TaskParametersStruct> = {},
): Promise<CrowdScene> {
  const suite = await deploySuite();
  const crowd = await hire(suite, "applicant", count, 30n * 10n ** 18n);
  for (const [index, owner] of crowd.entries())
    if (index !== 0) await suite.registry.connect(owner).setProfile(preferencesOf(index));
  const scene = await createTask(suite, overrides);
  for (const owner of crowd) await applyFor(scene, Role.Miner, { owner });
  await applyFor(scene, Role.Supervisor, scene.supervisor);
  for (const evaluator of scene.evaluators) await applyFor(scene, Role.Evaluator, evaluator);
  return { ...scene, crowd };
}

/** The same, with the seed proven. */
export async function crowdInDrawing(): Promise<CrowdScene> {
  const scene = await withApplicants(14);
  await scene.registry.connect(scene.client).closeRegistration(scene.taskId);
  await proveTaskSeed(scene);
  return scene;
}

/** Everybody has drawn. */
export async function crowdInJoining(): Promise<CrowdScene> {
  const scene = await crowdInDrawing();
  for (const owner of scene.crowd) await draw(scene, Role.Miner, { owner });
  await draw(scene, Role.Supervisor, scene.supervisor);
  for (const evaluator of scene.evaluators) await draw(scene, Role.Evaluator, evaluator);
  return scene;
}

/** The crowd in the order of the ranks that were submitted. */
export async function inOrder(scene: CrowdScene): Promise<HardhatEthersSigner[]> {
  const order = joiningOrder(await ranksOf(scene, Role.Miner));
  return order.map((address) => scene.crowd.find((owner) => owner.address === address)!);
}
