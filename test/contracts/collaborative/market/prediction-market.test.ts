import { expect } from "chai";

import { rejection } from "../../../rejection.ts";
import {
  claims,
  contribute,
  deployScene,
  draw,
  ethers,
  loadFixture,
  networkHelpers,
  open,
  openForSamples,
  passDeadline,
  Phase,
  phase,
  PORTIONS,
  reveal,
  type Scene,
  scoreToEnd,
  TERMS,
  unseal,
  WINDOWS,
} from "./market-scene.ts";

/** Two contributors make the model better, by 3 and by 1 of 10 test samples; the one between them undoes 2. */
async function contributeAll(scene: Scene): Promise<void> {
  const { alice, bob, carol } = scene;
  await contribute(scene, alice, [0n, 1n], [1n, 1n], [2n, 1n]);
  await contribute(scene, bob, [0n, 0n], [1n, 0n]);
  await contribute(scene, carol, [3n, 1n]);
}

async function scored(bounty: bigint, steps = 100n): Promise<Scene> {
  const scene = await loadFixture(deployScene);
  await openForSamples(scene, bounty);
  await contributeAll(scene);
  await unseal(scene);
  await scoreToEnd(scene, steps);
  return scene;
}

describe("PredictionMarket64", () => {
  describe("reward rounds", () => {
    it("pay each contributor by what its samples did to the accuracy, and return the rest to the provider", async () => {
      const scene = await scored(1_000n);
      const { owner, alice, bob, carol } = scene;
      expect(await phase(scene)).to.equal(Phase.Settled);
      expect(await claims(scene, alice, bob, carol, owner)).to.deep.equal([600n, 0n, 200n, 800n]);
    });

    it("go on without the one that cannot bear its losses until the bounty is used up", async () => {
      const scene = await scored(4_000n);
      const { market, owner, alice, bob, carol } = scene;
      expect(await claims(scene, alice, bob, carol, owner)).to.deep.equal([1_500n, 0n, 500n, 2_600n]);
      expect(await market.participantOf(1n, bob)).to.deep.equal([2n, true]);
      expect(await market.participantOf(1n, alice)).to.deep.equal([3n, false]);
    });

    it("come to the same however few steps a transaction takes", async () => {
      const whole = await scored(4_000n, 10_000n);
      const { owner, alice, bob, carol } = whole;
      const expected = await claims(whole, alice, bob, carol, owner);
      const single = await scored(4_000n, 1n);
      expect(await claims(single, single.alice, single.bob, single.carol, single.owner)).to.deep.equal(expected);
    });

    it("say what each round used, paid and left, and whom it removed", async () => {
      const scene = await loadFixture(deployScene);
      const { market, bob } = scene;
      await openForSamples(scene, 4_000n);
      await contributeAll(scene);
      await unseal(scene);
      const transaction = await market.score(1_000n);
      await expect(transaction).to.emit(market, "RoundPaid").withArgs(1n, 1n, 1_000n, 200n, 3_000n);
      await expect(transaction).to.emit(market, "ContributorRemoved").withArgs(1n, bob, 1n);
      await expect(transaction).to.emit(market, "RoundPaid").withArgs(1n, 2n, 3_000n, 1_200n, 0n);
    });

    it("hand the provider a model trained on the samples that were not removed", async () => {
      const { market, owner } = await scored(4_000n);
      const model = await ethers.getContractAt("TableModel", await market.modelOf(1n));
      expect(await model.owner()).to.equal(owner.address);
      const answers = await Promise.all([0n, 1n, 2n, 3n, 4n].map((value) => model.predict([value])));
      expect(answers).to.deep.equal([1n, 1n, 1n, 1n, 0n]);
    });

    it("stop at the loser with the least to lose, and never let a balance fall below zero", async () => {
      const scene = await loadFixture(deployScene);
      const { owner, alice, bob, carol } = scene;
      await openForSamples(scene, 100_000n);
      await contribute(scene, alice, [0n, 1n], [1n, 1n], [2n, 1n], [3n, 1n]);
      // Bob stakes more than Carol and does more harm, but she is the first who cannot go on.
      await contribute(scene, bob, [0n, 0n], [1n, 0n], [20n, 0n], [21n, 0n]);
      await contribute(scene, carol, [2n, 0n]);
      await unseal(scene);
      await scoreToEnd(scene);
      // Carol bears 100 * 10 / 1 = 1,000, Bob 400 * 10 / 2 = 2,000: half of his stake went in the first round.
      const rounds = [1_000n, 1_000n, 98_000n];
      const paid = [(1n * rounds[0]!) / 10n, (2n * rounds[1]!) / 10n, (4n * rounds[2]!) / 10n];
      const gains = rounds.reduce((sum, round) => sum + (4n * round) / 10n, 0n);
      const credit = rounds.reduce((sum, round, index) => sum + round - paid[index]!, 0n);
      expect(await claims(scene, alice, bob, carol, owner)).to.deep.equal([400n + gains, 0n, 0n, credit]);
    });

    it("use the whole bounty at once when nobody did harm, and pay nothing for what changed nothing", async () => {
      const scene = await loadFixture(deployScene);
      const { owner, alice, bob } = scene;
      await openForSamples(scene, 1_000n, { minContributions: 1n });
      await contribute(scene, alice, ...Array.from({ length: 10 }, (_, value) => [BigInt(value), 1n] as const));
      await contribute(scene, bob, [0n, 1n]);
      await unseal(scene);
      await scoreToEnd(scene);
      expect(await claims(scene, alice, bob, owner)).to.deep.equal([2_000n, 100n, 0n]);
    });

    it("end when everybody was removed, with the model as it began and the bounty returned", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner, alice } = scene;
      const right = PORTIONS.map((portion) => ({ ...portion, labels: portion.labels.map(() => 0n) }));
      await openForSamples(scene, 50_000n, { minContributions: 1n }, right);
      await contribute(scene, alice, [0n, 1n], [1n, 1n]);
      await unseal(scene, right);
      await scoreToEnd(scene);
      expect(await claims(scene, alice, owner)).to.deep.equal([0n, 50_200n]);
      expect((await market.scoringOf(1n)).pass).to.equal(1n);
    });
  });

  describe("phases", () => {
    it("begin a market with its terms, and the next only when it has ended", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner } = scene;
      const id = await open(scene, 1_000n);
      const terms = Object.values(TERMS);
      const events = await market.queryFilter(market.filters.MarketOpened());
      expect(events.map(({ args }) => [args.id, args.provider, args.bounty, [...args.terms]])).to.deep.equal([
        [id, owner.address, 1_000n, terms],
      ]);
      await expect(market.open(TERMS, [ethers.id("a"), ethers.id("b")], { value: 1n }))
        .to.be.revertedWithCustomError(market, "PredictionMarket_WrongPhase")
        .withArgs(id, Phase.Drawing);
      await passDeadline(scene);
      expect(await open(scene, 1_000n)).to.equal(id + 1n);
    });

    it("keep markets apart: an earlier one's claims stay when the next has begun", async () => {
      const scene = await scored(1_000n);
      const { market, alice } = scene;
      await openForSamples(scene, 77n);
      await contribute(scene, alice, [5n, 1n]);
      expect(await market.claimOf(1n, alice)).to.equal(600n);
      await expect(market.connect(alice).refund(1n)).to.changeEtherBalance(ethers, alice, 600n);
      expect(await market.claimOf(2n, alice)).to.equal(0n);
      expect(await market.getFunction("getNextAddDataCost()").staticCall()).to.equal(TERMS.stake);
    });

    for (const [name, until] of [
      ["nobody proves the random block", () => Promise.resolve(0)],
      ["the provider does not reveal the portion drawn", draw],
    ] as const) {
      it(`return the bounty when ${name}`, async () => {
        const scene = await loadFixture(deployScene);
        const { market, owner } = scene;
        await open(scene, 1_000n);
        await market.build(10n);
        await until(scene);
        await passDeadline(scene);
        expect(await phase(scene)).to.equal(Phase.Cancelled);
        await expect(market.refund(1n)).to.changeEtherBalance(ethers, owner, 1_000n);
      });
    }

    it("return the bounty when nobody contributes", async () => {
      const scene = await loadFixture(deployScene);
      await openForSamples(scene, 1_000n);
      await passDeadline(scene);
      expect(await phase(scene)).to.equal(Phase.Cancelled);
      expect(await claims(scene, scene.owner)).to.deep.equal([1_000n]);
    });

    it("share the bounty among the contributors when the provider does not reveal the test set", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner, alice, bob, carol } = scene;
      await openForSamples(scene, 1_000n);
      await contributeAll(scene);
      await market.close();
      await passDeadline(scene);
      expect(await phase(scene)).to.equal(Phase.Forfeited);
      expect(await claims(scene, owner)).to.deep.equal([0n]);
      // By 3, 2 and 1 samples of 6; the last to come gets what rounding left.
      await expect(market.connect(alice).refund(1n)).to.changeEtherBalance(ethers, alice, 800n);
      await expect(market.connect(carol).refund(1n)).to.changeEtherBalance(ethers, carol, 266n);
      await expect(market.connect(bob).refund(1n)).to.changeEtherBalance(ethers, bob, 534n);
      expect(await ethers.provider.getBalance(market)).to.equal(0n);
    });

    it("share it also when the provider kept back a single portion, or nobody finished the scoring", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      const first = await openForSamples(scene, 1_000n);
      await contributeAll(scene);
      await market.close();
      await reveal(scene, (first + 1) % 3);
      await passDeadline(scene);
      expect(await phase(scene)).to.equal(Phase.Forfeited);

      await openForSamples(scene, 4_000n);
      await contributeAll(scene);
      await unseal(scene);
      // Rounds have been paid already: their balances do not count.
      while ((await market.scoringOf(2n)).pass === 1n) await market.score(1n);
      await passDeadline(scene);
      expect(await phase(scene)).to.equal(Phase.Forfeited);
      expect(await claims(scene, alice)).to.deep.equal([300n + 2_000n]);
    });

    it("pass over what was due while nobody called, to the time at which it was due", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await openForSamples(scene, 1_000n);
      await contributeAll(scene);
      const [, endsAt] = await market.phaseOf(1n);
      const forfeitedAt = endsAt + WINDOWS.reveal;
      await networkHelpers.time.increaseTo(forfeitedAt + 5n);
      expect(await market.phaseOf(1n)).to.deep.equal([Phase.Forfeited, forfeitedAt + WINDOWS.claim]);
      await expect(market.connect(alice).refund(1n))
        .to.emit(market, "PhaseEntered")
        .withArgs(1n, Phase.Forfeited, forfeitedAt + WINDOWS.claim);
    });

    it("refuse every call that belongs in another phase", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner } = scene;
      const calls = {
        draw: () => market.draw("0xc0"),
        build: () => market.build(1n),
        reveal: () => reveal(scene, 0),
        addData: () => market.addData([1n], 1n, { value: TERMS.stake }),
        close: () => market.close(),
        score: () => market.score(1n),
        refund: () => market.refund(1n),
        report: () => market.report(1n, owner),
      };
      async function expectOnly(state: bigint, ...legal: readonly (keyof typeof calls)[]): Promise<void> {
        expect(await phase(scene)).to.equal(state);
        for (const [name, call] of Object.entries(calls)) {
          if (legal.includes(name as keyof typeof calls)) continue;
          await expect(call(), `${name} in ${state}`)
            .to.be.revertedWithCustomError(market, "PredictionMarket_WrongPhase")
            .withArgs(1n, state);
        }
      }
      await open(scene, 1_000n);
      await expectOnly(Phase.Drawing, "draw", "build");
      await market.build(10n);
      const first = await draw(scene);
      await expectOnly(Phase.Revealing, "reveal");
      await reveal(scene, first);
      await expectOnly(Phase.Participation, "addData", "close");
      await contributeAll(scene);
      await market.close();
      await expectOnly(Phase.Unsealing, "reveal");
      for (const number of [0, 1, 2].filter((other) => other !== first)) await reveal(scene, number);
      await expectOnly(Phase.Scoring, "score");
      await scoreToEnd(scene);
      await expectOnly(Phase.Settled, "refund", "report");
    });

    it("refuse terms out of range and markets that nobody opened", async () => {
      const { market } = await loadFixture(deployScene);
      const commitments = [ethers.id("a"), ethers.id("b")];
      for (const name of ["stake", "participation", "minContributions", "maxLength"] as const) {
        await expect(market.open({ ...TERMS, [name]: 0n }, commitments, { value: 1n }))
          .to.be.revertedWithCustomError(market, "PredictionMarket_OutOfRange")
          .withArgs(name, 0n, 1n, name === "stake" ? 2n ** 128n - 1n : 2n ** 32n - 1n);
      }
      await expect(market.open(TERMS, commitments))
        .to.be.revertedWithCustomError(market, "PredictionMarket_OutOfRange")
        .withArgs("bounty", 0n, 1n, 2n ** 128n - 1n);
      for (const list of [commitments.slice(1), Array.from({ length: 257 }, () => ethers.ZeroHash)]) {
        await expect(market.open(TERMS, list, { value: 1n }))
          .to.be.revertedWithCustomError(market, "PredictionMarket_OutOfRange")
          .withArgs("portions", list.length, 2n, 256n);
      }
      await expect(market.refund(1n)).to.be.revertedWithCustomError(market, "PredictionMarket_Unknown").withArgs(1n);
      await expect(market.score(1n)).to.be.revertedWithCustomError(market, "PredictionMarket_Unknown").withArgs(0n);
    });
  });

  describe("the recipe", () => {
    it("must be sealed before a market can rely on it", async () => {
      const { market } = await loadFixture(deployScene);
      const open = await ethers.deployContract("ModelRecipe");
      const factory = await ethers.getContractFactory("PredictionMarket64");
      await expect(factory.deploy(open, await market.beacon(), WINDOWS)).to.be.revertedWithCustomError(
        open,
        "ModelRecipe_NotSealed",
      );
      await expect(open.create()).to.be.revertedWithCustomError(open, "ModelRecipe_NotSealed");
    });

    it("stays what it is once sealed, and before that is its owner's", async () => {
      const { recipe, stranger } = await loadFixture(deployScene);
      for (const call of [() => recipe.addCode("0x00"), () => recipe.addCall("0x00"), () => recipe.seal()]) {
        await expect(call()).to.be.revertedWithCustomError(recipe, "ModelRecipe_Sealed");
      }
      const own = await ethers.deployContract("ModelRecipe");
      await expect(own.connect(stranger).addCode("0x00")).to.be.revertedWithCustomError(
        own,
        "OwnableUnauthorizedAccount",
      );
    });

    it("makes the same model for everybody, and each only for who asked for it", async () => {
      const { recipe, alice, stranger } = await loadFixture(deployScene);
      const address = await recipe.connect(alice).create.staticCall();
      await recipe.connect(alice).create();
      await expect(recipe.connect(stranger).build(address))
        .to.be.revertedWithCustomError(recipe, "ModelRecipe_NotTheMaker")
        .withArgs(address, alice.address);
      expect(await recipe.steps()).to.equal(2n);
      await recipe.connect(alice).build(address);
      expect(await recipe.connect(alice).build.staticCall(address)).to.equal(true);
      await recipe.connect(alice).build(address);
      const model = await ethers.getContractAt("TableModel", address);
      expect(await model.owner()).to.equal(alice.address);
      await expect(recipe.connect(alice).build(address))
        .to.be.revertedWithCustomError(recipe, "ModelRecipe_NotTheMaker")
        .withArgs(address, ethers.ZeroAddress);
    });

    it("is carried out before the first portion can be revealed", async () => {
      const scene = await loadFixture(deployScene);
      const { market } = scene;
      await open(scene, 1_000n);
      const first = await draw(scene);
      await market.build(2n);
      await expect(reveal(scene, first)).to.be.revertedWithCustomError(market, "PredictionMarket_ModelNotBuilt");
      await market.build(1n);
      await reveal(scene, first);
      expect(await rejection(market.build(1n))).to.match(/PredictionMarket_WrongPhase/);
    });
  });
});
