/** A ticket's TensHash as one side holds it to be. */
export interface TicketTruth {
  /** 32 bytes, byte 0 first. */
  readonly y: Uint8Array;
  /** The states after the expansion and the 64 hidden layers, u8 [65][128]. */
  readonly trace: Uint8Array;
}

/** One neuron of a trace; layer 65 yields y. */
export interface NeuronPlace {
  readonly layer: number;
  readonly index: number;
}

const ROWS = 65;
const STATE_BYTES = 128;

/** The first neuron in which a claimed outcome is not the true one, undefined if there is none. */
export function firstFalseNeuron(claimed: TicketTruth, truth: TicketTruth): NeuronPlace | undefined {
  const at = firstDifferentBit(claimed.trace, truth.trace);
  if (at !== undefined) return { layer: Math.floor(at / (8 * STATE_BYTES)), index: at % (8 * STATE_BYTES) };
  // The output's bytes stand in reverse order: its byte 0 holds the last neurons.
  const index = firstDifferentBit(claimed.y.toReversed(), truth.y.toReversed());
  return index === undefined ? undefined : { layer: ROWS, index };
}

/** Number of the first bit that differs, the highest bit of byte 0 being 0. */
function firstDifferentBit(a: Uint8Array, b: Uint8Array): number | undefined {
  const byte = a.findIndex((value, i) => value !== b[i]);
  return byte < 0 ? undefined : 8 * byte + Math.clz32((a[byte]! ^ b[byte]!) << 24);
}
