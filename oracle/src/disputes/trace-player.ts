import type { Instruction, Matrix, Opening, Witness } from "@gristmill/sdk";
import {
  GristmillError,
  leafBytes,
  merkleProof,
  merkleHeight,
  openElement,
  tensorId,
  UPDATE_PADDING,
  UPDATE_ROW,
  weightCount,
  witnessFor,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, hexToBytes } from "viem";

import type { ElementCase, TraceCase, TraceState } from "./game-state.ts";
import { KnownTree, leavesWithRows, nodesBelow, positionAfter } from "./known-tree.ts";
import { GROUP_HEIGHT } from "./stage.ts";
import type { TraceTruth } from "./trace-truth.ts";
import { inputIds, inputPlace, operandTensor } from "./trace-truth.ts";

/** An id that is a leaf of a tree which the game knows, with its proof. */
export interface BoundId {
  readonly id: Hex;
  readonly proof: readonly Hex[];
}

/** The defender's next hashes of the tensor in dispute. */
export function hashesToReveal(
  { tensor, groups, rows }: TraceState,
  truth: TraceTruth,
): { readonly rows: number; readonly nodes: readonly Hex[] } {
  const disputed = tensorOf(truth, tensor);
  const revealed = rows ?? disputed.rows;
  return { rows: revealed, nodes: nodesBelow(leavesWithRows(disputed, disputed.rows), groups) };
}

/** The defender's leaf in dispute. */
export function leafToReveal({ tensor, groups }: TraceState, truth: TraceTruth): Hex {
  return bytesToHex(leafBytes(tensorOf(truth, tensor), positionAfter(groups)));
}

/** The first tensor of the revealed trace that differs from one's own, undefined if none does. */
export function firstFalseTensor({ ids }: TraceState, truth: TraceTruth): number | undefined {
  const place = truth.tensors.findIndex((tensor, k) => tensorId(tensor) !== ids.tensors[k]);
  return place < 0 ? undefined : place;
}

/** Tensor `k` of the revealed trace, bound to its root. */
export function boundTensor({ ids }: TraceState, k: number): BoundId {
  return bound(ids.tensors, k);
}

/** The node among those revealed last that leads to a difference. */
export function nodeToFollow(
  state: TraceState,
  truth: TraceTruth,
): { readonly child: number; readonly node: Hex; readonly proof: readonly Hex[] } {
  const { groups, rows, tensor } = state;
  const { nodes } = groups.at(-1)!;
  const leaves = leavesWithRows(tensorOf(truth, tensor), rows!);
  const own = nodesBelow(leaves, groups.slice(0, -1));
  const height = merkleHeight(leaves.length);
  const levels = Math.max(0, height - groups.length * GROUP_HEIGHT);
  const before = positionAfter(groups.slice(0, -1)) * nodes.length;
  const child = nodes.findIndex((node, i) => node !== own[i] && (before + i) * 2 ** levels < leaves.length);
  if (child < 0) throw new GristmillError("NOTHING_TO_REFUTE", "The revealed hashes are the recomputed ones.");
  return { child, node: nodes[child]!, proof: merkleProof(nodes, child) };
}

/** A wrong element of the revealed leaf, with the operands that it is judged by. */
export interface WrongElement {
  readonly leaf: Hex;
  readonly offset: bigint;
  readonly operands: readonly BoundId[];
}

/**
 * The element to name in any tensor but an update list.
 * @throws GristmillError NOTHING_TO_REFUTE if the revealed leaf is one's own
 */
export function elementToName(state: TraceState, truth: TraceTruth): WrongElement {
  const { leaf, groups, tensor } = state;
  const disputed = tensorOf(truth, tensor);
  const offset = firstDifference(disputed, hexToBytes(leaf!), leafBytes(disputed, positionAfter(groups)));
  const operands = boundOperands(state, truth, instructionOf(truth, tensor));
  return { leaf: leaf!, offset: BigInt(offset), operands };
}

/** The deciding move: the operands' leaves of the element that was named. */
export function refuteElement({ tensor }: TraceState, truth: TraceTruth, { row, col }: ElementCase): Witness {
  const instruction = instructionOf(truth, tensor);
  const lists = instruction.operands.flatMap(({ source, index }) =>
    source === "List" ? [truth.lists[index]!.list] : [],
  );
  const read = (operand: number) => operandTensor(truth, instruction.operands[operand]!);
  return witnessFor(instruction, Number(row), Number(col), read, lists);
}

/** The instruction's operands, bound to the revealed trace or its inputs. */
export function boundOperands(state: TraceState, truth: TraceTruth, instruction: Instruction): BoundId[] {
  const layers = truth.parameters.sizes.length - 1;
  const inputs = inputIds(truth, state.ids);
  return instruction.operands.map((operand) =>
    operand.source === "Trace" ? boundTensor(state, operand.index) : bound(inputs, inputPlace(operand, layers)),
  );
}

/** A list among the inputs of the revealed trace. */
export function boundList(state: TraceState, truth: TraceTruth, list: number): BoundId {
  const layers = truth.parameters.sizes.length - 1;
  return bound(
    inputIds(truth, state.ids),
    inputPlace({ source: "List", index: list, elementType: "u32", rows: 0, cols: 0 }, layers),
  );
}

/** What shows that the revealed C or M does not add up to what the case says; undefined if both do. */
export function refuteSum(
  state: TraceState,
  truth: TraceTruth,
): { readonly loss: boolean; readonly tensor: BoundId; readonly opening: Opening } | undefined {
  const { correct, loss }: TraceCase = state.traceCase;
  for (const [isLoss, own, stated, op] of [
    [false, truth.correct, correct, "Hits"],
    [true, truth.loss, Number(loss), "Missing"],
  ] as const) {
    if (own === stated) continue;
    const k = truth.instructions.findIndex((instruction) => instruction.op === op);
    return { loss: isLoss, tensor: boundTensor(state, k), opening: openElement(tensorOf(truth, k), 0, 0) };
  }
  return undefined;
}

/** A row of a list, as the contracts open it. */
export interface OpenedRow {
  readonly rows: number;
  readonly row: number;
  readonly leaves: readonly Opening[];
}

/** What is wrong with the revealed row of an update list. */
export type ListRefutation =
  /** It says something else of a weight than U does. */
  | { readonly fault: "contradiction"; readonly flat: number; readonly list: OpenedRow }
  /** The entry in a column of the opened row breaks the list's form, for which there is a direct proof. */
  | { readonly fault: "malformed"; readonly col: number; readonly list: OpenedRow };

/**
 * What is wrong with the revealed row of the update list, all rows before it being one's own.
 * @throws GristmillError NOTHING_TO_REFUTE if the row is one's own
 */
export function refuteListRow({ groups, rows, leaf, tensor }: TraceState, truth: TraceTruth): ListRefutation {
  const own = tensorOf(truth, tensor);
  const row = positionAfter(groups);
  const tree = new KnownTree(leavesWithRows(own, rows!), groups);
  const entries = new Uint32Array(hexToBytes(leaf!).buffer.slice(0));
  const here = { leaf: leaf!, proof: tree.proof(row) };
  const one: OpenedRow = { rows: rows!, row, leaves: [here] };
  const withRowBefore = (): OpenedRow => {
    const before = { leaf: bytesToHex(leafBytes(own, row - 1)), proof: tree.proof(row - 1) };
    return { rows: rows!, row: row - 1, leaves: [before, here] };
  };

  const weights = weightCount(truth.parameters);
  const lastBefore = row === 0 ? undefined : own.data[row * UPDATE_ROW - 1];
  if (lastBefore !== undefined && !follows(lastBefore, entries[0]!)) {
    return { fault: "malformed", col: UPDATE_ROW - 1, list: withRowBefore() };
  }
  const col = entries.findIndex(
    (entry, i) =>
      (entry === UPDATE_PADDING ? i === 0 && row > 0 : entry >>> 1 >= weights) ||
      (i + 1 < entries.length && !follows(entry, entries[i + 1]!)),
  );
  // What follows the row's last entry is not known yet; all that comes before it is shown by this row alone.
  if (col >= 0 && col + 1 < UPDATE_ROW) return { fault: "malformed", col, list: one };

  const mine = Array.from(own.data.subarray(row * UPDATE_ROW, (row + 1) * UPDATE_ROW));
  const at = entries.findIndex((entry, i) => entry !== (mine[i] ?? UPDATE_PADDING));
  if (at < 0)
    throw new GristmillError("NOTHING_TO_REFUTE", "The revealed row of the update list is the recomputed one.");
  // Both ascend and agree before: the lower of the two is in one of them only, or in both with another sign.
  const flat = Math.min(entries[at]!, mine[at] ?? UPDATE_PADDING) >>> 1;
  return {
    fault: "contradiction",
    flat,
    list: at === 0 && row > 0 && flat < entries[0]! >>> 1 ? withRowBefore() : one,
  };
}

/** Whether an entry, or the padding, may stand after another. */
function follows(entry: number, next: number): boolean {
  return next === UPDATE_PADDING || (entry !== UPDATE_PADDING && next >>> 1 > entry >>> 1);
}

function bound(leaves: readonly Hex[], index: number): BoundId {
  return { id: leaves[index]!, proof: merkleProof(leaves, index) };
}

function tensorOf(truth: TraceTruth, k: number | undefined): Matrix {
  const tensor = k === undefined ? undefined : truth.tensors[k];
  if (tensor === undefined) throw new GristmillError("TENSOR_MISSING", `The trace has no tensor ${String(k)}.`);
  return tensor;
}

function instructionOf(truth: TraceTruth, k: number | undefined): Instruction {
  const instruction = k === undefined ? undefined : truth.instructions[k];
  if (instruction === undefined) throw new GristmillError("TENSOR_MISSING", `The trace has no tensor ${String(k)}.`);
  return instruction;
}

/** Place of the first element in which two leaves differ. */
function firstDifference(m: Matrix, a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  if (at < 0) throw new GristmillError("NOTHING_TO_REFUTE", "The revealed leaf is the recomputed one.");
  return Math.floor(at / m.data.BYTES_PER_ELEMENT);
}
