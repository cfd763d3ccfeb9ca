import { type IterationInput, type Matrix, matrix, referenceIteration, sparseList, updateTensor } from "@gristmill/sdk";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import type { TraceTruth } from "../../../oracle/src/disputes/trace-truth.ts";
import { type Cheat, listOf, placeOf, withLie, withTensors } from "./cheat.ts";

/** Runs an iteration again with something changed: the honest arithmetic over dishonest inputs. */
function rerun(truth: SegmentTruth, iteration: number, changes: Partial<IterationInput>): TraceTruth {
  const honest = truth.trace(iteration);
  const { index } = truth.message.records[iteration]!;
  const first = honest.instructions.length === 0 ? 0 : truth.parameters.sizes.length - 1;
  // A slot's first iteration makes its own state: I and O are the first tensors of its trace.
  const weights = honest.weights.length > 0 ? honest.weights : honest.tensors.slice(0, first);
  const residuals = honest.residuals.length > 0 ? honest.residuals : honest.tensors.slice(first, 2 * first);
  const { trace, correct, loss } = referenceIteration({
    parameters: truth.parameters,
    index,
    batch: honest.batch,
    weights: weights.map(({ data }) => data as Int32Array),
    residuals: residuals.map(({ data }) => data as Int32Array),
    lists: honest.lists,
    ...changes,
  });
  return { ...honest, tensors: trace.map(({ tensor }) => tensor), correct, loss };
}

/** The first iteration, not before `from`, that moves a weight. */
function iterationWithUpdates(truth: SegmentTruth, from = 0): number | undefined {
  const at = truth.message.lists.findIndex((list, i) => i >= from && list.length > 0);
  return at < 0 ? undefined : at;
}

function nudged(m: Matrix, at: number, by: number): Matrix {
  const data = m.data.slice();
  data[at]! += by;
  return matrix(m.type, m.rows, m.cols, data);
}

/** One element of a gradient is off by one, and with it the residual. */
export class WrongGradient implements Cheat {
  readonly name = "wrong-gradient";
  readonly about = "adds one to one element of a gradient";

  lie(truth: SegmentTruth): SegmentTruth {
    const last = truth.outcomes.length - 1;
    const trace = truth.trace(last);
    const k = placeOf(trace, "Residual");
    return withLie(truth, last, withTensors(trace, new Map([[k, nudged(trace.tensors[k]!, 0, 1)]])));
  }
}

/** The forward pass gives the accuracy, the backward pass is saved: no weight moves. */
export class SkippedBackward implements Cheat {
  readonly name = "skipped-backward";
  readonly about = "leaves out the backward pass";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = iterationWithUpdates(truth);
    if (iteration === undefined) return undefined;
    const trace = truth.trace(iteration);
    const before = new Map<number, Matrix>();
    trace.instructions.forEach(({ op, elementType, rows, cols, operands }, k) => {
      if (op === "Update") before.set(k, matrix(elementType, rows, cols));
      if (op === "Residual" || op === "Step") before.set(k, operandOf(trace, operands[0]!));
      if (op === "Sparse") before.set(k, updateTensor(new Uint32Array()));
    });
    return withLie(truth, iteration, withTensors(trace, before));
  }
}

/** Trains on the weights that the slot started with. */
export class StaleWeights implements Cheat {
  readonly name = "stale-weights";
  readonly about = "trains on weights from before its last updates";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = iterationWithUpdates(truth);
    if (iteration === undefined || iteration + 1 >= truth.outcomes.length) return undefined;
    const earlier = truth.trace(iteration);
    const weights = earlier.weights.map(({ data }) => data as Int32Array);
    if (weights.length === 0) return undefined;
    return withLie(truth, iteration + 1, rerun(truth, iteration + 1, { weights }));
  }
}

/** Names peers' segments in its clock, but does not take their updates in. */
export class IgnoredUpdate implements Cheat {
  readonly name = "ignored-update";
  readonly about = "names updates of peers in its clock without applying them";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const honest = truth.trace(0);
    if (honest.lists.every(({ list }) => list.length === 0)) return undefined;
    const idle = rerun(truth, 0, { lists: [] });
    // The tensors after each group of lists have to be there: they stay the weights before.
    const tensors: Matrix[] = [];
    let next = 0;
    for (const { op, operands } of honest.instructions) {
      const weights = operands[0];
      if (op === "Apply") {
        const source = weights!.source === "Trace" ? tensors[weights!.index]! : operandOf(honest, weights!);
        tensors.push(source);
      } else {
        tensors.push(idle.tensors[next++]!);
      }
    }
    return withLie(truth, 0, { ...idle, tensors });
  }
}

/** Takes in an update of its own invention in the place of a peer's. */
export class InventedUpdate implements Cheat {
  readonly name = "invented-update";
  readonly about = "takes in an invented update in the place of a peer's";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const honest = truth.trace(0);
    const [first, ...others] = honest.lists;
    if (first === undefined) return undefined;
    const lists = [{ ...first, list: Uint32Array.of(0, 2) }, ...others];
    return withLie(truth, 0, { ...rerun(truth, 0, { lists }), lists });
  }
}

/** Trains on a batch that it likes better than the scheduled one. */
export class WrongBatch implements Cheat {
  readonly name = "wrong-batch";
  readonly about = "trains on another batch than the scheduled one";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const other = truth.message.records.findIndex(({ batch }) => batch !== truth.message.records[0]!.batch);
    if (other < 0) return undefined;
    const { batch } = truth.trace(other);
    return withLie(truth, 0, rerun(truth, 0, { batch }));
  }
}

/** Forgets what was left below the threshold. */
export class DroppedResidual implements Cheat {
  readonly name = "dropped-residual";
  readonly about = "does not carry the residual over";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = truth.outcomes.length - 1;
    const honest = truth.trace(iteration);
    if (honest.residuals.every(({ data }) => data.every((value) => value === 0))) return undefined;
    const residuals = honest.residuals.map(({ data }) => new Int32Array(data.length));
    return withLie(truth, iteration, rerun(truth, iteration, { residuals }));
  }
}

/** Sends more than it may by a lower threshold. */
export class ShavedThreshold implements Cheat {
  readonly name = "shaved-threshold";
  readonly about = "shaves the threshold to send more updates";

  lie(truth: SegmentTruth): SegmentTruth {
    const iteration = truth.outcomes.length - 1;
    const tau = truth.parameters.tau.map((value) => Math.max(1, Math.floor(value / 2)));
    return withLie(truth, iteration, rerun(truth, iteration, { parameters: { ...truth.parameters, tau } }));
  }
}

/** Gives its own updates double weight. */
export class WrongStep implements Cheat {
  readonly name = "wrong-step";
  readonly about = "applies its updates with twice the step q";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = iterationWithUpdates(truth, 1);
    if (iteration === undefined) return undefined;
    const { parameters } = truth;
    return withLie(truth, iteration, rerun(truth, iteration, { parameters: { ...parameters, q0: 2 * parameters.q0 } }));
  }
}

/** Reports an answer more than were right. */
export class FalseAccuracy implements Cheat {
  readonly name = "false-accuracy";
  readonly about = "reports one right answer too many";

  lie(truth: SegmentTruth): SegmentTruth {
    const trace = truth.trace(0);
    return withLie(truth, 0, { ...trace, correct: trace.correct + 1 });
  }
}

/** Keeps an update to itself: applied to its own weights, missing in the list that its peers get. */
export class HiddenUpdate implements Cheat {
  readonly name = "hidden-update";
  readonly about = "applies an update that its list leaves out";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = iterationWithUpdates(truth);
    if (iteration === undefined) return undefined;
    const trace = truth.trace(iteration);
    const list = listOf(trace).slice(1);
    const k = placeOf(trace, "Sparse");
    return withLie(truth, iteration, withTensors(trace, new Map([[k, updateTensor(list)]])));
  }
}

/** Claims an iteration that it never ran: no update, and an accuracy out of thin air. */
export class NeverRan implements Cheat {
  readonly name = "never-ran";
  readonly about = "signs an iteration that it never ran";

  lie(truth: SegmentTruth): SegmentTruth | undefined {
    const iteration = iterationWithUpdates(truth);
    if (iteration === undefined) return undefined;
    const trace = truth.trace(iteration);
    const invented = new Map<number, Matrix>();
    trace.instructions.forEach(({ op, elementType, rows, cols, operands }, k) => {
      if (["Logits", "Hits", "SoftmaxGrad", "Missing", "Activate", "Transpose", "Update", "Backward"].includes(op))
        invented.set(k, matrix(elementType, rows, cols));
      if (op === "Residual" || op === "Step") invented.set(k, operandOf(trace, operands[0]!));
      if (op === "Sparse") invented.set(k, updateTensor(sparseList([])));
    });
    return withLie(truth, iteration, { ...withTensors(trace, invented), correct: 0, loss: 0 });
  }
}

function operandOf(trace: TraceTruth, operand: TraceTruth["instructions"][number]["operands"][number]): Matrix {
  const sources = { Trace: trace.tensors, Weights: trace.weights, Residuals: trace.residuals };
  return sources[operand.source as keyof typeof sources][operand.index]!;
}

/** Every lie about a segment that the demo can show and the tests play. */
export const SEGMENT_CHEATS: readonly Cheat[] = [
  new WrongGradient(),
  new SkippedBackward(),
  new StaleWeights(),
  new IgnoredUpdate(),
  new InventedUpdate(),
  new WrongBatch(),
  new DroppedResidual(),
  new ShavedThreshold(),
  new WrongStep(),
  new FalseAccuracy(),
  new HiddenUpdate(),
  new NeverRan(),
];
