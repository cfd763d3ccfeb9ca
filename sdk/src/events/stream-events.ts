/**
 * Events of contracts as an async iterable that survives restarts and reorganisations. The chain is read in ranges of
 * blocks; the hash of a range's last block is kept as a checkpoint. Before a range is read, and again after, the newest
 * checkpoint must still be of the chain: hashes chain blocks together, so all before it is unchanged too. If it is not,
 * the stream says up to which block what it gave still holds, and goes on from there.
 */
import type { Abi, Address, Hex, Log, ParseEventLogsReturnType } from "viem";
import { parseEventLogs } from "viem";
import { getBlock, getBlockNumber, getLogs } from "viem/actions";

import type { SuiteClient } from "../client/suite.ts";
import { contractErrorOf } from "../contracts/contract-error.ts";
import { GristmillError } from "../errors.ts";
import { type Checkpoint, decodeCursor, encodeCursor, type EventCursor } from "./event-cursor.ts";

/** Checkpoints in a cursor, one for each range that was read: at the head of the chain, one for each block or so. */
const CHECKPOINTS = 32;

/** Blocks that endpoints commonly answer for at once. */
const BLOCK_RANGE = 2_000n;

/** Milliseconds without a new block after which the endpoint, or the chain, is thought to stand still. */
const STALL_TIMEOUT = 600_000;

/** What {@link streamEvents} streams. */
export interface EventStreamParameters<abi extends Abi> {
  readonly address: Address | readonly Address[];
  /** Events that it does not have are passed over. Join several with `[...taskRegistryAbi, ...workMintAbi]`. */
  readonly abi: abi;
  /** First block: that of the suite's deployment, or of the contract's. */
  readonly fromBlock: bigint;
  /** Goes on after what this cursor names, in the place of `fromBlock`. */
  readonly cursor?: EventCursor | undefined;
  /** Last block; the stream ends when it is read. Without it the stream follows the chain. */
  readonly toBlock?: bigint | undefined;
  /** Blocks that an event must have on it, its own included; 1 if left out. With more, fewer rollbacks. */
  readonly confirmations?: bigint | undefined;
  /** Most blocks asked for at once. */
  readonly blockRange?: bigint | undefined;
  /** Milliseconds between two looks at the head; the client's if left out. */
  readonly pollingInterval?: number | undefined;
  /** Milliseconds without a new block after which the stream fails; ten minutes if left out. */
  readonly stallTimeout?: number | undefined;
  /** Ends the stream: it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An item of a stream. Store `cursor` with what you make of the item, in one transaction, to go on exactly there. */
export type EventStreamItem<abi extends Abi> =
  | {
      readonly kind: "event";
      readonly cursor: EventCursor;
      /** Decoded: `eventName`, `args`, and where it stands. */
      readonly event: ParseEventLogsReturnType<abi, undefined, true>[number] & Placed;
    }
  | {
      /** The chain was reorganised: undo all events of blocks after `toBlock`. Those that replace them follow. */
      readonly kind: "rollback";
      readonly cursor: EventCursor;
      readonly toBlock: bigint;
    };

/** Where a mined log stands. */
interface Placed {
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly logIndex: number;
}

/**
 * Streams the events of contracts in the order of the chain.
 *
 * @throws GristmillError CURSOR_MALFORMED, EVENTS_STALLED, CALL_FAILED when the endpoint fails (viem's transport retries
 *   first): begin again from the last cursor; or the reason of `signal`
 */
export async function* streamEvents<const abi extends Abi>(
  client: SuiteClient,
  parameters: EventStreamParameters<abi>,
): AsyncGenerator<EventStreamItem<abi>, void, undefined> {
  const { fromBlock, toBlock, confirmations = 1n, blockRange = BLOCK_RANGE, signal } = parameters;
  const start = parameters.cursor === undefined ? undefined : decodeCursor(parameters.cursor);
  const checkpoints: Checkpoint[] = [...(start?.checkpoints ?? [])];
  let within = start?.within;
  const heads = new HeadWatch(client, parameters);

  for (;;) {
    signal?.throwIfAborted();
    const isForked = await dropForked(client, checkpoints);
    if (isForked || !(await isCanonical(client, within))) {
      within = undefined;
      const kept = checkpoints.at(-1)?.number ?? fromBlock - 1n;
      yield { kind: "rollback", cursor: encodeCursor({ checkpoints, within }), toBlock: kept };
    }
    const first = (checkpoints.at(-1)?.number ?? fromBlock - 1n) + 1n;
    if (toBlock !== undefined && first > toBlock) return;
    const last = smallest(first + blockRange - 1n, (await heads.head()) - confirmations + 1n, toBlock);
    if (last < first) {
      await heads.pause();
      continue;
    }
    const range = await readRange(client, parameters, first, last);
    if (range === undefined) {
      await heads.pause();
      continue;
    }
    // What was read belongs to the chain that ends with `range.end`: does that still continue what came before?
    if (!(await isCanonical(client, checkpoints.at(-1)))) continue;
    for (const event of range.events) {
      if (within !== undefined && !isAfter(event, within)) continue;
      within = { number: event.blockNumber, hash: event.blockHash, logIndex: event.logIndex };
      yield { kind: "event", cursor: encodeCursor({ checkpoints, within }), event };
      signal?.throwIfAborted();
    }
    within = undefined;
    checkpoints.push(range.end);
    if (checkpoints.length > CHECKPOINTS) checkpoints.shift();
  }
}

/** Removes the checkpoints that are no longer of the chain; returns whether there were any. */
async function dropForked(client: SuiteClient, checkpoints: Checkpoint[]): Promise<boolean> {
  const before = checkpoints.length;
  while (checkpoints.length > 0 && !(await isCanonical(client, checkpoints.at(-1)))) checkpoints.pop();
  return checkpoints.length < before;
}

async function isCanonical(client: SuiteClient, checkpoint: Checkpoint | undefined): Promise<boolean> {
  if (checkpoint === undefined) return true;
  return (await hashOf(client, checkpoint.number)) === checkpoint.hash;
}

/** The hash of a block, undefined where the chain is not so long. */
async function hashOf(client: SuiteClient, number: bigint): Promise<Hex | undefined> {
  return answered("getBlock", getBlock(client, { blockNumber: number })).then(
    ({ hash }) => hash,
    (error: unknown) => {
      if (error instanceof GristmillError && isBlockNotFound(error.cause)) return undefined;
      throw error;
    },
  );
}

function isBlockNotFound(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "BlockNotFoundError";
}

/** The events of a range and its last block, or undefined if the chain changed while it was read. */
async function readRange<const abi extends Abi>(
  client: SuiteClient,
  { address, abi }: EventStreamParameters<abi>,
  fromBlock: bigint,
  toBlock: bigint,
) {
  const hash = await hashOf(client, toBlock);
  if (hash === undefined) return undefined;
  const addresses = typeof address === "string" ? address : [...address];
  const logs = await answered("getLogs", getLogs(client, { address: addresses, fromBlock, toBlock }));
  if ((await hashOf(client, toBlock)) !== hash) return undefined;
  const mined: Log[] = logs.filter(({ removed }) => !removed);
  const parsed = parseEventLogs({ abi, logs: mined, strict: true });
  const events = parsed as readonly (ParseEventLogsReturnType<abi, undefined, true>[number] & Placed)[];
  return { events, end: { number: toBlock, hash } };
}

/** Looks at the head, and at whether it moves. */
class HeadWatch {
  readonly #client: SuiteClient;
  readonly #parameters: Pick<EventStreamParameters<Abi>, "pollingInterval" | "stallTimeout" | "signal">;
  #head: bigint | undefined;
  #movedAt = Date.now();

  constructor(
    client: SuiteClient,
    parameters: Pick<EventStreamParameters<Abi>, "pollingInterval" | "stallTimeout" | "signal">,
  ) {
    this.#client = client;
    this.#parameters = parameters;
  }

  /** @throws GristmillError EVENTS_STALLED, CALL_FAILED */
  async head(): Promise<bigint> {
    const head = await answered("getBlockNumber", getBlockNumber(this.#client, { cacheTime: 0 }));
    const { stallTimeout = STALL_TIMEOUT } = this.#parameters;
    if (head !== this.#head) {
      this.#head = head;
      this.#movedAt = Date.now();
    } else if (Date.now() - this.#movedAt > stallTimeout) {
      throw new GristmillError("EVENTS_STALLED", `The chain has stood at block ${head} for ${stallTimeout} ms.`, {
        hints: ["check the endpoint, and begin again from the last cursor"],
      });
    }
    return head;
  }

  /** Waits for the next look, or until the signal ends the wait. */
  async pause(): Promise<void> {
    const { pollingInterval = this.#client.pollingInterval, signal } = this.#parameters;
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, pollingInterval);
      signal?.addEventListener("abort", wake);
    });
  }
}

async function answered<T>(what: string, request: Promise<T>): Promise<T> {
  return request.catch((cause: unknown) => {
    throw contractErrorOf(what, cause);
  });
}

function isAfter(event: Placed, { number, logIndex }: Checkpoint & { readonly logIndex: number }): boolean {
  return event.blockNumber > number || (event.blockNumber === number && event.logIndex > logIndex);
}

function smallest(...values: readonly (bigint | undefined)[]): bigint {
  return values.reduce<bigint>((least, value) => (value !== undefined && value < least ? value : least), values[0]!);
}
