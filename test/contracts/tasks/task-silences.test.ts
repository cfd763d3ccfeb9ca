import { expect } from "chai";

import {
  commit,
  cosignLog,
  createTask,
  deploySuite,
  draw,
  FEE,
  GRIST,
  join,
  loadFixture,
  networkHelpers,
  open,
  passEpochs,
  Phase,
  phaseOf,
  proveTaskSeed,
  revealTestSet,
  Role,
  type Scene,
  seal,
  settle,
  shareOf,
  STAKED,
  STATE,
  submit,
  type Worker,
} from "./scenario.ts";

/** Who stops answering: a role, or one of its places. */
type Party =
  "the client" | "a miner" | "all miners" | "the supervisor" | "an evaluator" | "all evaluators" | "everybody";

interface Silence {
  readonly phase: keyof typeof Phase;
  readonly party: Party;
  /** Where the task ends. */
  readonly end: keyof typeof Phase;
  /** GRIST wei that the first miner, the supervisor and the first evaluator have earned in the end. */
  readonly earned?: readonly [miner: bigint, supervisor: bigint, evaluator: bigint];
  /** Who has lost stake in the end, of miners, supervisor and evaluators. */
  readonly slashed?: readonly number[];
}

const ALL = shareOf(5_000) / 3n;
/** Three fifths of the bonus: 175 of 100 to 200 right answers earn 75 %. */
const bonusFor = (miners: bigint) => (shareOf(1_500) * 75n) / 100n / miners;
const SUPERVISOR = shareOf(500);
const EVALUATORS = shareOf(1_000);
const NOTHING = [0n, 0n, 0n] as const;
const WELL = [ALL + bonusFor(3n), SUPERVISOR, EVALUATORS / 3n] as const;

const SILENCES: readonly Silence[] = [
  { phase: "Registration", party: "the client", end: "Settled", earned: WELL },
  { phase: "Registration", party: "a miner", end: "Settled" },
  { phase: "Registration", party: "all miners", end: "Cancelled", earned: NOTHING },
  { phase: "Registration", party: "the supervisor", end: "Cancelled", earned: NOTHING },
  { phase: "Registration", party: "an evaluator", end: "Settled" },
  { phase: "Registration", party: "all evaluators", end: "Cancelled", earned: NOTHING },
  { phase: "Seeding", party: "everybody", end: "Cancelled", earned: NOTHING },
  { phase: "Drawing", party: "a miner", end: "Settled" },
  { phase: "Drawing", party: "all miners", end: "Cancelled", earned: NOTHING },
  { phase: "Drawing", party: "the supervisor", end: "Cancelled", earned: NOTHING },
  { phase: "Drawing", party: "an evaluator", end: "Settled" },
  { phase: "Drawing", party: "all evaluators", end: "Cancelled", earned: NOTHING },
  { phase: "Joining", party: "a miner", end: "Settled" },
  { phase: "Joining", party: "all miners", end: "Cancelled", earned: NOTHING },
  { phase: "Joining", party: "the supervisor", end: "Cancelled", earned: NOTHING },
  { phase: "Joining", party: "an evaluator", end: "Settled" },
  { phase: "Joining", party: "all evaluators", end: "Cancelled", earned: NOTHING },
  { phase: "Training", party: "a miner", end: "Settled", earned: [ALL + bonusFor(2n), SUPERVISOR, EVALUATORS / 3n] },
  { phase: "Training", party: "all miners", end: "Failed", earned: NOTHING },
  { phase: "Training", party: "the supervisor", end: "Settled", earned: [WELL[0], 0n, WELL[2]] },
  { phase: "Submission", party: "a miner", end: "Settled", earned: [ALL + bonusFor(2n), SUPERVISOR, EVALUATORS / 3n] },
  { phase: "Submission", party: "all miners", end: "Failed", earned: NOTHING },
  {
    phase: "Reveal",
    party: "the client",
    end: "Settled",
    earned: [ALL + shareOf(1_500) / 3n, SUPERVISOR, EVALUATORS / 3n],
  },
  {
    phase: "EvaluationCommit",
    party: "an evaluator",
    end: "Settled",
    earned: [WELL[0], SUPERVISOR, EVALUATORS / 2n],
    slashed: [6],
  },
  {
    phase: "EvaluationCommit",
    party: "all evaluators",
    end: "Settled",
    earned: [ALL, SUPERVISOR, 0n],
    slashed: [4, 5, 6],
  },
  {
    phase: "EvaluationReveal",
    party: "an evaluator",
    end: "Settled",
    earned: [WELL[0], SUPERVISOR, EVALUATORS / 2n],
    slashed: [6],
  },
  {
    phase: "EvaluationReveal",
    party: "all evaluators",
    end: "Settled",
    earned: [ALL, SUPERVISOR, 0n],
    slashed: [4, 5, 6],
  },
  { phase: "Closing", party: "everybody", end: "Settled", earned: WELL },
];

/** A task's life in which all do their duty but one party, from one phase on: what is due, strangers bring about. */
class Life {
  readonly #scene: Scene;
  readonly #silence: Silence;

  constructor(scene: Scene, silence: Silence) {
    this.#scene = scene;
    this.#silence = silence;
  }

  async live(): Promise<void> {
    const scene = this.#scene;
    for (const [role, worker] of this.#crew("Registration"))
      await scene.registry.connect(worker.owner).applyFor(scene.taskId, role);
    // With too few applicants it may not.
    if (this.#silence.phase !== "Registration")
      await scene.registry.connect(scene.client).closeRegistration(scene.taskId);
    await this.#pass(Phase.Registration);
    if ((await phaseOf(scene)) !== Phase.Seeding) return;
    await scene.registry.connect(scene.stranger).advance(scene.taskId);
    if (this.#speaks("Seeding", "everybody")) await proveTaskSeed(scene);
    await this.#pass(Phase.Seeding);
    if ((await phaseOf(scene)) !== Phase.Drawing) return;
    for (const [role, worker] of this.#crew("Drawing")) await draw(scene, role, worker);
    await this.#pass(Phase.Drawing);
    if ((await phaseOf(scene)) !== Phase.Joining) return;
    for (const [role, worker] of this.#crew("Joining")) await join(scene, role, worker);
    await this.#pass(Phase.Joining);
    if ((await phaseOf(scene)) !== Phase.Training) return;
    await this.#train();
    await this.#evaluate();
  }

  async #train(): Promise<void> {
    const scene = this.#scene;
    await scene.registry.connect(scene.stranger).advance(scene.taskId);
    const slots = await this.#slots();
    const loud = slots.filter(
      (slot) => this.#speaks("Training", "all miners") && (slot < 2 || this.#speaks("Training", "a miner")),
    );
    for (const slot of slots) if (loud.includes(slot)) await this.#commit(slot);
    await passEpochs(scene, 4);
    for (const slot of slots)
      if (!loud.includes(slot)) await scene.registry.connect(scene.stranger).dropSilent(scene.taskId, slot);
    if (this.#speaks("Training", "the supervisor")) await cosignLog(scene);
    if ((await phaseOf(scene)) !== Phase.Submission) return;
    const included = loud.reduce((set, slot) => set | (1n << BigInt(slot)), 0n);
    for (const slot of loud)
      if (this.#speaks("Submission", "all miners") && (slot < 2 || this.#speaks("Submission", "a miner")))
        await submit(this.#ordered(await this.#owners()), slot, STATE, included);
    await this.#pass(Phase.Submission);
  }

  async #evaluate(): Promise<void> {
    const scene = this.#scene;
    if ((await phaseOf(scene)) !== Phase.Reveal) return;
    if (this.#speaks("Reveal", "the client")) await revealTestSet(scene);
    await this.#pass(Phase.Reveal);
    const { evaluatorsJoined } = await scene.registry.taskOf(scene.taskId);
    for (const [phase, say] of [
      ["EvaluationCommit", seal],
      ["EvaluationReveal", open],
    ] as const) {
      if ((await phaseOf(scene)) !== Phase[phase]) return;
      for (let index = 0; index < Number(evaluatorsJoined); index++)
        if (this.#scores(phase, index)) await say(scene, index);
      await this.#pass(Phase[phase]);
    }
  }

  /** Who sealed nothing has nothing to open. */
  #scores(phase: "EvaluationCommit" | "EvaluationReveal", index: number): boolean {
    const says = this.#speaks(phase, "all evaluators") && (index < 2 || this.#speaks(phase, "an evaluator"));
    return says && (phase === "EvaluationCommit" || this.#scores("EvaluationCommit", index));
  }

  async #commit(slot: number): Promise<void> {
    await commit(this.#ordered(await this.#owners()), slot, 9);
  }

  /** The scene with its miners in the order of their slots. */
  #ordered(owners: readonly string[]): Scene {
    const { miners } = this.#scene;
    return { ...this.#scene, miners: owners.map((owner) => miners.find((miner) => miner.owner.address === owner)!) };
  }

  async #owners(): Promise<string[]> {
    const { registry, taskId } = this.#scene;
    return Promise.all(
      (await this.#slots()).map(async (slot) => (await registry.memberOf(taskId, Role.Miner, slot))[0]),
    );
  }

  async #slots(): Promise<number[]> {
    const { slotsJoined } = await this.#scene.registry.taskOf(this.#scene.taskId);
    return Array.from({ length: Number(slotsJoined) }, (_, slot) => slot);
  }

  #speaks(phase: keyof typeof Phase, party: Party): boolean {
    return this.#silence.phase !== phase || this.#silence.party !== party;
  }

  /** Who speaks in a phase of the assignment; of a role's places the last one is the silent one. */
  #crew(phase: keyof typeof Phase): (readonly [bigint, Worker])[] {
    const { miners, supervisor, evaluators } = this.#scene;
    const count = (one: Party, all: Party) => (this.#speaks(phase, all) ? (this.#speaks(phase, one) ? 3 : 2) : 0);
    const supervisors = this.#speaks(phase, "the supervisor") ? [supervisor] : [];
    return [
      ...miners.slice(0, count("a miner", "all miners")).map((worker) => [Role.Miner, worker] as const),
      ...supervisors.map((worker) => [Role.Supervisor, worker] as const),
      ...evaluators
        .slice(0, count("an evaluator", "all evaluators"))
        .map((worker) => [Role.Evaluator, worker] as const),
    ].filter(([role, { owner }]) => this.#isAsked(role, owner.address));
  }

  /** Whoever was silent before has no part in what follows. */
  #isAsked(role: bigint, owner: string): boolean {
    const { miners, evaluators } = this.#scene;
    const { phase, party } = this.#silence;
    const before = ["Registration", "Drawing", "Joining"].includes(phase);
    if (before && party === "a miner" && role === Role.Miner) return owner !== miners[2]!.owner.address;
    if (before && party === "an evaluator" && role === Role.Evaluator) return owner !== evaluators[2]!.owner.address;
    return true;
  }

  /** Waits for the deadline of a phase that still lasts. */
  async #pass(phase: bigint): Promise<void> {
    const { registry, taskId } = this.#scene;
    const { phase: current, phaseEndsAt } = await registry.taskOf(taskId);
    if (current === phase) await networkHelpers.time.increaseTo(phaseEndsAt);
  }
}

describe("a party that stops answering", () => {
  for (const silence of SILENCES) {
    const { phase, party, end, earned, slashed = [] } = silence;
    it(`in ${phase}, ${party}: the task is ${end}, and nobody's funds are stuck`, async () => {
      const scene = await createTask(await loadFixture(deploySuite));
      const { registry, token, stakes, miners, supervisor, evaluators, client } = scene;
      await new Life(scene, silence).live();
      await settle(scene);
      expect(await phaseOf(scene)).to.equal(Phase[end]);

      const crew = [...miners, supervisor, ...evaluators].map(({ owner }) => owner);
      for (const [index, owner] of crew.entries()) {
        const lost = slashed.includes(index) ? 2n * GRIST : 0n;
        expect(await stakes.lockedOf(owner)).to.equal(0n);
        expect(await stakes.freeOf(owner), `stake of ${String(index)}`).to.equal(STAKED - lost);
      }
      if (earned !== undefined)
        for (const [index, owner] of [crew[0]!, crew[3]!, crew[4]!].entries())
          expect(await registry.creditOf(owner), `pay of ${String(index)}`).to.equal(earned[index]);
      if (end === "Cancelled") expect(await registry.creditOf(client)).to.equal(FEE);
      for (const account of [client, ...crew])
        if ((await registry.creditOf(account)) > 0n) await registry.connect(account).withdraw();
      expect(await token.balanceOf(registry)).to.equal(0n);
    });
  }
});
