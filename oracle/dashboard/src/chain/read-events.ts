import { GristmillError } from "@gristmill/sdk";
import type { AbiEvent, Address, ContractEventName, GetContractEventsReturnType, PublicClient } from "viem";
import { type Abi, stringify } from "viem";

/** Blocks asked for at once: what public endpoints allow. */
const RANGE = 10_000n;

/** Blocks that are read again each time, so that a reorganisation leaves nothing wrong behind. */
const REORG_BLOCKS = 64n;

interface Question<abi extends Abi, name extends ContractEventName<abi>> {
  /** One contract, or whoever emitted the event. */
  readonly address?: Address;
  readonly abi: abi;
  readonly eventName: name;
  /** Values of indexed parameters. */
  readonly args?: Readonly<Record<string, unknown>>;
  readonly since: bigint;
}

/** What was read before, by question. */
interface Memory {
  readonly upTo: bigint;
  readonly logs: readonly { readonly blockNumber: bigint }[];
}

const memories = new WeakMap<PublicClient, Map<string, Memory>>();

/**
 * All events of a name since a block, in order. Blocks that were read before are not read again, but for the latest.
 */
export async function readEvents<const abi extends Abi, name extends ContractEventName<abi>>(
  client: PublicClient,
  { address, abi, eventName, args, since }: Question<abi, name>,
): Promise<GetContractEventsReturnType<abi, name, true, bigint, bigint>> {
  type Logs = GetContractEventsReturnType<abi, name, true, bigint, bigint>;
  const event = abi.find((item): item is AbiEvent => item.type === "event" && item.name === eventName);
  if (event === undefined) throw new GristmillError("EVENT_UNKNOWN", `The ABI has no event ${eventName}.`);
  const key = stringify([address, eventName, event.inputs.map(({ type }) => type), args, String(since)]);
  const known = memoryOf(client);
  const memory = known.get(key);
  const latest = await client.getBlockNumber();
  const from = memory === undefined || latest < memory.upTo ? since : memory.upTo - REORG_BLOCKS;
  const first = from > since ? from : since;
  const logs = (memory?.logs ?? []).filter(({ blockNumber }) => blockNumber < first);
  for (let start = first; start <= latest; start += RANGE) {
    const end = start + RANGE - 1n;
    const found = await client.getLogs({
      ...(address === undefined ? {} : { address }),
      event,
      ...(args === undefined ? {} : { args }),
      fromBlock: start,
      toBlock: end < latest ? end : latest,
      strict: true,
    });
    logs.push(...(found as readonly { readonly blockNumber: bigint }[]));
  }
  known.set(key, { upTo: latest, logs });
  return logs as unknown as Logs;
}

function memoryOf(client: PublicClient): Map<string, Memory> {
  const known = memories.get(client) ?? new Map<string, Memory>();
  memories.set(client, known);
  return known;
}
