import { readFileSync } from "node:fs";

import type { MatrixEngine } from "../../../oracle/src/training/matrix-engine.ts";
import type { ExactTrainingFile } from "../../../scripts/vectors/exact-training.ts";

export const seed = `0x${"c3".repeat(32)}` as const;

/** Golden figures, a fresh copy at each call. */
export function vectorFile(name: "a" | "b" | "c"): ExactTrainingFile {
  const path = new URL(`../../vectors/exact-training-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as ExactTrainingFile;
}

/** An engine that passes every product through `change`, with the number of products before it. */
export function changed(engine: MatrixEngine, change: (product: Float32Array, call: number) => void): MatrixEngine {
  let call = 0;
  return {
    name: `changed ${engine.name}`,
    multiply(a, rows, inner, b, cols) {
      const product = engine.multiply(a, rows, inner, b, cols);
      change(product, call++);
      return product;
    },
  };
}
