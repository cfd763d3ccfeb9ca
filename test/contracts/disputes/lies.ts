import { iterationProgram, type Matrix, tensorId } from "@gristmill/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Hex } from "viem";
import { bytesToHex, concat, hexToBytes } from "viem";

import type { TraceTruth } from "../../../oracle/src/disputes/trace-truth.ts";

export function stateIdOf({ tensors, instructions }: TraceTruth): Hex {
  const ids = tensors.filter((_, k) => instructions[k]!.op === "Step").map((m: Matrix) => tensorId(m));
  return bytesToHex(sha256(hexToBytes(concat(["0x03", ...ids]))));
}
