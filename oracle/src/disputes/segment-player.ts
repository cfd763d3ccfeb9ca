import type { Clock, ClockEntry, IterationRecord, Opening, Segment } from "@gristmill/sdk";
import { GristmillError, merkleProof, openElement, recordHash, tensorId, updateTensor } from "@gristmill/sdk";
import type { Address, Hex } from "viem";
import { encodeAbiParameters, keccak256, zeroHash } from "viem";

import type { ClockStep, Outcome, Outcomes, SegmentGameState, TaskParameters, TraceState } from "./game-state.ts";
import type { SegmentTruth } from "./segment-truth.ts";
import { Stage } from "./stage.ts";
import {
  boundList,
  boundOperands,
  boundTensor,
  elementToName,
  firstFalseTensor,
  hashesToReveal,
  leafToReveal,
  nodeToFollow,
  refuteElement,
  refuteListRow,
  refuteSum,
} from "./trace-player.ts";
import type { TraceTruth } from "./trace-truth.ts";
import { operandTensor, traceIdsOf } from "./trace-truth.ts";

/**
 * A call of `SegmentGame`, without the dispute's id, which is its first argument; or of `Misconduct`, with all arguments,
 * where a direct proof ends the dispute.
 */
export interface SegmentCall {
  readonly functionName:
    | "revealOutcomes"
    | "chooseIteration"
    | "revealTrace"
    | "chooseTensor"
    | "revealNodes"
    | "chooseNode"
    | "revealLeaf"
    | "nameElement"
    | "refuteElement"
    | "refuteList"
    | "refuteSum"
    | "contestList"
    | "proveMalformedList";
  readonly args: readonly unknown[];
}

/** The segments of one slot that lead from a clock's entry back to an iteration, and the record of that iteration. */
export interface ListOrigin {
  readonly chain: readonly Segment[];
  readonly record: IterationRecord;
  readonly recordProof: readonly Hex[];
}

/** What a challenger has beside what it recomputed. */
export interface Evidence {
  /** That sends its moves, checksummed as in events. */
  readonly account: Address;
  /** Of the disputed segment by the slot's operator. */
  readonly signature: Hex;
  /** Of the task, as in its event. */
  readonly parameters: TaskParameters;
  /** Finds the origin of a list that an honest player took in: its log has it. */
  readonly findList: (entry: ClockEntry, slot: number, index: number) => ListOrigin;
}

const NO_RECORD: IterationRecord = {
  index: 0,
  batch: 0,
  clockHash: zeroHash,
  updateId: zeroHash,
  correct: 0,
  loss: 0,
  work: zeroHash,
};

/**
 * The defender's move, given what it holds to be true of its segment; undefined if it is not its turn.
 * @param parameters of the task, as in its event
 */
export function defendSegment(
  state: SegmentGameState,
  truth: SegmentTruth,
  parameters: TaskParameters,
  signature: Hex = "0x",
): SegmentCall | undefined {
  const { segmentCase } = state;
  switch (state.stage) {
    case Stage.Outcomes: {
      const { records, stateIds, residualIds } = outcomesOf(truth);
      return { functionName: "revealOutcomes", args: [segmentCase, records, stateIds, residualIds, signature] };
    }
    case Stage.Trace: {
      const iteration = state.iteration!;
      const outcomes = outcomesOf(truth);
      const before = iteration === 0 ? noOutcome() : outcomeAt(outcomes, iteration - 1);
      const ids = traceIdsOf(truth.trace(iteration));
      const step = iteration === 0 ? clockStep(truth) : NO_STEP;
      return {
        functionName: "revealTrace",
        args: [segmentCase, parameters, before, outcomeAt(outcomes, iteration), step, ids, signature],
      };
    }
    case Stage.Nodes: {
      const { rows, nodes } = hashesToReveal(state.trace!, truth.trace(state.iteration!));
      return { functionName: "revealNodes", args: [rows, nodes, signature] };
    }
    case Stage.Leaf:
      return {
        functionName: "revealLeaf",
        args: [leafToReveal(state.trace!, truth.trace(state.iteration!)), signature],
      };
    default:
      return undefined;
  }
}

/**
 * The challenger's move, given what it recomputed; undefined if it is not its turn.
 * @throws GristmillError NOTHING_TO_REFUTE if all that was revealed is what it recomputed
 */
export function attackSegment(
  state: SegmentGameState,
  truth: SegmentTruth,
  evidence: Evidence,
): SegmentCall | undefined {
  switch (state.stage) {
    case Stage.Choice:
      return { functionName: "chooseIteration", args: [firstFalseIteration(state.outcomes!, truth)] };
    case Stage.Tensor:
      return attackTrace(state, state.trace!, truth, evidence);
    case Stage.Node: {
      const { child, node, proof } = nodeToFollow(state.trace!, truth.trace(state.iteration!));
      return { functionName: "chooseNode", args: [BigInt(child), node, proof] };
    }
    case Stage.Element:
      return decide(state, state.trace!, truth.trace(state.iteration!), evidence);
    default:
      return undefined;
  }
}

/**
 * The first iteration whose record or state differs, from the segment's first.
 * @throws GristmillError NOTHING_TO_REFUTE
 */
function firstFalseIteration(outcomes: Outcomes, truth: SegmentTruth): number {
  const own = outcomesOf(truth);
  const iteration = own.records.findIndex(
    (record, i) =>
      recordHash(record) !== recordHash(outcomes.records[i]!) ||
      own.stateIds[i] !== outcomes.stateIds[i] ||
      own.residualIds[i] !== outcomes.residualIds[i],
  );
  if (iteration < 0) throw nothing("Every iteration came out as it was signed.");
  return iteration;
}

function attackTrace(state: SegmentGameState, trace: TraceState, truth: SegmentTruth, evidence: Evidence): SegmentCall {
  const own = truth.trace(state.iteration!);
  const { traceCase } = trace;
  const list = own.lists.findIndex(({ list: taken }, i) => tensorId(updateTensor(taken)) !== trace.ids.lists[i]);
  if (list >= 0) {
    const { slot, index } = own.lists[list]!;
    const step = clockStep(truth);
    const origin = evidence.findList(truth.message.clock[slot]!, slot, index);
    const outcome = outcomeAt(state.outcomes!, state.iteration!);
    const claimed = boundList(trace, own, list);
    return {
      functionName: "contestList",
      args: [
        state.segmentCase,
        traceCase,
        outcome,
        step,
        slot,
        claimed,
        origin.chain,
        origin.record,
        origin.recordProof,
      ],
    };
  }
  const tensor = firstFalseTensor(trace, own);
  if (tensor !== undefined) {
    return { functionName: "chooseTensor", args: [traceCase, BigInt(tensor), boundTensor(trace, tensor)] };
  }
  const sum = refuteSum(trace, own);
  if (sum === undefined) throw nothing("The revealed trace is the recomputed one.");
  return { functionName: "refuteSum", args: [traceCase, sum.loss, sum.tensor, sum.opening] };
}

function decide(state: SegmentGameState, trace: TraceState, own: TraceTruth, evidence: Evidence): SegmentCall {
  const { traceCase } = trace;
  const instruction = own.instructions[trace.tensor!]!;
  if (instruction.op !== "Sparse") {
    const element = trace.named[evidence.account];
    if (element !== undefined)
      return { functionName: "refuteElement", args: [element, refuteElement(trace, own, element)] };
    const { leaf, offset, operands } = elementToName(trace, own);
    return { functionName: "nameElement", args: [traceCase, leaf, offset, operands] };
  }
  const refutation = refuteListRow(trace, own);
  const { list } = refutation;
  if (refutation.fault === "malformed") {
    const signed = { segment: state.segmentCase.segment, signature: evidence.signature };
    const { records } = state.outcomes!;
    const record = records[state.iteration!]!;
    const opening = { leaf: state.iteration!, record, proof: merkleProof(records.map(recordHash), state.iteration!) };
    const args = [signed, opening, evidence.parameters, BigInt(refutation.col), list];
    return { functionName: "proveMalformedList", args };
  }
  const { flat } = refutation;
  const id = boundTensor(trace, trace.tensor!);
  const updates = boundOperands(trace, own, instruction);
  return { functionName: "refuteList", args: [traceCase, id, updates, BigInt(flat), list, openUpdate(own, flat)] };
}

/** The leaf of U_1..U_L that holds a weight. */
function openUpdate(own: TraceTruth, flat: number): Opening {
  const instruction = own.instructions.find(({ op }) => op === "Sparse")!;
  let rest = flat;
  for (const operand of instruction.operands) {
    const tensor = operandTensor(own, operand);
    const { rows, cols } = tensor;
    if (rest < rows * cols) return openElement(tensor, Math.floor(rest / cols), rest % cols);
    rest -= rows * cols;
  }
  throw new GristmillError("WEIGHT_MISSING", `The network has no weight ${String(flat)}.`);
}

/** A side's records and ids, as the game takes them. */
function outcomesOf({ message, outcomes }: SegmentTruth): Outcomes {
  return {
    records: message.records,
    stateIds: outcomes.map(({ stateId }) => stateId),
    residualIds: outcomes.map(({ residualId }) => residualId),
  };
}

function outcomeAt({ records, stateIds, residualIds }: Outcomes, iteration: number): Outcome {
  const leaves = records.map((record, i) =>
    keccak256(
      encodeAbiParameters(
        [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
        [recordHash(record), stateIds[i]!, residualIds[i]!],
      ),
    ),
  );
  return {
    record: records[iteration]!,
    stateId: stateIds[iteration]!,
    residualId: residualIds[iteration]!,
    proof: merkleProof(leaves, iteration),
  };
}

/** Stands where the game reads no outcome: before a segment's first iteration. */
function noOutcome(): Outcome {
  return { record: NO_RECORD, stateId: zeroHash, residualId: zeroHash, proof: [] };
}

const NO_STEP: ClockStep = { clock: [], previous: [], previousRecord: NO_RECORD, previousProof: [] };

/** What ties a segment's first iteration to the lists it takes in. */
function clockStep({ message, predecessor }: SegmentTruth): ClockStep {
  const clock = entries(message.clock);
  if (predecessor === undefined) return { ...NO_STEP, clock };
  const hashes = predecessor.records.map(recordHash);
  return {
    clock,
    previous: entries(predecessor.clock),
    previousRecord: predecessor.records[0]!,
    previousProof: merkleProof(hashes, 0),
  };
}

function entries(clock: Clock): ClockStep["clock"] {
  return clock.map(({ count, segmentId: id }) => ({ count, segmentId: id }));
}

function nothing(message: string): GristmillError {
  return new GristmillError("NOTHING_TO_REFUTE", message, {
    hints: ["do not challenge what comes out as signed: let the dispute expire, or retract it while it waits"],
  });
}
