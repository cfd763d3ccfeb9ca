import { type BatchSet, type BountySpec, compileBounty, GristmillError } from "@gristmill/sdk";

/** A spec over digits drawn by code, 16 x 16, as YAML. */
export function specText(ml: string, more = ""): string {
  return `
version: 1
mode: bounty
topics: [digits]
payment: { bounty: 100, entry-stake: 30 }
ml:
  dataset:
    format: synthetic-digits
    source: { seed: 1 }
    training-set-size: 64
    test-set-size: 300
${ml}
${more}
`;
}

export async function compiled(
  ml: string,
  more = "",
): Promise<{ spec: BountySpec; train: BatchSet; scoring: BatchSet }> {
  const readFile = (): Promise<Uint8Array> => Promise.reject(new GristmillError("NO_FILE", "there is no file here"));
  return compileBounty(specText(ml, more), { baseDir: ".", readFile });
}

/** Layers as YAML lists them, then the output layer. */
export function layersOf(...layers: readonly string[]): string {
  const lines = [...layers, "{ class: Dense, units: 10, activation: softmax }"].map((layer) => `      - ${layer}`);
  return `  model:\n    epochs: 1\n    layers:\n${lines.join("\n")}`;
}
