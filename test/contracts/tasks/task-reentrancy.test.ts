import { expect } from "chai";

import { deployRegistry } from "../helpers/deploy-registry.ts";
import {
  CHALLENGE_SECONDS,
  commit,
  createTask,
  deploySuite,
  ethers,
  drawAll,
  fill,
  GRIST,
  join,
  loadFixture,
  passDeadline,
  proveTaskSeed,
  Role,
  type Scene,
  settle,
  STAKED,
  submit,
  taskParameters,
} from "./scenario.ts";

/** A suite whose token calls the registry back whenever the registry moves it. */
async function deployReentering() {
  const suite = await deploySuite();
  const signers = (await ethers.getSigners()).slice(1);
  const token = await ethers.deployContract("ReenteringToken", [signers]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const { beacon, template, mint, court, log } = suite;
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
  await registry.wire(mint, court, log, mint);
  await stakes.wire([registry]);
  for (const account of signers) {
    await token.connect(account).approve(stakes, STAKED);
    await stakes.connect(account).stake(STAKED);
    await token.connect(account).approve(registry, 1_000n * GRIST);
  }
  return { suite: { ...suite, stakes, registry }, reentering: token };
}

describe("TaskRegistry under a token that calls back", () => {
  const refused = new ethers.Interface(["error ReentrancyGuardReentrantCall()"]).encodeErrorResult(
    "ReentrancyGuardReentrantCall",
    [],
  );

  /** Every call that moves tokens, as calldata. */
  function attacks({ registry, taskId }: Scene): string[] {
    const { interface: abi } = registry;
    return [
      abi.encodeFunctionData("withdraw"),
      abi.encodeFunctionData("settle", [taskId]),
      abi.encodeFunctionData("createTask", [taskParameters({ salt: ethers.id("inner") })]),
      abi.encodeFunctionData("join", [taskId, 0, ethers.Wallet.createRandom().address]),
    ];
  }

  it("lets no call that moves tokens or stakes in, at any moment of a task's life", async () => {
    const { suite, reentering } = await loadFixture(deployReentering);
    const scene = await createTask(suite);
    const { registry } = scene;
    const salts = ["a", "b", "c", "d"].map((text) => ethers.id(text));
    for (const [index, attack] of attacks(scene).entries()) {
      await reentering.arm(attack);
      await expect(registry.connect(scene.client).createTask(taskParameters({ salt: salts[index]! })))
        .to.emit(reentering, "Refused")
        .withArgs(refused);
    }

    await fill(scene);
    await proveTaskSeed(scene);
    await drawAll(scene);
    // The last one to join begins the training, which burns.
    await reentering.arm(attacks(scene)[1]!);
    const last = scene.evaluators.at(-1)!;
    for (const miner of scene.miners) await join(scene, Role.Miner, miner);
    await join(scene, Role.Supervisor, scene.supervisor);
    for (const evaluator of scene.evaluators.slice(0, -1)) await join(scene, Role.Evaluator, evaluator);
    await expect(registry.connect(last.owner).join(scene.taskId, Role.Evaluator, last.operator))
      .to.emit(reentering, "Refused")
      .withArgs(refused);

    await reentering.arm("0x");
    for (const slot of [0, 1, 2]) await commit(scene, slot, 9);
    for (const slot of [0, 1, 2]) await submit(scene, slot);
    await passDeadline(scene);
    await settle(scene);
    for (const [slot, attack] of attacks(scene).slice(0, 3).entries()) {
      const { owner } = scene.miners[slot]!;
      const credit = await registry.creditOf(owner);
      const before = await reentering.balanceOf(owner);
      await reentering.arm(attack);
      await expect(registry.connect(owner).withdraw()).to.emit(reentering, "Refused").withArgs(refused);
      expect((await reentering.balanceOf(owner)) - before).to.equal(credit);
    }
  });
});
