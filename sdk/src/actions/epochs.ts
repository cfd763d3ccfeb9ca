import type { Hex } from "viem";
import { numberToHex, zeroHash } from "viem";

import { contractOf } from "../client/contract-of.ts";
import { read } from "../client/read.ts";
import { send, type Sent, type SuiteSendOptions } from "../client/send.ts";
import type { SuiteClient, SuiteOptions } from "../client/suite.ts";
import { epochBeaconAbi } from "../contracts/abis/epoch-beacon.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { workMintAbi } from "../contracts/abis/work-mint.ts";
import { encodeBlockHeader, type RpcBlockHeader } from "../contracts/block-header.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import { GristmillError } from "../errors.ts";
import { getTask, type TaskRef } from "./task.ts";

/** One epoch of mining: its blocks, and what came of it so far. */
export interface Epoch {
  readonly epoch: bigint;
  /** Last block in which heads are committed. */
  readonly lastBlock: bigint;
  /** Block whose header proves the seed; of no meaning once it is proven. */
  readonly seedBlock: bigint;
  /** Undefined until it is proven. */
  readonly seed: Hex | undefined;
  /** Last block in which claims are accepted. */
  readonly claimsCloseAt: bigint;
  /** First block in which its rewards may be minted. */
  readonly settlesAt: bigint;
  /** A ticket at most so large is lucky. */
  readonly target: bigint;
  /** GRIST wei that its accepted claims share. */
  readonly emission: bigint;
  /** Multiply-accumulates committed, over all tasks. */
  readonly work: bigint;
  readonly claims: { readonly made: number; readonly accepted: number };
}

/**
 * An epoch, the present one if none is named.
 * @throws GristmillError SUITE_UNKNOWN, SUITE_WRONG_CHAIN, CALL_FAILED
 */
export async function getEpoch(
  client: SuiteClient,
  { epoch: named, ...options }: SuiteOptions & { readonly epoch?: bigint | undefined } = {},
): Promise<Epoch> {
  const beacon = await contractOf(client, options, "EpochBeacon", epochBeaconAbi);
  const mint = await contractOf(client, options, "WorkMint", workMintAbi);
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const epoch = named ?? (await read(client, { ...beacon, functionName: "currentEpoch", args: [] }));
  const args = [epoch] as const;
  const [lastBlock, seedBlock, seed, claimsCloseAt, settlesAt, target, emission, work, [made, accepted]] =
    await Promise.all([
      read(client, { ...beacon, functionName: "lastBlockOf", args }),
      read(client, { ...beacon, functionName: "seedBlockOf", args }),
      read(client, { ...beacon, functionName: "seedOf", args }),
      read(client, { ...beacon, functionName: "claimsCloseAt", args }),
      read(client, { ...beacon, functionName: "settlesAt", args }),
      read(client, { ...mint, functionName: "targetOf", args }),
      read(client, { ...mint, functionName: "emissionOf", args }),
      read(client, { ...registry, functionName: "workIn", args }),
      read(client, { ...mint, functionName: "claimsIn", args }),
    ]);
  return {
    epoch,
    lastBlock,
    seedBlock,
    seed: seed === zeroHash ? undefined : seed,
    claimsCloseAt,
    settlesAt,
    target,
    emission,
    work,
    claims: { made, accepted },
  };
}

/**
 * Proves an epoch's seed from the header of its block. Anyone may, and a seed that is proven already is no error.
 * @throws ContractError `EpochBeacon_TooEarly`, `EpochBeacon_WrongBlock`; GristmillError BLOCK_MISSING,
 *   BLOCK_HEADER_MISMATCH and those of every sending action
 */
export async function proveSeed(
  client: SuiteClient,
  { epoch, ...options }: SuiteSendOptions & { readonly epoch: bigint },
): Promise<Sent> {
  const beacon = await contractOf(client, options, "EpochBeacon", epochBeaconAbi);
  const block = await read(client, { ...beacon, functionName: "seedBlockOf", args: [epoch] });
  const args = [epoch, await headerOf(client, block)] as const;
  return { receipt: await send(client, { ...beacon, functionName: "proveSeed", args }, options) };
}

/**
 * Proves the seed of a task's assignment and training, in Seeding. Anyone may.
 * @throws ContractError `Registry_WrongPhase`, `EpochBeacon_TooEarly`, `EpochBeacon_WrongBlock`; GristmillError
 *   TASK_UNKNOWN, BLOCK_MISSING, BLOCK_HEADER_MISMATCH and those of every sending action
 */
export async function proveTaskSeed(
  client: SuiteClient,
  { taskId, ...options }: SuiteSendOptions & TaskRef,
): Promise<Sent> {
  const beacon = await contractOf(client, options, "EpochBeacon", epochBeaconAbi);
  const registry = await contractOf(client, options, "TaskRegistry", taskRegistryAbi);
  const { seedBase } = await getTask(client, { taskId, ...options });
  const block = await read(client, { ...beacon, functionName: "randomnessBlock", args: [seedBase] });
  const args = [taskId, await headerOf(client, block)] as const;
  return { receipt: await send(client, { ...registry, functionName: "proveTaskSeed", args }, options) };
}

/**
 * The RLP header of a block, as the contracts take it for proof of its prevrandao.
 * @throws GristmillError BLOCK_MISSING, BLOCK_HEADER_MISMATCH, CALL_FAILED
 */
export async function headerOf(client: SuiteClient, block: bigint): Promise<Hex> {
  const params = [numberToHex(block), false] as const;
  // viem's own action formats the fields: what is hashed are those that came over the wire.
  const found: unknown = await client
    .request({ method: "eth_getBlockByNumber", params: [...params] })
    .catch((cause: unknown) => {
      throw contractErrorOf("eth_getBlockByNumber", cause);
    });
  if (found === null) {
    throw new GristmillError("BLOCK_MISSING", `The endpoint has no block ${block}.`, {
      hints: ["wait until it is mined; of old blocks, use an endpoint that serves them"],
    });
  }
  return encodeBlockHeader(found as RpcBlockHeader);
}
