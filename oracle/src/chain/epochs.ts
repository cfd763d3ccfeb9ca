import { encodeBlockHeader } from "@gristmill/sdk";
import type { Hex } from "viem";
import { zeroHash } from "viem";

import type { Chain } from "./chain.ts";
import { isRevert } from "./chain.ts";
import type { Contracts } from "./contracts.ts";

/** What of the beacon never changes. */
export interface EpochSchedule {
  readonly genesisBlock: bigint;
  readonly epochBlocks: bigint;
  readonly attestationBlocks: bigint;
  readonly attestationRounds: bigint;
}

export async function readSchedule(contracts: Contracts): Promise<EpochSchedule> {
  const [genesisBlock, epochBlocks, attestationBlocks, attestationRounds] = await Promise.all([
    contracts.beacon.read.genesisBlock(),
    contracts.beacon.read.epochBlocks(),
    contracts.beacon.read.attestationBlocks(),
    contracts.beacon.read.attestationRounds(),
  ]);
  return {
    genesisBlock,
    epochBlocks: BigInt(epochBlocks),
    attestationBlocks: BigInt(attestationBlocks),
    attestationRounds: BigInt(attestationRounds),
  };
}

/** The epoch that a block belongs to. */
export function epochAt(schedule: EpochSchedule, block: bigint): bigint {
  return block < schedule.genesisBlock ? 0n : (block - schedule.genesisBlock) / schedule.epochBlocks;
}

/** Last block in which commits of the epoch count. */
export function lastBlockOf(schedule: EpochSchedule, epoch: bigint): bigint {
  return schedule.genesisBlock + (epoch + 1n) * schedule.epochBlocks - 1n;
}

/** The RLP header of a block, as the contracts take it for proof. */
export async function headerOf(chain: Chain, number: bigint): Promise<Hex> {
  return encodeBlockHeader(await chain.rawBlock(number));
}

/**
 * The epoch's seed, proving it on-chain if nobody has yet; undefined while its block is not mined.
 * Anybody may prove it, so somebody else being first is no error.
 */
export async function ensureSeed(
  chain: Chain,
  contracts: Contracts,
  epoch: bigint,
  head: bigint,
): Promise<Hex | undefined> {
  const known = await contracts.beacon.read.seedOf([epoch]);
  if (known !== zeroHash) return known;
  const block = await contracts.beacon.read.seedBlockOf([epoch]);
  if (block > head) return undefined;
  const { address, abi } = contracts.beacon;
  try {
    const header = await headerOf(chain, block);
    await chain.transact({ address, abi, functionName: "proveSeed", args: [epoch, header] });
  } catch (error) {
    if (!isRevert(error)) throw error;
  }
  const proven = await contracts.beacon.read.seedOf([epoch]);
  return proven === zeroHash ? undefined : proven;
}
