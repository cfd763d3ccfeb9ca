/**
 * What a proof in the TensHash game opens (DESIGN section 7): the states around one layer, in the tree that
 * `TensHashGame` notes when the trace is revealed. The mirror of its `_layersRoot`.
 */
import { bytesToHex, concat, type Hex, keccak256 } from "viem";

import { GristmillError } from "../errors.ts";

const LAYERS = 66;
const STATE_BYTES = 128;

/** Arguments of `TensHashGame.prove` that show the states around a layer. */
export interface LayerOpening {
  /** Row layer - 1 and row `layer` of the trace; for layer 0 the first row alone, for layer 65 the last. */
  readonly states: Hex;
  /** Siblings on the way to the root, lowest first. */
  readonly proof: readonly Hex[];
}

/**
 * @param trace u8 [65][128]
 * @param layer 0, the expansion, to 65, the output
 * @throws GristmillError TENSHASH_LAYER
 */
export function openLayer(trace: Uint8Array, layer: number): LayerOpening {
  if (!Number.isInteger(layer) || layer < 0 || layer >= LAYERS) {
    throw new GristmillError("TENSHASH_LAYER", `TensHash has layers 0 to ${LAYERS - 1}, not ${layer}.`);
  }
  let nodes = Array.from({ length: LAYERS }, (_, at) =>
    keccak256(concat([Uint8Array.of(at), statesAround(trace, at)])),
  );
  const proof: Hex[] = [];
  for (let place = layer; nodes.length > 1; place >>= 1) {
    const sibling = nodes[place ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    nodes = nodes.flatMap((node, at) => (at % 2 === 1 ? [] : [joined(node, nodes[at + 1])]));
  }
  return { states: bytesToHex(statesAround(trace, layer)), proof };
}

function statesAround(trace: Uint8Array, layer: number): Uint8Array {
  return trace.subarray(Math.max(layer - 1, 0) * STATE_BYTES, Math.min(layer + 1, LAYERS - 1) * STATE_BYTES);
}

/** A pair is sorted, so that a proof needs no sides; the last node of an odd level moves up. */
function joined(one: Hex, other: Hex | undefined): Hex {
  if (other === undefined) return one;
  return keccak256(one < other ? concat([one, other]) : concat([other, one]));
}
