import type { evaluationGameAbi, segmentGameAbi } from "@gristmill/sdk";
import type { Address, ContractFunctionArgs, Hex, ParseEventLogsReturnType } from "viem";

import type { RevealedGroup } from "./known-tree.ts";
import { Stage } from "./stage.ts";

type SegmentArgs<Name extends "revealOutcomes" | "revealTrace" | "chooseTensor"> = ContractFunctionArgs<
  typeof segmentGameAbi,
  "payable",
  Name
>;
type EvaluationArgs<Name extends "revealSums" | "revealTrace"> = ContractFunctionArgs<
  typeof evaluationGameAbi,
  "payable",
  Name
>;

// Structs of the games as their ABI has them.
export type SegmentCase = SegmentArgs<"revealOutcomes">[1];
export type Outcome = SegmentArgs<"revealTrace">[4];
export type ClockStep = SegmentArgs<"revealTrace">[5];
export type TaskParameters = SegmentArgs<"revealTrace">[2];
export type TraceCase = SegmentArgs<"chooseTensor">[1];
export type ElementCase = ContractFunctionArgs<typeof segmentGameAbi, "nonpayable", "refuteElement">[1];
export type ScoreCase = EvaluationArgs<"revealTrace">[1];
export type SumNode = EvaluationArgs<"revealSums">[1][number];

/** A segment's records and the ids after each of its iterations, as the defender states them. */
export interface Outcomes {
  readonly records: SegmentArgs<"revealOutcomes">[2];
  readonly stateIds: readonly Hex[];
  readonly residualIds: readonly Hex[];
}

/** A game over a trace from the revealed ids on. */
export interface TraceState {
  readonly traceCase: TraceCase;
  /** Ids of the trace's tensors and of what they read, as the defender states them. */
  readonly ids: SegmentArgs<"revealTrace">[6];
  /** Named by the challenger. */
  readonly tensor?: number;
  /** Of that tensor, once its first hashes are revealed. */
  readonly rows?: number;
  readonly groups: readonly RevealedGroup[];
  readonly leaf?: Hex;
  /** Elements of the leaf that accounts named as wrong, the last one of each. */
  readonly named: Readonly<Record<Address, ElementCase>>;
}

/** How far a segment game is, as its events tell. */
export interface SegmentGameState {
  readonly kind: "segment";
  readonly stage: Stage;
  readonly segmentCase: SegmentCase;
  readonly outcomes?: Outcomes;
  /** Named by the challenger, from the segment's first. */
  readonly iteration?: number;
  readonly trace?: TraceState;
}

/** How far an evaluation game is, as its events tell. */
export interface EvaluationGameState {
  readonly kind: "evaluation";
  readonly stage: Stage;
  readonly scoreCase: ScoreCase;
  /** The node in dispute; the score itself at first. */
  readonly node: SumNode;
  /** Sums revealed so far, with the child that was followed. */
  readonly sums: readonly { readonly nodes: readonly SumNode[]; readonly child?: number }[];
  readonly trace?: TraceState;
}

export type GameState = SegmentGameState | EvaluationGameState;

/** Events of the two games, decoded. */
export type SegmentEvent = ParseEventLogsReturnType<typeof segmentGameAbi, undefined, true>[number];
export type EvaluationEvent = ParseEventLogsReturnType<typeof evaluationGameAbi, undefined, true>[number];
export type GameEvent = SegmentEvent | EvaluationEvent;

/** The state of a segment game from its events in order, undefined before the first. */
export function segmentGameState(events: readonly SegmentEvent[]): SegmentGameState | undefined {
  let state: SegmentGameState | undefined;
  for (const event of events) {
    if (event.eventName === "SegmentChallenged") {
      state = { kind: "segment", stage: Stage.Outcomes, segmentCase: event.args.segmentCase };
    } else if (state !== undefined) {
      state = afterSegmentEvent(state, event);
    }
  }
  return state;
}

/** The state of an evaluation game from its events in order, undefined before the first. */
export function evaluationGameState(events: readonly EvaluationEvent[]): EvaluationGameState | undefined {
  let state: EvaluationGameState | undefined;
  for (const event of events) {
    if (event.eventName === "ScoreChallenged") {
      const { score, scoreCase } = event.args;
      const node = { hash: score.root, correct: score.correct, loss: score.loss };
      state = { kind: "evaluation", stage: Stage.Outcomes, scoreCase, node, sums: [] };
    } else if (state !== undefined) {
      state = afterEvaluationEvent(state, event);
    }
  }
  return state;
}

function afterSegmentEvent(state: SegmentGameState, event: SegmentEvent): SegmentGameState {
  switch (event.eventName) {
    case "OutcomesRevealed":
      return { ...state, stage: Stage.Choice, outcomes: event.args };
    case "IterationNamed":
      return { ...state, stage: Stage.Trace, iteration: event.args.iteration };
    default:
      return { ...state, ...afterTraceEvent(state, event) };
  }
}

function afterEvaluationEvent(state: EvaluationGameState, event: EvaluationEvent): EvaluationGameState {
  switch (event.eventName) {
    case "SumsRevealed":
      return { ...state, stage: Stage.Choice, sums: [...state.sums, { nodes: event.args.sums }] };
    case "SumNamed": {
      const child = Number(event.args.child);
      const { nodes } = state.sums.at(-1)!;
      const node = nodes[child]!;
      const stage = event.args.levels === 0n ? Stage.Trace : Stage.Outcomes;
      return { ...state, stage, node, sums: [...state.sums.slice(0, -1), { nodes, child }] };
    }
    default:
      return { ...state, ...afterTraceEvent(state, event) };
  }
}

/** What the part that both games share makes of an event. */
function afterTraceEvent(
  { stage, trace }: { readonly stage: Stage; readonly trace?: TraceState },
  event: SegmentEvent | EvaluationEvent,
): { readonly stage: Stage; readonly trace?: TraceState } {
  if (event.eventName === "TraceRevealed") {
    const { traceCase, ids } = event.args;
    return { stage: Stage.Tensor, trace: { traceCase, ids, groups: [], named: {} } };
  }
  if (trace === undefined) return { stage };
  switch (event.eventName) {
    case "TensorNamed":
      return { stage: Stage.Nodes, trace: { ...trace, tensor: Number(event.args.tensor) } };
    case "NodesRevealed": {
      const { nodes, rows } = event.args;
      return { stage: Stage.Node, trace: { ...trace, rows: trace.rows ?? rows, groups: [...trace.groups, { nodes }] } };
    }
    case "NodeNamed": {
      const groups = [
        ...trace.groups.slice(0, -1),
        { nodes: trace.groups.at(-1)!.nodes, child: Number(event.args.child) },
      ];
      return { stage: event.args.levels === 0n ? Stage.Leaf : Stage.Nodes, trace: { ...trace, groups } };
    }
    case "LeafRevealed":
      return { stage: Stage.Element, trace: { ...trace, leaf: event.args.leaf } };
    case "ElementNamed": {
      const { account, element } = event.args;
      return { stage, trace: { ...trace, named: { ...trace.named, [account]: element } } };
    }
    default:
      return { stage, trace };
  }
}
