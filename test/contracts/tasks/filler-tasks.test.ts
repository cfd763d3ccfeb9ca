import { expect } from "chai";

import { CATALOGUE, drawnFor, FILLERS, filling, hashOf, nextPeriod, PROPOSAL } from "./filler-scene.ts";
import {
  begin,
  commit,
  encodeProgram,
  ethers,
  applyAll,
  loadFixture,
  MLP,
  networkHelpers,
  open,
  passDeadline,
  Phase,
  seal,
  settle,
  submit,
  cosignLog,
  TEST_SET,
  ZERO,
} from "./scenario.ts";

describe("FillerTasks", function () {
  it("opens the entry that the epoch's seed draws, with a fee that is newly minted and the seed as its salt", async () => {
    const scene = await loadFixture(filling);
    const { fillers, registry, token, beacon, stranger } = scene;
    const epoch = await nextPeriod(scene);
    const seed = BigInt(await beacon.seedOf(epoch));
    const expected = CATALOGUE[Number((seed / 2n) % 3n)]!;
    const fee = await fillers.emissionOf(epoch);
    const supply = await token.totalSupply();
    await fillers.connect(stranger).open(epoch, expected);
    const taskId = await fillers.taskOf(epoch);
    expect((await token.totalSupply()) - supply).to.equal(fee);
    expect(await token.balanceOf(registry)).to.equal(fee);
    const [created] = await registry.queryFilter(registry.filters.TaskCreated(taskId));
    expect(created!.args.client).to.equal(await fillers.getAddress());
    expect(created!.args.parameters.salt).to.equal(await beacon.seedOf(epoch));
    expect(created!.args.parameters.datasetRoot).to.equal(expected.datasetRoot);
    await expect(fillers.open(epoch, expected))
      .to.be.revertedWithCustomError(fillers, "FillerTasks_AlreadyOpened")
      .withArgs(epoch);
  });

  it("opens nothing else: no other data, no other epoch, no salt or fee of the caller's, nothing late or without a seed", async () => {
    const scene = await loadFixture(filling);
    const { fillers, beacon } = scene;
    const epoch = await nextPeriod(scene);
    const drawn = await drawnFor(scene, epoch);
    for (const other of [...CATALOGUE.filter((each) => each !== drawn), { ...drawn, datasetRoot: ethers.id("cheap") }])
      await expect(fillers.open(epoch, other))
        .to.be.revertedWithCustomError(fillers, "FillerTasks_NotDrawn")
        .withArgs(hashOf(other), hashOf(drawn));
    await expect(fillers.open(epoch + 1n, drawn)).to.be.revertedWithCustomError(fillers, "FillerTasks_NotAPeriod");
    await expect(fillers.open(epoch + 2n, drawn))
      .to.be.revertedWithCustomError(fillers, "FillerTasks_SeedNotProven")
      .withArgs(epoch + 2n);
    for (const mine of [
      { ...drawn, fee: 1n },
      { ...drawn, salt: ethers.id("mine") },
    ])
      await expect(fillers.open(epoch, mine)).to.be.revertedWithCustomError(fillers, "FillerTasks_NotYours");
    const closedAt = await beacon.claimsCloseAt(epoch);
    await networkHelpers.mineUpTo(closedAt);
    await expect(fillers.open(epoch, drawn))
      .to.be.revertedWithCustomError(fillers, "FillerTasks_TooLate")
      .withArgs(epoch, closedAt);
  });

  it("burns the whole fee of a task that finds no miners", async () => {
    const scene = await loadFixture(filling);
    const { fillers, registry, token, stranger } = scene;
    const epoch = await nextPeriod(scene);
    const supply = await token.totalSupply();
    await fillers.open(epoch, await drawnFor(scene, epoch));
    const taskId = await fillers.taskOf(epoch);
    await networkHelpers.time.increase(100_000);
    await registry.advance(taskId);
    expect((await registry.taskOf(taskId)).phase).to.equal(Phase.Cancelled);
    await registry.settle(taskId);
    await expect(fillers.connect(stranger).burnLeftover())
      .to.emit(fillers, "LeftoverBurned")
      .withArgs(await fillers.emissionOf(epoch));
    expect(await token.totalSupply()).to.equal(supply);
  });

  it("is trained, scored and paid as any task is, and what is left of its fee burns", async () => {
    const filled = await loadFixture(filling);
    const { fillers, registry, token, miners, stranger } = filled;
    const epoch = await nextPeriod(filled);
    const parameters = await drawnFor(filled, epoch);
    await fillers.open(epoch, parameters);
    const scene = { ...filled, taskId: await fillers.taskOf(epoch), parameters };
    await applyAll(scene);
    await passDeadline(scene);
    await registry.advance(scene.taskId);
    await begin(scene);
    for (const slot of [0, 1, 2]) await commit(scene, slot, Number(parameters.iterations) - 1);
    await cosignLog(scene);
    for (const slot of [0, 1, 2]) await submit(scene, slot);
    const { root, batches, salt } = TEST_SET;
    await fillers.connect(stranger).revealTestSet(scene.taskId, root, batches, salt, "bafytestset");
    for (const evaluator of [0, 1, 2]) await seal(scene, evaluator);
    for (const evaluator of [0, 1, 2]) await open(scene, evaluator);
    await settle(scene);
    for (const { owner } of miners) expect((await registry.creditOf(owner)) > 0n).to.equal(true);
    const left = await registry.creditOf(fillers);
    expect(left > 0n).to.equal(true);
    const supply = await token.totalSupply();
    await fillers.burnLeftover();
    expect(supply - (await token.totalSupply())).to.equal(left);
  });

  it("halves the fee of a task", async () => {
    const { fillers } = await loadFixture(filling);
    expect(await fillers.emissionOf(7n)).to.equal(FILLERS.initialEmission);
    expect(await fillers.emissionOf(8n)).to.equal(FILLERS.initialEmission / 2n);
  });

  it("serves the queue in its order, and the catalogue where the seed says so or nobody waits", async () => {
    const scene = await loadFixture(filling);
    const { fillers, token, client } = scene;
    const supply = await token.totalSupply();
    await expect(fillers.connect(client).propose(PROPOSAL))
      .to.emit(fillers, "TaskProposed")
      .withArgs(0n, hashOf(PROPOSAL), client.address, (given: unknown) => given !== undefined);
    expect(supply - (await token.totalSupply()), "burnt").to.equal(FILLERS.proposalBurn);
    const even = await nextPeriod(scene, false);
    expect((await fillers.drawnFor(even)).queued).to.equal(false);
    const odd = await nextPeriod(scene, true);
    expect(await fillers.drawnFor(odd)).to.deep.equal([hashOf(PROPOSAL), true]);
    await fillers.open(odd, PROPOSAL);
    expect(await fillers.waiting()).to.equal(0n);
    expect((await fillers.drawnFor(odd)).queued).to.equal(false);
  });

  it("draws no proposal that was made when the seed could be known", async () => {
    const scene = await loadFixture(filling);
    const { fillers, client } = scene;
    const odd = await nextPeriod(scene, true);
    await fillers.connect(client).propose(PROPOSAL);
    expect((await fillers.drawnFor(odd)).queued).to.equal(false);
  });

  it("queues nothing that the registry would refuse, and nothing without the burn", async () => {
    const { fillers, registry, template, token, client, verifier } = await loadFixture(filling);
    await expect(fillers.connect(client).propose({ ...PROPOSAL, slots: 81 })).to.be.revertedWithCustomError(
      registry,
      "Registry_ParameterOutOfRange",
    );
    const program = encodeProgram({ ...MLP, batches: 0 });
    await expect(fillers.connect(client).propose({ ...PROPOSAL, program })).to.be.revertedWithCustomError(
      template,
      "Template_OutOfRange",
    );
    await expect(fillers.connect(verifier).propose(PROPOSAL)).to.be.revertedWithCustomError(
      token,
      "ERC20InsufficientAllowance",
    );
    expect(await fillers.waiting()).to.equal(0n);
  });

  it("is made with a catalogue and sound parameters only", async () => {
    const { fillers, token, registry, beacon, template } = await loadFixture(filling);
    const modules = [token, registry, beacon, template] as const;
    await expect(ethers.deployContract("FillerTasks", [...modules, FILLERS, []])).to.be.revertedWithCustomError(
      fillers,
      "FillerTasks_EmptyCatalogue",
    );
    for (const parameter of ["halvingEpochs", "periodEpochs", "initialEmission"] as const)
      await expect(ethers.deployContract("FillerTasks", [...modules, { ...FILLERS, [parameter]: 0n }, [ZERO]]))
        .to.be.revertedWithCustomError(fillers, "FillerTasks_ParameterOutOfRange")
        .withArgs(parameter, 0n, 1n, (most: bigint) => most > 1n);
  });
});
