import { expect } from "chai";

import {
  add,
  ANY_WAIT,
  COST_WEIGHT,
  CLASSES,
  earnValidity,
  ethers,
  GRACE,
  HOUR,
  keyOf,
  loadFixture,
  networkHelpers,
  NO,
  OFFER,
  OWNER_WAIT,
  pass,
  provider,
  refund,
  REFUND_WAIT,
  report,
  type Scene,
  withPoints,
  withStakes,
} from "./scene.ts";

/** Mallory has a good sample of his own and Alice one that waits for its refund: the model says what she says. */
async function withHonestSample() {
  const scene = await withStakes();
  await earnValidity(scene, scene.mallory, 7n);
  const sample = await add(scene, scene.alice, NO, 1n);
  await pass(REFUND_WAIT);
  return { ...scene, sample };
}

/** Bob and Carol have good samples, Alice has a bad one that the model disagrees with. */
async function withBadSample() {
  const scene = await withStakes();
  await earnValidity(scene, scene.bob, 7n);
  await earnValidity(scene, scene.carol, 8n);
  await earnValidity(scene, scene.carol, 9n);
  const sample = await add(scene, scene.alice, NO, 1n);
  await add(scene, scene.bob, NO, 0n);
  await pass(REFUND_WAIT);
  return { ...scene, sample };
}

const commitmentOf = (scene: Scene, key: string, reporter: { readonly address: string }, salt: string) =>
  scene.stakeable.reportCommitment(key, reporter.address, salt);

describe("shared models: deposit, refund, take", () => {
  describe("the price", () => {
    it("of upstream is asked for the first sample: the weight times an hour over the root of the seconds", async () => {
      const { stakeable } = await loadFixture(withStakes);
      const last = await stakeable.lastUpdateTimeS();
      for (const [seconds, divisor] of [
        [0n, 1n],
        [3n, 1n],
        [4n, 2n],
        [99n, 9n],
        [100n, 10n],
        [HOUR, 60n],
      ] as const) {
        const cost = await stakeable["getNextAddDataCost(uint256)"](last + seconds);
        expect(cost).to.equal((COST_WEIGHT * HOUR) / divisor);
      }
      await expect(stakeable["getNextAddDataCost(uint256)"](last - 1n))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_TimeBeforeLastUpdate")
        .withArgs(last - 1n, last);
    });

    it("cannot be made to jump: after an idle hour a victim who offers ten times the quote survives three samples before it", async () => {
      const scene = await loadFixture(withStakes);
      const { stakeable, trainer, alice, mallory } = scene;
      await pass(HOUR);
      const quote = await stakeable["getNextAddDataCost()"]();
      for (const feature of [20n, 21n, 22n]) await add(scene, mallory, [feature], 1n);
      const sending = trainer.connect(alice).addData(NO, 1n, { value: 10n * quote });
      await expect(sending).to.emit(trainer, "AddData");
    });

    it("at most doubles with a sample, however long the last one is ago", async () => {
      const { stakeable } = await loadFixture(withStakes);
      const [deployer] = await ethers.getSigners();
      const free = await ethers.deployContract("Stakeable64", [0n, 0n, 0n, COST_WEIGHT]);
      for (const seconds of [1n, 2n, 3n, 4n, 8n, 9n, 15n, 16n, 24n, 25n, 48n, 3_599n, 3_600n, 100_000n]) {
        const time = BigInt(await networkHelpers.time.latest()) + seconds;
        await networkHelpers.time.setNextBlockTimestamp(time);
        const before = await free["getNextAddDataCost(uint256)"](time);
        await free.connect(deployer).handleAddData(OFFER, [], 0n);
        expect(await free["getNextAddDataCost(uint256)"](time), `${seconds} s`).to.be.at.most(2n * before);
        expect(await free.lastUpdateTimeS()).to.be.at.most(time);
      }
      await expect(stakeable.handleAddData(OFFER, [], 0n)).to.be.revertedWithCustomError(
        stakeable,
        "OwnableUnauthorizedAccount",
      );
    });

    it("is refused if less is offered, and the surplus returns if more is", async () => {
      const scene = await loadFixture(withStakes);
      const { stakeable, trainer, alice } = scene;
      const next = BigInt(await networkHelpers.time.latest()) + 100n;
      await networkHelpers.time.setNextBlockTimestamp(next);
      const cost = await stakeable["getNextAddDataCost(uint256)"](next);
      await expect(trainer.connect(alice).addData(NO, 1n, { value: cost - 1n }))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_DepositTooLow")
        .withArgs(cost - 1n, cost);
      await networkHelpers.time.setNextBlockTimestamp(next + 1n);
      const sending = trainer.connect(alice).addData(NO, 1n, { value: OFFER });
      await expect(sending).to.changeEtherBalances(ethers, [alice, trainer], [-cost, cost]);
    });
  });

  describe("a refund", () => {
    it("pays the deposit back while the model agrees, counts the sample as good, and is given once", async () => {
      const scene = await loadFixture(withHonestSample);
      const { trainer, stakeable, handler, alice, sample } = scene;
      const sending = refund(scene, alice, sample);
      await expect(sending).to.changeEtherBalances(ethers, [alice, trainer], [sample.cost, -sample.cost]);
      await expect(sending).to.emit(stakeable, "Refund").withArgs(alice, sample.cost);
      expect(await stakeable.numValidForAddress(alice)).to.equal(1n);
      expect(await stakeable.totalGoodDataCount()).to.equal(2n);
      const { data, label, time } = sample;
      expect(await handler.hasClaimed(data, label, time, alice, alice)).to.equal(true);
      expect(await handler.getNumClaims(data, label, time, alice)).to.equal(1n);
      expect(await handler.getClaimableAmount(data, label, time, alice)).to.equal(0n);
      await expect(refund(scene, alice, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_AlreadyClaimed")
        .withArgs(alice);
    });

    it("is refused too early, of what is not in the book, and while the model disagrees", async () => {
      const scene = await loadFixture(withStakes);
      const { stakeable, handler, alice, bob } = scene;
      const sample = await add(scene, alice, NO, 1n);
      await expect(refund(scene, alice, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_TooEarly")
        .withArgs(sample.time + REFUND_WAIT);
      await pass(REFUND_WAIT);
      await expect(refund(scene, bob, sample))
        .to.be.revertedWithCustomError(handler, "DataHandler64_NotFound")
        .withArgs(keyOf({ ...sample, author: bob.address }));
      await add(scene, bob, NO, 0n);
      await expect(refund(scene, alice, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelDisagrees")
        .withArgs(0n, 1n);
    });

    it("of a free sample pays nothing, counts, and does not revert", async () => {
      const [, alice] = await ethers.getSigners();
      const handler = await ethers.deployContract("DataHandler64");
      const stakeable = await ethers.deployContract("Stakeable64", [0n, 1n, 2n, 0n]);
      const classifier = await ethers.deployContract("SparsePerceptron", [CLASSES, [1n], 0n, 1n]);
      const trainer = await ethers.deployContract("CollaborativeTrainer64", [
        "",
        "",
        "",
        handler,
        stakeable,
        classifier,
      ]);
      for (const part of [handler, stakeable, classifier]) await part.transferOwnership(trainer);
      const sample = await add({ trainer, handler }, alice!, NO, 1n, 0n);
      await expect(refund({ trainer }, alice!, sample))
        .to.emit(stakeable, "Refund")
        .withArgs(alice, 0n);
      expect(await stakeable.numValidForAddress(alice!)).to.equal(1n);
      await expect(refund({ trainer }, alice!, sample)).to.be.revertedWithCustomError(
        stakeable,
        "Stakeable64_AlreadyClaimed",
      );
    });

    it("farms nothing: one known sample counts once, however often and by whomever it is refunded", async () => {
      const scene = await loadFixture(withStakes);
      const { stakeable, mallory, bob } = scene;
      for (const account of [mallory, mallory, bob, mallory]) {
        const sample = await add(scene, account, [1n], 1n);
        await pass(REFUND_WAIT);
        const sending = refund(scene, account, sample);
        await expect(sending).to.changeEtherBalance(ethers, account, sample.cost);
      }
      expect(await stakeable.numValidForAddress(mallory)).to.equal(1n);
      expect(await stakeable.numValidForAddress(bob)).to.equal(0n);
      expect(await stakeable.totalGoodDataCount()).to.equal(1n);
    });
  });

  describe("a report", () => {
    it("is announced first and paid after the grace, in proportion to the reporter's good samples", async () => {
      const scene = await loadFixture(withBadSample);
      const { stakeable, trainer, handler, bob, sample } = scene;
      const key = keyOf(sample);
      const announcing = report(scene, bob, sample);
      await expect(announcing).to.changeEtherBalance(ethers, trainer, 0n);
      const payableFrom = BigInt(await networkHelpers.time.latest()) + GRACE;
      await expect(announcing).to.emit(stakeable, "ReportAnnounced").withArgs(key, bob, sample.author, payableFrom);
      expect(await stakeable.reportPayableFrom(key, bob)).to.equal(payableFrom);
      expect(await handler.hasClaimed(sample.data, sample.label, sample.time, sample.author, bob)).to.equal(false);
      await expect(report(scene, bob, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_ReportPending")
        .withArgs(payableFrom);

      await pass(GRACE);
      const part = sample.cost / 3n;
      const paying = report(scene, bob, sample);
      await expect(paying).to.changeEtherBalances(ethers, [bob, trainer], [part, -part]);
      await expect(paying).to.emit(stakeable, "Report").withArgs(bob, part);
      expect(await handler.hasClaimed(sample.data, sample.label, sample.time, sample.author, bob)).to.equal(true);
      const left = await handler.getClaimableAmount(sample.data, sample.label, sample.time, sample.author);
      expect(left).to.equal(sample.cost - part);
      expect(await stakeable.reportPayableFrom(key, bob)).to.equal(0n);
    });

    it("pays nobody twice", async () => {
      const scene = await loadFixture(withBadSample);
      const { bob, stakeable, sample } = scene;
      await report(scene, bob, sample);
      await pass(GRACE);
      await report(scene, bob, sample);
      await report(scene, bob, sample);
      await pass(GRACE);
      await expect(report(scene, bob, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_AlreadyClaimed")
        .withArgs(bob);
    });

    it("is refused too early, of one's own sample, without good samples, and while the model agrees", async () => {
      const scene = await loadFixture(withBadSample);
      const { stakeable, handler, alice, bob, mallory, sample } = scene;
      const fresh = await add(scene, alice, [30n], 0n);
      await expect(report(scene, bob, fresh))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_TooEarly")
        .withArgs(fresh.time + REFUND_WAIT);
      await expect(report(scene, alice, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_OwnDeposit")
        .withArgs(alice);
      await expect(report(scene, mallory, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_NoGoodData")
        .withArgs(mallory);
      await pass(REFUND_WAIT);
      await expect(report(scene, bob, fresh))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelAgrees")
        .withArgs(0n);
      await expect(report(scene, bob, { ...sample, time: sample.time - 1n })).to.be.revertedWithCustomError(
        handler,
        "DataHandler64_NotFound",
      );
    });

    it("right after a sample that flips the model takes nothing: the author has the grace to be refunded", async () => {
      const scene = await loadFixture(withHonestSample);
      const { stakeable, trainer, alice, bob, mallory, sample } = scene;
      // One sample flips the model, so the honest refund fails, and Mallory reports at once.
      await add(scene, mallory, NO, 0n);
      await expect(refund(scene, alice, sample)).to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelDisagrees");
      await expect(report(scene, mallory, sample)).to.changeEtherBalance(ethers, trainer, 0n);
      await expect(report(scene, mallory, sample)).to.be.revertedWithCustomError(
        stakeable,
        "Stakeable64_ReportPending",
      );
      // Somebody who knows better teaches it back, and one moment of agreement is enough for Alice.
      await add(scene, bob, NO, 1n);
      await expect(refund(scene, alice, sample)).to.changeEtherBalance(ethers, alice, sample.cost);
      await add(scene, mallory, NO, 0n);
      await pass(GRACE);
      await expect(report(scene, mallory, sample)).to.be.revertedWithCustomError(stakeable, "Stakeable64_NothingLeft");
    });

    it("is not paid if the model agrees again when its grace is over", async () => {
      const scene = await loadFixture(withHonestSample);
      const { stakeable, bob, mallory, sample } = scene;
      await add(scene, mallory, NO, 0n);
      await report(scene, mallory, sample);
      await add(scene, bob, NO, 1n);
      await pass(GRACE);
      await expect(report(scene, mallory, sample)).to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelAgrees");
    });

    it("copied from the mempool takes nothing from the first: parts do not depend on the order", async () => {
      for (const order of [
        ["bob", "carol"],
        ["carol", "bob"],
      ] as const) {
        const scene = await loadFixture(withBadSample);
        for (const name of order) await report(scene, scene[name], scene.sample);
        await pass(GRACE);
        for (const name of order) {
          const part = (scene.sample.cost * (name === "bob" ? 1n : 2n)) / 3n;
          await expect(report(scene, scene[name], scene.sample)).to.changeEtherBalance(ethers, scene[name], part);
        }
      }
    });

    it("copied from the mempool when anybody may take the rest pays nothing: only what has waited is paid", async () => {
      const scene = await loadFixture(withHonestSample);
      const { stakeable, trainer, handler, bob, carol, mallory, sample } = scene;
      const salt = ethers.id("salt");
      const commitment = await commitmentOf(scene, keyOf(sample), carol, salt);
      const committing = stakeable.connect(carol).commitReport(commitment);
      const payableFrom = (await ethers.provider.getBlock((await (await committing).wait())!.blockNumber))!.timestamp;
      await expect(committing)
        .to.emit(stakeable, "ReportCommitted")
        .withArgs(commitment, BigInt(payableFrom) + GRACE);
      // Committing to the same later changes nothing.
      await stakeable.connect(mallory).commitReport(commitment);

      const { data, label, time, author } = sample;
      const opening = (account: typeof carol, with_: string = salt) =>
        trainer.connect(account).reportCommitted(data, label, time, author, with_);
      await pass(OWNER_WAIT);
      await expect(opening(carol))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_CommitmentTooEarly")
        .withArgs(time + ANY_WAIT);
      await pass(ANY_WAIT - OWNER_WAIT);
      // The copies: the report as such, and the opening of another's commitment.
      await expect(report(scene, mallory, sample)).to.changeEtherBalance(ethers, mallory, 0n);
      await expect(opening(mallory))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_NotCommitted")
        .withArgs(await commitmentOf(scene, keyOf(sample), mallory, salt));
      await expect(opening(bob, ethers.ZeroHash)).to.be.revertedWithCustomError(
        trainer,
        "CollaborativeTrainer64_ZeroSalt",
      );
      await expect(opening(carol)).to.changeEtherBalance(ethers, carol, sample.cost);
      expect(await handler.getClaimableAmount(data, label, time, author)).to.equal(0n);
    });

    it("by anybody takes the rest after the last wait, announced by the author itself too", async () => {
      const scene = await loadFixture(withBadSample);
      const { alice, bob, sample } = scene;
      await report(scene, bob, sample);
      await pass(GRACE);
      await report(scene, bob, sample);
      await pass(ANY_WAIT);
      await report(scene, alice, sample);
      await pass(GRACE);
      const rest = sample.cost - sample.cost / 3n;
      await expect(report(scene, alice, sample)).to.changeEtherBalance(ethers, alice, rest);
    });
  });

  describe("the model's owner", () => {
    it("makes its early claim although the trainer owns the mechanism, at once and not before its time", async () => {
      const scene = await loadFixture(withHonestSample);
      const { stakeable, trainer, owner, sample } = scene;
      expect(await stakeable.owner()).to.equal(trainer);
      expect(await stakeable.modelOwner()).to.equal(owner);
      await networkHelpers.time.setNextBlockTimestamp(sample.time + OWNER_WAIT - 1n);
      await expect(report(scene, owner, sample)).to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelAgrees");
      await networkHelpers.time.setNextBlockTimestamp(sample.time + OWNER_WAIT);
      await expect(report(scene, owner, sample)).to.changeEtherBalance(ethers, owner, sample.cost);
    });

    it("passes its right on, and nobody else does", async () => {
      const scene = await loadFixture(withHonestSample);
      const { stakeable, owner, bob, mallory, sample } = scene;
      await expect(stakeable.connect(mallory).transferModelOwnership(mallory))
        .to.be.revertedWithCustomError(stakeable, "IncentiveMechanism64_NotModelOwner")
        .withArgs(mallory, owner);
      await expect(stakeable.transferModelOwnership(ethers.ZeroAddress)).to.be.revertedWithCustomError(
        stakeable,
        "IncentiveMechanism64_ZeroModelOwner",
      );
      await expect(stakeable.transferModelOwnership(bob))
        .to.emit(stakeable, "ModelOwnershipTransferred")
        .withArgs(owner, bob);
      await pass(OWNER_WAIT);
      await expect(report(scene, bob, sample)).to.changeEtherBalance(ethers, bob, sample.cost);
    });
  });

  describe("the book", () => {
    it("refuses the same sample of the same account twice in one block, instead of forgetting what was claimed", async () => {
      const scene = await loadFixture(withStakes);
      const { trainer, handler, alice } = scene;
      await provider.request({ method: "evm_setAutomine", params: [false] });
      const nonce = await alice.getNonce();
      const sendings = [0, 1].map((i) =>
        trainer.connect(alice).addData(NO, 1n, { value: OFFER, nonce: nonce + i, gasLimit: 1_000_000 }),
      );
      const sent = await Promise.all(sendings);
      await networkHelpers.mine();
      await provider.request({ method: "evm_setAutomine", params: [true] });
      const receipts = await Promise.all(sent.map(({ hash }) => ethers.provider.getTransactionReceipt(hash)));
      expect(receipts.map((receipt) => receipt!.status)).to.deep.equal([1, 0]);
      const { timestamp } = (await ethers.provider.getBlock("latest"))!;
      expect(await handler.getNumClaims(NO, 1n, timestamp, alice)).to.equal(0n);
    });

    it("answers by upstream's key with all of a record, and with zeros for none", async () => {
      const scene = await loadFixture(withHonestSample);
      const { handler, alice, sample } = scene;
      expect([...(await handler.addedData(keyOf(sample)))]).to.deep.equal([
        sample.label,
        sample.time,
        alice.address,
        sample.cost,
        sample.cost,
        0n,
      ]);
      const none = [0n, 0n, ethers.ZeroAddress, 0n, 0n, 0n];
      expect([...(await handler.addedData(ethers.id("none")))]).to.deep.equal(none);
      expect(await handler.isDataEqual([1n, -2n], [1n, -2n])).to.equal(true);
      expect(await handler.isDataEqual([1n, -2n], [1n, 2n])).to.equal(false);
      expect(await handler.isDataEqual([1n], [1n, 0n])).to.equal(false);
    });

    it("gives no more than a deposit, nor takes one that does not fit", async () => {
      const [owner] = await ethers.getSigners();
      const handler = await ethers.deployContract("DataHandler64");
      await handler.handleAddData(owner!, 5n, NO, 1n);
      const { timestamp } = (await ethers.provider.getBlock("latest"))!;
      const key = keyOf({ data: NO, label: 1n, time: BigInt(timestamp), author: owner!.address });
      await expect(handler.updateClaimableAmount(key, 6n))
        .to.be.revertedWithCustomError(handler, "DataHandler64_NotEnoughLeft")
        .withArgs(key, 5n, 6n);
      await expect(handler.handleAddData(owner!, 2n ** 96n, NO, 1n)).to.be.revertedWithCustomError(
        handler,
        "SafeCastOverflowedUintDowncast",
      );
    });
  });

  describe("points", () => {
    it("are not lost to a report while the model was flipped", async () => {
      const scene = await loadFixture(withPoints);
      const { points, handler, trainer, alice, bob, mallory } = scene;
      const sample = await add(scene, alice, NO, 1n, 0n);
      await add(scene, mallory, NO, 0n, 0n);
      await pass(REFUND_WAIT);
      await expect(report(scene, mallory, sample))
        .to.emit(points, "Report")
        .withArgs(mallory);
      await add(scene, bob, NO, 1n, 0n);
      await expect(refund(scene, alice, sample))
        .to.emit(points, "Refund")
        .withArgs(alice);
      expect(await points.numValidForAddress(alice)).to.equal(1n);
      expect(await points.totalSubmitted()).to.equal(3n);
      expect(await handler.getNumClaims(sample.data, sample.label, sample.time, alice)).to.equal(2n);
      expect(await ethers.provider.getBalance(trainer)).to.equal(0n);
    });

    it("are free, and what is sent along returns", async () => {
      const scene = await loadFixture(withPoints);
      const { points, trainer, alice } = scene;
      expect(await points["getNextAddDataCost()"]()).to.equal(0n);
      expect(await points["getNextAddDataCost(uint256)"](0n)).to.equal(0n);
      expect(await points["getNextAddDataCost(int64[],uint64)"](NO, 0n)).to.equal(0n);
      const sending = trainer.connect(alice).addData(NO, 1n, { value: 5n });
      await expect(sending).to.changeEtherBalances(ethers, [alice, trainer], [0n, 0n]);
    });

    it("refuse what is too early, claimed, one's own or agreed on", async () => {
      const scene = await loadFixture(withPoints);
      const { points, alice, bob, mallory } = scene;
      const sample = await add(scene, alice, NO, 1n, 0n);
      const early = [refund(scene, alice, sample), report(scene, bob, sample)];
      for (const sending of early)
        await expect(sending)
          .to.be.revertedWithCustomError(points, "Points64_TooEarly")
          .withArgs(sample.time + REFUND_WAIT);
      await pass(REFUND_WAIT);
      await expect(report(scene, bob, sample))
        .to.be.revertedWithCustomError(points, "Points64_ModelAgrees")
        .withArgs(1n);
      await add(scene, bob, NO, 0n, 0n);
      await expect(refund(scene, alice, sample))
        .to.be.revertedWithCustomError(points, "Points64_ModelDisagrees")
        .withArgs(0n, 1n);
      await expect(report(scene, alice, sample))
        .to.be.revertedWithCustomError(points, "Points64_OwnSample")
        .withArgs(alice);
      await report(scene, bob, sample);
      await expect(report(scene, mallory, sample))
        .to.be.revertedWithCustomError(points, "Points64_AlreadyClaimed")
        .withArgs(mallory);
      await add(scene, bob, NO, 1n, 0n);
      await refund(scene, alice, sample);
      await expect(refund(scene, alice, sample))
        .to.be.revertedWithCustomError(points, "Points64_AlreadyClaimed")
        .withArgs(alice);
    });

    it("let the model's owner report at its own time, where that is the first", async () => {
      const [owner, alice] = await ethers.getSigners();
      const points = await ethers.deployContract("Points64", [100n, 10n, 50n]);
      const time = BigInt(await networkHelpers.time.latest());
      const args = [NO, 1n, time, alice!, 0n, 0n, false, 0n, 0n] as const;
      await networkHelpers.time.setNextBlockTimestamp(time + 20n);
      await expect(points.handleReport(owner!, ...args)).to.emit(points, "Report");
      await expect(points.handleReport(alice!, ...args))
        .to.be.revertedWithCustomError(points, "Points64_TooEarly")
        .withArgs(time + 50n);
    });
  });

  it("waits that decrease are refused", async () => {
    const factory = await ethers.getContractFactory("Stakeable64");
    for (const waits of [
      [2n, 1n, 3n],
      [1n, 3n, 2n],
    ] as const)
      await expect(factory.deploy(waits[0], waits[1], waits[2], 1n))
        .to.be.revertedWithCustomError(factory, "Stakeable64_WaitTimesDecrease")
        .withArgs(...waits);
  });

  it("a report waits at least a second, and at most half of the time in which it is judged", async () => {
    for (const [waits, grace] of [
      [[0n, 0n, 0n], 1n],
      [[100n, 100n, 120n], 10n],
      [[100n, 200n, 1_000n], 100n],
    ] as const) {
      const stakeable = await ethers.deployContract("Stakeable64", [...waits, 1n]);
      expect(await stakeable.reportGraceS()).to.equal(grace);
    }
  });
});
