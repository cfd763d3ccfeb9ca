import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import type { UpdateList } from "../segment/types.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { matrix } from "../tensor/matrix.ts";
import { tensorId } from "../tensor/tensor-id.ts";
import { layerShapes, weightCount } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";

/** Entries in a row of S. */
export const UPDATE_ROW = 256;

/** What fills the last row of S. */
export const UPDATE_PADDING = 0xffffffff;

/** `sparse` of DESIGN section 3: S, u32 [max(1, ceil(count / 256))][256], padded at the end only. */
export function updateTensor(list: UpdateList): Matrix<"u32"> {
  return tensorIn(new Uint32Array(tensorLength(list)), list);
}

/** updateId = tensorId(S). */
export function updateId(list: UpdateList): Hex {
  const length = tensorLength(list);
  if (length > scratch.length) scratch = new Uint32Array(2 * length);
  return tensorId(tensorIn(scratch.subarray(0, length), list));
}

/** Where S is laid out to be hashed: every message has dozens of lists, and an array for each would be garbage. */
let scratch = new Uint32Array(16 * UPDATE_ROW);

function tensorLength(list: UpdateList): number {
  return UPDATE_ROW * Math.max(1, Math.ceil(list.length / UPDATE_ROW));
}

function tensorIn(data: Uint32Array, list: UpdateList): Matrix<"u32"> {
  data.set(list);
  data.fill(UPDATE_PADDING, list.length);
  return matrix("u32", data.length / UPDATE_ROW, UPDATE_ROW, data);
}

/** The list of the nonzero elements of U_1..U_L, i8 with -1, 0 and +1 only. */
export function sparseList(updates: readonly Matrix<"i8">[]): UpdateList {
  const entries: number[] = [];
  let offset = 0;
  for (const { data } of updates) {
    data.forEach((value, index) => {
      if (value !== 0) entries.push(2 * (offset + index) + (value < 0 ? 1 : 0));
    });
    offset += data.length;
  }
  return Uint32Array.from(entries);
}

/**
 * @param weights number of weights of the network
 * @throws GristmillError UPDATE_LIST_MALFORMED unless flat indices strictly ascend and are below `weights`
 */
export function checkUpdateList(list: UpdateList, weights: number): void {
  let next = 0;
  for (let i = 0; i < list.length; i++) {
    const flat = list[i]! >>> 1;
    if (flat < next || flat >= weights) {
      throw new GristmillError(
        "UPDATE_LIST_MALFORMED",
        flat < next
          ? `Entry ${i} of the update list does not ascend.`
          : `Entry ${i} of the update list names weight ${flat} of ${weights}.`,
      );
    }
    next = flat + 1;
  }
}

/**
 * Subtracts sign * q * U from the weights, wrapping modulo 2^32, in place.
 *
 * @param weights one array a layer
 * @param q `stepSize` of the iteration that made the list
 * @param sign +1 takes the list in, -1 gives it back
 * @throws GristmillError UPDATE_LIST_MALFORMED, with the weights untouched
 */
export function applyList(
  weights: readonly Int32Array[],
  p: MlpParameters,
  list: UpdateList,
  q: number,
  sign: 1 | -1,
): void {
  checkUpdateList(list, weightCount(p));
  let i = 0;
  layerShapes(p).forEach(({ rows, cols, offset }, index) => {
    const layer = weights[index]!;
    const end = offset + rows * cols;
    for (; i < list.length && list[i]! >>> 1 < end; i++) {
      const entry = list[i]!;
      const at = (entry >>> 1) - offset;
      const step = (entry & 1) === 1 ? -q * sign : q * sign;
      layer[at] = layer[at]! - step; // storing into an Int32Array wraps
    }
  });
}
