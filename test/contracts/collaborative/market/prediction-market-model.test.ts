import { expect } from "chai";
import { artifacts } from "hardhat";

import {
  commitToPortion,
  encodeTokenHashes,
  parseModelFile,
  planModel,
  type TestPortion,
} from "../../../../sdk/src/index.ts";
import { BEACON } from "../../helpers/mint-suite.ts";
import {
  commitmentOf,
  draw,
  ethers,
  loadFixture,
  Phase,
  type Portion,
  PORTIONS,
  reveal,
  type Scene,
  scoreToEnd,
  TERMS,
  unseal,
  WINDOWS,
} from "./market-scene.ts";

/** 15 words, of which one tells the class and the others occur in no other sample. */
function sample(number: number, label: number): bigint[] {
  const filler = Array.from({ length: 14 }, (_, index) => `filler${number}-${index}`);
  return encodeTokenHashes([label === 1 ? "good" : "bad", ...filler].join(" "), 1_000_000);
}

function portion(first: number): Portion {
  const numbers = Array.from({ length: 12 }, (_, index) => first + index);
  return {
    data: numbers.map((number) => sample(number, number % 2)),
    labels: numbers.map((number) => BigInt(number % 2)),
    salt: ethers.id(`portion ${first}`),
  };
}

const TEST_SET = [0, 12, 24, 36].map(portion);

/** A market for a sparse perceptron that knows nothing yet, made from a model file by a recipe. */
async function deployWithPerceptron(): Promise<Scene> {
  const [owner, alice, bob, carol, stranger] = await ethers.getSigners();
  const { model } = parseModelFile(
    JSON.stringify({
      type: "sparse perceptron",
      classifications: ["Negative", "Positive"],
      sparseWeights: Object.fromEntries(Array.from({ length: 350 }, (_, index) => [index, 0])),
      intercept: 0,
    }),
  );
  const plan = planModel(model);
  const { abi } = await artifacts.readArtifact(plan.contract);
  const factory = await ethers.getContractFactory(plan.contract);
  const { data: code } = await factory.getDeployTransaction(...(plan.constructorArgs as unknown[]));
  const recipe = await ethers.deployContract("ModelRecipe");
  await recipe.addCode(code);
  const contract = new ethers.Interface(abi);
  for (const call of plan.calls) await recipe.addCall(contract.encodeFunctionData(call.functionName, call.args));
  await recipe.seal();
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const market = await ethers.deployContract("PredictionMarket64", [recipe, beacon, WINDOWS]);
  return { market, recipe, owner: owner!, alice: alice!, bob: bob!, carol: carol!, stranger: stranger! };
}

/** A market of that model in which samples are taken. */
async function opened(): Promise<Scene> {
  const scene = await deployWithPerceptron();
  const { market } = scene;
  await market.open({ ...TERMS, maxLength: 15n }, TEST_SET.map(commitmentOf), { value: 10_000n });
  await market.build(10n);
  await reveal(scene, await draw(scene), TEST_SET);
  return scene;
}

describe("PredictionMarket64 with a perceptron", () => {
  it("pays who teaches it, takes from who misleads it, and leaves a model that works", async () => {
    const scene = await loadFixture(opened);
    const { market, owner, alice, bob } = scene;
    for (let number = 100; number < 108; number++) {
      const author = number < 106 ? alice : bob;
      const label = author === bob ? 1 - (number % 2) : number % 2;
      await market.connect(author).addData(sample(number, number % 2), label, { value: TERMS.stake });
    }
    await unseal(scene, TEST_SET);
    await scoreToEnd(scene, 20n);
    expect((await market.phaseOf(1n)).phase).to.equal(Phase.Settled);
    expect(await market.claimOf(1n, alice)).to.be.greaterThan(6n * TERMS.stake);
    expect(await market.claimOf(1n, bob)).to.be.lessThan(2n * TERMS.stake);

    const model = await ethers.getContractAt("SparsePerceptron", await market.modelOf(1n));
    expect(await model.owner()).to.equal(owner.address);
    const answers = await Promise.all([200, 201, 202, 203].map((number) => model.predict(sample(number, number % 2))));
    expect(answers).to.deep.equal([0n, 1n, 0n, 1n]);
  });

  it("takes samples, reveals portions and scores below a ceiling of gas for each call", async () => {
    const scene = await loadFixture(opened);
    const { market, alice } = scene;
    const gasOf = async (sent: Promise<{ wait: () => Promise<{ gasUsed: bigint } | null> }>) =>
      (await (await sent).wait())!.gasUsed;
    await market.connect(alice).addData(sample(1, 1), 1n, { value: TERMS.stake });
    for (const [number, label] of [
      [100, 0n],
      [101, 1n],
    ] as const) {
      const gas = await gasOf(market.connect(alice).addData(sample(number, number % 2), label, { value: TERMS.stake }));
      expect(gas).to.be.lessThan(300_000n);
    }
    await market.close();
    const [, first] = await market.drawOf(1n);
    for (const [number, { data, labels, salt }] of TEST_SET.entries()) {
      if (BigInt(number) === first) continue;
      expect(await gasOf(market.reveal(number, data, labels, salt))).to.be.lessThan(1_600_000n);
    }
    let most = 0n;
    for (let done = false; !done;) {
      done = await market.score.staticCall(1n);
      const gas = await gasOf(market.score(1n));
      if (gas > most) most = gas;
    }
    // The dearest step makes the model anew, from code and calls.
    expect(most).to.be.lessThan(2_000_000n);
  });

  it("is committed to by the SDK as the contract reads it", () => {
    for (const { data, labels, salt } of PORTIONS) {
      const same: TestPortion = { data, labels, salt: salt as `0x${string}` };
      expect(commitToPortion(same)).to.equal(commitmentOf({ data, labels, salt }));
    }
  });
});
