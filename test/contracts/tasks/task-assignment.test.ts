import { closestBelow, isReserve } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";

import { crowdInDrawing, crowdInJoining, type CrowdScene, inOrder, withApplicants } from "./crowd.ts";
import {
  applyFor,
  BALANCED,
  convict,
  createTask,
  deploySuite,
  draw,
  drawAll,
  ethers,
  FEE,
  fill,
  GRIST,
  inDrawing,
  inEvaluationCommit,
  inJoining,
  inRegistration,
  inTraining,
  join,
  joinAll,
  loadFixture,
  networkHelpers,
  open,
  passDeadline,
  Phase,
  phaseOf,
  proveTaskSeed,
  rankAhead,
  ranksOf,
  Role,
  type Scene,
  seal,
  settle,
  STAKED,
  Standing,
  ZERO,
} from "./scenario.ts";

const { Miner, Supervisor, Evaluator } = Role;
const NOBODY = ethers.ZeroAddress;

async function standingOf({ registry, taskId }: Scene, role: bigint, { address }: HardhatEthersSigner) {
  return (await registry.applicantOf(taskId, role, address)).standing;
}

/** Of the crowd, in the order of ranks, who may join now. */
async function admittedOf(scene: CrowdScene): Promise<boolean[]> {
  const order = await inOrder(scene);
  const views = order.map((owner) => scene.registry.applicantOf(scene.taskId, Miner, owner));
  return (await Promise.all(views)).map(({ admitted }) => admitted);
}

/** To the first second of a round of Joining. */
async function passToRound({ registry, taskId, parameters }: Scene, round: number): Promise<void> {
  const { phaseEndsAt } = await registry.taskOf(taskId);
  const duration = BigInt(parameters.durations.registration);
  await networkHelpers.time.increaseTo(phaseEndsAt - duration + (duration * BigInt(round) + 2n) / 3n);
}

function everybodyApplied(): Promise<CrowdScene> {
  return withApplicants(4);
}

describe("TaskAssignment", () => {
  describe("setProfile", () => {
    it("keeps what was preferred at every block, and refuses to prefer nothing", async () => {
      const { registry, stranger } = await loadFixture(deploySuite);
      const own = registry.connect(stranger);
      const first = (await own.setProfile(BALANCED)).blockNumber!;
      await networkHelpers.mine(5);
      await expect(own.setProfile("0x0100000000000000"))
        .to.emit(registry, "ProfileSet")
        .withArgs(stranger, "0x0100000000000000");
      const preferences = await Promise.all(
        [first - 1, first, first + 5, first + 6].map((block) => registry.preferencesOf(stranger, block)),
      );
      expect(preferences).to.deep.equal(["0x0000000000000000", BALANCED, BALANCED, "0x0100000000000000"]);
      await expect(own.setProfile("0x0000000000000000"))
        .to.be.revertedWithCustomError(registry, "Registry_NoPreference")
        .withArgs(stranger.address);
    });
  });

  describe("applyFor", () => {
    it("takes any number of applicants and locks nothing", async () => {
      const { registry, stakes, crowd, taskId } = await loadFixture(everybodyApplied);
      const { applied, wanted } = await registry.assignmentOf(taskId, Miner);
      expect([applied, wanted]).to.deep.equal([4n, 3n]);
      for (const owner of crowd) expect(await stakes.lockedOf(owner)).to.equal(0n);
    });

    it("refuses a second application for a role, and takes one for another", async () => {
      const scene = await loadFixture(inRegistration);
      const { registry, stranger: owner, taskId } = scene;
      await expect(registry.connect(owner).applyFor(taskId, Miner))
        .to.emit(registry, "Applied")
        .withArgs(taskId, Miner, owner);
      await expect(registry.connect(owner).applyFor(taskId, Miner))
        .to.be.revertedWithCustomError(registry, "Registry_WrongStanding")
        .withArgs(taskId, Miner, owner.address, Standing.Applied);
      await applyFor(scene, Supervisor, { owner });
      expect(await standingOf(scene, Supervisor, owner)).to.equal(Standing.Applied);
    });

    it("refuses whoever has not the role's stake free: one stake is one applicant", async () => {
      const { registry, stakes, stranger, taskId } = await loadFixture(inRegistration);
      await stakes.connect(stranger).requestUnstake(STAKED - 30n * GRIST + 1n);
      await expect(registry.connect(stranger).applyFor(taskId, Miner))
        .to.be.revertedWithCustomError(registry, "Registry_StakeNotFree")
        .withArgs(stranger.address, 30n * GRIST - 1n, 30n * GRIST);
    });

    it("refuses a role that nobody wants", async () => {
      const scene = await createTask(await loadFixture(deploySuite), { supervisors: 0, supervisorStake: 0n });
      await expect(scene.registry.connect(scene.stranger).applyFor(scene.taskId, Supervisor))
        .to.be.revertedWithCustomError(scene.registry, "Registry_RoleNotWanted")
        .withArgs(scene.taskId, Supervisor);
    });

    it("refuses whoever comes after the deadline, although nobody has noticed, and a task that nobody created", async () => {
      const scene = await loadFixture(inRegistration);
      const { registry, stranger, taskId } = scene;
      await passDeadline(scene);
      await expect(registry.connect(stranger).applyFor(taskId, Miner))
        .to.be.revertedWithCustomError(registry, "Registry_WrongPhase")
        .withArgs(taskId, Phase.Cancelled);
      await expect(registry.connect(stranger).applyFor(ZERO, Miner))
        .to.be.revertedWithCustomError(registry, "Registry_UnknownTask")
        .withArgs(ZERO);
    });
  });

  describe("closeRegistration", () => {
    it("is the client's, once enough have applied", async () => {
      const scene = await loadFixture(inRegistration);
      const { registry, client, stranger, miners, taskId } = scene;
      await expect(registry.connect(stranger).closeRegistration(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_NotTheClient")
        .withArgs(stranger.address, client.address);
      await applyFor(scene, Miner, miners[0]!);
      await applyFor(scene, Supervisor, scene.supervisor);
      await applyFor(scene, Evaluator, scene.evaluators[0]!);
      await expect(registry.connect(client).closeRegistration(taskId))
        .to.be.revertedWithCustomError(registry, "Registry_TooFewApplicants")
        .withArgs(taskId, 1n, 1n, 1n);
      await applyFor(scene, Miner, miners[1]!);
      await registry.connect(client).closeRegistration(taskId);
      expect(await phaseOf(scene)).to.equal(Phase.Seeding);
    });
  });

  describe("drawRank", () => {
    it("gives everybody the rank that the SDK predicts, eligible or reserve", async () => {
      const scene = await loadFixture(crowdInDrawing);
      const kinds = new Set<boolean>();
      for (const owner of scene.crowd) {
        const rank = await rankAhead(scene, Miner, owner.address);
        const previous = closestBelow(await ranksOf(scene, Miner), rank);
        await expect(scene.registry.connect(owner).drawRank(scene.taskId, Miner, previous))
          .to.emit(scene.registry, "RankDrawn")
          .withArgs(scene.taskId, Miner, owner, rank);
        expect((await scene.registry.applicantOf(scene.taskId, Miner, owner)).rank).to.equal(rank);
        kinds.add(isReserve(rank));
      }
      expect(kinds.size, "both kinds are in the crowd").to.equal(2);
    });

    it("counts the preferences of before the task existed: who suits them to it, or sets its first, gains nothing", async () => {
      const suite = await loadFixture(deploySuite);
      const { registry, stranger, verifier } = suite;
      await registry.connect(stranger).setProfile("0x00ff00ff00ff00ff");
      const scene = await createTask(suite);
      const { properties } = await registry.assignmentOf(scene.taskId, Miner);
      for (const owner of [stranger, verifier]) {
        await registry.connect(owner).setProfile(properties);
        await applyFor(scene, Miner, { owner });
      }
      await fill(scene);
      await proveTaskSeed(scene);
      // The SDK's figure is of the block before the task's, the contract's must be the same.
      const late = await rankAhead(scene, Miner, verifier.address);
      expect(isReserve(late), "without a profile of before nobody is eligible").to.equal(true);
      for (const owner of [stranger, verifier]) {
        const rank = await rankAhead(scene, Miner, owner.address);
        await draw(scene, Miner, { owner });
        expect((await registry.applicantOf(scene.taskId, Miner, owner)).rank).to.equal(rank);
      }
    });

    it("does not count preferences set in the task's own block, whatever the order in it", async () => {
      const suite = await loadFixture(deploySuite);
      const { registry, stranger, client } = suite;
      const parameters = (await createTask(suite)).parameters;
      await networkHelpers.mine();
      await ethers.provider.send("evm_setAutomine", [false]);
      await registry.connect(stranger).setProfile(BALANCED);
      await registry.connect(client).createTask({ ...parameters, salt: ethers.id("same block") });
      await networkHelpers.mine();
      await ethers.provider.send("evm_setAutomine", [true]);
      const [created] = (await registry.queryFilter(registry.filters.TaskCreated())).slice(-1);
      const { createdIn } = await registry.assignmentOf(created!.args.taskId, Miner);
      expect(await registry.preferencesOf(stranger, createdIn)).to.equal(BALANCED);
      expect(await registry.preferencesOf(stranger, createdIn - 1n)).to.equal("0x0000000000000000");
    });

    it("needs the stake again: what left to stand behind another account draws no second time", async () => {
      const scene = await loadFixture(inDrawing);
      const { registry, stakes, taskId } = scene;
      const { owner } = scene.miners[0]!;
      await stakes.connect(owner).requestUnstake(STAKED);
      await expect(registry.connect(owner).drawRank(taskId, Miner, NOBODY))
        .to.be.revertedWithCustomError(registry, "Registry_StakeNotFree")
        .withArgs(owner.address, 0n, 30n * GRIST);
    });

    it("refuses whoever has not applied, and a second draw", async () => {
      const scene = await loadFixture(inDrawing);
      const { registry, miners, stranger, taskId } = scene;
      await expect(registry.connect(stranger).drawRank(taskId, Miner, NOBODY))
        .to.be.revertedWithCustomError(registry, "Registry_WrongStanding")
        .withArgs(taskId, Miner, stranger.address, Standing.None);
      await draw(scene, Miner, miners[0]!);
      await expect(registry.connect(miners[0]!.owner).drawRank(taskId, Miner, NOBODY))
        .to.be.revertedWithCustomError(registry, "Registry_WrongStanding")
        .withArgs(taskId, Miner, miners[0]!.owner.address, Standing.Drawn);
    });

    it("takes a rank to its place from one below it, past 6 that came between, and from no other", async () => {
      const scene = await loadFixture(manyInDrawing);
      const { registry, crowd, taskId } = scene;
      const ranks = await Promise.all(
        crowd.map(async (owner) => ({ owner, rank: await rankAhead(scene, Miner, owner.address) })),
      );
      const order = ranks.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ owner }) => owner);
      const last = order.pop()!;
      for (const owner of order) await draw(scene, Miner, { owner });
      const own = registry.connect(last);
      expect(order.length).to.equal(8);
      for (const previous of [NOBODY, order[0]!.address])
        await expect(own.drawRank(taskId, Miner, previous))
          .to.be.revertedWithCustomError(registry, "Registry_TooFarBefore")
          .withArgs(taskId, Miner, previous);
      for (const previous of [last.address, scene.stranger.address])
        await expect(own.drawRank(taskId, Miner, previous))
          .to.be.revertedWithCustomError(registry, "Registry_NotBefore")
          .withArgs(taskId, Miner, previous);
      await own.drawRank(taskId, Miner, order[1]!);
      expect((await inOrder(scene)).at(-1)).to.equal(last);
    });

    it("refuses to start from somebody who ranks above", async () => {
      const scene = await loadFixture(crowdInDrawing);
      const { registry, crowd, taskId } = scene;
      const [a, b] = crowd;
      const ranks = [await rankAhead(scene, Miner, a!.address), await rankAhead(scene, Miner, b!.address)] as const;
      const [lower, higher] = ranks[0] < ranks[1] ? [a!, b!] : [b!, a!];
      await draw(scene, Miner, { owner: higher });
      await expect(registry.connect(lower).drawRank(taskId, Miner, higher))
        .to.be.revertedWithCustomError(registry, "Registry_NotBefore")
        .withArgs(taskId, Miner, higher.address);
    });

    it("ends with the last applicant's rank, and at the deadline goes on with enough and gives up with too few", async () => {
      const scene = await loadFixture(inDrawing);
      const { registry, client, miners, supervisor, evaluators } = scene;
      await draw(scene, Supervisor, supervisor);
      await draw(scene, Evaluator, evaluators[0]!);
      await draw(scene, Miner, miners[0]!);
      const enough = await networkHelpers.takeSnapshot();
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Cancelled);
      await settle(scene);
      expect(await registry.creditOf(client)).to.equal(FEE);

      await enough.restore();
      await draw(scene, Miner, miners[1]!);
      expect(await phaseOf(scene)).to.equal(Phase.Drawing);
      await passDeadline(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Joining);
    });
  });

  describe("join", () => {
    it("lets the lowest ranks in, and nobody else at first", async () => {
      const scene = await loadFixture(crowdInJoining);
      const { registry, taskId } = scene;
      expect(await phaseOf(scene)).to.equal(Phase.Joining);
      const order = await inOrder(scene);
      expect(await admittedOf(scene)).to.deep.equal(order.map((_, place) => place < 3));
      await expect(registry.connect(order[3]).join(taskId, Miner, order[3]!))
        .to.be.revertedWithCustomError(registry, "Registry_NotAdmitted")
        .withArgs(taskId, Miner, order[3]!.address);
      await registry.connect(order[2]).join(taskId, Miner, order[2]!);
      expect((await registry.memberOf(taskId, Miner, 0))[0]).to.equal(order[2]!.address);
    });

    it("puts all reserves behind all the eligible", async () => {
      const scene = await loadFixture(crowdInJoining);
      const ranks = await ranksOf(scene, Miner);
      const reserves = (await inOrder(scene)).map(({ address }) =>
        isReserve(ranks.find(({ owner }) => owner === address)!.rank),
      );
      expect(reserves).to.deep.equal([...reserves].sort((a, b) => Number(a) - Number(b)));
    });

    it("locks the role's stake of the owner and notes owner and operator", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, stakes, miners, taskId } = scene;
      const [miner] = miners;
      await expect(registry.connect(miner!.owner).join(taskId, Miner, miner!.operator))
        .to.emit(registry, "MemberJoined")
        .withArgs(taskId, Miner, 0, miner!.owner, miner!.operator, 30n * GRIST);
      expect(await registry.memberOf(taskId, Miner, 0)).to.deep.equal([miner!.owner.address, miner!.operator.address]);
      expect(await stakes.lockedFor(miner!.owner, registry, taskId)).to.equal(30n * GRIST);
      expect(await stakes.freeOf(miner!.owner)).to.equal(STAKED - 30n * GRIST);
    });

    it("refuses the same operator twice in a role, whoever owns the place, and an operator of zero", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, miners, taskId } = scene;
      await join(scene, Miner, miners[0]!);
      const other = registry.connect(miners[1]!.owner);
      await expect(other.join(taskId, Miner, miners[0]!.operator))
        .to.be.revertedWithCustomError(registry, "Registry_OperatorTaken")
        .withArgs(taskId, Miner, miners[0]!.operator.address);
      await expect(other.join(taskId, Miner, NOBODY))
        .to.be.revertedWithCustomError(registry, "Registry_NoOperator")
        .withArgs(taskId);
    });

    it("refuses an owner whose stake left meanwhile, and leaves the place free", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, stakes, miners, taskId } = scene;
      const { owner } = miners[0]!;
      await stakes.connect(owner).requestUnstake(STAKED - 30n * GRIST + 1n);
      await expect(registry.connect(owner).join(taskId, Miner, owner))
        .to.be.revertedWithCustomError(stakes, "StakeManager_NotEnoughFree")
        .withArgs(owner.address, 30n * GRIST - 1n, 30n * GRIST);
      expect((await registry.taskOf(taskId)).slotsJoined).to.equal(0n);
    });

    it("refuses who has joined already, has not drawn, or comes when all places are taken", async () => {
      const scene = await loadFixture(crowdInJoining);
      const { registry, stranger, taskId } = scene;
      const order = await inOrder(scene);
      for (const owner of order.slice(0, 3)) await join(scene, Miner, { owner, operator: owner });
      for (const [owner, standing] of [
        [order[0]!, Standing.Joined],
        [stranger, Standing.None],
      ] as const)
        await expect(registry.connect(owner).join(taskId, Miner, owner))
          .to.be.revertedWithCustomError(registry, "Registry_WrongStanding")
          .withArgs(taskId, Miner, owner.address, standing);
      await expect(registry.connect(order[3]).join(taskId, Miner, order[3]!))
        .to.be.revertedWithCustomError(registry, "Registry_RoleFull")
        .withArgs(taskId, Miner, 3);
    });

    it("keeps an evaluator apart from client and miners, as owner or as operator", async () => {
      const suite = await loadFixture(deploySuite);
      const scene = await createTask(suite);
      const { registry, client, miners, evaluators, taskId } = scene;
      const [miner, evaluator] = [miners[0]!, evaluators[0]!];
      const applications = [
        [Evaluator, client],
        [Evaluator, miner.owner],
        [Miner, evaluator.owner],
      ] as const;
      for (const [role, owner] of applications) await applyFor(scene, role, { owner });
      await fill(scene);
      await proveTaskSeed(scene);
      for (const [role, owner] of applications) await draw(scene, role, { owner });
      for (const worker of miners) await draw(scene, Miner, worker);
      for (const worker of evaluators) await draw(scene, Evaluator, worker);
      await draw(scene, Supervisor, scene.supervisor);
      await passToRound(scene, 2);
      const refused = async (caller: typeof client, role: bigint, operator: typeof client, account: typeof client) => {
        await expect(registry.connect(caller).join(taskId, role, operator))
          .to.be.revertedWithCustomError(registry, "Registry_ConflictOfInterest")
          .withArgs(taskId, account.address);
      };
      await join(scene, Miner, miner);
      await refused(client, Evaluator, evaluator.operator, client);
      await refused(evaluator.owner, Evaluator, client, client);
      await refused(miner.owner, Evaluator, evaluator.operator, miner.owner);
      await refused(evaluator.owner, Evaluator, miner.operator, miner.operator);
      await join(scene, Evaluator, evaluator);
      await refused(evaluator.owner, Miner, miners[1]!.operator, evaluator.owner);
      await refused(miners[1]!.owner, Miner, evaluator.operator, evaluator.operator);
    });

    it("lets the client mine in its own task: what it trains it pays for", async () => {
      const suite = await loadFixture(deploySuite);
      const own = { owner: suite.client, operator: suite.client };
      const scene = await createTask({ ...suite, miners: [own] }, { slots: 1, minSlots: 1 });
      await fill(scene);
      await proveTaskSeed(scene);
      await draw(scene, Miner, own);
      await draw(scene, Supervisor, scene.supervisor);
      for (const evaluator of scene.evaluators) await draw(scene, Evaluator, evaluator);
      await joinAll(scene);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
    });

    it("begins the training when everybody who drew has joined or declined, and cancels at once if too few joined", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, miners, supervisor, evaluators, taskId } = scene;
      await join(scene, Supervisor, supervisor);
      for (const evaluator of evaluators) await join(scene, Evaluator, evaluator);
      await join(scene, Miner, miners[0]!);
      await registry.connect(miners[1]!.owner).decline(taskId, Miner);
      const before = await networkHelpers.takeSnapshot();
      await join(scene, Miner, miners[2]!);
      expect(await phaseOf(scene)).to.equal(Phase.Training);
      await before.restore();
      await registry.connect(miners[2]!.owner).decline(taskId, Miner);
      expect(await phaseOf(scene)).to.equal(Phase.Cancelled);
      await settle(scene);
      expect(await registry.creditOf(scene.client)).to.equal(FEE);
      expect(await scene.stakes.lockedOf(miners[0]!.owner)).to.equal(0n);
    });

    it("begins the training at the deadline with enough, from the transaction that says so on", async () => {
      const scene = await loadFixture(inJoining);
      const { registry, miners, supervisor, evaluators, taskId } = scene;
      await join(scene, Supervisor, supervisor);
      await join(scene, Evaluator, evaluators[0]!);
      for (const miner of miners.slice(0, 2)) await join(scene, Miner, miner);
      expect(await phaseOf(scene)).to.equal(Phase.Joining);
      await passDeadline(scene);
      const { phase, trainingSeed } = await registry.taskOf(taskId);
      expect([phase, trainingSeed]).to.deep.equal([Phase.Training, ZERO]);
      await expect(registry.advance(taskId)).to.emit(registry, "TrainingBegun");
      expect((await registry.taskOf(taskId)).trainingSeed).not.to.equal(ZERO);
    });
  });

  describe("decline", () => {
    it("lets the next lowest rank in at once", async () => {
      const scene = await loadFixture(crowdInJoining);
      const { registry, taskId } = scene;
      const order = await inOrder(scene);
      await expect(registry.connect(order[1]).decline(taskId, Miner))
        .to.emit(registry, "Declined")
        .withArgs(taskId, Miner, order[1]!);
      expect(await admittedOf(scene)).to.deep.equal(order.map((_, place) => [0, 2, 3].includes(place)));
      await expect(registry.connect(order[1]).join(taskId, Miner, order[1]!))
        .to.be.revertedWithCustomError(registry, "Registry_WrongStanding")
        .withArgs(taskId, Miner, order[1]!.address, Standing.Declined);
    });

    it("of one that waits lets nobody in before its turn, and skips it later", async () => {
      const scene = await loadFixture(crowdInJoining);
      const { registry, taskId } = scene;
      const order = await inOrder(scene);
      await registry.connect(order[3]).decline(taskId, Miner);
      expect(await admittedOf(scene)).to.deep.equal(order.map((_, place) => place < 3));
      await registry.connect(order[2]).decline(taskId, Miner);
      expect(await admittedOf(scene)).to.deep.equal(order.map((_, place) => [0, 1, 4].includes(place)));
    });
  });

  describe("passOn", () => {
    it("lets as many of the next in as places are free, from the second round on, once", async () => {
      const scene = await loadFixture(crowdInJoining);
      const { registry, taskId } = scene;
      const order = await inOrder(scene);
      await join(scene, Miner, { owner: order[0]!, operator: order[0]! });
      const refused = async (): Promise<void> => {
        await expect(registry.passOn(taskId, Miner))
          .to.be.revertedWithCustomError(registry, "Registry_NothingToPassOn")
          .withArgs(taskId, Miner);
      };
      await refused();
      await passToRound(scene, 1);
      await expect(registry.passOn(taskId, Miner))
        .to.emit(registry, "PlacesPassedOn")
        .withArgs(taskId, Miner, order[4]!);
      expect(await admittedOf(scene)).to.deep.equal(order.map((_, place) => place > 0 && place < 5));
      await refused();
    });

    it("is not needed in the third round, in which everybody who drew may join", async () => {
      const scene = await loadFixture(crowdInJoining);
      await passToRound(scene, 2);
      const order = await inOrder(scene);
      expect(await admittedOf(scene)).to.deep.equal(order.map(() => true));
      const last = order.at(-1)!;
      await join(scene, Miner, { owner: last, operator: last });
      expect(await standingOf(scene, Miner, last)).to.equal(Standing.Joined);
    });
  });

  it("admits whom a plain list would, over random draws, declines, joins and rounds", async function () {
    this.timeout(60_000);
    for (const seed of [1, 2, 3]) {
      const scene = await loadFixture(crowdInDrawing);
      const { registry, taskId } = scene;
      const chance = (what: string): number => Number(BigInt(ethers.id(`${seed} ${what}`)) % 1_000n) / 1_000;
      const byChance = [...scene.crowd].sort((a, b) => chance(a.address) - chance(b.address));
      for (const owner of byChance) await draw(scene, Miner, { owner });
      await draw(scene, Supervisor, scene.supervisor);
      for (const evaluator of scene.evaluators) await draw(scene, Evaluator, evaluator);

      // The plain list: who is in it, and up to which rank it is open.
      const list = (await inOrder(scene)).map((owner) => ({ owner, gone: false, joined: false }));
      let open = 3;
      const openUp = (count: number): void => {
        for (let left = count; left > 0 && open < list.length; open++) if (!list[open]!.gone) left--;
      };
      for (let step = 0; step < 12; step++) {
        if (step === 6) {
          await passToRound(scene, 1);
          await registry.passOn(taskId, Miner);
          openUp(3 - list.filter(({ joined }) => joined).length);
        }
        const place = Math.floor(chance(`place ${step}`) * list.length);
        const entry = list[place]!;
        const own = registry.connect(entry.owner);
        if (entry.gone || entry.joined) continue;
        if (place < open && chance(`join ${step}`) < 0.2) {
          await own.join(taskId, Miner, entry.owner);
          entry.joined = true;
        } else {
          await own.decline(taskId, Miner);
          entry.gone = true;
          if (place < open) openUp(1);
        }
        expect(await admittedOf(scene), `step ${step} of walk ${seed}`).to.deep.equal(
          list.map(({ gone, joined }, at) => at < open && !gone && !joined),
        );
      }
    }
  });

  describe("bans", () => {
    it("keep a convicted account out of every later task, in every role and at every step", async () => {
      const scene = await loadFixture(inTraining);
      const { registry, miners } = scene;
      const { owner, operator } = miners[0]!;
      const applying = await createTask(scene, { salt: ethers.id("applying") });
      const drawing = await createTask(scene, { salt: ethers.id("drawing") });
      const joining = await createTask(scene, { salt: ethers.id("joining") });
      for (const task of [drawing, joining]) {
        await fill(task);
        await proveTaskSeed(task);
      }
      await drawAll(joining);

      expect(await registry.isBanned(owner)).to.equal(false);
      await expect(convict(scene, Miner, 0))
        .to.emit(registry, "Banned")
        .withArgs(owner);
      expect(await registry.isBanned(owner)).to.equal(true);
      const own = registry.connect(owner);
      for (const call of [
        own.applyFor(applying.taskId, Miner),
        own.applyFor(applying.taskId, Evaluator),
        own.drawRank(drawing.taskId, Miner, NOBODY),
        own.join(joining.taskId, Miner, operator),
      ])
        await expect(call).to.be.revertedWithCustomError(registry, "Registry_IsBanned").withArgs(owner.address);
    });

    it("strike all evaluators of a false score, and spare one that only was silent", async () => {
      const scene = await loadFixture(inEvaluationCommit);
      const { registry, evaluators } = scene;
      for (const evaluator of [0, 1]) await seal(scene, evaluator);
      await passDeadline(scene);
      for (const evaluator of [0, 1]) await open(scene, evaluator);
      await convict(scene, Evaluator, 1);
      await settle(scene);
      const banned = await Promise.all(evaluators.map(({ owner }) => registry.isBanned(owner)));
      expect(banned).to.deep.equal([true, true, false]);
      expect(await scene.stakes.freeOf(evaluators[2]!.owner)).to.equal(STAKED - 2n * GRIST);
    });
  });
});

/** Nine applicants for the slots, the seed proven. */
async function manyInDrawing(): Promise<CrowdScene> {
  const scene = await withApplicants(9);
  await scene.registry.connect(scene.client).closeRegistration(scene.taskId);
  await proveTaskSeed(scene);
  return scene;
}
