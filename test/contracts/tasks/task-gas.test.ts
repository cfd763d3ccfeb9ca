import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import {
  createTask,
  deploySuite,
  ethers,
  GRIST,
  loadFixture,
  networkHelpers,
  passClaims,
  passDeadline,
  Phase,
  phaseOf,
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
const MOST = 80;

const abi = ethers.AbiCoder.defaultAbiCoder();

/** The most gas that each call may use in the largest legal task: every place taken, each by an account of its own. */
const CEILINGS: Readonly<Record<string, bigint>> = {
  createTask: 390_000n,
  join: 200_000n,
  begin: 140_000n,
  commit: 206_000n,
  submitState: 138_000n,
  submitLog: 47_000n,
  revealTestSet: 82_000n,
  commitScore: 90_000n,
  revealScore: 132_000n,
  creditAttestation: 69_000n,
  settle: TRANSACTION_GAS_CAP,
  withdraw: 62_000n,
};

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

  it("stays below a ceiling for each call, and below the cap of a transaction for the settlement", async () => {
    const suite = await loadFixture(deploySuite);
    const { registry, client, mint, verifier, stranger } = suite;
    const large = { slots: MOST, minSlots: MOST, supervisors: MOST, evaluators: MOST, segmentLength: 1, iterations: 1 };
    const scene = await createTask(suite, large);
    const { taskId, parameters } = scene;
    await meter("createTask", registry.connect(client).createTask({ ...parameters, salt: ethers.id("metered") }));
    const miners = await hire(scene, 0, 30n * GRIST);
    const supervisors = await hire(scene, 1, 20n * GRIST);
    const evaluators = await hire(scene, 2, 10n * GRIST);

    await meter("begin", registry.begin(taskId, await seedHeader(scene)));
    for (const [slot, { operator }] of miners.entries())
      await meter("commit", registry.connect(operator).commit(taskId, slot, 0, ethers.id(`${slot}`), STATE));
    await meter("creditAttestation", registry.connect(mint).creditAttestation(taskId, verifier));
    expect(await phaseOf(scene)).to.equal(Phase.Submission);
    const everySlot = (1n << 80n) - 1n;
    for (const [index, { operator }] of supervisors.entries())
      await meter("submitLog", registry.connect(operator).submitLog(taskId, index, STATE, 1));
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
    await passClaims(scene);
    // What must be offered counts against the cap; refunds come after.
    const needed = await registry.connect(stranger).settle.estimateGas(taskId);
    expect(needed).to.be.at.most(TRANSACTION_GAS_CAP);
    await meter("settle", registry.connect(stranger).settle(taskId));
    await meter("withdraw", registry.connect(miners[79]!.owner).withdraw());

    expect(await phaseOf(scene)).to.equal(Phase.Settled);
    for (const [name, gas] of used) expect(gas, name).to.be.at.most(CEILINGS[name]!);
    expect([...used.keys()].sort()).to.deep.equal(Object.keys(CEILINGS).sort());
  });
});
