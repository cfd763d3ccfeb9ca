import { matrix, merkleProof, tensorLeaves } from "@gristmill/sdk";
import type { Opening } from "@gristmill/sdk";
import { bytesToHex } from "viem";

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

/** What shows that a neuron is wrong: the rows of the claimed trace before and at it. */
export interface NeuronProof extends NeuronPlace {
  readonly before: Opening;
  readonly claimed: Opening;
}

const ROWS = 65;
const STATE_BYTES = 128;
const NOTHING: Opening = { leaf: "0x", proof: [] };

/** The first neuron in which a claimed outcome is not the true one, undefined if there is none. */
export function firstFalseNeuron(claimed: TicketTruth, truth: TicketTruth): NeuronPlace | undefined {
  const at = firstDifferentBit(claimed.trace, truth.trace);
  if (at !== undefined) return { layer: Math.floor(at / (8 * STATE_BYTES)), index: at % (8 * STATE_BYTES) };
  // The output's bytes stand in reverse order: its byte 0 holds the last neurons.
  const index = firstDifferentBit(claimed.y.toReversed(), truth.y.toReversed());
  return index === undefined ? undefined : { layer: ROWS, index };
}

/** Opens the rows of the claimed trace that judge a neuron. */
export function neuronProof(trace: Uint8Array, { layer, index }: NeuronPlace): NeuronProof {
  const states = matrix("u8", ROWS, STATE_BYTES, trace);
  const leaves = tensorLeaves(states);
  const open = (row: number): Opening => ({
    leaf: bytesToHex(trace.subarray(row * STATE_BYTES, (row + 1) * STATE_BYTES)),
    proof: merkleProof(leaves, row),
  });
  return {
    layer,
    index,
    before: layer === 0 ? NOTHING : open(layer - 1),
    claimed: layer === ROWS ? NOTHING : open(layer),
  };
}

/** Number of the first bit that differs, the highest bit of byte 0 being 0. */
function firstDifferentBit(a: Uint8Array, b: Uint8Array): number | undefined {
  const byte = a.findIndex((value, i) => value !== b[i]);
  return byte < 0 ? undefined : 8 * byte + Math.clz32((a[byte]! ^ b[byte]!) << 24);
}
