import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { deserialize, serialize } from "node:v8";

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

/** Segments that run before any is counted: until then the network's code is still being compiled, and costs more. */
const WARM_UP = 120;

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

/** A part of an iteration and what it takes, CPU milliseconds an iteration but where it says otherwise. */
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
    iterations: length * (WARM_UP + options.rounds),
    parameters,
    seed: SEED,
    domain: segmentDomain(31_337, `0x${"00".repeat(19)}01`),
  };
  const parts = await measureParts(engine, context, train, keys);
  return {
    parts: [...parts, await measureTickets(parameters)],
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
      let product: Float32Array = new Float32Array();
      timed.spent += time(() => (product = engine.multiply(a, rows, inner, b, cols)));
      return product;
    },
  };
  return timed;
}

/** Bare training, milliseconds of one segment by part. */
interface BareSegment {
  readonly products: number;
  readonly elementwise: number;
  readonly update: number;
}

/** Training and nothing else: the same exact arithmetic without anything to show for it. */
function trainBare(
  engine: TimedEngine,
  trainer: Trainer,
  { train, parameters, length }: Pick<Setting, "train" | "parameters" | "length">,
  round: number,
): BareSegment {
  let differentiate = 0;
  let update = 0;
  engine.spent = 0;
  for (let i = 0; i < length; i += 1) {
    const batch = train.batches[(round * length + i) % train.batches.length];
    if (batch === undefined) continue;
    let gradients: ReturnType<Trainer["differentiate"]>["gradients"] = [];
    differentiate += time(() => ({ gradients } = trainer.differentiate(batch)));
    update += time(() => {
      trainer.apply(trainer.accumulate(gradients), parameters.q0);
    });
  }
  return { products: engine.spent, elementwise: differentiate - engine.spent, update };
}

/**
 * Every part of an iteration, all of them in every round, so that whatever else the machine does in the meantime meets
 * them alike: a segment of bare training, what a slot does beside it so that anybody can check it, and a round of the
 * network.
 */
async function measureParts(
  engine: TimedEngine,
  context: TaskContext,
  train: BatchSet,
  keys: readonly Hex[],
): Promise<Part[]> {
  const { segmentLength: length, domain, parameters } = context;
  const { messages, replica } = await produce(engine, context, train, keys);
  const trainer = Trainer.create({ parameters, seed: SEED, engine });
  const recover = createSignerRecovery();
  const secret = hexToBytes(keys[0] ?? "0x");

  const names = ["products", "elementwise", "update", "commitments", "signatures", "takeIn"] as const;
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    (typeof names)[number],
    number[]
  >;
  const between = (round: number): void => {
    const [own, ...others] = (messages[round] ?? []).map(read);
    if (own === undefined) return;
    const lists = others.flatMap(({ segment: { slot, first }, lists: each }) =>
      each.map((list, index) => ({ slot, index: first + index, list, sign: 1 as const })),
    );
    const figures = {
      ...trainBare(engine, trainer, { train, parameters, length }, round),
      commitments: time(() => {
        commit(own, context, train, replica);
      }),
      signatures: time(() => {
        signDigest(segmentDigest(own.segment, domain), secret);
        for (const other of others) recover(segmentDigest(other.segment, domain), other.signature);
      }),
      takeIn: time(() => {
        replica.takeIn(lists);
      }),
    };
    for (const name of names) samples[name].push(figures[name] / length);
  };
  const network = (await measureNetwork(context, messages, { between })).map(
    (sample, round) => sample / length - (samples.signatures[round] ?? 0),
  );
  const running = await measureRunning(context, train, messages);

  const figure = (all: readonly number[]): Figure => summarise(all.slice(WARM_UP));
  const part = (name: string, group: Part["group"], all: readonly number[]): Part => ({
    name,
    group,
    figure: figure(all),
  });
  return [
    part("matrix products", "bare", samples.products),
    part("elementwise", "bare", samples.elementwise),
    part("update", "bare", samples.update),
    part("commitments", "verifiable", samples.commitments),
    part("signatures", "verifiable", samples.signatures),
    part("taking lists in", "verifiable", samples.takeIn),
    part("network and storage", "verifiable", network),
    part("in a running node, wall clock", "running", running),
  ];
}

/**
 * Wall-clock time of an iteration while the node does everything: the training thread trains, commits and takes lists in,
 * and the main thread beside it signs, publishes, receives, checks and stores.
 */
async function measureRunning(
  context: TaskContext,
  train: BatchSet,
  messages: readonly (readonly Uint8Array[])[],
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
    const beside = async (round: number): Promise<void> => {
      const lists = (messages[round - 1] ?? [])
        .slice(1)
        .map(read)
        .flatMap(({ segment, lists: each }) =>
          each.map((list, index) => ({ slot: segment.slot, index: segment.first + index, list })),
        );
      const own = messages[round]?.[0];
      const clock = own === undefined ? position.clock : read(own).clock;
      const start = performance.now();
      const { draft } = await thread.train(position, clock, lists, false);
      samples.push((performance.now() - start) / segmentLength);
      position = positionAfter(draft);
    };
    await measureNetwork(context, messages, { beside });
  } finally {
    await thread.stop();
  }
  return samples;
}

/** What a task's slots made. */
interface Produced {
  /**
   * Of each round, one message a slot, serialized: as objects they would fill the heap with arrays, which a node hands on
   * and forgets, and training would pay for looking through them.
   */
  readonly messages: readonly (readonly Uint8Array[])[];
  /** Slot 0 after the last round. */
  readonly replica: Trainer;
}

/** Trains all slots for real, each taking in the others' segments of the round before. */
async function produce(
  engine: MatrixEngine,
  context: TaskContext,
  train: BatchSet,
  keys: readonly Hex[],
): Promise<Produced> {
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
  const produced: (readonly Uint8Array[])[] = [];
  let last: readonly SegmentMessage[] = [];
  for (let round = 0; round * segmentLength < iterations; round += 1) {
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
    produced.push(messages.map((message) => serialize(message)));
  }
  const replica = slots[0]?.trainer ?? Trainer.create({ parameters, seed, engine });
  return { messages: produced, replica };
}

function read(message: Uint8Array): SegmentMessage {
  return deserialize(message) as SegmentMessage;
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
