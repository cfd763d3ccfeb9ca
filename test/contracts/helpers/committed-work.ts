import {
  type IterationRecord,
  merkleProof,
  merkleRoot,
  recordHash,
  recordsRoot,
  type Segment,
  segmentDomain,
  segmentId,
  segmentTypes,
} from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Hex } from "viem";

import { GRIST, type MintSuite } from "./mint-suite.ts";

/** Multiply-accumulates of one iteration. */
export const MACS = 1_000n;
export const SEGMENT_LENGTH = 4;
/** GRIST wei that a slot locks: for 100 claims of the largest reward. */
export const STAKE = 6_000n * GRIST;
/** `Role.Miner`. */
export const MINER = 0;
const ZERO = `0x${"00".repeat(32)}` as const;

/** What a slot did in one epoch: its segments with their records, and the claims that follow from a commit of them. */
export interface CommittedWork {
  readonly epoch: bigint;
  readonly taskId: Hex;
  readonly slot: number;
  readonly segments: readonly Segment[];
  readonly records: readonly (readonly IterationRecord[])[];
  /** Merkle root over the segments' ids. */
  readonly segmentsRoot: Hex;
  /** An honest claim of a ticket of iteration `index`. */
  claim(index: number, ticket?: number): Promise<ClaimArguments>;
}

/** `IWorkMint.Claim`. */
export interface ClaimArguments {
  segment: Segment;
  signature: string;
  segmentProof: Hex[];
  record: IterationRecord;
  recordProof: Hex[];
  epoch: bigint;
  ticket: number;
  y: Hex;
  traceId: Hex;
}

/** `ClaimDetails`. */
export interface ClaimDetails {
  taskId: Hex;
  slot: number;
  index: number;
  ticket: number;
  epoch: bigint;
  miner: string;
  segmentId: Hex;
  work: Hex;
  y: Hex;
  traceId: Hex;
}

/** Who works, and where. */
export type Worker = Pick<MintSuite, "ethers" | "owner" | "operator"> & {
  readonly registry: { getAddress(): Promise<string> };
};

export interface WorkPlan {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  readonly segmentLength: number;
}

export interface WorkOptions {
  readonly taskName?: string;
  readonly slot?: number;
  readonly first?: number;
  readonly last?: number;
  /** GRIST wei that the task has burned. */
  readonly burned?: bigint;
  /** GRIST wei that the slot has locked. */
  readonly stake?: bigint;
}

/** 32 bytes that stand for anything named. */
export function id(suite: Pick<MintSuite, "ethers">, name: string): Hex {
  return suite.ethers.id(name) as Hex;
}

/**
 * Commits iterations `first` to `last` of a slot in the current epoch: three segments of 4, 4 and 2 iterations by
 * default, in a task that has burned 1,000 GRIST.
 */
export async function commitWork(suite: MintSuite, options: WorkOptions = {}): Promise<CommittedWork> {
  const { registry, beacon } = suite;
  const { taskName = "task", slot = 3, first = 10, last = 19, burned = 1_000n * GRIST, stake = STAKE } = options;
  const taskId = id(suite, taskName);
  const epoch = await beacon.currentEpoch();
  const work = planWork(suite, { taskId, epoch, slot, first, last, segmentLength: SEGMENT_LENGTH });
  await registry.setBurned(taskId, burned);
  await registry.setPlace(taskId, MINER, slot, placeOf(suite, { stake }));
  await registry.setContext(taskId, slot, epoch, contextOf(suite, work, { stake }));
  return work;
}

/** `ITaskRegistry.PlaceView` of the suite's miner. */
export function placeOf({ owner, operator }: MintSuite, changes: object = {}) {
  return { owner, operator, stake: STAKE, convicted: false, suspended: false, pausedBlocks: 0n, ...changes };
}

/** `ITaskRegistry.ClaimContext` of the suite's miner after a commit of `work`. */
export function contextOf({ owner, operator }: MintSuite, work: CommittedWork, changes: object = {}) {
  return {
    owner,
    operator,
    dropped: false,
    pausedBlocks: 0n,
    stake: STAKE,
    macs: MACS,
    segmentLength: SEGMENT_LENGTH,
    first: work.segments[0]!.first,
    last: work.segments.at(-1)!.last,
    segmentsRoot: work.segmentsRoot,
    ...changes,
  };
}

/** What a slot is going to commit. */
export function planWork(worker: Worker, plan: WorkPlan): CommittedWork {
  const { ethers, operator } = worker;
  const { taskId, epoch, slot, first, last, segmentLength } = plan;
  const segments: Segment[] = [];
  const records: IterationRecord[][] = [];
  for (let start = first; start <= last; start += segmentLength) {
    const end = Math.min(start + segmentLength - 1, last);
    const own = Array.from({ length: end - start + 1 }, (_, offset) => recordOf(worker, taskId, slot, start + offset));
    records.push(own);
    segments.push({
      taskId,
      slot,
      first: start,
      last: end,
      previous: segments.length === 0 ? ZERO : segmentId(segments.at(-1)!),
      recordsRoot: recordsRoot(own),
      stateId: id(worker, `state ${end}`),
      residualId: id(worker, `residual ${end}`),
      work: own.at(-1)!.work,
    });
  }
  const ids = segments.map(segmentId);
  return {
    epoch,
    taskId,
    slot,
    segments,
    records,
    segmentsRoot: merkleRoot(ids),
    async claim(index, ticket = 0) {
      const place = Math.floor((index - first) / segmentLength);
      const segment = segments[place]!;
      return {
        segment,
        signature: await sign(worker, operator, segment),
        segmentProof: merkleProof(ids, place),
        record: records[place]![index - segment.first]!,
        recordProof: merkleProof(records[place]!.map(recordHash), index - segment.first),
        epoch,
        ticket,
        y: ethers.ZeroHash as Hex,
        traceId: id(worker, "TensHash trace"),
      };
    },
  };
}

/** The segment's EIP-712 signature by `signer`. */
export async function sign(suite: Worker, signer: HardhatEthersSigner, segment: Segment): Promise<string> {
  const { chainId } = await suite.ethers.provider.getNetwork();
  const registry = (await suite.registry.getAddress()) as Hex;
  const types = { Segment: [...segmentTypes.Segment] };
  return signer.signTypedData(segmentDomain(Number(chainId), registry), types, segment);
}

/** What the mint keeps of a claim and shows in its event. */
export function detailsOf({ owner }: Worker, claim: ClaimArguments): ClaimDetails {
  const { segment, record, epoch, ticket, y, traceId } = claim;
  return {
    taskId: segment.taskId,
    slot: segment.slot,
    index: record.index,
    ticket,
    epoch,
    miner: owner.address,
    segmentId: segmentId(segment),
    work: record.work,
    y,
    traceId,
  };
}

/** The id under which the mint keeps a claim. */
export function claimIdOf({ ethers }: Pick<MintSuite, "ethers">, { segment, record, ticket }: ClaimArguments): string {
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint32", "uint32", "uint32"],
      [segment.taskId, segment.slot, record.index, ticket],
    ),
  );
}

function recordOf(worker: Worker, taskId: Hex, slot: number, index: number): IterationRecord {
  const name = `${taskId} ${slot} ${index}`;
  return {
    index,
    batch: index % 7,
    clockHash: id(worker, `${name} clock`),
    updateId: id(worker, `${name} update`),
    correct: index,
    loss: 2 * index,
    work: id(worker, `${name} work`),
  };
}
