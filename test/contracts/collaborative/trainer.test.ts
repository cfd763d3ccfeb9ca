import { expect } from "chai";

import {
  add,
  ANY_WAIT,
  CLASSES,
  COST_WEIGHT,
  type Contribution,
  ethers,
  GRACE,
  keyOf,
  loadFixture,
  networkHelpers,
  NO,
  OFFER,
  OWNER_WAIT,
  pass,
  refund,
  REFUND_WAIT,
  report,
  timeOf,
  withStakes,
} from "./scene.ts";

/** {@link TrainingWallet}'s ways to take a payment. */
const OnPayment = { book: 0, refuse: 1, callBack: 2 } as const;

/** A contract contributes a sample that the model agrees with. */
async function withWallet() {
  const scene = await withStakes();
  const { trainer, handler } = scene;
  const wallet = await ethers.deployContract("TrainingWallet");
  const call = (method: string, args: readonly unknown[], value = 0n) =>
    wallet.execute(trainer, value, trainer.interface.encodeFunctionData(method as "addData", args as never), { value });
  const walletAdds = async (): Promise<Contribution> => {
    const time = await timeOf(call("addData", [NO, 1n], OFFER));
    const author = await wallet.getAddress();
    const cost = await handler.getInitialDeposit(NO, 1n, time, author);
    return { data: NO, label: 1n, time, author, cost };
  };
  const walletRefunds = ({ data, label, time }: Contribution) => call("refund", [data, label, time]);
  return { ...scene, wallet, call, walletAdds, walletRefunds };
}

/** Nothing can be said of the sample, because the model's `predict` reverts. */
async function withMuteModel() {
  const [owner, alice, bob] = await ethers.getSigners();
  const handler = await ethers.deployContract("DataHandler64");
  const stakeable = await ethers.deployContract("Stakeable64", [REFUND_WAIT, OWNER_WAIT, ANY_WAIT, COST_WEIGHT]);
  const classifier = await ethers.deployContract("MuteClassifier", [CLASSES]);
  const trainer = await ethers.deployContract("CollaborativeTrainer64", ["", "", "", handler, stakeable, classifier]);
  for (const part of [handler, stakeable, classifier]) await part.transferOwnership(trainer);
  const sample = await add({ trainer, handler }, alice!, NO, 1n);
  return { trainer, stakeable, classifier, sample, owner: owner!, alice: alice!, bob: bob! };
}

describe("CollaborativeTrainer64", () => {
  it("keeps the texts and parts that it was made of, and emits the sample as upstream does", async () => {
    const { trainer, handler, stakeable, classifier, alice } = await loadFixture(withStakes);
    expect(await trainer.name()).to.equal("name");
    expect(await trainer.description()).to.equal("description");
    expect(await trainer.encoder()).to.equal("encoder");
    expect(await trainer.dataHandler()).to.equal(handler);
    expect(await trainer.incentiveMechanism()).to.equal(stakeable);
    expect(await trainer.classifier()).to.equal(classifier);

    const data = [0n, 5n, 2n ** 40n];
    const time = BigInt(await networkHelpers.time.latest()) + 10n;
    await networkHelpers.time.setNextBlockTimestamp(time);
    const cost = await stakeable["getNextAddDataCost(uint256)"](time);
    await expect(trainer.connect(alice).addData(data, 1n, { value: OFFER }))
      .to.emit(trainer, "AddData")
      .withArgs(data, 1n, time, alice, cost);
  });

  it("refuses samples with values beyond 64 bits, which only raw calldata can hold", async () => {
    const { trainer, alice, classifier } = await loadFixture(withStakes);
    const raw = ethers.AbiCoder.defaultAbiCoder().encode(["uint256[]", "uint64"], [[2n ** 64n], 1n]);
    const { selector } = trainer.interface.getFunction("addData");
    const data = ethers.concat([selector, raw]);
    await expect(alice.sendTransaction({ to: trainer, data, value: OFFER }))
      .to.be.revertedWithCustomError(classifier, "Classifier64_IndexTooHigh")
      .withArgs(2n ** 64n, 2n ** 63n - 1n);
  });

  describe("ownership", () => {
    it("of every part is checked before a sample is taken", async () => {
      const { alice, owner } = await loadFixture(withStakes);
      const handler = await ethers.deployContract("DataHandler64");
      const points = await ethers.deployContract("Points64", [0n, 0n, 0n]);
      const classifier = await ethers.deployContract("SparsePerceptron", [CLASSES, [], 0n, 1n]);
      const texts = ["", "", ""] as const;
      const trainer = await ethers.deployContract("CollaborativeTrainer64", [...texts, handler, points, classifier]);
      for (const part of [handler, points, classifier]) {
        expect(await trainer.isReady()).to.equal(false);
        await expect(trainer.connect(alice).addData(NO, 1n))
          .to.be.revertedWithCustomError(trainer, "CollaborativeTrainer64_NotOwned")
          .withArgs(part, owner);
        await part.transferOwnership(trainer);
      }
      expect(await trainer.isReady()).to.equal(true);
      await expect(trainer.connect(alice).addData(NO, 1n)).to.emit(trainer, "AddData");
    });

    it("lets nobody but the trainer write to its parts", async () => {
      const { handler, stakeable, classifier, owner } = await loadFixture(withStakes);
      const calls = [
        () => handler.handleAddData(owner, 0n, NO, 1n),
        () => handler.handleRefund(owner, NO, 1n, 0n),
        () => handler.handleReport(owner, NO, 1n, 0n, owner),
        () => handler.updateClaimableAmount(ethers.ZeroHash, 0n),
      ];
      for (const call of calls)
        await expect(call()).to.be.revertedWithCustomError(handler, "OwnableUnauthorizedAccount").withArgs(owner);
      const decisions = [
        () => stakeable.handleAddData(0n, NO, 1n),
        () => stakeable.handleRefund(owner, NO, 1n, 0n, 0n, false, 1n, 0n),
        () => stakeable.admitReport(ethers.ZeroHash, owner, owner, 0n, 1n, 0n, ethers.ZeroHash),
        () => stakeable.handleReport(owner, NO, 1n, 0n, owner, 0n, 0n, false, 0n, 0n),
        () => classifier.update(NO, 1n),
      ];
      for (const call of decisions)
        await expect(call()).to.be.revertedWithCustomError(stakeable, "OwnableUnauthorizedAccount").withArgs(owner);
    });

    it("of what is no contract is refused", async () => {
      const { handler, stakeable, classifier, alice } = await loadFixture(withStakes);
      const factory = await ethers.getContractFactory("CollaborativeTrainer64");
      for (const parts of [
        [alice, stakeable, classifier],
        [handler, alice, classifier],
        [handler, stakeable, alice],
      ] as const)
        await expect(factory.deploy("", "", "", parts[0], parts[1], parts[2]))
          .to.be.revertedWithCustomError(factory, "CollaborativeTrainer64_NotAContract")
          .withArgs(alice);
    });
  });

  describe("payments", () => {
    it("reach contract wallets, surplus as well as refund, which transfer's 2,300 gas did not", async () => {
      const scene = await loadFixture(withWallet);
      const { wallet, trainer, walletAdds, walletRefunds } = scene;
      const sample = await walletAdds();
      expect(await wallet.received()).to.equal(OFFER - sample.cost);
      await pass(REFUND_WAIT);
      await expect(walletRefunds(sample)).to.changeEtherBalances(
        ethers,
        [wallet, trainer],
        [sample.cost, -sample.cost],
      );
    });

    it("that a wallet refuses are owed to it, and go wherever it says", async () => {
      const scene = await loadFixture(withWallet);
      const { wallet, trainer, bob, walletAdds, walletRefunds, call } = scene;
      await wallet.whenPaid(OnPayment.refuse, "0x");
      const sample = await walletAdds();
      await pass(REFUND_WAIT);
      await expect(walletRefunds(sample)).to.emit(trainer, "PaymentDeferred").withArgs(wallet, sample.cost);
      expect(await trainer.owed(wallet)).to.equal(OFFER);

      await expect(call("withdraw", [await wallet.getAddress()]))
        .to.be.revertedWithCustomError(trainer, "CollaborativeTrainer64_PaymentRefused")
        .withArgs(wallet, OFFER);
      const withdrawing = call("withdraw", [bob.address]);
      await expect(withdrawing).to.changeEtherBalances(ethers, [bob, trainer], [OFFER, -OFFER]);
      await expect(withdrawing).to.emit(trainer, "Withdrawn").withArgs(wallet, bob, OFFER);
      await expect(trainer.connect(bob).withdraw(bob))
        .to.be.revertedWithCustomError(trainer, "CollaborativeTrainer64_NothingOwed")
        .withArgs(bob);
    });

    it("cannot be entered again: whatever a wallet calls while it is paid is refused, and it is paid once", async () => {
      const scene = await loadFixture(withWallet);
      const { wallet, trainer, walletAdds, walletRefunds } = scene;
      const sample = await walletAdds();
      const { data, label, time, author } = sample;
      await pass(REFUND_WAIT);
      const guarded = trainer.interface.encodeErrorResult("ReentrancyGuardReentrantCall");
      const attempts = [
        trainer.interface.encodeFunctionData("refund", [data, label, time]),
        trainer.interface.encodeFunctionData("report", [data, label, time, author]),
        trainer.interface.encodeFunctionData("reportCommitted", [data, label, time, author, ethers.id("salt")]),
        trainer.interface.encodeFunctionData("addData", [data, label]),
        trainer.interface.encodeFunctionData("withdraw", [author]),
      ];
      const before = await networkHelpers.takeSnapshot();
      for (const attempt of attempts) {
        await wallet.whenPaid(OnPayment.callBack, attempt);
        const sending = walletRefunds(sample);
        await expect(sending).to.changeEtherBalances(ethers, [wallet, trainer], [sample.cost, -sample.cost]);
        await expect(sending).to.emit(wallet, "CalledBack").withArgs(false, guarded);
        await before.restore();
      }
    });
  });

  describe("with a model that cannot predict", () => {
    it("refunds nothing, and has nobody take a deposit by a report of what cannot be judged", async () => {
      const scene = await loadFixture(withMuteModel);
      const { classifier, stakeable, alice, bob, sample } = scene;
      await pass(REFUND_WAIT);
      await expect(refund(scene, alice, sample)).to.be.revertedWithCustomError(classifier, "MuteClassifier_Mute");
      await expect(report(scene, bob, sample))
        .to.be.revertedWithCustomError(stakeable, "Stakeable64_ModelAgrees")
        .withArgs(1n);
    });

    it("pays the model's owner after its wait all the same", async () => {
      const scene = await loadFixture(withMuteModel);
      await pass(OWNER_WAIT);
      await expect(report(scene, scene.owner, scene.sample)).to.changeEtherBalance(
        ethers,
        scene.owner,
        scene.sample.cost,
      );
    });

    it("pays anybody, the author first of all, after the last wait", async () => {
      const scene = await loadFixture(withMuteModel);
      const { trainer, stakeable, alice, sample } = scene;
      const salt = ethers.id("salt");
      await stakeable.connect(alice).commitReport(await stakeable.reportCommitment(keyOf(sample), alice, salt));
      await pass(ANY_WAIT);
      const { data, label, time, author } = sample;
      await expect(trainer.connect(alice).reportCommitted(data, label, time, author, salt)).to.changeEtherBalances(
        ethers,
        [alice, trainer],
        [sample.cost, -sample.cost],
      );
    });
  });

  it("takes the dearest contribution, 2,048 dimensions to a class without samples, and refunds it", async () => {
    const [, alice] = await ethers.getSigners();
    const classes = Array.from({ length: 8 }, (_, i) => `class ${i}`);
    const none = classes.map(() => 0n);
    const handler = await ethers.deployContract("DataHandler64");
    const points = await ethers.deployContract("Points64", [0n, 0n, 0n]);
    const classifier = await ethers.deployContract("NearestCentroidClassifier", [classes, none.map(() => []), none]);
    // EIP-7825: no transaction may use more.
    const most = { gasLimit: 16_777_216n };
    const portion = new Array<bigint>(1_024).fill(0n);
    for (let i = 0; i < 16; i++) await classifier.extendCentroid(portion, BigInt(i % 8), most);
    const trainer = await ethers.deployContract("CollaborativeTrainer64", ["", "", "", handler, points, classifier]);
    for (const part of [handler, points, classifier]) await part.transferOwnership(trainer);

    const data = new Array<bigint>(2_048).fill(-22_097_087n);
    const time = await timeOf(trainer.connect(alice).addData(data, 7n, most));
    await expect(trainer.connect(alice).refund(data, 7n, time, most))
      .to.emit(points, "Refund")
      .withArgs(alice);
  });

  it("takes a report that starves the prediction of gas as one of a sample that the model agrees with", async () => {
    const scene = await loadFixture(withStakes);
    const { trainer, stakeable, alice, bob } = scene;
    const sample = await add(scene, alice, NO, 1n);
    const own = await add(scene, bob, [9n], 1n);
    await pass(REFUND_WAIT);
    await refund(scene, bob, own);
    await add(scene, bob, NO, 0n);
    const { data, label, time, author } = sample;
    // At some limit the prediction fails and the rest goes through; at no limit a report of it is announced wrongly.
    for (let gasLimit = 40_000n; gasLimit < 110_000n; gasLimit += 2_500n) {
      const outcome = await trainer
        .connect(bob)
        .report.staticCall(data, label, time, author, { gasLimit })
        .then(() => "announced")
        .catch((error: unknown) => String(error));
      if (outcome === "announced") break;
      expect(outcome).to.match(/ModelAgrees|gas|without a reason|FailedCall/);
    }
    await expect(report(scene, bob, sample)).to.emit(stakeable, "ReportAnnounced");
    await pass(GRACE);
    await expect(report(scene, bob, sample)).to.emit(stakeable, "Report");
  });
});
