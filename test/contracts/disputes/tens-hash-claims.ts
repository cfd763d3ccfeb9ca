import { openLayer, tensHashTraceId, ticketInput } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex } from "viem";

import { type ClaimDetails, detailsOf, planWork } from "../helpers/committed-work.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, networkHelpers, passEpochs, provider } from "../tasks/scenario.ts";
import { type CourtScene, inCourt } from "./court-scene.ts";
import { SEGMENT_LENGTH } from "./honest-slots.ts";

export const ETHER = 10n ** 18n;
export const ROWS = 65;
export const COLS = 128;
export const OUTPUT_LAYER = 65;

/** What slot 0 claims: the outcome of its ticket, true or not. */
export interface Outcome {
  readonly y: Uint8Array;
  readonly trace: Uint8Array;
}

/** Slot 0 has committed four iterations, and the epoch's seed is proven. */
export async function drawn() {
  return drawnAfter(() => Promise.resolve());
}

/** {@link drawn}, with something done in the epoch before. */
export async function drawnAfter(before: (scene: CourtScene) => Promise<unknown>) {
  const scene = await inCourt();
  await before(scene);
  const { beacon, registry, workMint, miners, taskId, stranger } = scene;
  const { owner, operator } = miners[0]!;
  await passEpochs(scene, 1);
  const epoch = await beacon.epochAt(BigInt(await ethers.provider.getBlockNumber()) + 1n);
  const worker = { ethers, owner, operator, registry };
  const plan = { taskId: taskId as Hex, epoch, slot: 0, first: 0, last: 3, segmentLength: SEGMENT_LENGTH };
  const work = planWork(worker, plan);
  const commits = registry.connect(operator);
  await commits.commit(taskId, 0, 3, (await work.claim(0)).segment.recordsRoot, work.segmentsRoot);
  const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(seedBlock);
  await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));
  const seed = await beacon.seedOf(epoch);

  const { chainId } = await ethers.provider.getNetwork();
  const { record, ticket } = await work.claim(2, 1);
  const input = ticketInput({
    chainId,
    mint: (await workMint.getAddress()) as Hex,
    taskId: taskId as Hex,
    miner: owner.address as Hex,
    slot: 0,
    index: record.index,
    work: record.work,
    ticket,
  });
  return { ...scene, seed, input, worker, work, owner, operator, challenger: stranger };
}

export type Drawn = Awaited<ReturnType<typeof drawn>>;

/** A claim, and what is asked of it in a dispute: `ITensHashGame.Question`. */
export interface Claim {
  readonly details: ClaimDetails;
  readonly question: { seed: string; x: Hex; y: Hex; traceId: Hex };
}

/** Claims the ticket with this outcome. */
export async function claim(scene: Drawn, { y, trace }: Outcome): Promise<Claim> {
  const honest = await scene.work.claim(2, 1);
  const claimed = { ...honest, y: bytesToHex(y), traceId: tensHashTraceId(trace) };
  await scene.workMint.connect(scene.operator).claim(claimed);
  const question = { seed: scene.seed, x: bytesToHex(scene.input), y: claimed.y, traceId: claimed.traceId };
  return { details: detailsOf(scene.worker, claimed), question };
}

export async function challenge(scene: Drawn, { details }: Claim, by = scene.challenger): Promise<string> {
  const game = scene.tensHashGame.connect(by);
  const disputeId = await game.challenge.staticCall(details, { value: ETHER });
  await game.challenge(details, { value: ETHER });
  return disputeId;
}

export function reveal(scene: Drawn, disputeId: string, { question }: Claim, trace: Uint8Array) {
  return scene.tensHashGame.connect(scene.operator).reveal(disputeId, question, trace, "0x", { value: ETHER });
}

export function bit(state: Uint8Array, index: number): number {
  return (state[index >> 3]! >> (7 - (index & 7))) & 1;
}

export function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index >> 3]! ^= 1 << (7 - (index & 7));
  return copy;
}

/** What `prove` shows of neuron `index` of `layer`. */
export function neuronOf(trace: Uint8Array, layer: number, index: number): [number, number, Hex, Hex[]] {
  const { states, proof } = openLayer(trace, layer);
  return [layer, index, states, [...proof]];
}

/** The first neuron in which the claimed outcome is not the true one. */
export function firstFalse(claimed: Outcome, truth: Outcome): { layer: number; index: number } {
  for (let layer = 0; layer < ROWS; layer++) {
    const row = (trace: Uint8Array) => trace.subarray(layer * COLS, (layer + 1) * COLS);
    const index = indices(8 * COLS).find((at) => bit(row(claimed.trace), at) !== bit(row(truth.trace), at));
    if (index !== undefined) return { layer, index };
  }
  const [y, trueY] = [Uint8Array.from(claimed.y).reverse(), Uint8Array.from(truth.y).reverse()];
  return { layer: OUTPUT_LAYER, index: indices(256).find((at) => bit(y, at) !== bit(trueY, at))! };
}

export function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

export async function expire(scene: Drawn, disputeId: string): Promise<void> {
  const { movesUntil } = await scene.court.disputeOf(disputeId);
  await networkHelpers.time.increaseTo(movesUntil + 1n);
  await scene.court.expire(disputeId);
}
