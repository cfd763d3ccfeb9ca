import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";

import type { ModelRecipe, PredictionMarket64 } from "../../../../types/ethers-contracts/index.js";
import { headerOf } from "../../helpers/header.ts";
import { BEACON } from "../../helpers/mint-suite.ts";

export const { ethers, networkHelpers, provider } = await network.create();

/** Hardhat's loadFixture over this chain: `fixture` must be a named function. */
export function loadFixture<T>(fixture: () => Promise<T>): Promise<T> {
  return networkHelpers.loadFixture(fixture);
}

/** Contracts' enum by its names. */
export const Phase = {
  Drawing: 1n,
  Revealing: 2n,
  Participation: 3n,
  Unsealing: 4n,
  Scoring: 5n,
  Settled: 6n,
  Cancelled: 7n,
  Forfeited: 8n,
} as const;

/** All different, so that a mixed-up one shows. */
export const WINDOWS = { reveal: 3_600n, scoring: 7_200n, claim: 86_400n };
export const TERMS = { stake: 100n, participation: 10_000n, minContributions: 3n, maxLength: 4n };

export interface Portion {
  readonly data: bigint[][];
  readonly labels: bigint[];
  readonly salt: string;
}

/** Ten samples, of class 1 all of them, which a fresh {@link TableModel} takes for class 0. */
export const PORTIONS: readonly Portion[] = [
  [0n, 1n],
  [2n, 3n, 4n, 5n],
  [6n, 7n, 8n, 9n],
].map((values, index) => ({
  data: values.map((value) => [value]),
  labels: values.map(() => 1n),
  salt: ethers.id(`salt ${index}`),
}));

/** `keccak256(abi.encode(data, labels, salt))`, as the interface says. */
export function commitmentOf({ data, labels, salt }: Portion): string {
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(["int64[][]", "uint64[]", "bytes32"], [data, labels, salt]),
  );
}

export interface Scene {
  readonly market: PredictionMarket64;
  readonly recipe: ModelRecipe;
  readonly owner: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly carol: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
}

/** A market contract for a {@link TableModel} of two classes, before its first market. */
export async function deployScene(): Promise<Scene> {
  const [owner, alice, bob, carol, stranger] = await ethers.getSigners();
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const recipe = await deployRecipe();
  const market = await ethers.deployContract("PredictionMarket64", [recipe, beacon, WINDOWS]);
  return { market, recipe, owner: owner!, alice: alice!, bob: bob!, carol: carol!, stranger: stranger! };
}

/** The recipe of a model of two classes that two calls initialise to what it is anyway. */
export async function deployRecipe(): Promise<ModelRecipe> {
  const recipe = await ethers.deployContract("ModelRecipe");
  const model = await ethers.getContractFactory("TableModel");
  const { data: code } = await model.getDeployTransaction(2n);
  const half = ethers.dataLength(code) >> 1;
  await recipe.addCode(ethers.dataSlice(code, 0, half));
  await recipe.addCode(ethers.dataSlice(code, half));
  for (const value of [100n, 101n]) {
    await recipe.addCall(model.interface.encodeFunctionData("initialize", [value, 0n]));
  }
  await recipe.seal();
  return recipe;
}

export async function open(
  { market }: Scene,
  bounty: bigint,
  terms: Partial<typeof TERMS> = {},
  portions = PORTIONS,
): Promise<bigint> {
  await market.open({ ...TERMS, ...terms }, portions.map(commitmentOf), { value: bounty });
  return market.latest();
}

/** Proves the random block, which the market then has its first portion from. */
export async function draw({ market }: Pick<Scene, "market">): Promise<number> {
  const id = await market.latest();
  const [openedAt] = await market.drawOf(id);
  const block = openedAt + BEACON.seedDelay;
  if ((await ethers.provider.getBlockNumber()) < block) await networkHelpers.mineUpTo(block);
  await market.draw(await headerOf(provider, block));
  const [, portion] = await market.drawOf(id);
  return Number(portion);
}

export async function reveal({ market }: Scene, number: number, portions = PORTIONS): Promise<void> {
  const { data, labels, salt } = portions[number]!;
  await market.reveal(number, data, labels, salt);
}

/** A market in which samples are taken. Returns the portion that is revealed. */
export async function openForSamples(
  scene: Scene,
  bounty: bigint,
  terms: Partial<typeof TERMS> = {},
  portions = PORTIONS,
): Promise<number> {
  await open(scene, bounty, terms, portions);
  await scene.market.build(10n);
  const first = await draw(scene);
  await reveal(scene, first, portions);
  return first;
}

/** Contributes samples of one value each. */
export async function contribute(
  { market }: Scene,
  account: HardhatEthersSigner,
  ...samples: readonly (readonly [value: bigint, label: bigint])[]
): Promise<void> {
  const value = await market["getNextAddDataCost()"]();
  for (const [datum, label] of samples) await market.connect(account).addData([datum], label, { value });
}

/** Ends participation and reveals the other portions. */
export async function unseal(scene: Scene, portions = PORTIONS): Promise<void> {
  const { market } = scene;
  await market.close();
  const id = await market.latest();
  for (const number of portions.keys()) {
    const [blob] = await market.portionOf(id, number);
    if (blob === ethers.ZeroAddress) await reveal(scene, number, portions);
  }
}

export async function scoreToEnd({ market }: Scene, steps = 100n): Promise<void> {
  while (!(await market.score.staticCall(steps))) await market.score(steps);
  await market.score(steps);
}

/** Sets the clock past the deadline of the latest market's phase. */
export async function passDeadline({ market }: Scene): Promise<void> {
  const [, endsAt] = await market.phaseOf(await market.latest());
  await networkHelpers.time.increaseTo(endsAt);
}

/** What each account has coming, in wei. */
export async function claims({ market }: Scene, ...accounts: readonly HardhatEthersSigner[]): Promise<bigint[]> {
  const id = await market.latest();
  return Promise.all(accounts.map((account) => market.claimOf(id, account)));
}

export async function phase({ market }: Scene): Promise<bigint> {
  const [current] = await market.phaseOf(await market.latest());
  return current;
}
