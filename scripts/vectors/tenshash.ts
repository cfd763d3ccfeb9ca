/**
 * Checks golden figures of TensHash (the format of test/vectors/tenshash.json) against every backend: outputs of all
 * vectors, digest and population count of every layer of the traces, and digest of every matrix.
 */
import { createHash } from "node:crypto";
import { presentTensHashers, type TensHasher, TRACE_ROWS } from "../../oracle/src/tenshash/index.ts";
import { deriveMatrix, popcount, weightsOf } from "../../oracle/src/tenshash/matrices.ts";
import { GristmillError } from "../../sdk/src/errors.ts";

/** What one backend made of a file; `detail` counts what was checked or names the first difference. */
export interface VectorResult {
  readonly backend: string;
  readonly ok: boolean;
  readonly detail: string;
}

interface Vector {
  readonly seed: Uint8Array;
  readonly input: Uint8Array;
  readonly output: string;
}

interface Trace {
  readonly seed: Uint8Array;
  readonly input: Uint8Array;
  readonly layerDigests: readonly string[];
  readonly layerPopcounts: readonly number[];
  readonly matrixDigests: readonly string[];
}

/**
 * @param file the parsed JSON
 * @param onLine takes one line of progress per seed and backend
 * @param hashers what to check; all backends that this machine has by default. They are disposed of.
 * @returns one result per backend, and one named "matrices" for the derivation they share
 * @throws GristmillError VECTORS_MALFORMED
 */
export async function checkTensHashVectors(
  file: unknown,
  onLine: (line: string) => void,
  hashers?: readonly TensHasher[],
): Promise<VectorResult[]> {
  const root = objectAt(file, "the file");
  const vectors = listAt(root, "vectors").map((entry, i) => readVector(entry, `vectors[${i}]`));
  const traces = listAt(root, "traces").map((entry, i) => readTrace(entry, `traces[${i}]`));

  const results = [report("matrices", await matrixDifference(traces), `${66 * traces.length} matrix digests`)];
  for (const hasher of hashers ?? (await presentTensHashers())) {
    const difference = (await outputDifference(hasher, vectors, onLine)) ?? (await traceDifference(hasher, traces));
    const checked = `${vectors.length} outputs, ${66 * traces.length} layer digests`;
    results.push(report(hasher.name, difference, checked));
    await hasher.dispose();
  }
  return results;
}

function report(backend: string, difference: string | undefined, checked: string): VectorResult {
  return { backend, ok: difference === undefined, detail: difference ?? checked };
}

async function outputDifference(
  hasher: TensHasher,
  vectors: readonly Vector[],
  onLine: (line: string) => void,
): Promise<string | undefined> {
  for (const seed of new Set(vectors.map((vector) => hex(vector.seed)))) {
    const indices = [...vectors.keys()].filter((i) => hex(vectors[i]!.seed) === seed);
    await hasher.setSeed(vectors[indices[0]!]!.seed);
    const outputs = await hasher.hash(indices.map((i) => vectors[i]!.input));
    for (const [position, i] of indices.entries()) {
      const actual = hex(outputs[position]!);
      const expected = vectors[i]!.output;
      if (actual !== expected) return `vectors[${i}].output: expected ${expected}, got ${actual}`;
    }
    onLine(`${hasher.name}: ${indices.length} outputs of seed ${seed.slice(0, 8)}... agree`);
  }
  return undefined;
}

async function traceDifference(hasher: TensHasher, traces: readonly Trace[]): Promise<string | undefined> {
  for (const [t, expected] of traces.entries()) {
    await hasher.setSeed(expected.seed);
    const trace = await hasher.trace(expected.input);
    const stateBytes = trace.length / TRACE_ROWS;
    const [output] = await hasher.hash([expected.input]);
    for (const [layer, digest] of expected.layerDigests.entries()) {
      const bits =
        layer < TRACE_ROWS
          ? trace.subarray(layer * stateBytes, (layer + 1) * stateBytes)
          : output!.toReversed(); /* the output's bits before its bytes are reversed */
      if (sha256(bits) !== digest)
        return `traces[${t}].layer_sha256[${layer}]: expected ${digest}, got ${sha256(bits)}`;
      const ones = bits.reduce((sum, byte) => sum + popcount(byte), 0);
      const expectedOnes = expected.layerPopcounts[layer];
      if (ones !== expectedOnes) {
        return `traces[${t}].layer_popcount[${layer}]: expected ${expectedOnes}, got ${ones}`;
      }
    }
  }
  return undefined;
}

async function matrixDifference(traces: readonly Trace[]): Promise<string | undefined> {
  for (const [t, { seed, matrixDigests }] of traces.entries()) {
    for (const [k, expected] of matrixDigests.entries()) {
      const actual = sha256(weightsOf(deriveMatrix(seed, k)));
      if (actual !== expected) return `traces[${t}].matrix_sha256[${k}]: expected ${expected}, got ${actual}`;
    }
  }
  return undefined;
}

function readVector(value: unknown, where: string): Vector {
  const entry = objectAt(value, where);
  return {
    seed: bytesAt(entry, "seed", where),
    input: bytesAt(entry, "input", where),
    output: hex(bytesAt(entry, "output", where)),
  };
}

function readTrace(value: unknown, where: string): Trace {
  const entry = objectAt(value, where);
  const layers = TRACE_ROWS + 1;
  return {
    seed: bytesAt(entry, "seed", where),
    input: bytesAt(entry, "input", where),
    layerDigests: listAt(entry, "layer_sha256", layers).map(String),
    layerPopcounts: listAt(entry, "layer_popcount", layers).map(Number),
    matrixDigests: listAt(entry, "matrix_sha256", layers).map(String),
  };
}

function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(`${where} is not an object`);
}

function listAt(parent: Record<string, unknown>, key: string, length?: number): readonly unknown[] {
  const value = parent[key];
  if (Array.isArray(value) && (length ?? value.length) === value.length) return value;
  throw malformed(`"${key}" is not a list${length === undefined ? "" : ` of ${length} entries`}`);
}

function bytesAt(parent: Record<string, unknown>, key: string, where: string): Uint8Array {
  const value = parent[key];
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return new Uint8Array(Buffer.from(value, "hex"));
  throw malformed(`${where}.${key} is not 32 bytes of lower-case hex`);
}

function malformed(what: string): GristmillError {
  return new GristmillError("VECTORS_MALFORMED", `This is not a file of TensHash vectors: ${what}.`, {
    hints: ["Compare it with test/vectors/tenshash.json."],
  });
}

function sha256(data: Uint8Array | Int8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
