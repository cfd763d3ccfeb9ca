import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import {
  convict,
  createTask,
  deploySuite,
  ethers,
  GRIST,
  loadFixture,
  networkHelpers,
  passChallenges,
  passClaims,
  passDeadline,
  Phase,
  phaseOf,
  Role,
  type Scene,
  SCORE,
  SCORE_SALT,
  seedHeader,
  STATE,
  TEST_SET,
  type Worker,
} from "./scenario.ts";

/** EIP-7825: no transaction may use more gas. */
const TRANSACTION_GAS_CAP = 16_777_216n;
/** EIP-170: no contract may have more bytes of code. */
const CODE_SIZE_CAP = 24_576;
const MOST = 80;

const abi = ethers.AbiCoder.defaultAbiCoder();

/** The most gas that each call may use in the largest legal task: every place taken, each by an account of its own. */
const CEILINGS: Readonly<Record<string, bigint>> = {
  createTask: 360_000n,
  join: 185_000n,
  begin: 137_000n,
  commit: 149_000n,
  submitState: 161_000n,
  revealTestSet: 76_000n,
  commitScore: 76_000n,
  revealScore: 190_000n,
  creditAttestation: 62_000n,
  suspend: 55_000n,
  resume: 50_000n,
  convictSlot: 129_000n,
  convictScore: 2_450_000n,
  settle: 4_750_000n,
  withdraw: 58_000n,
};

describe("TaskRegistry's code", () => {
  it("stays below a ceiling for its code, with 6,000 bytes to spare", async () => {
    const { registry } = await loadFixture(deploySuite);
    const code = await ethers.provider.getCode(registry);
    expect(ethers.dataLength(code)).to.be.at.most(CODE_SIZE_CAP - 6_000);
  });
});

describe("gas of a task of 80 slots, 80 supervisors and 80 evaluators", function () {
  this.timeout(120_000);
  const used = new Map<string, bigint>();

  async function meter(name: string, sending: Promise<ContractTransactionResponse>): Promise<void> {
    const receipt = await (await sending).wait();
    const gas = receipt!.gasUsed;
    if (gas > (used.get(name) ?? 0n)) used.set(name, gas);
  }

  /** Eighty accounts take all places of a role, and have not a wei of stake beyond it: the dearest case to release. */
  async function hire(scene: Scene, role: number, stake: bigint): Promise<Worker[]> {
    const workers: Worker[] = [];
    const [bank] = await ethers.getSigners();
    for (let index = 0; index < MOST; index++) {
      const address = ethers.dataSlice(ethers.id(`worker ${role} ${index}`), 12);
      const owner = await ethers.getImpersonatedSigner(ethers.getAddress(address));
      await networkHelpers.setBalance(owner.address, 10n ** 20n);
      await scene.token.connect(bank).transfer(owner, stake);
      await scene.token.connect(owner).approve(scene.stakes, stake);
      await scene.stakes.connect(owner).stake(stake);
      await meter("join", scene.registry.connect(owner).join(scene.taskId, role, owner));
      workers.push({ owner, operator: owner });
    }
    return workers;
  }

  it("stays below a ceiling for each call, and settles 80 places a call, far below the cap of a transaction", async () => {
    const suite = await loadFixture(deploySuite);
    const { registry, client, mint, court, verifier, stranger } = suite;
    const large = { slots: MOST, minSlots: MOST, supervisors: MOST, evaluators: MOST, segmentLength: 1, iterations: 1 };
    const scene = await createTask(suite, large);
    const { taskId, parameters } = scene;
    await meter("createTask", registry.connect(client).createTask({ ...parameters, salt: ethers.id("metered") }));
    const miners = await hire(scene, 0, 30n * GRIST);
    await hire(scene, 1, 20n * GRIST);
    const evaluators = await hire(scene, 2, 10n * GRIST);

    await meter("begin", registry.begin(taskId, await seedHeader(scene)));
    for (const [slot, { operator }] of miners.entries())
      await meter("commit", registry.connect(operator).commit(taskId, slot, 0, ethers.id(`${slot}`), STATE));
    await meter("creditAttestation", registry.connect(mint).creditAttestation(taskId, verifier));
    expect(await phaseOf(scene)).to.equal(Phase.Submission);
    const everySlot = (1n << 80n) - 1n;
    await scene.log.setDiligent(taskId, everySlot >> 1n);
    for (const [slot, { operator }] of miners.entries())
      await meter("submitState", registry.connect(operator).submitState(taskId, slot, STATE, everySlot));
    const { root, batches, salt } = TEST_SET;
    await meter("revealTestSet", registry.connect(client).revealTestSet(taskId, root, batches, salt, "b".repeat(59)));
    // One evaluator opens nothing: paid places and slashed ones are both in the settlement.
    for (const [index, { operator }] of evaluators.entries()) {
      const sealedScore = ethers.keccak256(
        abi.encode(
          ["bytes32", "address", "uint32", "uint64", "bytes32", "bytes32"],
          [taskId, operator.address, SCORE.correct, SCORE.loss, SCORE.root, SCORE_SALT],
        ),
      );
      await meter("commitScore", registry.connect(operator).commitScore(taskId, index, sealedScore));
    }
    for (const [index, { operator }] of evaluators.slice(1).entries())
      await meter("revealScore", registry.connect(operator).revealScore(taskId, index + 1, SCORE, SCORE_SALT));
    await passDeadline(scene);
    const asCourt = registry.connect(court);
    await meter("suspend", asCourt.suspend(taskId, Role.Miner, 0));
    await meter("resume", asCourt.resume(taskId, Role.Miner, 0));
    await asCourt.suspend(taskId, Role.Miner, 0);
    await meter("convictSlot", convict(scene, Role.Miner, 0));
    // The dearest case: all but the silent one revealed the same wrong score.
    const beforeConviction = await networkHelpers.takeSnapshot();
    await meter("convictScore", convict(scene, Role.Evaluator, 1));
    await beforeConviction.restore();
    await passClaims(scene);
    await passChallenges(scene);

    // 80 places a call: miners, supervisors, evaluators.
    for (const phase of [Phase.Closing, Phase.Closing, Phase.Settled]) {
      // What must be offered counts against the cap; refunds come after.
      expect(await registry.settle.estimateGas(taskId)).to.be.at.most(TRANSACTION_GAS_CAP / 2n);
      await meter("settle", registry.connect(stranger).settle(taskId));
      expect(await phaseOf(scene)).to.equal(phase);
      if (phase === Phase.Settled) continue;
      for (const call of [asCourt.suspend(taskId, Role.Evaluator, 1), convict(scene, Role.Miner, 1)])
        await expect(call).to.be.revertedWithCustomError(registry, "Registry_AlreadySettled");
      // Who is paid was fixed by the first call.
      await scene.log.setDiligent(taskId, everySlot);
    }
    await meter("withdraw", registry.connect(miners[79]!.owner).withdraw());
    await expect(registry.settle(taskId)).to.be.revertedWithCustomError(registry, "Registry_AlreadySettled");
    expect(await scene.stakes.lockedOf(evaluators[79]!.owner)).to.equal(0n);
    expect(await scene.stakes.freeOf(evaluators[79]!.owner)).to.equal(10n * GRIST);

    expect(await phaseOf(scene)).to.equal(Phase.Settled);
    for (const [name, gas] of used) expect(gas, name).to.be.at.most(CEILINGS[name]!);
    expect([...used.keys()].sort()).to.deep.equal(Object.keys(CEILINGS).sort());
  });
});
