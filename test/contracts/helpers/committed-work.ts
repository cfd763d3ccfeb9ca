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
const ZERO = `0x${"00".repeat(32)}` as const;

/** What a slot did in one epoch and committed: its segments with their records, and the claims that follow. */
export interface CommittedWork {
  readonly epoch: bigint;
  readonly taskId: Hex;
  readonly slot: number;
  readonly segments: readonly Segment[];
  readonly records: readonly (readonly IterationRecord[])[];
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

export interface WorkOptions {
  readonly taskName?: string;
  readonly slot?: number;
  readonly first?: number;
  readonly last?: number;
  /** GRIST wei that the task has burned. */
  readonly burned?: bigint;
}

/** 32 bytes that stand for anything named. */
export function id(suite: MintSuite, name: string): Hex {
  return suite.ethers.id(name) as Hex;
}

/**
 * Commits iterations `first` to `last` of a slot in the current epoch: three segments of 4, 4 and 2 iterations by
 * default, in a task of phase Training that has burned 1,000 GRIST.
 */
export async function commitWork(suite: MintSuite, options: WorkOptions = {}): Promise<CommittedWork> {
  const { registry, owner, operator, beacon, ethers } = suite;
  const { taskName = "task", slot = 3, first = 10, last = 19, burned = 1_000n * GRIST } = options;
  const taskId = id(suite, taskName);
  const epoch = await beacon.currentEpoch();

  const segments: Segment[] = [];
  const records: IterationRecord[][] = [];
  for (let start = first; start <= last; start += SEGMENT_LENGTH) {
    const end = Math.min(start + SEGMENT_LENGTH - 1, last);
    const own = Array.from({ length: end - start + 1 }, (_, offset) => recordOf(suite, taskName, slot, start + offset));
    records.push(own);
    segments.push({
      taskId,
      slot,
      first: start,
      last: end,
      previous: segments.length === 0 ? ZERO : segmentId(segments.at(-1)!),
      recordsRoot: recordsRoot(own),
      stateId: id(suite, `state ${end}`),
      residualId: id(suite, `residual ${end}`),
      work: own.at(-1)!.work,
    });
  }
  const ids = segments.map(segmentId);

  await registry.setTask(taskId, { ...EMPTY_TASK, client: owner, phase: 3, macs: MACS, burned });
  await registry.setSlot(taskId, slot, { ...EMPTY_SLOT, owner, operator });
  await registry.setCommit(
    taskId,
    slot,
    epoch,
    { first, last, segmentId: ids.at(-1)!, segmentsRoot: merkleRoot(ids) },
    MACS,
  );

  return {
    epoch,
    taskId,
    slot,
    segments,
    records,
    async claim(index, ticket = 0) {
      const place = Math.floor((index - first) / SEGMENT_LENGTH);
      const segment = segments[place]!;
      return {
        segment,
        signature: await sign(suite, operator, segment),
        segmentProof: merkleProof(ids, place),
        record: records[place]![index - segment.first]!,
        recordProof: merkleProof(records[place]!.map(recordHash), index - segment.first),
        epoch,
        ticket,
        y: ethers.ZeroHash as Hex,
        traceId: id(suite, "TensHash trace"),
      };
    },
  };
}

/** The segment's EIP-712 signature by `signer`. */
export async function sign(suite: MintSuite, signer: HardhatEthersSigner, segment: Segment): Promise<string> {
  const { chainId } = await suite.ethers.provider.getNetwork();
  const registry = (await suite.registry.getAddress()) as Hex;
  const types = { Segment: [...segmentTypes.Segment] };
  return signer.signTypedData(segmentDomain(Number(chainId), registry), types, segment);
}

/** The id under which the mint keeps a claim. */
export function claimIdOf(suite: MintSuite, { segment, record, ticket }: ClaimArguments): string {
  return suite.ethers.keccak256(
    suite.ethers.AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint32", "uint32", "uint32"],
      [segment.taskId, segment.slot, record.index, ticket],
    ),
  );
}

function recordOf(suite: MintSuite, taskName: string, slot: number, index: number): IterationRecord {
  const name = `${taskName} ${slot} ${index}`;
  return {
    index,
    batch: index % 7,
    clockHash: id(suite, `${name} clock`),
    updateId: id(suite, `${name} update`),
    correct: index,
    loss: 2 * index,
    work: id(suite, `${name} work`),
  };
}

const NOBODY = "0x0000000000000000000000000000000000000000";

/** `ITaskRegistry.TaskView` of a task that does not exist but for its segment length. */
export const EMPTY_TASK = {
  client: NOBODY,
  phase: 0,
  phaseEndsAt: 0,
  slotsJoined: 0,
  supervisorsJoined: 0,
  evaluatorsJoined: 0,
  slots: 0,
  segmentLength: SEGMENT_LENGTH,
  iterations: 0,
  macs: 0n,
  seedBase: 0,
  lastCommitEpoch: 0,
  trainingSeed: ZERO,
  finalState: ZERO,
  includedSlots: 0,
  testRoot: ZERO,
  testBatches: 0,
  score: { correct: 0, loss: 0, root: ZERO },
  scored: false,
  burned: 0n,
};

/** `ITaskRegistry.SlotView` of a slot that nobody holds. */
export const EMPTY_SLOT = {
  owner: NOBODY,
  operator: NOBODY,
  next: 0,
  lastCommitEpoch: 0,
  head: ZERO,
  dropped: false,
  convicted: false,
  submittedState: ZERO,
  submittedSlots: 0,
};
