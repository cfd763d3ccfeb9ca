import type { BaseContract, ContractTransactionResponse } from "ethers";
import { network } from "hardhat";

/** The models that upstream's figures are of. */
export type ModelName =
  | "DensePerceptron"
  | "NearestCentroidClassifier"
  | "SparsePerceptron"
  | "NaiveBayesClassifier"
  | "SparseNearestCentroidClassifier";

/** Gas of the calls of one contribution. */
export interface FlowGas {
  /** Of a sample whose label is not what the model says. */
  readonly addData: number;
  readonly refund: number;
  /** The call that is paid; {@link announce} goes before it. */
  readonly report: number;
}

export interface GasRow {
  readonly model: ModelName;
  /** Values of a dense sample, features of a sparse one. */
  readonly n: number;
  readonly upstream: FlowGas;
  readonly ours: FlowGas & { readonly announce: number };
}

const flows = (addData: number, refund: number, report: number): FlowGas => ({ addData, refund, report });

/** Of upstream's contracts with `Stakeable64`, measured on one EVM. */
export const UPSTREAM: readonly Omit<GasRow, "ours">[] = [
  { model: "DensePerceptron", n: 9, upstream: flows(218_975, 140_168, 143_734) },
  { model: "DensePerceptron", n: 400, upstream: flows(1_859_119, 958_077, 961_727) },
  { model: "NearestCentroidClassifier", n: 9, upstream: flows(226_197, 156_695, 149_379) },
  { model: "NearestCentroidClassifier", n: 400, upstream: flows(1_501_901, 1_441_716, 907_984) },
  { model: "SparsePerceptron", n: 15, upstream: flows(282_848, 166_053, 170_001) },
  { model: "SparsePerceptron", n: 60, upstream: flows(595_745, 306_231, 311_359) },
  { model: "NaiveBayesClassifier", n: 15, upstream: flows(283_467, 224_061, 227_582) },
  { model: "NaiveBayesClassifier", n: 60, upstream: flows(575_055, 507_615, 510_981) },
  { model: "SparseNearestCentroidClassifier", n: 15, upstream: flows(290_490, 225_155, 228_648) },
  { model: "SparseNearestCentroidClassifier", n: 60, upstream: flows(594_093, 514_240, 517_578) },
];

/** What {@link UPSTREAM} allows an `addData` of ours, in percent. */
export function allowedPercent(model: ModelName): number {
  return model === "DensePerceptron" || model === "NearestCentroidClassifier" ? 60 : 75;
}

const HOUR = 3_600;
/** Seconds; later than any clock that runs this, and no byte of it or of what comes soon after is zero. */
const START = 4_042_322_161;
/** Features of the sparse models, as many as upstream's film reviews have. */
const VOCABULARY = 1_000;
const CLASSES = ["no", "yes"];

/** A model, a sample that it learns at once and one that it does not: both are class 0 to it and taught as class 1. */
interface Lesson {
  readonly parameters: readonly unknown[];
  readonly learned: readonly bigint[];
  readonly resisted: readonly bigint[];
}

/** A vector of norm 1, times 1e9. */
function unit(components: readonly number[]): bigint[] {
  const norm = Math.hypot(...components);
  return components.map((component) => BigInt(Math.round((component / norm) * 1e9)));
}

function denseLesson(model: ModelName, n: number): Lesson {
  const first = Array.from({ length: n }, (_, i) => 1 + (i % 5));
  const second = Array.from({ length: n }, (_, i) => 5 - (i % 4));
  const towards = (a: readonly bigint[], b: readonly bigint[], share: number) =>
    unit(a.map((value, i) => Number(value) + share * Number(b[i])));
  const [a, b] = [unit(first), unit(second)];
  if (model === "NearestCentroidClassifier")
    return { parameters: [CLASSES, [b, a], [1, 1]], learned: towards(a, b, 1.05), resisted: b };
  const overlap = a.reduce((sum, value, i) => sum + Number(value * b[i]!) / 1e18, 0);
  // Almost at a right angle to the weights, so that one step turns its sign.
  return { parameters: [CLASSES, b.map((w) => -3n * w), 0, 1e9], learned: towards(a, b, 0.05 - overlap), resisted: b };
}

/** Two samples of n features each that have none in common, drawn from the vocabulary, ascending. */
function drawFeatures(n: number): readonly [bigint[], bigint[]] {
  // A generator of full period over the vocabulary (Knuth, TAOCP 3.2.1.2): nothing is drawn twice.
  const drawn: number[] = [];
  for (let state = 7; drawn.length < 2 * n; drawn.push(state)) state = (state * 421 + 337) % VOCABULARY;
  const ascending = (features: number[]) => features.sort((a, b) => a - b).map(BigInt);
  return [ascending(drawn.slice(0, n)), ascending(drawn.slice(n))];
}

function sparseLesson(model: ModelName, n: number): Lesson {
  const [learned, resisted] = drawFeatures(n);
  const weigh = (light: unknown, heavy: unknown) => [
    ...learned.map((index) => [index, light]),
    ...resisted.map((index) => [index, heavy]),
  ];
  switch (model) {
    case "NaiveBayesClassifier":
      return { parameters: [CLASSES, [11, 10], [weigh(5, 99), weigh(5, 1)], VOCABULARY, 1e9], learned, resisted };
    case "SparseNearestCentroidClassifier":
      return { parameters: [CLASSES, [weigh(6e8, 99e7), weigh(5e8, 1e7)], [1, 1]], learned, resisted };
    default: {
      const dense = new Array<bigint>(VOCABULARY).fill(0n);
      for (const index of learned) dense[Number(index)] = -1_000_000n;
      for (const index of resisted) dense[Number(index)] = -3_000_000_000n;
      return { parameters: [CLASSES, dense, 0, 1e9], learned, resisted };
    }
  }
}

async function measureRow(model: ModelName, n: number): Promise<GasRow["ours"]> {
  const { ethers, networkHelpers } = await network.create();
  const [, author, careless, reporter] = await ethers.getSigners();
  const sparse = allowedPercent(model) === 75;
  const { parameters, learned, resisted } = sparse ? sparseLesson(model, n) : denseLesson(model, n);

  // Every transaction has a time of its own, so that no figure depends on when it is measured.
  let clock = START;
  const passTo = (time: number) => networkHelpers.time.setNextBlockTimestamp((clock = time));

  await passTo(START);
  const handler = await ethers.deployContract("DataHandler64");
  const incentive = await ethers.deployContract("Stakeable64", [HOUR, 24 * HOUR, 48 * HOUR, 10n ** 9n]);
  const factory = await ethers.getContractFactory(model);
  const classifier = (await factory.deploy(...(parameters as []))) as BaseContract & {
    transferOwnership(owner: string): Promise<ContractTransactionResponse>;
  };
  const trainer = await ethers.deployContract("CollaborativeTrainer64", [
    "name",
    "description",
    "encoder",
    handler,
    incentive,
    await classifier.getAddress(),
  ]);
  for (const part of [handler, incentive, classifier]) await part.transferOwnership(await trainer.getAddress());

  const value = 10n ** 15n;
  const used = async (send: () => Promise<ContractTransactionResponse>) => {
    await passTo(clock + HOUR);
    const receipt = await (await send()).wait();
    return { gas: Number(receipt!.gasUsed), time: BigInt(clock) };
  };

  const added = await used(() => trainer.connect(author).addData([...learned], 1, { value }));
  const bad = await used(() => trainer.connect(careless).addData([...resisted], 1, { value }));
  const refunded = await used(() => trainer.connect(author).refund([...learned], 1, added.time));
  const good = await used(() => trainer.connect(reporter).addData([...resisted], 0, { value }));
  await used(() => trainer.connect(reporter).refund([...resisted], 0, good.time));
  const announced = await used(() => trainer.connect(reporter).report([...resisted], 1, bad.time, careless!.address));
  const reported = await used(() => trainer.connect(reporter).report([...resisted], 1, bad.time, careless!.address));
  return { addData: added.gas, refund: refunded.gas, report: reported.gas, announce: announced.gas };
}

/** Measures all flows of all of {@link UPSTREAM}'s models. Needs compiled contracts. */
export async function measureSharedModels(): Promise<readonly GasRow[]> {
  const rows: GasRow[] = [];
  for (const row of UPSTREAM) rows.push({ ...row, ours: await measureRow(row.model, row.n) });
  return rows;
}
