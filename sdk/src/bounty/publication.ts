/**
 * What an exact bounty has on the chain as calldata: the candidate's weights as int16, and the batches of a sealed scoring
 * set, each in the order in which `ExactBounties` takes them.
 */
import type { ContractFunctionArgs, Hex } from "viem";
import { bytesToHex, encodeAbiParameters, hexToBytes, keccak256, size, zeroHash } from "viem";

import type { exactBountiesAbi } from "../contracts/abis/exact-bounties.ts";
import { GristmillError } from "../errors.ts";
import { type Batch, batchLeaf } from "../mlp/batch.ts";
import { layerMatrices, layerShapes } from "../mlp/layers.ts";
import type { MlpParameters } from "../mlp/parameters.ts";
import { matrix } from "../tensor/matrix.ts";
import { merkleProof } from "../tensor/merkle.ts";
import { LEAF_ELEMENTS, tensorId, tensorLeaves } from "../tensor/tensor-id.ts";

/** Leaves of a chunk: a whole subtree of that height, but the last of a layer. */
const CHUNK_HEIGHT = 5;
const CHUNK_LEAVES = 2 ** CHUNK_HEIGHT;

/** Bytes of one call: at most 40 gas each (EIP-7623), about half of what a transaction may take (EIP-7825). */
const CALL_BYTES = 200_000;

const INT16 = { least: -(2 ** 15), most: 2 ** 15 - 1 } as const;

/** Weights of up to 32 leaves of a layer, `WeightChunk` of the contracts. */
export type WeightChunk = ContractFunctionArgs<typeof exactBountiesAbi, "nonpayable", "publishModel">[2][number];

/** What opens an entry's commitment, `ModelOpening` of the contracts. */
export type ModelOpening = ContractFunctionArgs<typeof exactBountiesAbi, "nonpayable", "publishModel">[1];

/** A batch of a sealed set, `BatchChunk` of the contracts. */
export type BatchChunk = ContractFunctionArgs<typeof exactBountiesAbi, "nonpayable", "publishSet">[2][number];

/**
 * The state that an exact bounty is entered with: weights clipped to int16. It scores the same, since a weight is quantized
 * to its upper bits, clipped at 127 * 2^8.
 *
 * @param weights one array a layer
 */
export function narrowWeights(weights: readonly Int32Array[]): Int32Array[] {
  return weights.map((layer) => layer.map((weight) => Math.min(Math.max(weight, INT16.least), INT16.most)));
}

/** tensorId of W_1..W_L. */
export function weightIds(p: MlpParameters, weights: readonly Int32Array[]): Hex[] {
  return layerMatrices(p, weights).map(tensorId);
}

/**
 * A model in the chunks in which its weights are published.
 *
 * @param weights one array a layer
 * @throws GristmillError WEIGHTS_TOO_WIDE unless they are from {@link narrowWeights}, MATRIX_SHAPE
 */
export function weightChunks(p: MlpParameters, weights: readonly Int32Array[]): WeightChunk[] {
  return layerMatrices(p, weights).flatMap((layer, index) => {
    if (layer.data.some((weight) => weight < INT16.least || weight > INT16.most))
      throw new GristmillError("WEIGHTS_TOO_WIDE", `layer ${index + 1} has weights that are no int16`, {
        hints: ["enter the bounty with what narrowWeights makes of the state: it scores the same"],
      });
    const leaves = tensorLeaves(layer);
    const leavesPerRow = leaves.length / layer.rows;
    const starts = Array.from({ length: Math.ceil(leaves.length / CHUNK_LEAVES) }, (_, i) => i * CHUNK_LEAVES);
    const at = (leaf: number): number =>
      Math.floor(leaf / leavesPerRow) * layer.cols + (leaf % leavesPerRow) * LEAF_ELEMENTS;
    return starts.map((start) => ({
      weights: narrowBytes(layer.data.subarray(at(start), at(Math.min(start + CHUNK_LEAVES, leaves.length)))),
      proof: merkleProof(leaves, start).slice(CHUNK_HEIGHT),
    }));
  });
}

/**
 * The weights that chunks carry, in order from the first: one array a layer.
 * @throws GristmillError PUBLICATION_INCOMPLETE if they are not as many as the network has
 */
export function readWeightChunks(p: MlpParameters, chunks: readonly Pick<WeightChunk, "weights">[]): Int32Array[] {
  const bytes = chunks.map(({ weights }) => hexToBytes(weights));
  const all = bytes.flatMap((chunk) => [...new Int16Array(chunk.slice().buffer)]);
  const shapes = layerShapes(p);
  const expected = shapes.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  if (all.length !== expected)
    throw new GristmillError("PUBLICATION_INCOMPLETE", `${all.length} of ${expected} weights are published`, {
      hints: ["wait until the whole model is: then the bounty is in Challenge"],
    });
  return shapes.map(({ rows, cols, offset }) => Int32Array.from(all.slice(offset, offset + rows * cols)));
}

/** A scoring set in the chunks in which it is published. */
export function batchChunks(batches: readonly Batch[]): BatchChunk[] {
  const leaves = batches.map(batchLeaf);
  return batches.map(({ x, y }, index) => ({
    inputs: bytesToHex(new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.length)),
    labels: bytesToHex(y.data),
    proof: merkleProof(leaves, index),
  }));
}

/** The batches that chunks carry. */
export function readBatchChunks(p: MlpParameters, chunks: readonly Pick<BatchChunk, "inputs" | "labels">[]): Batch[] {
  const cols = p.sizes[0]! + 1;
  return chunks.map(({ inputs, labels }) => {
    const y = hexToBytes(labels);
    const x = new Int8Array(hexToBytes(inputs).slice().buffer);
    return { x: matrix("i8", y.length, cols, x), y: matrix("u8", 1, y.length, y) };
  });
}

/** Chunks in the calls in which they are published: no transaction is too large for a block. */
export function callsOf<Chunk extends WeightChunk | BatchChunk>(chunks: readonly Chunk[]): Chunk[][] {
  const calls: Chunk[][] = [];
  let room = 0;
  for (const chunk of chunks) {
    const bytes = ("weights" in chunk ? size(chunk.weights) : size(chunk.inputs)) + 32 * chunk.proof.length;
    if (bytes > room) {
      calls.push([]);
      room = CALL_BYTES;
    }
    calls.at(-1)!.push(chunk);
    room -= bytes;
  }
  return calls;
}

/** keccak256(abi.encode(bountyId, entry)): the name of a revealed entry in the bounties' court. */
export function entryPlaceId(bountyId: Hex, entry: number): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint32" }], [bountyId, entry]));
}

/** `TaskParameters` with a program and nothing else: what the game takes for those of an exact bounty. */
export function programAlone(program: Hex) {
  return {
    salt: zeroHash,
    specHash: zeroHash,
    datasetRoot: zeroHash,
    testCommitment: zeroHash,
    manifest: "",
    program,
    fee: 0n,
    minerStake: 0n,
    supervisorStake: 0n,
    evaluatorStake: 0n,
    shares: { burn: 0, miners: 0, bonus: 0, supervisors: 0, evaluators: 0, verifiers: 0 },
    durations: { registration: 0, training: 0, submission: 0, reveal: 0, evaluationCommit: 0, evaluationReveal: 0 },
    iterations: 0,
    segmentLength: 0,
    slots: 0,
    minSlots: 0,
    supervisors: 0,
    evaluators: 0,
    maxSilentEpochs: 0,
    attestations: 0,
    baseline: 0,
    goal: 0,
  } as const;
}

function narrowBytes(weights: Int32Array): Hex {
  return bytesToHex(new Uint8Array(Int16Array.from(weights).buffer));
}
