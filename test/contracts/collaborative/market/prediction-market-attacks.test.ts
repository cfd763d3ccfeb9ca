import { expect } from "chai";

import {
  claims,
  commitmentOf,
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
  provider,
  reveal,
  type Scene,
  scoreToEnd,
  TERMS,
  unseal,
} from "./market-scene.ts";
import { BEACON } from "../../helpers/mint-suite.ts";
import { headerOf } from "../../helpers/header.ts";

const POISON = -(2n ** 63n);

async function settled(): Promise<Scene> {
  const scene = await deployScene();
  const { alice, bob } = scene;
  await openForSamples(scene, 1_000n, { minContributions: 1n });
  await contribute(scene, alice, [0n, 1n], [1n, 1n]);
  await contribute(scene, bob, [2n, 1n]);
  await unseal(scene);
  await scoreToEnd(scene);
  return scene;
}

describe("PredictionMarket64 under attack", () => {
  describe("by the provider", () => {
    it("gains nothing by choosing the portion: only the header of one fixed block decides", async () => {
      const scene = await loadFixture(deployScene);
      const { market } = scene;
      await open(scene, 1_000n);
      const [openedAt] = await market.drawOf(1n);
      const block = openedAt + BEACON.seedDelay;
      const beacon = await ethers.getContractAt("EpochBeacon", await market.beacon());
      await networkHelpers.mineUpTo(block + 2n);
      for (const other of [block - 1n, block + 1n]) {
        await expect(market.draw(await headerOf(provider, other)))
          .to.be.revertedWithCustomError(beacon, "EpochBeacon_WrongBlock")
          .withArgs(block, other);
      }
      await market.draw(await headerOf(provider, block));
      const [, first] = await market.drawOf(1n);
      await market.build(10n);
      const other = (Number(first) + 1) % 3;
      await expect(reveal(scene, other))
        .to.be.revertedWithCustomError(market, "PredictionMarket_NotThisPortion")
        .withArgs(1n, other);
      await expect(market.draw(await headerOf(provider, block)))
        .to.be.revertedWithCustomError(market, "PredictionMarket_WrongPhase")
        .withArgs(1n, Phase.Revealing);
    });

    it("gains nothing by exchanging the test set: samples, labels and salt must be those committed to", async () => {
      const scene = await loadFixture(deployScene);
      const { market } = scene;
      await open(scene, 1_000n);
      await market.build(10n);
      const first = await draw(scene);
      const { data, labels, salt } = PORTIONS[first]!;
      for (const portion of [
        { data: data.map(() => [11n]), labels, salt },
        { data, labels: labels.map(() => 0n), salt },
        { data, labels, salt: ethers.id("other") },
      ]) {
        await expect(market.reveal(first, portion.data, portion.labels, portion.salt))
          .to.be.revertedWithCustomError(market, "PredictionMarket_WrongPortion")
          .withArgs(1n, first, commitmentOf(portion), commitmentOf(PORTIONS[first]!));
      }
    });

    it("cannot escape paying by a test set that the model cannot predict, or that has no samples", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner, alice } = scene;
      const model = await ethers.getContractFactory("TableModel");
      for (const [portion, error, contract] of [
        [{ data: [[POISON]], labels: [1n] }, "TableModel_Poisoned", model],
        [{ data: [[1n]], labels: [2n] }, "PredictionMarket_UnknownClass", market],
        [{ data: [], labels: [] }, "PredictionMarket_OutOfRange", market],
        [{ data: [[1n]], labels: [1n, 1n] }, "PredictionMarket_OutOfRange", market],
      ] as const) {
        const trap = { data: portion.data.map((x) => [...x]), labels: [...portion.labels], salt: ethers.id("trap") };
        const first = await openWithTraps(scene, trap);
        const id = await market.latest();
        await contribute(scene, alice, [0n, 1n]);
        await market.close();
        await expect(market.reveal((first + 1) % 3, trap.data, trap.labels, trap.salt)).to.be.revertedWithCustomError(
          contract,
          error,
        );
        await passDeadline(scene);
        expect(await market.claimOf(id, owner)).to.equal(0n);
        expect(await market.claimOf(id, alice)).to.equal(1_000n + TERMS.stake);
      }
    });

    it("cannot take samples and end the market before there are as many as it asked for", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await openForSamples(scene, 1_000n);
      await contribute(scene, alice, [0n, 1n], [1n, 1n]);
      await expect(market.close())
        .to.be.revertedWithCustomError(market, "PredictionMarket_TooFewContributions")
        .withArgs(1n, 2n, TERMS.minContributions);
    });

    it("gains nothing by handing the contract on: a market stays its provider's", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner, stranger } = scene;
      await open(scene, 1_000n);
      await market.build(10n);
      const first = await draw(scene);
      await market.transferOwnership(stranger);
      const { data, labels, salt } = PORTIONS[first]!;
      await expect(market.connect(stranger).reveal(first, data, labels, salt))
        .to.be.revertedWithCustomError(market, "PredictionMarket_NotTheProvider")
        .withArgs(1n, stranger.address, owner.address);
      await reveal(scene, first);
    });
  });

  describe("by contributors", () => {
    it("gain nothing by copying: the second to send a sample changes nothing any more", async () => {
      const scene = await loadFixture(deployScene);
      const { alice, bob } = scene;
      await openForSamples(scene, 1_000n, { minContributions: 1n });
      await contribute(scene, alice, [0n, 1n], [1n, 1n]);
      await contribute(scene, bob, [0n, 1n], [1n, 1n]);
      await unseal(scene);
      await scoreToEnd(scene);
      expect(await claims(scene, alice, bob)).to.deep.equal([400n, 200n]);
    });

    it("gain nothing by sending a sample twice, nor by undoing and redoing it", async () => {
      const scene = await loadFixture(deployScene);
      const { alice, bob } = scene;
      await openForSamples(scene, 1_000n, { minContributions: 1n });
      await contribute(scene, alice, [0n, 1n], [0n, 1n], [0n, 1n]);
      await contribute(scene, bob, [1n, 1n], [1n, 0n], [1n, 1n]);
      await unseal(scene);
      await scoreToEnd(scene);
      expect(await claims(scene, alice, bob)).to.deep.equal([400n, 400n]);
    });

    it("gain nothing together by one spoiling what the other mends", async () => {
      const scene = await loadFixture(deployScene);
      const { alice, bob, carol } = scene;
      await openForSamples(scene, 1_000_000n, { minContributions: 1n });
      await contribute(scene, alice, [0n, 1n], [1n, 1n], [2n, 1n]);
      await contribute(scene, bob, [0n, 0n], [1n, 0n]);
      await contribute(scene, carol, [0n, 1n], [1n, 1n]);
      await unseal(scene);
      await scoreToEnd(scene);
      const [, spoiler = 0n, mender = 0n] = await claims(scene, alice, bob, carol);
      expect(spoiler + mender).to.equal(4n * TERMS.stake);
    });

    it("cannot come late, when the test set is being revealed, nor early", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await open(scene, 1_000n, { minContributions: 1n });
      await market.build(10n);
      const call = () => market.connect(alice).addData([0n], 1n, { value: TERMS.stake });
      await expect(call()).to.be.revertedWithCustomError(market, "PredictionMarket_WrongPhase");
      const first = await draw(scene);
      await reveal(scene, first);
      await call();
      await passDeadline(scene);
      await expect(call())
        .to.be.revertedWithCustomError(market, "PredictionMarket_WrongPhase")
        .withArgs(1n, Phase.Unsealing);
    });

    it("cannot stop the scoring with a sample that cannot be trained on, that is too long, or of no class", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await openForSamples(scene, 1_000n);
      const model = await ethers.getContractAt("TableModel", await market.modelOf(1n));
      const value = TERMS.stake;
      await expect(market.connect(alice).addData([POISON], 1n, { value })).to.be.revertedWithCustomError(
        model,
        "TableModel_Poisoned",
      );
      await expect(market.connect(alice).addData([1n, 2n, 3n, 4n, 5n], 1n, { value }))
        .to.be.revertedWithCustomError(market, "PredictionMarket_OutOfRange")
        .withArgs("length", 5n, 0n, TERMS.maxLength);
      await expect(market.connect(alice).addData([1n], 2n, { value }))
        .to.be.revertedWithCustomError(market, "PredictionMarket_UnknownClass")
        .withArgs(0n, 2n, 2n);
    });

    it("stake exactly the price, so that nothing has to be sent back", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await openForSamples(scene, 1_000n);
      for (const value of [0n, TERMS.stake - 1n, TERMS.stake + 1n]) {
        await expect(market.connect(alice).addData([0n], 1n, { value }))
          .to.be.revertedWithCustomError(market, "PredictionMarket_WrongStake")
          .withArgs(value, TERMS.stake);
      }
      await expect(market.connect(alice).addData([0n], 1n, { value: TERMS.stake }))
        .to.emit(market, "AddData")
        .withArgs([0n], 1n, (time: bigint) => time > 0n, alice.address, TERMS.stake);
    });

    it("are paid once", async () => {
      const { market, owner, alice } = await loadFixture(settled);
      await expect(market.connect(alice).refund(1n)).to.changeEtherBalance(ethers, alice, 400n);
      for (const account of [alice, owner]) {
        if (account === owner) await market.refund(1n);
        await expect(market.connect(account).refund(1n))
          .to.be.revertedWithCustomError(market, "PredictionMarket_NothingToPay")
          .withArgs(1n, account.address);
      }
    });

    it("cannot be paid again while being paid", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      const thief = await ethers.deployContract("ReenteringContributor", [market]);
      await openForSamples(scene, 1_000n, { minContributions: 1n });
      await contribute(scene, alice, [1n, 1n]);
      await thief.contribute([0n], 1n, { value: TERMS.stake });
      await unseal(scene);
      await scoreToEnd(scene);
      await expect(thief.refund(1n)).to.emit(thief, "Tried").withArgs(false);
      expect(await ethers.provider.getBalance(thief)).to.equal(200n);
    });
  });

  describe("by anybody else", () => {
    it("cannot provide, open, close or reveal", async () => {
      const scene = await loadFixture(deployScene);
      const { market, owner, stranger } = scene;
      const other = market.connect(stranger);
      await expect(other.open(TERMS, [ethers.id("a"), ethers.id("b")], { value: 1n })).to.be.revertedWithCustomError(
        market,
        "OwnableUnauthorizedAccount",
      );
      await openForSamples(scene, 1_000n);
      for (const call of [() => other.close(), () => other.reveal(0, [], [], ethers.ZeroHash)]) {
        await expect(call())
          .to.be.revertedWithCustomError(market, "PredictionMarket_NotTheProvider")
          .withArgs(1n, stranger.address, owner.address);
      }
    });

    it("fetch what an account left only after the claim window, and so nothing stays behind", async () => {
      const { market, owner, alice, bob, stranger } = await loadFixture(settled);
      const other = market.connect(stranger);
      const [, endsAt] = await market.phaseOf(1n);
      await networkHelpers.time.increaseTo(endsAt - 2n);
      await expect(other.report(1n, alice))
        .to.be.revertedWithCustomError(market, "PredictionMarket_TooEarly")
        .withArgs(1n, endsAt);
      await networkHelpers.time.increaseTo(endsAt);
      await expect(other.report(1n, alice)).to.changeEtherBalance(ethers, stranger, 400n);
      await expect(other.report(1n, alice)).to.be.revertedWithCustomError(market, "PredictionMarket_NothingToPay");
      await market.connect(bob).refund(1n);
      await other.report(1n, owner);
      expect(await ethers.provider.getBalance(market)).to.equal(0n);
    });

    it("cannot enter again from the model's code", async () => {
      const scene = await loadFixture(deployScene);
      const { market, alice } = scene;
      await openForSamples(scene, 1_000n);
      const model = await ethers.getContractAt("TableModel", await market.modelOf(1n));
      for (const callback of [
        market.interface.encodeFunctionData("addData", [[1n], 1n]),
        market.interface.encodeFunctionData("score", [1n]),
        market.interface.encodeFunctionData("build", [1n]),
        market.interface.encodeFunctionData("refund", [1n]),
        market.interface.encodeFunctionData("report", [1n, alice.address]),
      ]) {
        await model.arm(market, callback);
        await contribute(scene, alice, [0n, 1n]);
      }
      expect(await phase(scene)).to.equal(Phase.Participation);
    });
  });
});

/** A market of which every portion but the one that the draw will pick is the trap. Returns the good one. */
async function openWithTraps(
  scene: Scene,
  trap: { readonly data: bigint[][]; readonly labels: bigint[]; readonly salt: string },
): Promise<number> {
  for (;;) {
    const portions = [PORTIONS[0]!, trap, trap];
    await open(scene, 1_000n, { minContributions: 1n }, portions);
    await scene.market.build(10n);
    const first = await draw(scene);
    if (first === 0) {
      await reveal(scene, first, portions);
      return first;
    }
    await passDeadline(scene);
  }
}
