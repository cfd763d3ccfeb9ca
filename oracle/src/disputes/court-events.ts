import { courtAbi, evaluationGameAbi, segmentGameAbi, Side, taskRegistryAbi, tensHashGameAbi } from "@gristmill/sdk";
import type { GetContractEventsReturnType, Hex, ParseEventLogsReturnType, RpcLog } from "viem";
import { decodeFunctionData, isAddressEqual, numberToHex, parseEventLogs } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { KnownDispute } from "../storage/dispute-store.ts";
import type { GameEvent, GameState } from "./game-state.ts";
import { evaluationGameState, segmentGameState } from "./game-state.ts";

/** A side's name. */
export function sideName(side: number): "challenger" | "defender" {
  return side === Side.Challenger ? "challenger" : "defender";
}

/** A place that lost its stake. */
export interface Conviction {
  readonly role: number;
  /** Number of the place among those of its role. */
  readonly index: number;
  readonly accuser: Hex;
  /** GRIST wei that the accuser got. */
  readonly reward: bigint;
  /** GRIST wei that the task's honest share. */
  readonly forfeit: bigint;
}

/** The event of a conviction; its arguments are a {@link Conviction}. */
export type ConvictionEvent = GetContractEventsReturnType<typeof taskRegistryAbi, "MemberConvicted", true>[number];

/** A dispute as the court sees it. */
export type DisputeView = Awaited<ReturnType<Contracts["court"]["read"]["disputeOf"]>>;

/** An event of the court, decoded. */
export type CourtEvent = ParseEventLogsReturnType<typeof courtAbi, undefined, true>[number];

/** What a dispute's events tell: how far its game is, and how it was decided. */
export interface DisputeRecord {
  /** Undefined for a TensHash, whose game is one move. */
  readonly game: GameState | undefined;
  /** Events of the game over a segment or a score. */
  readonly moves: readonly GameEvent[];
  /** Of a TensHash: the neuron that was shown to be false, where its own transaction shows it. */
  readonly neuron: { readonly layer: number; readonly index: number } | undefined;
  /** Events of the court, in order. */
  readonly court: readonly CourtEvent[];
}

/** Disputes opened over places of a task, of all tasks without one, in a range of blocks, both ends included. */
export async function disputesBetween(
  chain: Chain,
  { court }: Pick<Contracts, "court">,
  taskId: Hex | undefined,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<(KnownDispute & { readonly taskId: Hex })[]> {
  const events = await chain.public.getContractEvents({
    address: court.address,
    abi: courtAbi,
    eventName: "DisputeOpened",
    args: taskId === undefined ? {} : { taskId },
    fromBlock,
    toBlock,
    strict: true,
  });
  return events.map(({ args, blockNumber }) => ({
    disputeId: args.disputeId,
    taskId: args.taskId,
    block: blockNumber,
    game: args.game,
    challenger: args.challenger,
    claim: args.claim,
    role: args.place.role,
    index: args.place.index,
    bond: args.bond,
  }));
}

/** Places of a task convicted in a range of blocks, both ends included. */
export async function convictionsBetween(
  chain: Chain,
  { registry: { address } }: Pick<Contracts, "registry">,
  taskId: Hex,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<ConvictionEvent[]> {
  const filter = {
    address,
    abi: taskRegistryAbi,
    eventName: "MemberConvicted",
    args: { taskId },
    strict: true,
  } as const;
  return chain.public.getContractEvents({ ...filter, fromBlock, toBlock });
}

/** All events of one dispute. */
export async function readDispute(
  chain: Chain,
  { court, evaluationGame }: Pick<Contracts, "court" | "evaluationGame">,
  dispute: Pick<KnownDispute, "disputeId" | "block" | "game">,
): Promise<DisputeRecord> {
  const [courtLogs, gameLogs] = await Promise.all([
    logsOfDispute(chain, court.address, dispute),
    logsOfDispute(chain, dispute.game, dispute),
  ]);
  const courtEvents = parseEventLogs({ abi: courtAbi, logs: courtLogs, strict: true });
  const common = { neuron: await neuronOf(chain, dispute.game, courtEvents), court: courtEvents };
  if (isAddressEqual(dispute.game, evaluationGame.address)) {
    const moves = parseEventLogs({ abi: evaluationGameAbi, logs: gameLogs, strict: true });
    return { game: evaluationGameState(moves), moves, ...common };
  }
  const moves = parseEventLogs({ abi: segmentGameAbi, logs: gameLogs, strict: true });
  return { game: segmentGameState(moves), moves, ...common };
}

/** What decided a dispute over a TensHash stands in the transaction that did. */
async function neuronOf(chain: Chain, game: Hex, court: readonly CourtEvent[]): Promise<DisputeRecord["neuron"]> {
  const decided = court.find(({ eventName }) => eventName === "DisputeDecided");
  const { contracts } = chain.deployment;
  if (decided?.eventName !== "DisputeDecided" || decided.args.byTimeout) return undefined;
  if (!isAddressEqual(game, contracts.TensHashGame)) return undefined;
  const { input, to } = await chain.public.getTransaction({ hash: decided.transactionHash });
  if (to === null || !isAddressEqual(to, contracts.TensHashGame)) return undefined;
  const call = decodeFunctionData({ abi: tensHashGameAbi, data: input });
  return call.functionName === "prove" ? { layer: call.args[2], index: call.args[3] } : undefined;
}

/** What a contract logged of one dispute, in order. */
export function logsOfDispute(
  chain: Chain,
  address: Hex,
  { disputeId, block }: Pick<KnownDispute, "disputeId" | "block">,
): Promise<RpcLog[]> {
  return chain.public.request({
    method: "eth_getLogs",
    params: [{ address, fromBlock: numberToHex(block), toBlock: "latest", topics: [null, disputeId] }],
  });
}
