import type { SumNode as Sum } from "@gristmill/sdk";
import { GristmillError, sumLevels, sumParent } from "@gristmill/sdk";
import type { Address, Hex } from "viem";

import type { EvaluationTruth } from "./evaluation-truth.ts";
import type { EvaluationGameState, SumNode, TaskParameters } from "./game-state.ts";
import { GROUP_HEIGHT, Stage } from "./stage.ts";
import {
  boundTensor,
  elementToName,
  firstFalseTensor,
  hashesToReveal,
  leafToReveal,
  nodeToFollow,
  refuteElement,
  refuteSum,
} from "./trace-player.ts";
import { traceIdsOf } from "./trace-truth.ts";

/** A call of `EvaluationGame`, without the dispute's id, which is its first argument. */
export interface EvaluationCall {
  readonly functionName:
    | "revealSums"
    | "chooseSum"
    | "revealTrace"
    | "chooseTensor"
    | "revealNodes"
    | "chooseNode"
    | "revealLeaf"
    | "nameElement"
    | "refuteElement"
    | "refuteSum";
  readonly args: readonly unknown[];
}

/** The defender's move, given what it holds to be true of the score; undefined if it is not its turn. */
export function defendScore(
  state: EvaluationGameState,
  truth: EvaluationTruth,
  parameters: TaskParameters,
  signature: Hex = "0x",
): EvaluationCall | undefined {
  switch (state.stage) {
    case Stage.Outcomes:
      return { functionName: "revealSums", args: [sumsBelow(state, truth), signature] };
    case Stage.Trace: {
      const ids = traceIdsOf(truth.trace(batchOf(state)));
      return { functionName: "revealTrace", args: [state.scoreCase, parameters, ids, signature] };
    }
    case Stage.Nodes: {
      const { rows, nodes } = hashesToReveal(state.trace!, truth.trace(batchOf(state)));
      return { functionName: "revealNodes", args: [rows, nodes, signature] };
    }
    case Stage.Leaf:
      return { functionName: "revealLeaf", args: [leafToReveal(state.trace!, truth.trace(batchOf(state))), signature] };
    default:
      return undefined;
  }
}

/**
 * The challenger's move, given what it recomputed; undefined if it is not its turn.
 * @param account that sends its moves, checksummed as in events
 * @throws GristmillError NOTHING_TO_REFUTE if all that was revealed is what it recomputed
 */
export function attackScore(
  state: EvaluationGameState,
  truth: EvaluationTruth,
  account: Address,
): EvaluationCall | undefined {
  switch (state.stage) {
    case Stage.Choice:
      return followSum(state, truth);
    case Stage.Tensor: {
      const trace = state.trace!;
      const own = truth.trace(batchOf(state));
      const tensor = firstFalseTensor(trace, own);
      if (tensor !== undefined) {
        const id = boundTensor(trace, tensor);
        return { functionName: "chooseTensor", args: [trace.traceCase, BigInt(tensor), id] };
      }
      const sum = refuteSum(trace, own);
      if (sum === undefined) throw nothing();
      return { functionName: "refuteSum", args: [trace.traceCase, sum.loss, sum.tensor, sum.opening] };
    }
    case Stage.Node: {
      const { child, node, proof } = nodeToFollow(state.trace!, truth.trace(batchOf(state)));
      return { functionName: "chooseNode", args: [BigInt(child), node, proof] };
    }
    case Stage.Element: {
      const trace = state.trace!;
      const own = truth.trace(batchOf(state));
      const element = trace.named[account];
      if (element !== undefined) {
        return { functionName: "refuteElement", args: [element, refuteElement(trace, own, element)] };
      }
      const { leaf, offset, operands } = elementToName(trace, own);
      return { functionName: "nameElement", args: [trace.traceCase, leaf, offset, operands] };
    }
    default:
      return undefined;
  }
}

type Descent = Pick<EvaluationGameState, "sums">;

/** Place of the node that the descent arrived at: at its end, the test batch. */
function batchOf({ sums }: Descent): number {
  return sums.reduce((position, { nodes, child = 0 }) => position * nodes.length + child, 0);
}

/** One's own nodes below the one in dispute. */
function sumsBelow({ sums }: Descent, truth: EvaluationTruth): SumNode[] {
  const levels = sumLevels(truth.scores);
  const left = levels.length - 1 - sums.length * GROUP_HEIGHT;
  const group = Math.min(left, GROUP_HEIGHT);
  const position = batchOf({ sums });
  return levels[left - group]!.slice(position << group, (position + 1) << group).map(onChain);
}

function followSum(state: EvaluationGameState, truth: EvaluationTruth): EvaluationCall {
  const { nodes } = state.sums.at(-1)!;
  const own = sumsBelow({ sums: state.sums.slice(0, -1) }, truth);
  const child = nodes.findIndex((node, i) => {
    const { hash, correct, loss } = own[i]!;
    return node.hash !== hash || node.correct !== correct || node.loss !== loss;
  });
  if (child < 0) throw nothing();
  return { functionName: "chooseSum", args: [BigInt(child), nodes[child]!, sumProof(nodes, child)] };
}

/** Siblings of a node, lowest first. */
function sumProof(nodes: readonly SumNode[], child: number): SumNode[] {
  const proof: SumNode[] = [];
  let level: readonly Sum[] = nodes.map(({ hash, correct, loss }) => ({ hash, correct, loss: Number(loss) }));
  for (let place = child; level.length > 1; place >>= 1) {
    proof.push(onChain(level[place ^ 1]!));
    level = Array.from({ length: level.length / 2 }, (_, i) => sumParent(level[2 * i]!, level[2 * i + 1]!));
  }
  return proof;
}

function onChain({ hash, correct, loss }: Sum): SumNode {
  return { hash, correct, loss: BigInt(loss) };
}

function nothing(): GristmillError {
  return new GristmillError("NOTHING_TO_REFUTE", "Every batch scores as the evaluator said.", {
    hints: ["do not challenge a score that comes out the same"],
  });
}
