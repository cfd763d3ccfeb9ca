import { expect } from "chai";
import type { Address, Hex } from "viem";
import { parseEther, zeroAddress, zeroHash } from "viem";

import {
  applyForTask,
  proveTaskSeed,
  cancelTask,
  ClaimState,
  compileTask,
  closeRegistration,
  createTask,
  drawRank,
  getApplicant,
  DisputeState,
  enlistVerifier,
  getBalance,
  getClaim,
  getClaimDetails,
  getCreatedTask,
  getCredit,
  getDispute,
  getDocket,
  getEpoch,
  getMembers,
  getPlace,
  getSlot,
  getStake,
  getTask,
  getVerifier,
  GristmillError,
  isContractError,
  joinTask,
  listClaims,
  listDisputes,
  listTasks,
  parseSuite,
  Phase,
  proveSeed,
  requestUnstake,
  Role,
  settleTask,
  stake,
  stakeWithPermit,
  suiteContracts,
  taskIdOf,
  type TaskParameters,
  taskParameters,
  transferGrist,
  validateTaskParameters,
  withdrawCredit,
  withdrawStake,
} from "../../../sdk/src/index.ts";
import { rejection } from "../../rejection.ts";
import { type LocalSuite, mine, startLocalSuite, wait } from "../fixtures/local-suite.ts";

const GRIST = parseEther("1");

const SPEC = JSON.stringify({
  version: 1,
  payment: { fee: 10, stakes: { miner: 5, supervisor: 1, evaluator: 2 } },
  ml: {
    dataset: { format: "synthetic-digits", source: { seed: 7 }, "training-set-size": 64, "test-set-size": 10 },
    optimizer: {
      type: "SGD",
      optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 },
      epochs: 1,
      "batch-size": 32,
    },
    model: {
      type: "FC-DNN",
      "hidden-units": [{ id: 1, type: "Dense", nodes: 8, activation: "relu" }],
      loss: "SoftmaxCrossEntropy",
    },
  },
  coordination: { miners: 1, supervisors: 0, evaluators: 1 },
});

describe("actions on the suite", function () {
  this.timeout(60_000);

  let local: LocalSuite;
  let parameters: TaskParameters;
  let accounts: Readonly<Record<"deployer" | "client" | "miner" | "other" | "verifier", Address>>;

  before(async () => {
    local = await startLocalSuite();
    const [deployer, client, miner, other, verifier] = local.accounts;
    accounts = { deployer: deployer!, client: client!, miner: miner!, other: other!, verifier: verifier! };
    const { suite } = local;
    for (const to of [accounts.client, accounts.miner, accounts.other, accounts.verifier])
      await transferGrist(local.clientOf(accounts.deployer), { suite, to, amount: 1_000n * GRIST });
    const readFile = () => Promise.reject(new GristmillError("NO_FILE", "synthetic data has no files"));
    const task = await compileTask(SPEC, { baseDir: ".", readFile });
    ({ parameters } = taskParameters(task, { manifest: "bafkqaaa" }));
  });

  async function create(salt: Hex): Promise<Hex> {
    const { suite, clientOf } = local;
    return (await createTask(clientOf(accounts.client), { suite, parameters: { ...parameters, salt } })).taskId;
  }

  describe("with stake", () => {
    it("move GRIST into stake, and after the unbonding delay out of it", async () => {
      const { suite, provider } = local;
      const client = local.clientOf(accounts.other);
      const account = accounts.other;
      const before = await getBalance(client, { suite, account });
      await stake(client, { suite, amount: 30n * GRIST });
      expect(await getStake(client, { suite, account })).to.include({ free: 30n * GRIST, locked: 0n, unbonding: 0n });

      const { withdrawableAt } = await requestUnstake(client, { suite, amount: 10n * GRIST });
      const unbonding = await getStake(client, { suite, account });
      expect(unbonding).to.deep.equal({ free: 20n * GRIST, locked: 0n, unbonding: 10n * GRIST, withdrawableAt });

      const early = await rejection(withdrawStake(client, { suite }));
      if (!isContractError(early, "StakeManager_StillUnbonding")) expect.fail(String(early));
      expect(early.args.availableAt).to.equal(withdrawableAt);
      expect(early).to.include({ contract: "StakeManager", functionName: "withdraw", code: "CONTRACT_REFUSED" });
      expect(early.hints).to.deep.equal(["The delay is not over before `availableAt`."]);

      const { timestamp } = await client.getBlock();
      await wait(provider, withdrawableAt - timestamp);
      const { amount, receipt } = await withdrawStake(client, { suite });
      expect(amount).to.equal(10n * GRIST);
      expect(receipt.status).to.equal("success");
      expect(await getBalance(client, { suite, account })).to.equal(before - 20n * GRIST);
    });

    it("stake by permit in one transaction", async () => {
      const { suite } = local;
      const client = local.clientOf(accounts.miner);
      const nonce = await client.getTransactionCount({ address: accounts.miner });
      await stakeWithPermit(client, { suite, amount: 20n * GRIST });
      expect(await client.getTransactionCount({ address: accounts.miner })).to.equal(nonce + 1);
      expect((await getStake(client, { suite, account: accounts.miner })).free).to.equal(20n * GRIST);
    });

    it("refuse an amount of nothing before anything is sent", async () => {
      const error = await rejection(stake(local.clientOf(accounts.other), { suite: local.suite, amount: 0n }));
      expect(error).to.include({ code: "AMOUNT_RANGE" });
    });

    it("say the error of a contract that the called one calls", async () => {
      const { suite } = local;
      const poor = local.clientOf(local.accounts[6]!);
      const error = await rejection(stake(poor, { suite, amount: GRIST }));
      if (!isContractError(error, "ERC20InsufficientBalance")) expect.fail(String(error));
      expect(error.args).to.deep.equal({ sender: poor.account.address, balance: 0n, needed: GRIST });
    });
  });

  describe("with tasks", () => {
    it("create one under the id that was known before, and find it again", async () => {
      const { suite } = local;
      const client = local.clientOf(accounts.client);
      const salt: Hex = `0x${"01".repeat(32)}`;
      const taskId = await create(salt);
      const registry = suite.contracts.TaskRegistry;
      const identity = { chainId: suite.chainId, registry, client: accounts.client, specHash: parameters.specHash };
      expect(taskId).to.equal(taskIdOf({ ...identity, salt }));
      expect(await getTask(client, { suite, taskId })).to.include({ phase: Phase.Registration, slots: 1 });
      const created = await getCreatedTask(client, { suite, taskId });
      expect(created.parameters).to.include({ salt, fee: 10n * GRIST });
      expect(await listTasks(client, { suite, client: accounts.client })).to.deep.include(created);
      expect(await listTasks(client, { suite, client: accounts.other })).to.deep.equal([]);

      const again = await rejection(createTask(client, { suite, parameters: { ...parameters, salt } }));
      expect(isContractError(again, "Registry_TaskExists")).to.equal(true);
    });

    it("apply, draw and join, which begins its training", async () => {
      const { suite, provider } = local;
      const miner = local.clientOf(accounts.miner);
      const evaluator = local.clientOf(accounts.other);
      const taskId = await create(`0x${"02".repeat(32)}`);
      const crew = [
        { client: miner, role: Role.Miner },
        { client: evaluator, role: Role.Evaluator },
      ];
      for (const { client, role } of crew) await applyForTask(client, { suite, taskId, role });
      const early = await rejection(drawRank(miner, { suite, taskId, role: Role.Miner }));
      expect(isContractError(early, "Registry_WrongPhase")).to.equal(true);
      await closeRegistration(local.clientOf(accounts.client), { suite, taskId });
      await mine(provider, 8);
      await proveTaskSeed(miner, { suite, taskId });
      for (const { client, role } of crew) {
        const { rank } = await drawRank(client, { suite, taskId, role });
        const account = client.account.address;
        expect((await getApplicant(client, { suite, taskId, role, account })).rank).to.equal(rank);
      }
      expect((await joinTask(miner, { suite, taskId, role: Role.Miner })).index).to.equal(0);
      const again = await rejection(joinTask(miner, { suite, taskId, role: Role.Miner }));
      if (!isContractError(again, "Registry_WrongStanding")) expect.fail(String(again));
      await joinTask(evaluator, { suite, taskId, role: Role.Evaluator });
      const members = await getMembers(miner, { suite, taskId, role: Role.Miner });
      expect(members.map(({ owner }) => owner.toLowerCase())).to.deep.equal([accounts.miner.toLowerCase()]);
      const place = await getPlace(miner, { suite, taskId, role: Role.Miner, index: 0 });
      expect(place.stake).to.equal(5n * GRIST);

      expect((await getTask(miner, { suite, taskId })).phase).to.equal(Phase.Training);
      expect(await getSlot(miner, { suite, taskId, slot: 0 })).to.include({ next: 0, dropped: false });
      const docket = await getDocket(miner, { suite, taskId, role: Role.Miner, index: 0 });
      expect(docket).to.deep.include({ current: undefined, waiting: [] });
    });

    it("cancel it, settle it, and take the fee back", async () => {
      const { suite } = local;
      const client = local.clientOf(accounts.client);
      const taskId = await create(`0x${"03".repeat(32)}`);
      const before = await getBalance(client, { suite, account: accounts.client });
      await cancelTask(client, { suite, taskId });
      await settleTask(client, { suite, taskId });
      expect(await getCredit(client, { suite, account: accounts.client })).to.equal(10n * GRIST);
      expect((await withdrawCredit(client, { suite })).amount).to.equal(10n * GRIST);
      expect(await getBalance(client, { suite, account: accounts.client })).to.equal(before + 10n * GRIST);
    });

    it("say so where there is no such task", async () => {
      const unknown = await rejection(
        getTask(local.clientOf(accounts.client), { suite: local.suite, taskId: zeroHash }),
      );
      expect(unknown).to.include({ code: "TASK_UNKNOWN" });
    });

    it("refuse parameters that the registry would, naming each", () => {
      const shares = { ...parameters.shares, miners: parameters.shares.miners + 1 };
      const wrong = { ...parameters, slots: 81, minSlots: 90, shares, manifest: "" };
      let error: unknown;
      try {
        validateTaskParameters(wrong);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).to.include({ code: "TASK_PARAMETERS" });
      expect((error as GristmillError).message)
        .to.contain("manifest's length is 0, but must be from 1 to 256")
        .and.to.contain("slots is 81, but must be from 1 to 80")
        .and.to.contain("minSlots is 90")
        .and.to.contain("shares sum to 10001");
    });
  });

  it("show an epoch, and prove its seed", async () => {
    const { suite, provider } = local;
    const client = local.clientOf(accounts.other);
    const { epoch, lastBlock, seedBlock, seed } = await getEpoch(client, { suite });
    expect(seed).to.equal(undefined);
    expect(seedBlock > lastBlock).to.equal(true);
    await mine(provider, 20);
    await proveSeed(client, { suite, epoch });
    const proven = await getEpoch(client, { suite, epoch });
    expect(proven.seed).to.match(/^0x[0-9a-f]{64}$/);
    expect(proven.claims).to.deep.equal({ made: 0, accepted: 0 });
    const unborn = await rejection(proveSeed(client, { suite, epoch: epoch + 1_000n }));
    expect(unborn).to.include({ code: "BLOCK_MISSING" });
  });

  it("enlist a verifier", async () => {
    const { suite } = local;
    const client = local.clientOf(accounts.verifier);
    await stake(client, { suite, amount: 100n * GRIST });
    await enlistVerifier(client, { suite, amount: 100n * GRIST });
    const verifier = await getVerifier(client, { suite, account: accounts.verifier });
    expect(verifier).to.include({ weight: 100n * GRIST, releasableAt: 0n });
  });

  it("find no claim and no dispute where there is none", async () => {
    const { suite } = local;
    const client = local.clientOf(accounts.other);
    expect((await getClaim(client, { suite, claimId: zeroHash })).state).to.equal(ClaimState.None);
    expect(await listClaims(client, { suite })).to.deep.equal([]);
    const unknown = await rejection(getClaimDetails(client, { suite, claimId: zeroHash }));
    expect(unknown).to.include({ code: "CLAIM_UNKNOWN" });
    expect((await getDispute(client, { suite, disputeId: zeroHash })).state).to.equal(DisputeState.None);
    expect(await listDisputes(client, { suite })).to.deep.equal([]);
  });

  it("give every contract of the suite as a typed viem contract", async () => {
    const contracts = suiteContracts(local.clientOf(accounts.other), local.suite);
    expect(await contracts.token.read.symbol()).to.equal("GRIST");
    expect(await contracts.demands.read.openAgainst([{ taskId: zeroHash, role: Role.Miner, index: 0 }])).to.equal(0n);
  });

  it("know no suite on a chain without a deployment, nor take one of another chain", async () => {
    const client = local.clientOf(accounts.other);
    expect(await rejection(getStake(client, { account: accounts.other }))).to.include({ code: "SUITE_UNKNOWN" });
    const suite = { ...local.suite, chainId: 1 };
    expect(await rejection(getStake(client, { suite, account: accounts.other }))).to.include({
      code: "SUITE_WRONG_CHAIN",
    });
  });

  it("refuse a deployment record that lacks something, naming it", () => {
    const contracts = { ...local.suite.contracts, Court: zeroAddress, Demands: undefined };
    expect(() => parseSuite({ ...local.suite, contracts }))
      .to.throw(GristmillError, "contracts.Court, contracts.Demands")
      .with.property("code", "SUITE_MALFORMED");
    expect(() => parseSuite(undefined)).to.throw(GristmillError, "chainId");
  });
});
