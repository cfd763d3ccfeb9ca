import type { Instruction, Matrix, UpdateList, Witness } from "@gristmill/sdk";
import {
  element,
  GristmillError,
  leafBytes,
  merkleProof,
  merkleHeight,
  openElement,
  tensorId,
  witnessFor,
} from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, hexToBytes } from "viem";

import type { TraceCase, TraceState } from "./game-state.ts";
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

/** What shows that one element of the revealed leaf is wrong. */
export interface ElementRefutation {
  readonly leaf: Hex;
  readonly offset: bigint;
  readonly operands: readonly BoundId[];
  readonly witness: Witness;
}

/**
 * The deciding move for any tensor but an update list.
 * @throws GristmillError NOTHING_TO_REFUTE if the revealed leaf is one's own
 */
export function refuteElement(state: TraceState, truth: TraceTruth): ElementRefutation {
  const { leaf, groups, tensor } = state;
  const disputed = tensorOf(truth, tensor);
  const position = positionAfter(groups);
  const offset = firstDifference(disputed, hexToBytes(leaf!), leafBytes(disputed, position));
  const perRow = Math.ceil(disputed.cols / 1024);
  const row = Math.floor(position / perRow);
  const col = (position % perRow) * 1024 + offset;
  const instruction = instructionOf(truth, tensor);
  const lists = instruction.operands.flatMap(({ source, index }) =>
    source === "List" ? [truth.lists[index]!.list] : [],
  );
  const read = (operand: number) => operandTensor(truth, instruction.operands[operand]!);
  return {
    leaf: leaf!,
    offset: BigInt(offset),
    operands: boundOperands(state, truth, instruction),
    witness: witnessFor(instruction, row, col, read, lists),
  };
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
): { readonly loss: boolean; readonly tensor: BoundId; readonly opening: ReturnType<typeof openElement> } | undefined {
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

/** A weight of which the revealed row of an update list says something else than one's own list. */
export interface ListRefutation {
  readonly flat: bigint;
  readonly rows: number;
  readonly row: number;
  readonly leaves: readonly { readonly leaf: Hex; readonly proof: readonly Hex[] }[];
}

/**
 * What is wrong with the revealed row of the update list, all rows before it being one's own.
 * @throws GristmillError LIST_MALFORMED if its form is broken, for which there is a direct proof
 */
export function refuteListRow(state: TraceState, truth: TraceTruth, own: UpdateList): ListRefutation {
  const { groups, rows, leaf, tensor } = state;
  const ownTensor = tensorOf(truth, tensor);
  const row = positionAfter(groups);
  const tree = new KnownTree(leavesWithRows(ownTensor, rows!), groups);
  const revealed = new Uint32Array(hexToBytes(leaf!).buffer.slice(0));
  const entries = revealed.filter((entry) => entry !== 0xffffffff);
  const mine = new Map(Array.from(own, (entry) => [entry >>> 1, entry]));
  const opening = (at: number, bytes: Hex) => ({ leaf: bytes, proof: tree.proof(at) });

  const wrong = entries.find((entry) => mine.get(entry >>> 1) !== entry);
  if (wrong !== undefined) {
    return { flat: BigInt(wrong >>> 1), rows: rows!, row, leaves: [opening(row, leaf!)] };
  }
  // Every entry is right, so one is left out: before the row's first, or between two of its entries, or after the last.
  const there = new Set(entries);
  const earlier = new Set(own.slice(0, row * ownTensor.cols));
  const missing = own.find((entry) => !there.has(entry) && !earlier.has(entry));
  if (missing === undefined) {
    throw new GristmillError("LIST_MALFORMED", "The update list has the right entries in a wrong form.", {
      hints: ["prove the malformed list directly"],
    });
  }
  const first = entries[0];
  const flat = BigInt(missing >>> 1);
  if (row > 0 && first !== undefined && missing < first) {
    const before = bytesToHex(leafBytes(ownTensor, row - 1));
    return { flat, rows: rows!, row: row - 1, leaves: [opening(row - 1, before), opening(row, leaf!)] };
  }
  return { flat, rows: rows!, row, leaves: [opening(row, leaf!)] };
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
