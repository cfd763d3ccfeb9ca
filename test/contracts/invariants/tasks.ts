import { closestBelow, logDomain, logRootTypes, merkleRoot, segmentId, type SegmentMessage } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { Address, Hex } from "viem";

import type { EvaluationTruth } from "../../../oracle/src/disputes/evaluation-truth.ts";
import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import type { TaskParametersStruct } from "../../../types/ethers-contracts/interfaces/ITaskRegistry.js";
import { Apprentice, sign } from "../disputes/arena.ts";
import { scoreOf } from "../disputes/evaluation-arena.ts";
import { headerOf } from "../helpers/header.ts";
import {
  ethers,
  GRIST,
  Phase,
  provider,
  rankAhead,
  ranksOf,
  Role,
  type Score,
  Standing,
  ZERO,
} from "../tasks/scenario.ts";
import {
  FALSE_SCORE,
  FINAL_STATE,
  ITERATIONS,
  orderOf,
  PROGRAM,
  SEGMENT_LENGTH,
  TEST_SET,
  TRAINING_SET,
  TRUE_SCORE,
} from "./market.ts";
import type { Action, Department, Walk } from "./walk.ts";

const MOST_LIVE_TASKS = 3;
const SALT = ethers.id("score salt");
const UNAVAILABLE: Score = { correct: 0n, loss: 0n, root: ZERO };
const ROLES = [Role.Miner, Role.Supervisor, Role.Evaluator] as const;

/** A segment that a slot has signed and shown. */
export interface Shown {
  readonly message: SegmentMessage;
  /** What the slot says it computed. */
  readonly told: SegmentTruth;
  /** What it should have computed. */
  readonly truth: SegmentTruth;
}

/** A slot of a task in training. */
export interface SlotRun {
  readonly index: number;
  readonly operator: HardhatEthersSigner;
  readonly apprentice: Apprentice;
  readonly shown: Shown[];
  /** The segments of each commit, by epoch. */
  readonly commits: Map<bigint, readonly Shown[]>;
  pending: Shown[];
  /** Two different segments that it signed over the same iterations. */
  equivocation?: readonly [SegmentMessage, SegmentMessage];
  /** It has lied: nothing can honestly follow. */
  isDone: boolean;
}

/** A task, as its actors know it. */
export interface TaskRun {
  readonly taskId: Hex;
  readonly parameters: TaskParametersStruct;
  /** Undefined for filler tasks, which are the protocol's own. */
  readonly client: HardhatEthersSigner | undefined;
  seed: Hex;
  log: TaskLog;
  slots: readonly SlotRun[];
  readonly committed: Map<bigint, bigint>;
  readonly logged: Set<bigint>;
  /** What evaluators revealed that can be defended, by place. */
  readonly scores: Map<number, EvaluationTruth>;
  isOver: boolean;
}

/** Clients, workers and whoever keeps tasks going, from registration to settlement. */
export class Tasks implements Department {
  readonly runs: TaskRun[] = [];
  readonly #walk: Walk;
  #created = 0;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  get live(): readonly TaskRun[] {
    return this.runs.filter(({ isOver }) => !isOver);
  }

  get actions(): readonly Action[] {
    const some: Action = () => this.#someCall();
    const wrong: Action = () => this.#wrongCall();
    const create: Action = () => this.#create();
    const withdraw: Action = () => this.#withdraw();
    return [...Array.from({ length: 24 }, () => some), wrong, wrong, create, withdraw];
  }

  /** A filler task that was opened. */
  add(taskId: Hex, parameters: TaskParametersStruct, client?: HardhatEthersSigner): void {
    this.runs.push({
      taskId,
      parameters,
      client,
      seed: ZERO as Hex,
      log: new TaskLog(0),
      slots: [],
      committed: new Map(),
      logged: new Set(),
      scores: new Map(),
      isOver: false,
    });
  }

  async attend(): Promise<void> {
    for (const run of this.live) {
      const view = await this.#walk.market.registry.taskOf(run.taskId);
      if (view.phase === Phase.Reveal && (run.client === undefined || this.#walk.isHonest(run.client)))
        await this.#revealTestSet(run);
      if (view.phase === Phase.EvaluationCommit || view.phase === Phase.EvaluationReveal)
        await this.#attendEvaluation(run, view.evaluatorsJoined);
      if (view.phase === Phase.Training || view.phase === Phase.Submission) await this.#keepLog(run);
    }
    await this.#proveSeeds();
  }

  /** The stranger takes every task to its end. */
  async crank(): Promise<void> {
    const { registry, stranger } = this.#walk.market;
    for (const run of this.runs) {
      const settle = () => registry.connect(stranger).settle(run.taskId);
      while (!run.isOver) {
        await this.#walk.must("Registry.settle", stranger, settle);
        await this.#noteEnd(run);
      }
    }
  }

  async #create(): Promise<void> {
    if (this.live.length >= MOST_LIVE_TASKS) return;
    const { registry, clients } = this.#walk.market;
    const { dice } = this.#walk;
    const client = dice.pick(clients);
    const supervisors = dice.below(4) === 0 ? 0 : 1;
    const parameters = orderOf({
      salt: ethers.id(`task ${String(this.#created++)}`),
      fee: 100n * GRIST + BigInt(dice.below(1_000)),
      slots: dice.pick([1, 2, 3, 3]),
      minSlots: 1,
      supervisors,
      supervisorStake: BigInt(20 * supervisors) * GRIST,
      shares: {
        burn: 1_000 + (supervisors === 1 ? 0 : 500),
        miners: 5_000,
        bonus: 1_500,
        supervisors: 500 * supervisors,
        evaluators: 1_000,
        verifiers: 1_000,
      },
      evaluators: dice.pick([1, 2, 3]),
      attestations: dice.pick([1, 7, 12]),
      // Some scores earn nothing of the bonus, some all of it.
      baseline: dice.pick([0, 5]),
      goal: 10,
    });
    const own = registry.connect(client);
    const receipt = await this.#walk.send("Registry.createTask", client, () => own.createTask(parameters));
    if (receipt === undefined) return;
    const [created] = await registry.queryFilter(registry.filters.TaskCreated(), receipt.blockNumber);
    this.add(created!.args.taskId as Hex, parameters, client);
  }

  async #withdraw(): Promise<void> {
    const by = this.#walk.anybody();
    const own = this.#walk.market.registry.connect(by);
    if ((await own.creditOf(by)) > 0n || this.#walk.oneIn(10))
      await this.#walk.send("Registry.withdraw", by, () => own.withdraw());
  }

  /** What the phase of some task asks for, mostly by whom it concerns. */
  async #someCall(): Promise<void> {
    const { live } = this;
    if (live.length === 0) return this.#create();
    const { dice, market } = this.#walk;
    const run = dice.pick(live);
    const view = await market.registry.taskOf(run.taskId);
    switch (view.phase) {
      case Phase.Registration:
        return this.#register(run);
      case Phase.Seeding:
        return this.#proveTaskSeed(run);
      case Phase.Drawing:
        return this.#drawRank(run);
      case Phase.Joining:
        return this.#joinOrNot(run);
      case Phase.Training:
        return this.#train(run, Number(view.slotsJoined), view.trainingSeed as Hex);
      case Phase.Submission:
        return this.#submitState(run);
      case Phase.Reveal:
        return dice.below(3) === 0 ? this.#revealTestSet(run) : undefined;
      case Phase.EvaluationCommit:
        return this.#commitScore(run, dice.below(Number(view.evaluatorsJoined)), view.finalState);
      case Phase.EvaluationReveal:
        return this.#revealScore(run, dice.below(Number(view.evaluatorsJoined)), view.finalState);
      default:
        return this.#settle(run);
    }
  }

  /** Any call of any task's, in any phase, by anybody. */
  async #wrongCall(): Promise<void> {
    if (this.runs.length === 0) return;
    const { dice, market } = this.#walk;
    const { taskId } = dice.pick(this.runs);
    const by = this.#walk.anybody();
    const registry = market.registry.connect(by);
    const [role, index] = [dice.below(3), dice.below(4)];
    const calls = {
      advance: () => registry.advance(taskId),
      applyFor: () => registry.applyFor(taskId, role),
      cancel: () => registry.cancel(taskId),
      closeRegistration: () => registry.closeRegistration(taskId),
      commit: () => registry.commit(taskId, index, dice.below(ITERATIONS + 2), ethers.id("head"), ethers.id("root")),
      commitScore: () => registry.commitScore(taskId, index, ethers.id("seal")),
      convict: () => registry.convict(taskId, role, index, by),
      creditAttestation: () => registry.creditAttestation(taskId, by),
      decline: () => registry.decline(taskId, role),
      drawRank: () => registry.drawRank(taskId, role, this.#walk.anybody()),
      dropSilent: () => registry.dropSilent(taskId, index),
      // Whom the honest let sign for them is honest.
      join: () => registry.join(taskId, role, this.#walk.isHonest(by) ? by : this.#walk.anybody()),
      passOn: () => registry.passOn(taskId, role),
      proveTaskSeed: () => registry.proveTaskSeed(taskId, "0x"),
      resume: () => registry.resume(taskId, role, index),
      revealScore: () => registry.revealScore(taskId, index, UNAVAILABLE, SALT),
      revealTestSet: () => registry.revealTestSet(taskId, TEST_SET.root, 1, TEST_SET.salt, "bafy"),
      setProfile: () => registry.setProfile(ethers.toBeHex(BigInt(dice.below(2 ** 30)), 8)),
      settle: () => registry.settle(taskId),
      submitState: () => registry.submitState(taskId, index, FINAL_STATE, 1 + dice.below(7)),
      suspend: () => registry.suspend(taskId, role, index),
    };
    const name = dice.pick(Object.keys(calls) as (keyof typeof calls)[]);
    if (name === "cancel" && dice.below(3) !== 0) return;
    // The honest err about time and place, but commit and seal nothing that they do not hold.
    if ((name === "commit" || name === "commitScore") && this.#walk.isHonest(by)) return;
    await this.#walk.send(`Registry.${name}`, by, calls[name]);
  }

  async #register(run: TaskRun): Promise<void> {
    const { market, dice } = this.#walk;
    const { registry, miners, supervisors, evaluators } = market;
    if (run.client !== undefined && dice.below(14) === 0) {
      const { client } = run;
      await this.#walk.send("Registry.closeRegistration", client, () =>
        registry.connect(client).closeRegistration(run.taskId),
      );
      return;
    }
    const role = dice.pick([Role.Miner, Role.Miner, Role.Supervisor, Role.Evaluator]);
    const worker = dice.pick([miners, supervisors, evaluators][Number(role)]!);
    const { standing } = await registry.applicantOf(run.taskId, role, worker);
    if (standing !== Standing.None && !this.#walk.oneIn(10)) return;
    await this.#walk.send("Registry.applyFor", worker, () => registry.connect(worker).applyFor(run.taskId, role));
  }

  async #proveTaskSeed({ taskId }: TaskRun): Promise<void> {
    const { registry, beacon } = this.#walk.market;
    const { seedBase } = await registry.taskOf(taskId);
    const by = this.#walk.anybody();
    if (seedBase === 0n) {
      // The registration is over, but nobody has said so yet.
      await this.#walk.send("Registry.advance", by, () => registry.connect(by).advance(taskId));
      return;
    }
    const block = await beacon.randomnessBlock(seedBase, { blockTag: "pending" });
    if (block >= (await this.#walk.blockNumber())) return this.#walk.mine(1);
    const header = await headerOf(provider, block);
    await this.#walk.send("Registry.proveTaskSeed", by, () => registry.connect(by).proveTaskSeed(taskId, header));
  }

  async #drawRank(run: TaskRun): Promise<void> {
    const { taskId } = run;
    const { market, dice } = this.#walk;
    const { registry } = market;
    const applied = await registry.queryFilter(registry.filters.Applied(taskId));
    const drawn = await registry.queryFilter(registry.filters.RankDrawn(taskId));
    const isLeft = ({ args }: (typeof applied)[number]): boolean =>
      drawn.every(({ args: other }) => other.role !== args.role || other.owner !== args.owner);
    const left = applied.filter(isLeft);
    if (left.length === 0) return;
    const { role, owner } = dice.pick(left).args;
    const worker = this.#walk.signer(owner)!;
    const scene = { registry, taskId } as Parameters<typeof ranksOf>[0];
    const previous = closestBelow(await ranksOf(scene, role), await rankAhead(scene, role, owner));
    await this.#walk.send("Registry.drawRank", worker, () => registry.connect(worker).drawRank(taskId, role, previous));
  }

  async #joinOrNot({ taskId }: TaskRun): Promise<void> {
    const { market, dice } = this.#walk;
    const { registry } = market;
    const drawn = await registry.queryFilter(registry.filters.RankDrawn(taskId));
    const { role, owner } = dice.pick(drawn).args;
    const { standing } = await registry.applicantOf(taskId, role, owner);
    if (standing !== Standing.Drawn && !this.#walk.oneIn(10)) return;
    const worker = this.#walk.signer(owner)!;
    const own = registry.connect(worker);
    const choice = dice.below(16);
    if (choice === 0) await this.#walk.send("Registry.decline", worker, () => own.decline(taskId, role));
    else if (choice === 1) await this.#walk.send("Registry.passOn", worker, () => own.passOn(taskId, role));
    else await this.#walk.send("Registry.join", worker, () => own.join(taskId, role, owner));
  }

  async #train(run: TaskRun, joined: number, seed: Hex): Promise<void> {
    const { market, dice } = this.#walk;
    const { registry } = market;
    if (BigInt(seed) === 0n) {
      // The time to join is over, but nobody has had that written down, and the seed with it.
      const by = this.#walk.anybody();
      await this.#walk.send("Registry.advance", by, () => registry.connect(by).advance(run.taskId));
      return;
    }
    if (run.slots.length === 0) await this.#beginTraining(run, joined, seed);
    const slot = dice.pick(run.slots);
    if (dice.below(12) === 0) {
      const by = this.#walk.anybody();
      await this.#walk.send("Registry.dropSilent", by, () => registry.connect(by).dropSilent(run.taskId, slot.index));
      return;
    }
    if (slot.pending.length === 0) await this.#trainSegments(run, slot);
    await this.#commit(run, slot);
  }

  async #beginTraining(run: TaskRun, joined: number, seed: Hex): Promise<void> {
    const { registry } = this.#walk.market;
    const members: HardhatEthersSigner[] = [];
    for (let index = 0; index < joined; index++) {
      const [, operator] = await registry.memberOf(run.taskId, Role.Miner, index);
      members.push(this.#walk.signer(operator)!);
    }
    run.seed = seed;
    run.log = new TaskLog(joined);
    const training = {
      taskId: run.taskId,
      seed,
      mlp: PROGRAM,
      train: TRAINING_SET,
      registry,
      miners: members.map((operator) => ({ owner: operator, operator })),
      parameters: { slots: joined, segmentLength: SEGMENT_LENGTH, iterations: ITERATIONS },
    };
    run.slots = members.map((operator, index) => ({
      index,
      operator,
      apprentice: new Apprentice(training, index),
      shown: [],
      commits: new Map(),
      pending: [],
      isDone: false,
    }));
  }

  /** One or two segments more; the sly lie in one now and then, or sign two versions of it. */
  async #trainSegments(run: TaskRun, slot: SlotRun): Promise<void> {
    const { dice, market } = this.#walk;
    for (let count = 1 + dice.below(2); count > 0; count--) {
      if (slot.isDone || slot.shown.length * SEGMENT_LENGTH >= ITERATIONS) return;
      const { truth, message } = await slot.apprentice.next(run.log);
      const honest = { message, told: truth, truth };
      const choice = this.#walk.isHonest(slot.operator) ? 0 : dice.below(6);
      const signer = {
        registry: market.registry,
        miners: run.slots.map(({ operator }) => ({ owner: operator, operator })),
      };
      if (choice < 4) {
        run.log.add(message);
        slot.shown.push(honest);
        slot.pending.push(honest);
        continue;
      }
      slot.isDone = true;
      const told = new WrongGradient().lie(truth);
      const lie = { message: await sign(signer, told.message), told, truth };
      slot.shown.push(lie);
      slot.pending.push(lie);
      if (choice === 5) slot.equivocation = [message, lie.message];
    }
  }

  async #commit(run: TaskRun, slot: SlotRun): Promise<void> {
    const { registry, beacon } = this.#walk.market;
    const { pending, operator } = slot;
    if (pending.length === 0) return;
    const ids = pending.map(({ message }) => segmentId(message.segment));
    const { last } = pending.at(-1)!.message.segment;
    const own = registry.connect(operator);
    const receipt = await this.#walk.send("Registry.commit", operator, () =>
      own.commit(run.taskId, slot.index, last, ids.at(-1)!, merkleRoot(ids)),
    );
    if (receipt === undefined) return;
    const epoch = await beacon.epochAt(receipt.blockNumber);
    slot.commits.set(epoch, pending);
    slot.pending = [];
    run.committed.set(epoch, (run.committed.get(epoch) ?? 0n) | (1n << BigInt(slot.index)));
  }

  async #submitState(run: TaskRun): Promise<void> {
    const { market, dice } = this.#walk;
    if (run.slots.length === 0) return;
    const slot = dice.pick(run.slots);
    const { submittedState, dropped } = await market.registry.slotOf(run.taskId, slot.index);
    if ((submittedState !== ZERO || dropped) && !this.#walk.oneIn(10)) return;
    let started = 0n;
    for (const { index } of run.slots) {
      const { head, convicted } = await market.registry.slotOf(run.taskId, index);
      if (head !== ZERO && !convicted) started |= 1n << BigInt(index);
    }
    const isTrue = this.#walk.isHonest(slot.operator) || dice.below(2) === 0;
    const [state, included] = isTrue ? [FINAL_STATE, started] : [ethers.id("another state"), BigInt(1 + dice.below(7))];
    const own = market.registry.connect(slot.operator);
    await this.#walk.send("Registry.submitState", slot.operator, () =>
      own.submitState(run.taskId, slot.index, state, included),
    );
  }

  async #revealTestSet({ taskId, client }: TaskRun): Promise<void> {
    const { registry, fillers, stranger } = this.#walk.market;
    const { root, batches, salt } = TEST_SET;
    const given = [taskId, root, batches, salt, "bafytestset"] as const;
    if (client === undefined)
      await this.#walk.send("FillerTasks.revealTestSet", stranger, () =>
        fillers.connect(stranger).revealTestSet(...given),
      );
    else
      await this.#walk.send("Registry.revealTestSet", client, () => registry.connect(client).revealTestSet(...given));
  }

  /** What this evaluator will tell, the same at the seal and at its opening. */
  #scoreFor(evaluator: HardhatEthersSigner, finalState: string): EvaluationTruth | undefined {
    if (finalState !== FINAL_STATE) return undefined;
    return this.#walk.isHonest(evaluator) ? TRUE_SCORE : FALSE_SCORE;
  }

  async #commitScore({ taskId }: TaskRun, index: number, finalState: string): Promise<void> {
    const { registry } = this.#walk.market;
    const [, operator] = await registry.memberOf(taskId, Role.Evaluator, index);
    const evaluator = this.#walk.signer(operator)!;
    const truth = this.#scoreFor(evaluator, finalState);
    const { correct, loss, root } = truth === undefined ? UNAVAILABLE : scoreOf(truth);
    const types = ["bytes32", "address", "uint32", "uint64", "bytes32", "bytes32"];
    const sealed = ethers.AbiCoder.defaultAbiCoder().encode(types, [taskId, operator, correct, loss, root, SALT]);
    const own = registry.connect(evaluator);
    await this.#walk.send("Registry.commitScore", evaluator, () =>
      own.commitScore(taskId, index, ethers.keccak256(sealed)),
    );
  }

  async #revealScore(run: TaskRun, index: number, finalState: string): Promise<void> {
    const { registry } = this.#walk.market;
    const [, operator] = await registry.memberOf(run.taskId, Role.Evaluator, index);
    const evaluator = this.#walk.signer(operator)!;
    const truth = this.#scoreFor(evaluator, finalState);
    const own = registry.connect(evaluator);
    const receipt = await this.#walk.send("Registry.revealScore", evaluator, () =>
      own.revealScore(run.taskId, index, truth === undefined ? UNAVAILABLE : scoreOf(truth), SALT),
    );
    if (receipt !== undefined && truth !== undefined) run.scores.set(index, truth);
  }

  async #attendEvaluation(run: TaskRun, joined: bigint): Promise<void> {
    const { registry } = this.#walk.market;
    for (let index = 0; index < Number(joined); index++) {
      const { phase, finalState } = await registry.taskOf(run.taskId);
      const [owner] = await registry.memberOf(run.taskId, Role.Evaluator, index);
      if (!this.#walk.isHonest({ address: owner })) continue;
      if (phase === Phase.EvaluationCommit) {
        const seals = await registry.queryFilter(registry.filters.ScoreSealed(run.taskId, index));
        if (seals.length === 0) await this.#commitScore(run, index, finalState);
      }
      const [, revealed] = await registry.scoreOf(run.taskId, index);
      if ((await registry.taskOf(run.taskId)).phase === Phase.EvaluationReveal && !revealed)
        await this.#revealScore(run, index, finalState);
    }
  }

  /** An honest supervisor co-signs the log of every epoch that is over, and in which slots have committed. */
  async #keepLog(run: TaskRun): Promise<void> {
    const { registry, beacon, log } = this.#walk.market;
    const [, operator] = await registry.memberOf(run.taskId, Role.Supervisor, 0);
    const supervisor = this.#walk.signer(operator);
    if (supervisor === undefined || !this.#walk.isHonest(supervisor)) return;
    const current = await beacon.currentEpoch();
    for (const [epoch, slots] of run.committed) {
      if (epoch >= current || run.logged.has(epoch)) continue;
      run.logged.add(epoch);
      const period = { taskId: run.taskId, epoch, slots };
      const root = await log.rootFor(period);
      const { chainId } = await ethers.provider.getNetwork();
      const domain = logDomain(Number(chainId), (await log.getAddress()) as Address);
      const types = { LogRoot: [...logRootTypes.LogRoot] };
      const signature = await supervisor.signTypedData(domain, types, { taskId: run.taskId, epoch, root });
      const { r, yParityAndS: vs } = ethers.Signature.from(signature);
      await this.#walk.send("SupervisorLog.postPlain", supervisor, () =>
        log.connect(supervisor).postPlain(period, 1, [{ r, vs }]),
      );
    }
  }

  async #proveSeeds(): Promise<void> {
    const { beacon, stranger } = this.#walk.market;
    const epoch = (await beacon.currentEpoch()) - 1n;
    if ((await beacon.seedOf(epoch)) !== ZERO) return;
    const block = await beacon.seedBlockOf(epoch, { blockTag: "pending" });
    if (block > (await this.#walk.blockNumber())) return;
    const header = await headerOf(provider, block);
    await this.#walk.send("EpochBeacon.proveSeed", stranger, () => beacon.connect(stranger).proveSeed(epoch, header));
  }

  async #settle(run: TaskRun): Promise<void> {
    const by = this.#walk.anybody();
    const { registry } = this.#walk.market;
    await this.#walk.send("Registry.settle", by, () => registry.connect(by).settle(run.taskId));
    await this.#noteEnd(run);
  }

  async #noteEnd(run: TaskRun): Promise<void> {
    const { registry } = this.#walk.market;
    const ends = await registry.queryFilter(registry.filters.TaskSettled(run.taskId));
    expect(ends.length, "settlements of a task").to.be.at.most(1);
    run.isOver = ends.length === 1;
  }

  /** `Place`s of a task that are taken, and can be disputed. */
  async placesOf({ taskId }: TaskRun): Promise<{ taskId: Hex; role: bigint; index: number }[]> {
    const { slotsJoined, evaluatorsJoined } = await this.#walk.market.registry.taskOf(taskId);
    const counts = [slotsJoined, 0n, evaluatorsJoined];
    return ROLES.flatMap((role) =>
      Array.from({ length: Number(counts[Number(role)]) }, (_, index) => ({ taskId, role, index })),
    );
  }
}
