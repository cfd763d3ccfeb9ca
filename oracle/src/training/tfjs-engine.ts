import { GristmillError } from "@gristmill/sdk";
import type * as TfjsCore from "@tensorflow/tfjs-core";

import type { MatrixEngine } from "./matrix-engine.ts";

/** A copy of TensorFlow.js. */
export type Tfjs = typeof TfjsCore;

/** Products by one backend of TensorFlow.js. */
export class TfjsEngine implements MatrixEngine {
  readonly name: string;
  readonly #tf: Tfjs;

  /**
   * @param tf a copy in which the backend is initialised
   * @param backend the backend's name there
   */
  constructor(tf: Tfjs, backend: string) {
    this.#tf = tf;
    this.name = backend;
  }

  multiply(a: Float32Array, rows: number, inner: number, b: Float32Array, cols: number): Float32Array {
    const tf = this.#tf;
    // TensorFlow.js has one current backend per process; changing to an initialised one is synchronous.
    if (tf.getBackend() !== this.name) void tf.setBackend(this.name);
    const left = tf.tensor2d(a, [rows, inner]);
    const right = tf.tensor2d(b, [inner, cols]);
    const product = tf.matMul(left, right);
    const values = product.dataSync<"float32">();
    tf.dispose([left, right, product]);
    return values;
  }
}

let portable: Promise<{ readonly tf: Tfjs; readonly backends: readonly string[] }> | undefined;

/**
 * The backends that come with the node, `cpu` and `wasm`, all initialised at once: while one initialises, products on
 * another would fail.
 *
 * @throws GristmillError ENGINE_UNAVAILABLE if the host cannot run this one
 */
export async function portableEngine(backend: "cpu" | "wasm"): Promise<MatrixEngine> {
  portable ??= loadPortable();
  const { tf, backends } = await portable;
  if (!backends.includes(backend)) {
    throw new GristmillError("ENGINE_UNAVAILABLE", `TensorFlow.js cannot start its ${backend} backend on this host.`, {
      hints: ["Choose another engine; cpu runs everywhere."],
    });
  }
  return new TfjsEngine(tf, backend);
}

async function loadPortable() {
  const tf = await import("@tensorflow/tfjs-core");
  tf.enableProdMode(); // no advertisement on the first tensor
  await import("@tensorflow/tfjs-backend-cpu");
  await import("@tensorflow/tfjs-backend-wasm");
  const backends: string[] = [];
  for (const backend of ["cpu", "wasm"]) if (await tf.setBackend(backend)) backends.push(backend);
  return { tf, backends };
}

/** Packages with TensorFlow's own library, the one for CUDA first. */
const NATIVE_PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

/**
 * The native library, where one of its packages is installed.
 *
 * @throws GristmillError ENGINE_UNAVAILABLE if none is, or the one found does not load
 */
export async function nativeEngine(): Promise<MatrixEngine> {
  for (const name of NATIVE_PACKAGES) {
    try {
      import.meta.resolve(name);
    } catch {
      continue; // not installed
    }
    return new TfjsEngine(await loadNative(name), "tensorflow");
  }
  throw new GristmillError("ENGINE_UNAVAILABLE", `None of ${NATIVE_PACKAGES.join(", ")} is installed.`, {
    hints: [`Install one (npm install ${NATIVE_PACKAGES[1]!}) or choose the wasm engine.`],
  });
}

async function loadNative(name: string): Promise<Tfjs> {
  try {
    const tf = (await import(name)) as Tfjs; // selects its backend on import
    tf.enableProdMode();
    return tf;
  } catch (cause) {
    throw new GristmillError("ENGINE_UNAVAILABLE", `${name} is installed but does not load.`, {
      cause,
      hints: [`Run "npm rebuild ${name}", or choose the wasm engine.`],
    });
  }
}
