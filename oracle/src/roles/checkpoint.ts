import type { MlpParameters } from "@gristmill/sdk";
import { GristmillError, layerShapes } from "@gristmill/sdk";

import type { SlotState } from "../training/snapshots.ts";

/** The blob of a checkpoint: W_1..W_L, then R_1..R_L, each row-major i32 little-endian. */
export function encodeCheckpoint(checkpoint: SlotState): Uint8Array {
  return encodeLayers([...checkpoint.weights, ...checkpoint.residuals]);
}

/**
 * @throws GristmillError CHECKPOINT_SIZE if the blob's length is not that of the parameters
 */
export function decodeCheckpoint(parameters: MlpParameters, bytes: Uint8Array): SlotState {
  const lengths = layerShapes(parameters).map(({ rows, cols }) => rows * cols);
  const layers = decodeLayers([...lengths, ...lengths], bytes);
  return { weights: layers.slice(0, lengths.length), residuals: layers.slice(lengths.length) };
}

/** The blob of a model: W_1..W_L, row-major i32 little-endian. */
export function encodeWeights(weights: readonly Int32Array[]): Uint8Array {
  return encodeLayers(weights);
}

function encodeLayers(layers: readonly Int32Array[]): Uint8Array {
  const bytes = new Uint8Array(layers.reduce((sum, layer) => sum + layer.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const layer of layers)
    for (const value of layer) {
      view.setInt32(offset, value, true);
      offset += 4;
    }
  return bytes;
}

function decodeLayers(lengths: readonly number[], bytes: Uint8Array): Int32Array[] {
  const expected = 4 * lengths.reduce((sum, length) => sum + length, 0);
  if (bytes.length !== expected)
    throw new GristmillError(
      "CHECKPOINT_SIZE",
      `a checkpoint of ${String(bytes.length)} bytes; ${String(expected)} expected`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  return lengths.map((length) => {
    const layer = new Int32Array(length);
    for (let index = 0; index < length; index += 1, offset += 4) layer[index] = view.getInt32(offset, true);
    return layer;
  });
}
