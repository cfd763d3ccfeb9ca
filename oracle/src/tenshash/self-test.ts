import { createHash } from "node:crypto";

import { GristmillError } from "@gristmill/sdk";

import type { TensHasher } from "./tens-hasher.ts";

/** Robocoin's genesis block: seed, header and hash (test/vectors/tenshash.json), and the SHA-256 of its trace. */
const GENESIS = {
  seed: "663711af38b4b55920fd4599af6d6a16af4ce30cd6ea022055abea2709988cc9",
  input: "a0a1fa0100000000000000000000000000000000000000000000000000000000",
  output: "97b612472f9d657393274f3cd54520dfd64d4f2219478396430ba267be000000",
  trace: "2862e9da1c6e437a1ab0991382e3970f3ab3cd7d41577dbdb3c318c0ab9a5f0c",
};

/** TensHash of 32 zero bytes under that seed. */
const ZERO_OUTPUT = "469af0f484bff3a47a5987e1ee55f864f639efd959e5bb88484de112b29dcb99";

/**
 * Positions of the genesis input among inputs of zeros: at both ends, within and at the borders of batches of 128 and of
 * words of 32.
 */
const POSITIONS = [0, 31, 32, 77, 127, 128, 149, 255];

/**
 * Compares a hasher with known answers and with itself: the genesis input has its output at every place in a batch, and
 * the input of zeros has one output at all others. The hasher keeps the genesis seed.
 *
 * @throws GristmillError TENSHASH_WRONG naming the first difference
 */
export async function selfTest(hasher: TensHasher, signal?: AbortSignal): Promise<void> {
  const input = fromHex(GENESIS.input);
  await hasher.setSeed(fromHex(GENESIS.seed), signal);
  const inputs = Array.from({ length: POSITIONS.at(-1)! + 1 }, (_, i) =>
    POSITIONS.includes(i) ? input : new Uint8Array(32),
  );
  const outputs = await hasher.hash(inputs.slice(0, hasher.name === "reference" ? 2 : undefined), signal);
  for (const [i, output] of outputs.entries()) {
    const expected = POSITIONS.includes(i) ? GENESIS.output : ZERO_OUTPUT;
    if (toHex(output) !== expected) throw wrong(hasher, `output ${String(i)} is ${toHex(output)}, not ${expected}`);
  }
  const digest = createHash("sha256")
    .update(await hasher.trace(input))
    .digest("hex");
  if (digest !== GENESIS.trace) throw wrong(hasher, `the digest of a trace is ${digest}, not ${GENESIS.trace}`);
}

function wrong(hasher: TensHasher, what: string): GristmillError {
  return new GristmillError("TENSHASH_WRONG", `TensHash by ${hasher.name} (${hasher.device}) is wrong: ${what}.`, {
    hints: ["Work with it would be slashed: choose another backend with --hasher, wasm or reference."],
  });
}

function fromHex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
