import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";

import { Dice, seedsFor } from "../helpers/dice.ts";
import {
  applyFor,
  begin,
  createTask,
  draw,
  ethers,
  FEE,
  fill,
  inEvaluationCommit,
  join,
  loadFixture,
  networkHelpers,
  passClaims,
  Phase,
  phaseOf,
  Role,
  type Scene,
  SCORE,
  SCORE_SALT,
  seedHeader,
  STATE,
  cosignLog,
  SUPPLY,
  type Suite,
  sealOf,
  TEST_SET,
} from "./scenario.ts";

const { time } = networkHelpers;

const STEPS = 200;
const SEEDS = seedsFor([1, 2, 3, 4, 5, 6, 7, 8, 9], STEPS);

interface Step {
  readonly scene: Scene;
  readonly dice: Dice;
  readonly accounts: readonly HardhatEthersSigner[];
}

type Action = (step: Step) => Promise<unknown>;

/** The operator of a place, or, now and then and for empty places, anybody. */
async function operatorOf({ scene, dice, accounts }: Step, role: bigint, index: number): Promise<HardhatEthersSigner> {
  const [, operator] = await scene.registry.memberOf(scene.taskId, role, index);
  const signer = accounts.find(({ address }) => address === operator);
  return signer === undefined || dice.below(10) === 0 ? dice.pick(accounts) : signer;
}

/** A slot commits some range, mostly a legal one. */
const commitSomething: Action = async (step) => {
  const { scene, dice } = step;
  const slot = dice.below(3);
  const last = dice.pick([3, 7, 9, 9, dice.below(12)]);
  const operator = await operatorOf(step, Role.Miner, slot);
  await scene.registry.connect(operator).commit(scene.taskId, slot, last, ethers.id(`${slot} ${last}`), STATE);
};

/** The court is busy with some place, mostly one that can be convicted. */
const disputeSomething: Action = async (step) => {
  const { scene, dice, accounts } = step;
  const { registry, court, taskId } = scene;
  const own = registry.connect(court);
  const place = [dice.pick([Role.Miner, Role.Miner, Role.Evaluator, Role.Supervisor]), dice.below(4)] as const;
  const choice = dice.below(6);
  if (choice < 2) await own.suspend(taskId, ...place);
  else if (choice < 5) await own.resume(taskId, ...place);
  else await own.convict(taskId, ...place, dice.pick(accounts));
};

/** What somebody may try in a phase; the evaluators' choice of score and the slots' of state vary. */
const ACTIONS = new Map<bigint, readonly Action[]>([
  [
    Phase.Registration,
    [
      async ({ scene, dice }) => applyFor(scene, Role.Miner, dice.pick(scene.miners)),
      async ({ scene }) => applyFor(scene, Role.Supervisor, scene.supervisor),
      async ({ scene, dice }) => applyFor(scene, Role.Evaluator, dice.pick(scene.evaluators)),
      async ({ scene, dice, accounts }) =>
        scene.registry.connect(dice.pick(accounts)).applyFor(scene.taskId, dice.below(3)),
      async ({ scene }) => scene.registry.connect(scene.client).closeRegistration(scene.taskId),
      async ({ scene, dice, accounts }) => {
        if (dice.below(4) === 0) await scene.registry.connect(dice.pick(accounts)).cancel(scene.taskId);
      },
    ],
  ],
  [
    Phase.Seeding,
    [
      async ({ scene }) => scene.registry.advance(scene.taskId),
      async ({ scene }) => scene.registry.proveTaskSeed(scene.taskId, await seedHeader(scene)),
    ],
  ],
  [
    Phase.Drawing,
    [
      async ({ scene, dice }) => draw(scene, Role.Miner, dice.pick(scene.miners)),
      async ({ scene }) => draw(scene, Role.Supervisor, scene.supervisor),
      async ({ scene, dice }) => draw(scene, Role.Evaluator, dice.pick(scene.evaluators)),
      async ({ scene, dice, accounts }) =>
        scene.registry.connect(dice.pick(accounts)).drawRank(scene.taskId, dice.below(3), dice.pick(accounts)),
    ],
  ],
  [
    Phase.Joining,
    [
      async ({ scene, dice }) => join(scene, Role.Miner, dice.pick(scene.miners)),
      async ({ scene }) => join(scene, Role.Supervisor, scene.supervisor),
      async ({ scene, dice }) => join(scene, Role.Evaluator, dice.pick(scene.evaluators)),
      async ({ scene, dice, accounts }) =>
        scene.registry.connect(dice.pick(accounts)).join(scene.taskId, dice.below(3), dice.pick(accounts)),
      async ({ scene, dice, accounts }) => {
        if (dice.below(4) === 0) await scene.registry.connect(dice.pick(accounts)).decline(scene.taskId, dice.below(3));
      },
      async ({ scene, dice }) => scene.registry.passOn(scene.taskId, dice.below(3)),
    ],
  ],
  [
    Phase.Training,
    [
      commitSomething,
      commitSomething,
      commitSomething,
      async ({ scene, dice }) => scene.registry.dropSilent(scene.taskId, dice.below(4)),
      async ({ scene: { registry, taskId, mint, verifier } }) =>
        registry.connect(mint).creditAttestation(taskId, verifier),
      async ({ dice }) => networkHelpers.mine(dice.below(12) + 1),
    ],
  ],
  [
    Phase.Submission,
    [
      async (step) => {
        const { scene, dice } = step;
        const slot = dice.below(3);
        const operator = await operatorOf(step, Role.Miner, slot);
        const state = dice.pick([STATE, STATE, ethers.id("another")]);
        const slots = dice.pick([1, 3, 7, 7, 7]);
        await scene.registry.connect(operator).submitState(scene.taskId, slot, state, slots);
      },
      async ({ scene }) => cosignLog(scene),
      disputeSomething,
    ],
  ],
  [
    Phase.Reveal,
    [
      async ({ scene: { registry, taskId, client } }) =>
        registry.connect(client).revealTestSet(taskId, TEST_SET.root, TEST_SET.batches, TEST_SET.salt, "bafy"),
      async ({ scene }) => cosignLog(scene),
    ],
  ],
  [
    Phase.EvaluationCommit,
    [
      async (step) => {
        const { scene, dice } = step;
        const index = dice.below(3);
        const operator = await operatorOf(step, Role.Evaluator, index);
        const seal = sealOf(scene, index, { ...SCORE, correct: dice.pick([120, 175]) });
        await scene.registry.connect(operator).commitScore(scene.taskId, index, seal);
      },
    ],
  ],
  [
    Phase.EvaluationReveal,
    [
      async (step) => {
        const { scene, dice } = step;
        const index = dice.below(3);
        const operator = await operatorOf(step, Role.Evaluator, index);
        const score = { ...SCORE, correct: dice.pick([120, 175]) };
        await scene.registry.connect(operator).revealScore(scene.taskId, index, score, SCORE_SALT);
      },
      disputeSomething,
    ],
  ],
]);

/** What may happen at any time. */
const ALWAYS: readonly Action[] = [
  async ({ dice }) => time.increase(dice.pick([1, 500, 2_000, 7_000])),
  async ({ scene, dice }) => scene.registry.connect(dice.pick(scene.miners).owner).withdraw(),
  async ({ scene }) => scene.registry.connect(scene.client).withdraw(),
  async ({ scene }) => scene.registry.settle(scene.taskId),
  async ({ scene: { registry, taskId, mint, verifier } }) => registry.connect(mint).creditAttestation(taskId, verifier),
  async ({ scene }) => scene.registry.advance(scene.taskId),
  disputeSomething,
  disputeSomething,
];

/** Takes a step that may be refused, but only by an error that the suite declares: never by a panic. */
async function attempt(action: Action, step: Step): Promise<boolean> {
  try {
    await action(step);
    return true;
  } catch (error) {
    expect(String(error)).to.match(/reverted with custom error '(Registry|EpochBeacon|StakeManager)_/);
    return false;
  }
}

/**
 * Every wei of fees and stakes is credit, escrow, stake or burnt; what is locked has a reason.
 */
async function checkInvariants(
  suite: Suite,
  tasks: readonly Scene[],
  accounts: readonly HardhatEthersSigner[],
): Promise<void> {
  const { token, stakes, registry } = suite;
  let owed = 0n;
  let staked = 0n;
  let locked = 0n;
  for (const account of accounts) {
    owed += await registry.creditOf(account);
    const [unbonding] = await stakes.unbondingOf(account);
    const ofAccount = await stakes.lockedOf(account);
    staked += (await stakes.freeOf(account)) + ofAccount + unbonding;
    locked += ofAccount;
  }
  let escrow = 0n;
  let bonds = 0n;
  for (const { taskId, parameters } of tasks) {
    const { burned, slotsJoined, supervisorsJoined, evaluatorsJoined } = await registry.taskOf(taskId);
    const stakeOf = [parameters.minerStake, parameters.supervisorStake, parameters.evaluatorStake].map(BigInt);
    const joined = [slotsJoined, supervisorsJoined, evaluatorsJoined];
    const credited = await registry.queryFilter(registry.filters.Credited(taskId));
    const convictions = await registry.queryFilter(registry.filters.MemberConvicted(taskId));
    for (const { args } of convictions) joined[Number(args.role)]! -= 1n;
    const forfeits = convictions.reduce((sum, { args }) => sum + args.forfeit, 0n);
    const left = FEE + forfeits - burned - credited.reduce((sum, { args }) => sum + args.amount, 0n);
    const [settled] = await registry.queryFilter(registry.filters.TaskSettled(taskId));
    escrow += left;
    if (settled !== undefined) {
      expect(left, "a settled task has spent fee and forfeits exactly").to.equal(0n);
      continue;
    }
    bonds += joined.reduce((sum, places, role) => sum + places * stakeOf[role]!, 0n);
  }
  expect(await token.balanceOf(registry), "registry's balance").to.equal(owed + escrow);
  expect(await token.balanceOf(stakes), "stake manager's balance").to.equal(staked);
  expect(locked, "locked stake").to.equal(bonds);
  const slashings = await stakes.queryFilter(stakes.filters.Slashed());
  const trainings = await registry.queryFilter(registry.filters.TrainingBegun());
  const burned = [...slashings, ...trainings].reduce((sum, { args }) => sum + args.burned, 0n);
  expect(await token.totalSupply(), "what was not burned").to.equal(SUPPLY - burned);
}

async function closeDisputes({ registry, court, taskId }: Scene): Promise<void> {
  for (const role of [Role.Miner, Role.Evaluator])
    for (let index = 0; index < 3; index++) await registry.connect(court).resume(taskId, role, index);
}

describe("random walks through tasks' lives", function () {
  this.timeout(60_000);
  const ends = new Set<bigint>();
  const convicted = new Set<bigint>();

  for (const seed of SEEDS) {
    it(`keep every wei accounted for and end in a terminal phase (seed ${seed})`, async () => {
      const suite = await loadFixture(inEvaluationCommit);
      const accounts = (await ethers.getSigners()).slice(1);
      const dice = new Dice(seed);
      // A walk hardly gets as far as an evaluation from the beginning, so one task starts there, and one with training.
      const tasks = [
        suite,
        await createTask(suite, { salt: ethers.id("second") }),
        await createTask(suite, { salt: ethers.id("third") }),
      ];
      await fill(tasks[1]!);
      await begin(tasks[1]!);
      let done = 0;
      for (let count = 0; count < STEPS; count++) {
        const scene = dice.pick(tasks);
        const usual = ACTIONS.get(await phaseOf(scene)) ?? ALWAYS;
        const action = dice.pick(dice.below(24) === 0 ? ALWAYS : usual);
        if (await attempt(action, { scene, dice, accounts })) done++;
        if (count % 7 === 0) await checkInvariants(suite, tasks, accounts);
      }
      expect(done, "steps that were not refused").to.be.at.least(STEPS / 5);

      for (const scene of tasks) await closeDisputes(scene);
      await time.increase(60_000); // longer than all phases together
      for (const scene of tasks) {
        await passClaims(scene);
        await attempt(({ scene: { registry, taskId } }) => registry.settle(taskId), { scene, dice, accounts });
        const phase = await phaseOf(scene);
        expect([Phase.Settled, Phase.Cancelled, Phase.Failed]).to.include(phase);
        ends.add(phase);
      }
      await checkInvariants(suite, tasks, accounts);
      for (const { args } of await suite.registry.queryFilter(suite.registry.filters.MemberConvicted()))
        convicted.add(args.role);
      for (const account of accounts) expect(await suite.stakes.lockedOf(account)).to.equal(0n);
    });
  }

  it("convict miners and evaluators", () => {
    expect([...convicted].sort()).to.deep.equal([Role.Miner, Role.Evaluator]);
  });

  it("reach every terminal phase", () => {
    expect([...ends].sort()).to.deep.equal([Phase.Cancelled, Phase.Failed, Phase.Settled].sort());
  });
});
