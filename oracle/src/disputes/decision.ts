import type { Instruction, Op } from "@gristmill/sdk";
import { decodeProgram, evaluationProgram, iterationProgram } from "@gristmill/sdk";

import type { DisputeRecord } from "./court-events.ts";
import type { GameEvent, GameState, TraceCase } from "./game-state.ts";

/** What each event of the game says in words, in the order of a game's moves. */
const NAMES: Readonly<Partial<Record<GameEvent["eventName"], string>>> = {
  OutcomesRevealed: "reveals the states of its iterations",
  IterationNamed: "names an iteration",
  SumsRevealed: "reveals sums of the test batches' scores",
  SumNamed: "follows a sum",
  TraceRevealed: "reveals the ids of its trace",
  TensorNamed: "names a tensor",
  NodesRevealed: "reveals hashes",
  NodeNamed: "follows a hash",
  LeafRevealed: "reveals a row",
};

/**
 * What move number `move` was.
 * @param events of the game; a TensHash has one move, which is none of these
 */
export function moveName(events: readonly GameEvent[], move: number): string {
  const moves = events.filter(({ eventName }) => NAMES[eventName] !== undefined);
  const event = moves[move];
  if (event === undefined) return "reveals the trace of its TensHash";
  const words = NAMES[event.eventName] ?? "";
  switch (event.eventName) {
    case "IterationNamed":
      return `${words}: number ${String(event.args.iteration)} of the segment`;
    case "TensorNamed":
      return `${words}: ${tensorName(events, Number(event.args.tensor))}`;
    default:
      return words;
  }
}

/** The arithmetic that decided a game, as a person would say it; undefined if none did. */
export function decisionOf({ moves, neuron }: Pick<DisputeRecord, "moves" | "neuron">): string | undefined {
  if (neuron !== undefined) return `TensHash: neuron ${String(neuron.index)} of layer ${String(neuron.layer)} is false`;
  const last = moves.at(-1);
  switch (last?.eventName) {
    case "ElementRefuted": {
      const { value, claimed } = last.args;
      return `${elementName(moves)}: must be ${grouped(value)}, claimed ${grouped(claimed)}`;
    }
    case "ListRefuted":
      return `update list: says of weight ${grouped(last.args.flat)} something else than the gradients do`;
    case "SumRefuted":
      return `${last.args.loss ? "loss" : "right answers"} of the batch: must be ${grouped(last.args.sum)}`;
    case "ListContested": {
      const { slot, iteration } = last.args;
      return `list of slot ${String(slot)}, iteration ${String(iteration)}: not the one that the clock names`;
    }
    default:
      return undefined;
  }
}

/** The element that was refuted: the tensor that the challenger named, with the place of the element named last. */
function elementName(events: readonly GameEvent[]): string {
  let name = "";
  for (const event of events)
    if (event.eventName === "TensorNamed") name = tensorName(events, Number(event.args.tensor));
    else if (event.eventName === "ElementNamed") {
      const { row, col } = event.args.element;
      name = `${name.replace(/\[.*/, "")}[${String(row)}][${String(col)}]`;
    }
  return name;
}

/** The tensor of the disputed trace as DESIGN section 3 names it: `W_2'`, `E_1`, `S`. */
function tensorName(events: readonly GameEvent[], k: number): string {
  for (const event of events)
    if (event.eventName === "TraceRevealed") return nameOf(instructionsOf(event.args.traceCase), k);
  return `tensor ${String(k)}`;
}

/** What an evaluation runs, which has no iteration, or what an iteration does. */
function instructionsOf({ program, iteration, rows }: TraceCase): readonly Instruction[] {
  const parameters = decodeProgram(program);
  const { instructions } =
    BigInt(iteration.seed) === 0n ? evaluationProgram(parameters, rows) : iterationProgram(parameters, iteration);
  return instructions;
}

/** Letters of operations with one tensor a layer. */
const LETTERS: Readonly<Partial<Record<Op, string>>> = {
  InitialWeights: "I",
  Zeros: "O",
  Apply: "WA",
  Quantize: "Q",
  Activate: "A",
  SoftmaxGrad: "E",
  Update: "U",
};

function nameOf(instructions: readonly Instruction[], k: number): string {
  const instruction = instructions[k];
  if (instruction === undefined) return `tensor ${String(k)}`;
  const { op, layer, operands } = instruction;
  const below = String(layer - 1);
  switch (op) {
    case "Logits":
      return "Z";
    case "Hits":
      return "C";
    case "Missing":
      return "M";
    case "Sparse":
      return "S";
    case "Backward":
      return `E_${below}`;
    case "Residual":
      return `R_${String(layer)}'`;
    case "Step":
      return `W_${String(layer)}'`;
    case "Transpose": {
      const [turned] = operands;
      const from = turned?.source === "Trace" ? instructions[turned.index]?.op : undefined;
      if (from === "Quantize") return `QT_${String(layer)}`;
      return from === "SoftmaxGrad" || from === "Backward" ? `ET_${String(layer)}` : `AT_${below}`;
    }
    default:
      return `${LETTERS[op] ?? op}_${String(layer)}`;
  }
}

/** How far the game is, in words. */
export function storyOf(game: GameState | undefined): string | undefined {
  if (game === undefined) return undefined;
  if (game.kind === "evaluation") {
    const { evaluator, testBatches } = game.scoreCase;
    return `the score of evaluator ${String(evaluator)} over ${String(testBatches)} test batches`;
  }
  const { segment } = game.segmentCase;
  return `slot ${String(segment.slot)}, iterations ${String(segment.first)} to ${String(segment.last)}`;
}

function grouped(value: bigint): string {
  return value.toLocaleString("en");
}
