import type { Hex } from "viem";

import { GristmillError } from "../errors.ts";
import { matrix } from "../tensor/matrix.ts";
import { tensorId } from "../tensor/tensor-id.ts";

const STATES = 65;
const STATE_BYTES = 128;

/**
 * What a claim commits to besides a ticket's y: the tensorId of TensHash's states after the expansion and the 64 hidden
 * layers (DESIGN sections 6 and 7).
 *
 * @param trace u8 [65][128], neuron j of a state in byte j >> 3, bit 7 - (j & 7)
 * @throws GristmillError TENSHASH_TRACE_SIZE
 */
export function tensHashTraceId(trace: Uint8Array): Hex {
  if (trace.length !== STATES * STATE_BYTES) {
    throw new GristmillError(
      "TENSHASH_TRACE_SIZE",
      `A TensHash trace has ${STATES * STATE_BYTES} bytes, not ${trace.length}.`,
    );
  }
  return tensorId(matrix("u8", STATES, STATE_BYTES, trace));
}
