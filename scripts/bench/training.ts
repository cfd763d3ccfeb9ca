import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { dirname, resolve } from "node:path";

import type { BatchSet, Clock, IterationRecord, MlpParameters, SegmentMessage } from "@gristmill/sdk";
import {
  batchLeaf,
  clockHash,
  compileTask,
  macsPerIteration,
  matrix,
  nextWork,
  recordsRoot,
  segmentDigest,
  segmentDomain,
  segmentId,
  updateId,
} from "@gristmill/sdk";
import Table from "cli-table3";
import type { Hex } from "viem";
import { hexToBytes } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { createSignerRecovery, signDigest } from "../../oracle/src/network/signature.ts";
import type { TaskContext } from "../../oracle/src/network/task-context.ts";
import { createTensHasher } from "../../oracle/src/tenshash/index.ts";
import { createEngine } from "../../oracle/src/training/create-engine.ts";
import type { MatrixEngine } from "../../oracle/src/training/matrix-engine.ts";
import type { SlotContext, SlotPosition } from "../../oracle/src/training/slot-replica.ts";
import { positionAfter, runSegment, startPosition } from "../../oracle/src/training/slot-replica.ts";
import { Trainer } from "../../oracle/src/training/trainer.ts";
import { TrainingThread } from "../../oracle/src/training/training-thread.ts";
import { BENCH_TASK, measureNetwork } from "./network-cost.ts";
import type { Figure } from "./statistics.ts";
import { summarise, time } from "./statistics.ts";

/** The mint's rate on public chains, multiply-accumulates a ticket. */
const MACS_PER_TICKET = 2n ** 31n;

/** A public chain's epoch, seconds: how long one derivation of TensHash's matrices serves. */
const EPOCH_SECONDS = 300 * 12;

const SEED: Hex = `0x${"5eed".repeat(16)}`;

/** What is measured: a network, its data, and how many train it together. */
interface Setting {
  readonly parameters: MlpParameters;
  readonly train: BatchSet;
  readonly slots: number;
  readonly length: number;
}

/** What `npm run bench -- training` is asked. */
export interface TrainingOptions {
  readonly task?: string;
  readonly rounds: number;
  readonly segmentLength?: number;
  readonly json?: boolean;
}

/** A part of an iteration and what it takes, milliseconds an iteration. */
export interface Part {
  readonly name: string;
  readonly group: "bare" | "verifiable" | "running" | "tickets";
  readonly figure: Figure;
}

/** Parts of an iteration, and of what training. */
export interface TrainingFigures {
  readonly parts: readonly Part[];
  readonly setting: {
    readonly sizes: readonly number[];
    readonly batch: number;
    readonly slots: number;
    readonly length: number;
    readonly rounds: number;
  };
}

/** `npm run bench -- training` */
export async function benchTraining(options: TrainingOptions): Promise<void> {
  const { parts, setting } = await measureTraining(options);
  report(parts, setting, options);
}

/** Median milliseconds of all parts of a group. */
export function sumOf(parts: readonly Part[], group: Part["group"]): number {
  return parts.filter((part) => part.group === group).reduce((total, part) => total + part.figure.median, 0);
}

/** Measures every part of an iteration. */
export async function measureTraining(options: TrainingOptions): Promise<TrainingFigures> {
  const setting = options.task === undefined ? standIn() : await compile(options.task);
  const { parameters, train, slots } = setting;
  const length = options.segmentLength ?? setting.length;
  const engine = timedEngine(await createEngine("wasm"));
  const keys = Array.from({ length: slots }, () => generatePrivateKey());
  const context: TaskContext = {
    taskId: BENCH_TASK,
    operators: keys.map((key) => privateKeyToAddress(key)),
    segmentLength: length,
    iterations: length * options.rounds,
    parameters,
    seed: SEED,
    domain: segmentDomain(31_337, `0x${"00".repeat(19)}01`),
  };
  const parts = [
    ...measureBare(engine, parameters, train, length, options.rounds),
    ...(await measureVerifiable(engine, context, train, keys, options.rounds)),
    await measureTickets(parameters),
  ];
  return {
    parts,
    setting: { sizes: parameters.sizes, batch: parameters.batch, slots, length, rounds: options.rounds },
  };
}

async function compile(task: string): Promise<Setting> {
  const { parameters, train, payment, segmentLength } = await compileTask(await readFile(task, "utf8"), {
    baseDir: dirname(resolve(task)),
    readFile: async (path) => new Uint8Array(await readFile(path)),
  });
  return { parameters, train, slots: payment.slots, length: segmentLength };
}

/**
 * MNIST's network, batch size and share of inked pixels on images drawn by code, so that the bench needs no download: a
 * random pattern for each class, and examples that differ from it in every tenth pixel.
 */
function standIn(): Setting {
  const [inputs, classes, rows, batches] = [784, 10, 32, 64] as const;
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647) / 2_147_483_647;
  const pixel = (): number => (random() < 0.19 ? Math.floor(random() * 128) : 0);
  const patterns = Array.from({ length: classes }, () => Array.from({ length: inputs }, pixel));
  const train: BatchSet = {
    inputs,
    classes,
    batchRows: rows,
    batches: Array.from({ length: batches }, () => {
      const y = Uint8Array.from({ length: rows }, () => Math.floor(random() * classes));
      const x = Int8Array.from({ length: rows * (inputs + 1) }, (_, index) => {
        const column = index % (inputs + 1);
        if (column === inputs) return 127;
        return random() < 0.1 ? pixel() : (patterns[y[Math.floor(index / (inputs + 1))] ?? 0]?.[column] ?? 0);
      });
      return { x: matrix("i8", rows, inputs + 1, x), y: matrix("u8", 1, rows, y) };
    }),
  };
  const parameters: MlpParameters = {
    sizes: [inputs, 128, 64, classes],
    shift: [10, 8, 6],
    back: [0, 7, 7],
    tau: [16_384, 16_384, 16_384],
    initBound: [12_192, 12_192, 12_192],
    batch: rows,
    batches,
    q0: 128,
    halveEvery: 0,
  };
  return { parameters, train, slots: 4, length: 16 };
}

/** An engine that adds up the time its products take. */
interface TimedEngine extends MatrixEngine {
  spent: number;
}

function timedEngine(engine: MatrixEngine): TimedEngine {
  const timed: TimedEngine = {
    name: engine.name,
    spent: 0,
    multiply: (a, rows, inner, b, cols) => {
      const start = performance.now();
      const product = engine.multiply(a, rows, inner, b, cols);
      timed.spent += performance.now() - start;
      return product;
    },
  };
  return timed;
}

/** Training and nothing else: the same exact arithmetic without anything to show for it. */
function measureBare(
  engine: TimedEngine,
  parameters: MlpParameters,
  train: BatchSet,
  length: number,
  rounds: number,
): Part[] {
  const trainer = Trainer.create({ parameters, seed: SEED, engine });
  const samples = { products: [] as number[], elementwise: [] as number[], update: [] as number[] };
  for (let round = -2; round < rounds; round += 1) {
    let differentiate = 0;
    let accumulate = 0;
    let apply = 0;
    engine.spent = 0;
    for (let i = 0; i < length; i += 1) {
      const batch = train.batches[((round + 2) * length + i) % train.batches.length];
      if (batch === undefined) continue;
      let gradients: ReturnType<Trainer["differentiate"]>["gradients"] = [];
      differentiate += time(() => ({ gradients } = trainer.differentiate(batch)));
      let list = new Uint32Array();
      accumulate += time(() => (list = trainer.accumulate(gradients) as Uint32Array<ArrayBuffer>));
      apply += time(() => {
        trainer.apply(list, parameters.q0);
      });
    }
    // The first two rounds warm the compiler up.
    if (round < 0) continue;
    samples.products.push(engine.spent / length);
    samples.elementwise.push((differentiate - engine.spent) / length);
    samples.update.push((accumulate + apply) / length);
  }
  return [
    { name: "matrix products", group: "bare", figure: summarise(samples.products) },
    { name: "elementwise", group: "bare", figure: summarise(samples.elementwise) },
    { name: "update", group: "bare", figure: summarise(samples.update) },
  ];
}

/** What a slot does beside training so that anybody can check it, and what its peers' segments cost it. */
async function measureVerifiable(
  engine: MatrixEngine,
  context: TaskContext,
  train: BatchSet,
  keys: readonly Hex[],
  rounds: number,
): Promise<Part[]> {
  const { segmentLength: length, domain } = context;
  const produced = await produce(engine, context, train, keys, rounds);
  const messages = produced.map((round) => round.messages);

  const commitments = produced.map(({ messages: [own], trainer }) => {
    if (own === undefined) return 0;
    return (
      time(() => {
        commit(own, context, train, trainer);
      }) / length
    );
  });
  const recover = createSignerRecovery();
  const secret = hexToBytes(keys[0] ?? "0x");
  const signatures = messages.map(([own, ...others]) => {
    const sign = time(() => own !== undefined && signDigest(segmentDigest(own.segment, domain), secret));
    const check = time(() => {
      for (const { segment, signature } of others) recover(segmentDigest(segment, domain), signature);
    });
    return (sign + check) / length;
  });
  const takeIn = produced.map(({ messages: [, ...others], trainer }) => {
    const lists = others.flatMap(({ segment, lists: each }) =>
      each.map((list, index) => ({ slot: segment.slot, index: segment.first + index, list, sign: 1 as const })),
    );
    return (
      time(() => {
        trainer.takeIn(lists);
      }) / length
    );
  });
  const idle = async (): Promise<void> => delay(2 * length);
  const network = (await measureNetwork(context, messages, idle)).map((sample, round) =>
    Math.max(0, sample / length - (signatures[round] ?? 0)),
  );
  return [
    { name: "commitments", group: "verifiable", figure: summarise(commitments) },
    { name: "signatures", group: "verifiable", figure: summarise(signatures) },
    { name: "taking lists in", group: "verifiable", figure: summarise(takeIn) },
    { name: "network and storage", group: "verifiable", figure: summarise(network) },
    {
      name: "in a running node, wall clock",
      group: "running",
      figure: summarise(await measureRunning(context, train, messages)),
    },
  ];
}

/**
 * Wall-clock time of an iteration while the node does everything: the training thread trains, commits and takes lists in,
 * and the main thread beside it signs, publishes, receives, checks and stores.
 */
async function measureRunning(
  context: TaskContext,
  train: BatchSet,
  messages: readonly (readonly SegmentMessage[])[],
): Promise<number[]> {
  const { operators, parameters, seed, taskId, segmentLength, iterations } = context;
  const batchLeaves = train.batches.map(batchLeaf);
  const slot: SlotContext = {
    taskId,
    seed,
    slot: 0,
    slots: operators.length,
    parameters,
    segmentLength,
    iterations,
    train,
    batchLeaves,
  };
  const thread = await TrainingThread.start({ context: slot, backend: "wasm" });
  const samples: number[] = [];
  let position = startPosition(slot);
  try {
    await measureNetwork(context, messages, async (round) => {
      const lists = (messages[round - 1] ?? [])
        .slice(1)
        .flatMap(({ segment, lists: each }) =>
          each.map((list, index) => ({ slot: segment.slot, index: segment.first + index, list })),
        );
      const clock = messages[round]?.[0]?.clock ?? position.clock;
      const start = performance.now();
      const { draft } = await thread.train(position, clock, lists, false);
      samples.push((performance.now() - start) / segmentLength);
      position = positionAfter(draft);
    });
  } finally {
    await thread.stop();
  }
  return samples;
}

interface Round {
  /** One message a slot. */
  readonly messages: readonly SegmentMessage[];
  /** Slot 0 after the round. */
  readonly trainer: Trainer;
}

/** Trains all slots for real, each taking in the others' segments of the round before. */
async function produce(
  engine: MatrixEngine,
  context: TaskContext,
  train: BatchSet,
  keys: readonly Hex[],
  rounds: number,
): Promise<Round[]> {
  const { operators, parameters, seed, taskId, segmentLength, iterations, domain } = context;
  const batchLeaves = train.batches.map(batchLeaf);
  const slots = operators.map((_, slot): { context: SlotContext; trainer: Trainer; position: SlotPosition } => {
    const slotContext = {
      taskId,
      seed,
      slot,
      slots: operators.length,
      parameters,
      segmentLength,
      iterations,
      train,
      batchLeaves,
    };
    return {
      context: slotContext,
      trainer: Trainer.create({ parameters, seed, engine }),
      position: startPosition(slotContext),
    };
  });
  const produced: Round[] = [];
  let last: readonly SegmentMessage[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const messages: SegmentMessage[] = [];
    for (const [slot, state] of slots.entries()) {
      const clock: Clock = state.position.clock.map((entry, peer) => {
        if (peer === slot) return { count: state.position.next, segmentId: state.position.previous };
        const message = last[peer];
        return message === undefined
          ? entry
          : { count: message.segment.last + 1, segmentId: segmentId(message.segment) };
      });
      const lists = last
        .filter((_, peer) => peer !== slot)
        .flatMap(({ segment, lists: each }) =>
          each.map((list, index) => ({ slot: segment.slot, index: segment.first + index, list })),
        );
      const draft = await runSegment(state.context, state.trainer, state.position, clock, lists);
      const signature = signDigest(segmentDigest(draft.segment, domain), hexToBytes(keys[slot] ?? "0x"));
      messages.push({ ...draft, signature });
      state.position = positionAfter(draft);
    }
    last = messages;
    const first = slots[0];
    if (first !== undefined) {
      const { weights, residuals } = first.trainer.snapshot();
      produced.push({ messages, trainer: Trainer.create({ parameters, seed, engine, state: { weights, residuals } }) });
    }
  }
  return produced;
}

/** Every hash that a segment takes. */
function commit(message: SegmentMessage, context: TaskContext, train: BatchSet, trainer: Trainer): void {
  const hash = clockHash(message.clock);
  const leaf = train.batches[0] === undefined ? SEED : batchLeafOnce(train);
  let work = SEED;
  const records: IterationRecord[] = message.records.map((record, index) => {
    const update = updateId(message.lists[index] ?? new Uint32Array());
    work = nextWork(work, leaf, hash, update);
    return { ...record, clockHash: hash, updateId: update, work };
  });
  segmentId({
    ...message.segment,
    recordsRoot: recordsRoot(records),
    stateId: trainer.stateId(),
    residualId: trainer.residualId(),
  });
}

const leaves = new WeakMap<BatchSet, Hex>();

/** Batches are hashed once, when the data is checked: not a cost of an iteration. */
function batchLeafOnce(train: BatchSet): Hex {
  let leaf = leaves.get(train);
  if (leaf === undefined) {
    const [first] = train.batches;
    leaf = first === undefined ? SEED : batchLeaf(first);
    leaves.set(train, leaf);
  }
  return leaf;
}

/**
 * The TensHashes an iteration earns at the default rate, on one thread of the processor that trains: full batches, as
 * the tickets of an epoch come all at once.
 */
async function measureTickets(parameters: MlpParameters): Promise<Part> {
  const hasher = await createTensHasher("wasm", { threads: 1 });
  const inputs = Array.from({ length: hasher.batchSize }, (_, index) => new Uint8Array(32).fill(index));
  const derivation: number[] = [];
  const hashing: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    const start = performance.now();
    await hasher.setSeed(new Uint8Array(32).fill(round));
    derivation.push(performance.now() - start);
    const begin = performance.now();
    await hasher.hash(inputs);
    hashing.push((performance.now() - begin) / inputs.length);
  }
  await hasher.dispose();
  const perIteration = Number(macsPerIteration(parameters)) / Number(MACS_PER_TICKET);
  const scale = (figure: Figure, by: number): Figure => ({
    median: figure.median * by,
    low: figure.low * by,
    high: figure.high * by,
  });
  const hash = summarise(hashing);
  console.error(
    `TensHash (wasm, 1 thread): ${hash.median.toFixed(3)} ms a hash, ${(summarise(derivation).median / 1000).toFixed(2)} s for the matrices of a seed (${((100 * summarise(derivation).median) / 1000 / EPOCH_SECONDS).toFixed(3)} % of an hour's epoch)`,
  );
  return { name: "tickets (2^31 a ticket)", group: "tickets", figure: scale(hash, perIteration) };
}

function report(parts: readonly Part[], setting: TrainingFigures["setting"], options: TrainingOptions): void {
  const bare = sumOf(parts, "bare");
  const overhead = sumOf(parts, "verifiable") / bare;
  const result = {
    machine: `${String(cpus().length)} x ${cpus()[0]?.model ?? "unknown"}`,
    ...setting,
    milliseconds: Object.fromEntries(parts.map(({ name, figure }) => [name, figure])),
    bare,
    overhead,
    tickets: sumOf(parts, "tickets") / bare,
  };
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  const table = new Table({
    head: ["part of an iteration", "median ms", "10 % .. 90 %", "of bare training"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, figure } of parts)
    table.push([
      name,
      figure.median.toFixed(3),
      `${figure.low.toFixed(3)} .. ${figure.high.toFixed(3)}`,
      `${((100 * figure.median) / bare).toFixed(1)} %`,
    ]);
  table.push(["bare training", bare.toFixed(3), "", "100.0 %"]);
  table.push(["beyond it, tickets left out", (overhead * bare).toFixed(3), "", `${(100 * overhead).toFixed(1)} %`]);
  console.log(
    `${setting.sizes.join("-")}, batch ${String(setting.batch)}, ${String(setting.slots)} slots, ${String(setting.length)} iterations a segment, ${String(setting.rounds)} segments\n${result.machine}`,
  );
  console.log(table.toString());
}
