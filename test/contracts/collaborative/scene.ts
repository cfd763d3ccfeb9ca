import type { ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

export const { ethers, networkHelpers, provider } = await network.create();

/** Hardhat's loadFixture over this chain: `fixture` must be a named function. */
export function loadFixture<T>(fixture: () => Promise<T>): Promise<T> {
  return networkHelpers.loadFixture(fixture);
}

export const HOUR = 3_600n;
export const REFUND_WAIT = HOUR;
export const OWNER_WAIT = 24n * HOUR;
export const ANY_WAIT = 48n * HOUR;
/** A refund's wait, which is less than half of what is between it and the claim of anybody. */
export const GRACE = REFUND_WAIT;
export const COST_WEIGHT = 10n ** 12n;
/** More than a sample can cost: the price of the first second, after which it falls. */
export const OFFER = 3_600n * COST_WEIGHT;

export const CLASSES = ["no", "yes"];
/** Features of class 0 and of class 1 in {@link deployTrainer}'s model: one weight is negative, the other positive. */
export const NO = [0n];
export const YES = [1n];

type Incentive = "Stakeable64" | "Points64";

async function deployParts(incentive: Incentive) {
  const handler = await ethers.deployContract("DataHandler64");
  const waits = [REFUND_WAIT, OWNER_WAIT, ANY_WAIT] as const;
  const points = await ethers.deployContract("Points64", [...waits]);
  const stakeable = await ethers.deployContract("Stakeable64", [...waits, COST_WEIGHT]);
  return { handler, points, stakeable, incentive: incentive === "Points64" ? points : stakeable };
}

/** A trainer that owns its parts; the model is a sparse perceptron that one sample flips. */
async function deployTrainer(incentiveName: Incentive) {
  const [owner, alice, bob, carol, mallory] = await ethers.getSigners();
  const parts = await deployParts(incentiveName);
  const classifier = await ethers.deployContract("SparsePerceptron", [CLASSES, [-1n, 1n], 0n, 1_000_000_000n]);
  const trainer = await ethers.deployContract("CollaborativeTrainer64", [
    "name",
    "description",
    "encoder",
    parts.handler,
    parts.incentive,
    classifier,
  ]);
  for (const part of [parts.handler, parts.incentive, classifier]) await part.transferOwnership(trainer);
  return {
    ...parts,
    classifier,
    trainer,
    owner: owner!,
    alice: alice!,
    bob: bob!,
    carol: carol!,
    mallory: mallory!,
  };
}

export const withStakes = () => deployTrainer("Stakeable64");
export const withPoints = () => deployTrainer("Points64");

export type Scene = Awaited<ReturnType<typeof withStakes>>;
export type Account = Scene["alice"];

/** A sample in the book: what refunds and reports name. */
export interface Contribution {
  readonly data: bigint[];
  readonly label: bigint;
  readonly time: bigint;
  readonly author: string;
  readonly cost: bigint;
}

export async function timeOf(sending: Promise<ContractTransactionResponse>): Promise<bigint> {
  const receipt = await (await sending).wait();
  const block = await ethers.provider.getBlock(receipt!.blockNumber);
  return BigInt(block!.timestamp);
}

export async function add(
  { trainer, handler }: Pick<Scene, "trainer" | "handler">,
  account: Account,
  data: bigint[],
  label: bigint,
  value: bigint = OFFER,
): Promise<Contribution> {
  const time = await timeOf(trainer.connect(account).addData(data, label, { value }));
  const cost = await handler.getInitialDeposit(data, label, time, account);
  return { data, label, time, author: account.address, cost };
}

export function refund({ trainer }: Pick<Scene, "trainer">, account: Account, { data, label, time }: Contribution) {
  return trainer.connect(account).refund(data, label, time);
}

export function report({ trainer }: Pick<Scene, "trainer">, account: Account, sample: Contribution) {
  return trainer.connect(account).report(sample.data, sample.label, sample.time, sample.author);
}

/** The key of a contribution, as upstream's clients compute it. */
export function keyOf({ data, label, time, author }: Omit<Contribution, "cost">): string {
  const types = [...data.map(() => "int256"), "uint64", "uint256", "address"];
  return ethers.solidityPackedKeccak256(types, [...data, label, time, author]);
}

/** Lets `account` have one good sample, of a feature of its own. */
export async function earnValidity(scene: Scene, account: Account, feature: bigint): Promise<void> {
  const sample = await add(scene, account, [feature], 1n);
  await networkHelpers.time.increase(REFUND_WAIT);
  await refund(scene, account, sample);
}

export const pass = (seconds: bigint) => networkHelpers.time.increase(seconds);
