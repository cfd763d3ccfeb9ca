import { type DrawnRank, joiningOrder, rankOf } from "@gristmill/sdk";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import type { Address, Hex } from "viem";

import { hire } from "./crowd.ts";
import {
  BALANCED,
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
  taskParameters,
  TEST_SET,
  type Worker,
} from "./scenario.ts";

/** EIP-7825: no transaction may use more gas. */
const TRANSACTION_GAS_CAP = 16_777_216n;
/** EIP-170: no contract may have more bytes of code. */
const CODE_SIZE_CAP = 24_576;
const MOST = 80;
const NO_PREFERENCES = "0x0000000000000000";

const abi = ethers.AbiCoder.defaultAbiCoder();

/** The most gas that each call may use in the largest legal task: every place taken, each by an account of its own. */
const CEILINGS: Readonly<Record<string, bigint>> = {
  createTask: 382_000n,
  setProfile: 73_000n,
  applyFor: 91_000n,
  closeRegistration: 54_000n,
  proveTaskSeed: 105_000n,
  drawRank: 150_000n,
  decline: 65_000n,
  passOn: 262_000n,
  join: 192_000n,
  joinAsTheLast: 277_000n,
  commit: 149_000n,
  submitState: 161_000n,
  revealTestSet: 76_000n,
  commitScore: 76_000n,
  revealScore: 190_000n,
  creditAttestation: 62_000n,
  suspend: 60_000n,
  resume: 54_000n,
  convictSlot: 157_000n,
  convictScore: 3_900_000n,
  settle: 4_750_000n,
  withdraw: 58_000n,
};

describe("TaskRegistry's code", () => {
  it("stays below a ceiling for its code, with 2,000 bytes to spare", async () => {
    const { registry } = await loadFixture(deploySuite);
    const code = await ethers.provider.getCode(registry);
    expect(ethers.dataLength(code)).to.be.at.most(CODE_SIZE_CAP - 2_000);
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

  /** All apply, none with a wei of stake beyond what it takes: the dearest case to lock and to release. */
  async function apply(scene: Scene, role: bigint, count: number, stake: bigint): Promise<Worker[]> {
    const owners = await hire(scene, `worker ${role}`, count, stake);
    for (const owner of owners) await meter("applyFor", scene.registry.connect(owner).applyFor(scene.taskId, role));
    return owners.map((owner) => ({ owner, operator: owner }));
  }

  /** All submit their ranks, each but the first from 6 below its place if there are so many. */
  async function drawAll(scene: Scene, role: bigint, workers: readonly Worker[]): Promise<void> {
    const { seed, properties } = await scene.registry.assignmentOf(scene.taskId, role);
    const drawn: DrawnRank[] = [];
    for (const { owner } of workers) {
      const application = { seed: seed as Hex, role: Number(role), owner: owner.address as Address };
      const rank = rankOf(application, NO_PREFERENCES, properties as Hex);
      const below = joiningOrder(drawn.filter((other) => other.rank < rank));
      const previous = below.at(-7) ?? ethers.ZeroAddress;
      await meter("drawRank", scene.registry.connect(owner).drawRank(scene.taskId, role, previous));
      drawn.push({ owner: application.owner, rank });
    }
  }

  async function joinAll(scene: Scene, role: bigint, workers: readonly Worker[]): Promise<void> {
    for (const [place, { owner }] of workers.entries()) {
      const isLast = role === Role.Evaluator && place === workers.length - 1;
      const joining = scene.registry.connect(owner).join(scene.taskId, role, owner);
      await meter(isLast ? "joinAsTheLast" : "join", joining);
    }
  }

  it("stays below a ceiling for each call, and settles 80 places a call, far below the cap of a transaction", async () => {
    const suite = await loadFixture(deploySuite);
    const { registry, client, mint, court, verifier, stranger } = suite;
    // Every transaction of the test takes a second.
    const durations = { ...taskParameters().durations, registration: 10_000 };
    const large = {
      durations,
      slots: MOST,
      minSlots: MOST,
      supervisors: MOST,
      evaluators: MOST,
      segmentLength: 1,
      iterations: 1,
    };
    const scene = await createTask(suite, large);
    const { taskId, parameters } = scene;
    await meter("setProfile", registry.connect(stranger).setProfile(BALANCED));
    await meter("createTask", registry.connect(client).createTask({ ...parameters, salt: ethers.id("metered") }));
    // Twice as many miners as there are slots, of whom the first round leaves all out.
    const applicants = await apply(scene, Role.Miner, 2 * MOST, 30n * GRIST);
    const miners = applicants.slice(0, MOST);
    const supervisors = await apply(scene, Role.Supervisor, MOST, 20n * GRIST);
    const evaluators = await apply(scene, Role.Evaluator, MOST, 10n * GRIST);
    await meter("closeRegistration", registry.connect(client).closeRegistration(taskId));
    await meter("proveTaskSeed", registry.proveTaskSeed(taskId, await seedHeader(scene)));
    await drawAll(scene, Role.Miner, applicants);
    await drawAll(scene, Role.Supervisor, supervisors);
    await drawAll(scene, Role.Evaluator, evaluators);
    const { phaseEndsAt } = await registry.taskOf(taskId);
    await networkHelpers.time.increaseTo(phaseEndsAt - BigInt(durations.registration) / 2n);
    await meter("passOn", registry.passOn(taskId, Role.Miner));
    await meter("decline", registry.connect(applicants.at(-1)!.owner).decline(taskId, Role.Miner));
    await joinAll(scene, Role.Miner, miners);
    await joinAll(scene, Role.Supervisor, supervisors);
    await joinAll(scene, Role.Evaluator, evaluators);
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
