import { expect } from "chai";

import { deployRegistry } from "../helpers/deploy-registry.ts";
import {
  applyFor,
  CHALLENGE_SECONDS,
  createTask,
  deploySuite,
  encodeProgram,
  ethers,
  FEE,
  fill,
  GRIST,
  inRegistration,
  MLP,
  loadFixture,
  Phase,
  phaseOf,
  Role,
  settle,
  STAKED,
  taskParameters,
} from "./scenario.ts";

const MOST_UINT128 = 2n ** 128n - 1n;
const YEAR = 365 * 86_400;

describe("TaskRegistration", () => {
  describe("createTask", () => {
    it("escrows the fee, names the task by what it commits to, and tells all parameters in an event", async () => {
      const { registry, token, client } = await loadFixture(deploySuite);
      const parameters = taskParameters();
      const taskId = ethers.keccak256(
        ethers.AbiCoder.defaultAbiCoder().encode(
          ["uint256", "address", "address", "bytes32", "bytes32"],
          [31_337, await registry.getAddress(), client.address, parameters.specHash, parameters.salt],
        ),
      );
      const creation = registry.connect(client).createTask(parameters);
      await expect(creation).to.changeTokenBalances(ethers, token, [client, registry], [-FEE, FEE]);
      await expect(creation).to.emit(registry, "TaskCreated");
      expect((await registry.taskOf(taskId)).client).to.equal(client.address);
      const fragment = registry.interface.getEvent("TaskCreated").inputs[2]!;
      const encoded = ethers.AbiCoder.defaultAbiCoder().encode([fragment], [parameters]);
      expect(await registry.parametersOf(taskId)).to.equal(ethers.keccak256(encoded));
    });

    it("takes a fee that was permitted instead of approved", async () => {
      const { registry, token, client } = await loadFixture(deploySuite);
      await token.connect(client).approve(registry, 0n);
      const permit = {
        owner: client.address,
        spender: await registry.getAddress(),
        value: FEE,
        nonce: await token.nonces(client),
        deadline: 2n ** 40n,
      };
      const domain = {
        name: "Gristmill",
        version: "1",
        chainId: 31_337,
        verifyingContract: await token.getAddress(),
      };
      const fields = ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"];
      const Permit = fields.map((field) => ({ type: field.split(" ")[0]!, name: field.split(" ")[1]! }));
      const signature = ethers.Signature.from(await client.signTypedData(domain, { Permit }, permit));
      await token.permit(client, registry, FEE, permit.deadline, signature.v, signature.r, signature.s);
      await registry.connect(client).createTask(taskParameters());
      expect(await token.balanceOf(registry)).to.equal(FEE);
    });

    it("refuses a second task of the same client, spec and salt, and accepts another salt", async () => {
      const scene = await loadFixture(inRegistration);
      const registry = scene.registry.connect(scene.client);
      await expect(registry.createTask(scene.parameters))
        .to.be.revertedWithCustomError(registry, "Registry_TaskExists")
        .withArgs(scene.taskId);
      await expect(registry.createTask({ ...scene.parameters, salt: ethers.id("other") })).to.emit(
        registry,
        "TaskCreated",
      );
    });

    it("keeps the id of a settled task taken", async () => {
      const scene = await loadFixture(inRegistration);
      const registry = scene.registry.connect(scene.client);
      await registry.cancel(scene.taskId);
      await settle(scene);
      await expect(registry.createTask(scene.parameters))
        .to.be.revertedWithCustomError(registry, "Registry_TaskExists")
        .withArgs(scene.taskId);
    });

    it("takes nobody else's allowance: the fee is the caller's", async () => {
      const { registry, token, client, stranger } = await loadFixture(deploySuite);
      await token.connect(stranger).approve(registry, 0n);
      await expect(registry.connect(stranger).createTask(taskParameters())).to.be.revertedWithCustomError(
        token,
        "ERC20InsufficientAllowance",
      );
      expect(await token.allowance(client, registry)).to.equal(1_000n * GRIST);
    });

    it("refuses to work before mint and court are wired", async () => {
      const { token, stakes, beacon, template, client } = await loadFixture(deploySuite);
      const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, CHALLENGE_SECONDS]);
      await expect(registry.connect(client).createTask(taskParameters())).to.be.revertedWithCustomError(
        registry,
        "Wired_NotWired",
      );
    });

    const shares = { burn: 1_000, miners: 5_000, bonus: 1_500, supervisors: 500, evaluators: 1_000, verifiers: 1_000 };
    const { durations } = taskParameters();
    const outOfRange: readonly [name: string, overrides: object, value: bigint, least: bigint, most: bigint][] = [
      ["manifest.length", { manifest: "" }, 0n, 1n, 256n],
      ["manifest.length", { manifest: "b".repeat(257) }, 257n, 1n, 256n],
      ["fee", { fee: 0n }, 0n, 1n, MOST_UINT128],
      ["iterations", { iterations: 0 }, 0n, 1n, 2n ** 32n - 1n],
      ["slots", { slots: 0 }, 0n, 1n, 80n],
      ["slots", { slots: 81 }, 81n, 1n, 80n],
      ["minSlots", { minSlots: 0 }, 0n, 1n, 3n],
      ["minSlots", { minSlots: 4 }, 4n, 1n, 3n],
      ["supervisors", { supervisors: 81 }, 81n, 0n, 80n],
      ["evaluators", { evaluators: 0 }, 0n, 1n, 80n],
      ["evaluators", { evaluators: 81 }, 81n, 1n, 80n],
      ["segmentLength", { segmentLength: 0 }, 0n, 1n, 64n],
      ["segmentLength", { segmentLength: 65 }, 65n, 1n, 64n],
      ["segmentLength", { slots: 5, segmentLength: 33 }, 33n, 1n, 32n],
      ["segmentLength", { slots: 80, segmentLength: 2 }, 2n, 1n, 1n],
      ["minerStake", { minerStake: 0n }, 0n, 1n, MOST_UINT128],
      ["supervisorStake", { supervisorStake: 0n }, 0n, 1n, MOST_UINT128],
      ["evaluatorStake", { evaluatorStake: 0n }, 0n, 1n, MOST_UINT128],
      ["maxSilentEpochs", { maxSilentEpochs: 0 }, 0n, 1n, 255n],
      ["attestations", { attestations: 0 }, 0n, 1n, 65_535n],
      ["goal", { goal: 100 }, 100n, 101n, 2n ** 32n - 1n],
      ["shares.burn", { shares: { ...shares, burn: 999, miners: 5_001 } }, 999n, 1_000n, 5_000n],
      ["shares.burn", { shares: { ...shares, burn: 5_001, miners: 999 } }, 5_001n, 1_000n, 5_000n],
      ["shares.miners", { shares: { ...shares, burn: 4_001, miners: 1_999 } }, 1_999n, 2_000n, 10_000n],
      ["shares.bonus", { shares: { ...shares, bonus: 4_001, miners: 2_499 } }, 4_001n, 0n, 4_000n],
      ["shares.supervisors", { shares: { ...shares, supervisors: 99, miners: 5_401 } }, 99n, 100n, 2_000n],
      ["shares.supervisors", { shares: { ...shares, supervisors: 2_001, miners: 3_499 } }, 2_001n, 100n, 2_000n],
      ["shares.evaluators", { shares: { ...shares, evaluators: 99, miners: 5_901 } }, 99n, 100n, 2_000n],
      ["shares.evaluators", { shares: { ...shares, evaluators: 2_001, miners: 3_999 } }, 2_001n, 100n, 2_000n],
      ["shares.verifiers", { shares: { ...shares, verifiers: 99, miners: 5_901 } }, 99n, 100n, 2_000n],
      ["shares.verifiers", { shares: { ...shares, verifiers: 2_001, miners: 3_999 } }, 2_001n, 100n, 2_000n],
      ...Object.keys(durations).flatMap((name): [string, object, bigint, bigint, bigint][] => [
        [`durations.${name}`, { durations: { ...durations, [name]: 0 } }, 0n, 1n, BigInt(YEAR)],
        [`durations.${name}`, { durations: { ...durations, [name]: YEAR + 1 } }, BigInt(YEAR + 1), 1n, BigInt(YEAR)],
      ]),
    ];
    for (const [name, overrides, value, least, most] of outOfRange) {
      it(`refuses ${name} = ${value} and names the bounds`, async () => {
        const { registry, client } = await loadFixture(deploySuite);
        await expect(registry.connect(client).createTask(taskParameters(overrides)))
          .to.be.revertedWithCustomError(registry, "Registry_ParameterOutOfRange")
          .withArgs(name, value, least, most);
      });
    }

    it("refuses shares that do not sum to the whole fee", async () => {
      const { registry, client } = await loadFixture(deploySuite);
      for (const miners of [4_999, 5_001]) {
        await expect(registry.connect(client).createTask(taskParameters({ shares: { ...shares, miners } })))
          .to.be.revertedWithCustomError(registry, "Registry_SharesSum")
          .withArgs(miners + 5_000);
      }
    });

    it("refuses a program that its template refuses", async () => {
      const { registry, client, template } = await loadFixture(deploySuite);
      const program = encodeProgram({ ...MLP, batch: 1_025 });
      await expect(registry.connect(client).createTask(taskParameters({ program })))
        .to.be.revertedWithCustomError(template, "Template_OutOfRange")
        .withArgs("batch", 0, 1_025, 1, 1_024);
    });
  });

  describe("cancel", () => {
    it("gives the whole fee back, and no stake was locked", async () => {
      const scene = await loadFixture(inRegistration);
      const { registry, stakes, client, miners, taskId } = scene;
      await applyFor(scene, Role.Miner, miners[0]!);
      await expect(registry.connect(client).cancel(taskId))
        .to.emit(registry, "PhaseEntered")
        .withArgs(taskId, Phase.Cancelled, 0);
      await registry.settle(taskId);
      expect(await registry.creditOf(client)).to.equal(FEE);
      expect(await stakes.freeOf(miners[0]!.owner)).to.equal(STAKED);
    });

    it("refuses anybody but the client", async () => {
      const { registry, client, stranger, taskId } = await loadFixture(inRegistration);
      await expect(registry.connect(stranger).cancel(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_NotTheClient")
        .withArgs(stranger.address, client.address);
    });

    it("refuses a second time, and once the registration is over", async () => {
      const scene = await loadFixture(inRegistration);
      const registry = scene.registry.connect(scene.client);
      await registry.cancel(scene.taskId);
      await expect(registry.cancel(scene.taskId))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(scene.taskId, Phase.Cancelled);

      const other = await createTask(scene, { salt: ethers.id("second") });
      await fill(other);
      await expect(registry.cancel(other.taskId))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(other.taskId, Phase.Seeding);
      expect(await phaseOf(other)).to.equal(Phase.Seeding);
    });
  });
});
