import { GristmillError, LAYER_CLASSES } from "@gristmill/sdk";
import { z } from "zod";

/** "GMLM" */
const MAGIC = 0x474d4c4d;
const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 2 ** 20;

const weightSpec = z.strictObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.enum(["float32", "int32", "bool"]),
});
const headerSchema = z.strictObject({ topology: z.record(z.string(), z.unknown()), weightSpecs: z.array(weightSpec) });

/** A TensorFlow.js LayersModel as data. */
export interface ModelFile {
  /** As `LayersModel.toJSON` gives it. */
  readonly topology: Readonly<Record<string, unknown>>;
  readonly weightSpecs: readonly z.output<typeof weightSpec>[];
  /** The weights in the order of their specs, little-endian. */
  readonly weights: Uint8Array;
}

/**
 * One blob: `"GMLM" || length of the header, u32 big-endian || header, JSON || weights`. What an entry commits to is the
 * SHA-256 of these bytes.
 */
export function encodeModelFile({ topology, weightSpecs, weights }: ModelFile): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ topology, weightSpecs }));
  const bytes = new Uint8Array(PREFIX_BYTES + header.length + weights.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, header.length);
  bytes.set(header, PREFIX_BYTES);
  bytes.set(weights, PREFIX_BYTES + header.length);
  return bytes;
}

/**
 * Reads a stranger's model file, and makes its topology safe to build: only layers that a bounty may have, and initial
 * weights of zero, which take no time and, until they are written to, no memory. What is built is then compared with the
 * weights that came, so that a model is never larger than its file.
 *
 * @throws GristmillError MODEL_MALFORMED
 */
export function decodeModelFile(bytes: Uint8Array): ModelFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX_BYTES || view.getUint32(0) !== MAGIC) throw malformed("it does not begin with GMLM");
  const length = view.getUint32(4);
  if (length > MAX_HEADER_BYTES || PREFIX_BYTES + length > bytes.length)
    throw malformed(`its header is ${length} bytes long`);
  let header: z.output<typeof headerSchema>;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
    header = headerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw malformed("its header is not that of a LayersModel", cause);
  }
  requireKnownLayers(header.topology);
  const topology = withoutInitialValues(header.topology) as Record<string, unknown>;
  return { topology, weightSpecs: header.weightSpecs, weights: bytes.slice(PREFIX_BYTES + length) };
}

/**
 * Looks at every layer of a topology, however deep.
 * @throws GristmillError MODEL_MALFORMED if a bounty may not have it
 */
export function requireKnownLayers(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "layers" && Array.isArray(inner)) for (const layer of inner) requireKnown(layer);
    if (key === "layer") requireKnown(inner);
    requireKnownLayers(inner);
  }
}

function withoutInitialValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInitialValues);
  if (typeof value !== "object" || value === null) return value;
  const zeros = { class_name: "Zeros", config: {} };
  const fields = Object.entries(value).map(([key, inner]) => [
    key,
    key.endsWith("_initializer") ? zeros : withoutInitialValues(inner),
  ]);
  return Object.fromEntries(fields);
}

function requireKnown(layer: unknown): void {
  const name = (layer as { readonly class_name?: unknown } | null)?.class_name;
  if (!LAYER_CLASSES.some((known) => known === name))
    throw malformed(`it has a layer of class ${String(name)}; known are ${LAYER_CLASSES.join(", ")}`);
}

function malformed(why: string, cause?: unknown): GristmillError {
  return new GristmillError("MODEL_MALFORMED", `this is not a model file of a bounty: ${why}`, {
    cause,
    hints: ["a model file is written by the node's runners; see oracle/src/bounties/model-file.ts for its layout"],
  });
}
