import type { Hex } from "viem";
import { bytesToHex, hexToBytes } from "viem";

import { GristmillError } from "../errors.ts";
import type { UpdateList } from "../segment/types.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { element } from "../tensor/matrix.ts";
import { merkleProof } from "../tensor/merkle.ts";
import { LEAF_ELEMENTS, leafBytes, leafIndex, tensorLeaves } from "../tensor/tensor-id.ts";
import type { Instruction } from "./program.ts";
import { UPDATE_ROW, updateTensor } from "./update-list.ts";

/** One leaf of a tensor with its siblings up to the root of the leaves, lowest first. */
export interface Opening {
  readonly leaf: Hex;
  readonly proof: readonly Hex[];
}

/** What an update list says of one flat index: the row that holds its entry, or the place where it would stand. */
export interface ListOpening {
  /** Of S. */
  readonly rows: number;
  /** Of the first opening. */
  readonly row: number;
  /** Rows `row` and, where the place is between two rows, `row` + 1. */
  readonly leaves: readonly Opening[];
}

/** What shows one element of a tensor, besides its instruction and its operands' ids (contracts/types/ProgramTypes.sol). */
export interface Witness {
  readonly leaves: readonly Opening[];
  readonly lists: readonly ListOpening[];
}

/** The leaf that holds an element. @throws GristmillError MATRIX_INDEX */
export function openElement(m: Matrix, row: number, col: number): Opening {
  return openLeaf(m, tensorLeaves(m), leafIndex(m, row, col));
}

/**
 * The leaf of an i32 tensor that holds an element, as int16 where all of its elements are: half of the calldata, which is
 * what such a move costs.
 */
function openNarrow(m: Matrix, row: number, col: number): Opening {
  const { leaf, proof } = openElement(m, row, col);
  const wide = new DataView(hexToBytes(leaf).buffer);
  const narrow = new DataView(new ArrayBuffer(wide.byteLength / 2));
  for (let at = 0; at < narrow.byteLength; at += 2) {
    const value = wide.getInt32(2 * at, true);
    narrow.setInt16(at, value, true);
    if (narrow.getInt16(at, true) !== value) return { leaf, proof };
  }
  return { leaf: bytesToHex(new Uint8Array(narrow.buffer)), proof };
}

/** A row's leaves from the left. @throws GristmillError MATRIX_INDEX */
export function openRow(m: Matrix, row: number): Opening[] {
  const hashes = tensorLeaves(m);
  const first = leafIndex(m, row, 0);
  return Array.from({ length: Math.ceil(m.cols / LEAF_ELEMENTS) }, (_, i) => openLeaf(m, hashes, first + i));
}

/** What a well-formed list says of weight `flat`. */
export function openList(list: UpdateList, flat: number): ListOpening {
  const tensor = updateTensor(list);
  // The first entry that does not come before the weight's.
  let place = list.findIndex((entry) => entry >>> 1 >= flat);
  if (place < 0) place = list.length;
  const isThere = place < list.length && list[place]! >>> 1 === flat;
  const betweenRows = !isThere && place > 0 && place % UPDATE_ROW === 0;
  const row = Math.floor((betweenRows ? place - 1 : place) / UPDATE_ROW);
  const rows = betweenRows && row + 1 < tensor.rows ? [row, row + 1] : [row];
  return { rows: tensor.rows, row, leaves: rows.map((r) => openElement(tensor, r, 0)) };
}

/** Gives an operand's tensor by its place among the operands; lists are given apart, as their entries. */
export type OperandReader = (operand: number) => Matrix;

/**
 * The leaves from which `IDisputableTemplate.elementAt` recomputes one element.
 *
 * @param read the tensors of the instruction's operands, by place among them
 * @param lists Apply: the lists among them, in order
 * @throws GristmillError WITNESS_SPARSE for S, whose entries are judged by `listContradicts`
 */
export function witnessFor(
  { op, cols, offset }: Instruction,
  row: number,
  col: number,
  read: OperandReader,
  lists: readonly UpdateList[] = [],
): Witness {
  const leaves = (): Opening[] => {
    switch (op) {
      case "InitialWeights":
      case "Zeros":
        return [];
      case "Apply":
      case "Quantize":
        return [openElement(read(0), row, col)];
      case "Activate":
        return col === cols - 1 ? [] : [...openRow(read(0), row), ...openRow(read(1), col)];
      case "Logits":
        return [...openRow(read(0), row), ...openRow(read(1), col)];
      case "Hits":
      case "Missing":
        return [...openRow(read(0), col), openElement(read(1), 0, col)];
      case "SoftmaxGrad":
        return [...openRow(read(0), row), openElement(read(1), 0, row)];
      case "Transpose":
        return [openElement(read(0), col, row)];
      case "Update":
      case "Residual":
        return [openNarrow(read(0), row, col), ...openRow(read(1), row), ...openRow(read(2), col)];
      case "Backward": {
        const below = element(read(0), row, col);
        const mask = openElement(read(0), row, col);
        return below > 0 && below < 127 ? [mask, ...openRow(read(1), row), ...openRow(read(2), col)] : [mask];
      }
      case "Step":
        return [openElement(read(0), row, col), openElement(read(1), row, col)];
      case "Sparse":
        throw new GristmillError("WITNESS_SPARSE", "The elements of an update list do not follow one by one.", {
          hints: ["show an entry that contradicts U with listContradicts"],
        });
    }
  };
  const flat = offset + row * cols + col;
  return { leaves: leaves(), lists: op === "Apply" ? lists.map((list) => openList(list, flat)) : [] };
}

function openLeaf(m: Matrix, hashes: readonly Hex[], index: number): Opening {
  return { leaf: bytesToHex(leafBytes(m, index)), proof: merkleProof(hashes, index) };
}
